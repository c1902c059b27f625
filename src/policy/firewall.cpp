// Table `inet michi`: source NAT, the filters, and the guard that no uplink sees a foreign source.

#include "policy/firewall.hpp"

#include <algorithm>

#include "policy/marks.hpp"
#include "policy/nft.hpp"
#include "policy/policies.hpp"
#include "policy/port_sets.hpp"
#include "policy/publish.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

/// An uplink here stands on another: encapsulated packets arrive for it.
bool has_carriers(const View& view) {
  return std::ranges::any_of(view.uplinks(), [](const UplinkView& one) { return one.config->parent() != nullptr; });
}

constexpr unsigned kTcpIpv4 = 40, kTcpIpv6 = 60;  // header bytes between MTU and MSS

/// IPv6 of an uplink: what may leave as it is, and what everything else becomes.
void write_elements6(const UplinkView& uplink, const View& view, model::NftTable& table) {
  const auto device = nft::quoted(uplink.device());
  for (const auto& prefix : view.own(uplink, Family::V6))
    table.elements["own6"].insert(fmt::format("{} . {}", device, to_text(prefix)));
  auto& prefixes = table.elements[fmt::format("prefix-{}", uplink.name())];
  if (!uplink.carries6) return;
  table.elements["open6"].insert(device);
  const auto* delegation = uplink.delegation();
  const auto reserved = delegation == nullptr ? std::nullopt : delegation->reserved();
  if (reserved) {
    table.elements["translation"].insert(fmt::format("{} : goto translate-{}", device, uplink.name()));
    prefixes.insert(fmt::format("::/0 : {}", to_text(*reserved)));
  } else if (const auto source = uplink.source6()) {
    table.elements["source6"].insert(fmt::format("{} : {}", device, to_text(*source)));
  }
}

/// Who may send encapsulated packets to which address on the device of the uplink that carries them.
void write_encapsulated(const View& view, model::NftTable& table) {
  if (!has_carriers(view)) return;
  auto &pairs = table.elements["encapsulated"], &addresses = table.elements["outer"];
  for (const auto& uplink : view.uplinks())
    for (const auto& outer : uplink.outer) {
      const auto at = fmt::format("{} . {}", nft::quoted(uplink.device()), to_text(outer.address));
      const auto from = to_text(Prefix{outer.remote, outer.remote_length}.canonical());
      pairs.insert(fmt::format("{} . {} . {}", nft::quoted(uplink.device()), from, to_text(outer.address)));
      addresses.insert(at);
    }
}

void write_elements(const View& view, model::NftTable& table) {
  for (const char* set : {"outside", "source", "own", "routed", "mss4", "mss6", "lan-address", "hairpin", "own6",
                          "open6", "translation", "source6"})
    table.elements[set];
  write_encapsulated(view, table);
  for (const auto& name : view.outside()) table.elements["outside"].insert(nft::quoted(name));
  for (const auto& uplink : view.uplinks()) {
    const auto device = nft::quoted(uplink.device());
    write_elements6(uplink, view, table);
    table.elements["outside"].insert(device);
    if (const auto* to = std::get_if<ToAddress>(&uplink.translation))
      table.elements["source"].insert(fmt::format("{} : {}", device, to_text(to->address)));
    for (const auto& prefix : view.own(uplink, Family::V4))
      table.elements["own"].insert(fmt::format("{} . {}", device, to_text(prefix)));
    for (const auto& prefix : view.routed(uplink))
      if (prefix.family() == Family::V4)
        table.elements["routed"].insert(fmt::format("{} . {}", device, to_text(prefix)));
    const unsigned mss4 = uplink.config->mss != 0 ? uplink.config->mss : uplink.mtu_of(Family::V4) - kTcpIpv4;
    const unsigned mss6 = uplink.config->mss != 0 ? uplink.config->mss : uplink.mtu_of(Family::V6) - kTcpIpv6;
    table.elements["mss4"].insert(fmt::format("{} : {}", device, mss4));
    table.elements["mss6"].insert(fmt::format("{} : {}", device, mss6));
  }
  std::set<std::string> seen;
  for (const auto& lan : view.config().lans) {
    if (lan.addresses.empty() || lan.addresses.front().family() != Family::V4) continue;
    if (!seen.insert(lan.interface).second) continue;
    const auto device = nft::quoted(lan.interface);
    table.elements["lan-address"].insert(fmt::format("{} : {}", device, to_text(lan.addresses.front().address)));
    table.elements["hairpin"].insert(fmt::format("{0} . {0}", device));
  }
}

}  // namespace

void write_filters(const View& view, nft::Body& body, model::NftTable& table) {
  write_elements(view, table);
  // What some houses do not need is an empty line, and not written.
  const auto only_if = [](bool condition, std::string_view rule) { return std::string(condition ? rule : ""); };
  const bool shares = has_port_sets(view), carries = has_carriers(view);
  body.chain("input",
             {"type filter hook input priority filter; policy accept;", "iifname != @uplinks accept",
              "ct state established,related accept", "ct state invalid drop", "jump published-in",
              only_if(carries, "meta l4proto 4 iifname . ip6 saddr . ip6 daddr @encapsulated accept"),
              only_if(carries,
                      "iifname . ip6 daddr @outer icmpv6 type { destination-unreachable, packet-too-big, "
                      "time-exceeded, parameter-problem } accept"),
              "ip6 hoplimit 255 icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept",
              // RFC 4890 §4.4; answers of a DHCPv6 server to what was sent to a group are related to nothing.
              "icmpv6 type echo-request accept",
              "ip6 saddr fe80::/10 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, "
              "mld2-listener-report } accept",
              "ip6 saddr fe80::/10 ip6 daddr fe80::/10 udp dport 546 accept", "counter name refused drop"});
  body.chain("clamp", {"meta nfproto ipv4 tcp option maxseg size set oifname map @mss4",
                       "meta nfproto ipv4 tcp option maxseg size set iifname map @mss4",
                       "meta nfproto ipv6 tcp option maxseg size set oifname map @mss6",
                       "meta nfproto ipv6 tcp option maxseg size set iifname map @mss6"});
  body.chain("forward",
             {"type filter hook forward priority filter; policy accept;", "tcp flags & (syn | rst) == syn jump clamp",
              // Nothing could answer: say so at once, hosts then use IPv4.
              "meta nfproto ipv6 oifname @uplinks oifname != @open6 reject with icmpv6 no-route",
              "iifname != @outside accept", "ct state established,related accept", "ct state invalid drop",
              // RFC 4890 §4.3.1
              "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, "
              "echo-request, echo-reply } accept",
              "jump published-on", "counter name refused drop"});
  for (const auto& uplink : view.uplinks())
    body.chain(fmt::format("translate-{}", uplink.name()),
               {fmt::format("snat ip6 prefix to ip6 saddr map @prefix-{}", uplink.name())});
  body.chain("srcnat",
             {"type nat hook postrouting priority srcnat; policy accept;", "oifname . ip saddr @routed accept",
              only_if(shares, kToPortSets), "snat ip to oifname map @source", "ip6 saddr fe80::/10 accept",
              "ip6 daddr ff00::/8 accept", "oifname . ip6 saddr @own6 accept",
              "meta nfproto ipv6 oifname vmap @translation", "snat ip6 to oifname map @source6",
              // Back to the wire it came from: the answer must pass here, too.
              "ct status dnat iifname . oifname @hairpin snat ip to oifname map @lan-address"});
  body.chain("guard", {"type filter hook postrouting priority srcnat + 10; policy accept;",
                       "oifname != @uplinks accept", only_if(shares, kGuardPorts), "oifname . ip saddr @own accept",
                       "oifname . ip6 saddr @own6 accept", "ip6 saddr fe80::/10 accept",
                       "ip6 saddr :: drop",  // the kernel's own listener reports: nobody's leak
                       "counter name leaks drop"});
}

model::NftTable derive_firewall(const View& view) {
  model::NftTable table;
  nft::Body body;
  body.declare("counter", "leaks", "");
  body.declare("counter", "refused", "");
  body.declare("set", "outside", "type ifname;");
  body.declare("map", "source", "type ifname : ipv4_addr;");
  body.declare("set", "own", "type ifname . ipv4_addr; flags interval;");
  body.declare("set", "routed", "type ifname . ipv4_addr; flags interval;");
  body.declare("set", "own6", "type ifname . ipv6_addr; flags interval;");
  body.declare("set", "open6", "type ifname;");
  body.declare("map", "source6", "type ifname : ipv6_addr;");
  body.declare("map", "translation", "type ifname : verdict;");
  for (const auto& uplink : view.uplinks())
    body.declare("map", fmt::format("prefix-{}", uplink.name()),
                 "type ipv6_addr : interval ipv6_addr; flags interval;");
  body.declare("map", "mss4", "typeof oifname : tcp option maxseg size;");
  body.declare("map", "mss6", "typeof oifname : tcp option maxseg size;");
  body.declare("map", "lan-address", "type ifname : ipv4_addr;");
  body.declare("set", "hairpin", "type ifname . ifname;");
  if (has_carriers(view)) {
    body.declare("set", "encapsulated", "type ifname . ipv6_addr . ipv6_addr; flags interval;");
    body.declare("set", "outer", "type ifname . ipv6_addr;");
  }
  write_port_sets(view, body, table);
  write_policies(view, body, table);
  write_marks(view, body, table);
  write_publishes(view, body, table);
  write_filters(view, body, table);
  table.structure = body.take();
  return table;
}

}  // namespace michi::policy

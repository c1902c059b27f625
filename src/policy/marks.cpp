// Marks: by arrival, by what the flow carries already, by law 2, and after routing by what really
// happened.

#include "policy/marks.hpp"

#include "policy/nft.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

struct Writer {
  const View& view;
  nft::Body& body;
  model::NftTable& table;
  std::string mask = nft::hex(view.marks().mask);
  std::string others = nft::hex(~view.marks().mask);

  std::string packet(std::uint32_t mark) const {
    return fmt::format("meta mark set meta mark & {} | {}", others, nft::hex(mark));
  }
  std::string flow(std::uint32_t mark) const {
    return fmt::format("ct mark set ct mark & {} | {}", others, nft::hex(mark));
  }

  /// The chains that end with "this packet takes this way": with `accept`, so that nothing below in
  /// the same hook chooses again.
  void way(std::string_view name, std::uint32_t mark) {
    body.chain(fmt::format("flow-{}", name), {flow(mark), packet(mark), "accept"});
    body.chain(fmt::format("restore-{}", name), {packet(mark), "accept"});
    table.elements["known"].insert(fmt::format("{} : goto restore-{}", nft::hex(mark), name));
  }

  void uplink(const UplinkView& uplink) {
    const auto& name = uplink.name();
    const auto mark = view.marks().of(uplink.number);
    way(name, mark);
    body.chain(fmt::format("arrive-{}", name),
               {packet(mark), fmt::format("ct state new {}", flow(mark)),
                fmt::format("ct direction original ct mark & {} == 0 {}", mask, flow(mark)), "accept"});
    body.chain(fmt::format("depart-{}", name), {flow(mark), "accept"});
    const auto device = nft::quoted(uplink.device());
    table.elements["uplinks"].insert(device);
    table.elements["arrival"].insert(fmt::format("{} : goto arrive-{}", device, name));
    table.elements["departure"].insert(fmt::format("{} : goto depart-{}", device, name));
  }
};

}  // namespace

void write_marks(const View& view, nft::Body& body, model::NftTable& table) {
  Writer writer{view, body, table};
  body.declare("set", "uplinks", "type ifname;");
  body.declare("set", "named", "type ifname;");
  body.declare("set", "lans", "type ifname;");
  body.declare("map", "arrival", "type ifname : verdict;");
  body.declare("map", "departure", "type ifname : verdict;");
  body.declare("map", "known", "type mark : verdict;");
  // Filled by packets: who asked from beyond an interface the file does not name, and at which address.
  body.declare(
      "map", "asked",
      "type ipv4_addr . inet_service . inet_service : ipv4_addr; flags dynamic,timeout; timeout 2m; size 8192;");
  // nft cannot yet put a concatenation with an IPv6 address and a value into a map: who, and then where.
  body.declare("set", "asked6",
               "type ipv6_addr . inet_service . inet_service; flags dynamic,timeout; timeout 2m; size 8192;");
  body.declare("map", "asked6-at", "type ipv6_addr : ipv6_addr; flags dynamic,timeout; timeout 2m; size 8192;");
  body.declare("set", "self6", "type ipv6_addr;");
  // Which families follow policy (law 8); the other is main's.
  body.declare("map", "forwarded", "type nf_proto : verdict;");
  body.declare("map", "unbound", "type nf_proto : verdict;");
  for (const char* set : {"uplinks", "named", "lans", "arrival", "departure", "known", "self6"}) table.elements[set];
  for (const auto& [family, word] : {std::pair(Family::V4, "ipv4"), std::pair(Family::V6, "ipv6")}) {
    if (!view.governs(family)) continue;
    table.elements["forwarded"].insert(fmt::format("{} : goto policy-lan", word));
    table.elements["unbound"].insert(fmt::format("{} : goto policy-self", word));
  }
  for (const auto& uplink : view.uplinks())
    for (const auto& delegation : uplink.prefixes) table.elements["self6"].insert(to_text(delegation.self_address()));
  for (const auto& name : view.named()) table.elements["named"].insert(nft::quoted(name));
  for (const auto& lan : view.config().lans) table.elements["lans"].insert(nft::quoted(lan.interface));

  const auto main = nft::hex(view.marks().main());
  writer.way("0-main", view.marks().main());  // no uplink's name begins with a digit
  // The router's own connections hear at once; what is forwarded hears from the unreachable rule.
  body.chain("nowhere", {fmt::format("oifname \"{}\" meta l4proto tcp reject with icmpx no-route", model::kSelfDevice),
                         writer.packet(view.marks().nowhere()), "accept"});
  for (const auto& uplink : view.uplinks()) writer.uplink(uplink);

  body.chain("prerouting",
             {"type filter hook prerouting priority mangle; policy accept;",
              // Before any local shortcut: a request to the router keeps its road, too.
              "iifname vmap @arrival", fmt::format("ct mark & {} vmap @known", writer.mask),
              "ct direction reply accept", "iifname != @named goto flow-0-main", "iifname != @lans accept",
              "fib daddr type { local, broadcast, multicast } accept", "meta nfproto vmap @forwarded"});
  body.chain("output", {"type route hook output priority mangle; policy accept;",
                        fmt::format("ct mark & {} vmap @known", writer.mask),
                        fmt::format("meta mark & {} == {} goto flow-0-main", writer.mask, main),
                        // Only what law 8 brought to the internal device has not found its road yet.
                        fmt::format("oifname != \"{}\" accept", model::kSelfDevice),
                        "fib daddr type { broadcast, multicast } accept", "meta nfproto vmap @unbound"});
  // A datagram socket on 0.0.0.0 answers from the address its first look-up finds, and that one is
  // law 8's: the answer takes the address that was asked before conntrack sees it
  // (docs/decisions/0009). Only a source that main reaches by the same interface is written down, and
  // only for a socket that any address reaches: one that is connected has its source already.
  body.chain("heard",
             {"type filter hook input priority mangle; policy accept;", "iifname @named accept",
              "meta l4proto != udp accept", "fib daddr type != local accept", "fib saddr . mark . iif oif 0 accept",
              "socket wildcard != 1 accept", "update @asked { ip saddr . udp sport . udp dport : ip daddr }",
              "update @asked6 { ip6 saddr . udp sport . udp dport }", "update @asked6-at { ip6 saddr : ip6 daddr }"});
  body.chain("answer",
             {"type route hook output priority raw; policy accept;",
              fmt::format("oifname != \"{}\" accept", model::kSelfDevice),
              fmt::format("meta l4proto udp ip saddr {} ip saddr set ip daddr . udp dport . udp sport map @asked {}",
                          to_text(view.internal()), writer.packet(view.marks().main())),
              fmt::format("meta l4proto udp ip6 saddr @self6 ip6 daddr . udp dport . udp sport @asked6 "
                          "ip6 saddr set ip6 daddr map @asked6-at {}",
                          writer.packet(view.marks().main()))});
  // What routing really did: an uplink's number if the flow leaves by one, nothing if it stays inside.
  // Flows that arrived keep their mark, it is for their answers.
  body.chain("postrouting",
             {"type filter hook postrouting priority mangle; policy accept;", "ct state new oifname vmap @departure",
              "ct direction reply accept", "oifname @uplinks accept", "iifname @uplinks accept",
              fmt::format("ct mark & {} == {} accept", writer.mask, main),
              fmt::format("ct mark set ct mark & {}", writer.others)});
}

}  // namespace michi::policy

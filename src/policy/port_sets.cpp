#include "policy/port_sets.hpp"

#include <algorithm>

namespace michi::policy {

namespace {

/// New flows take the ranges in turn, and within one conntrack finds a free port: of what nft 1.0.6 can say this
/// loses the fewest first packets when most ports are in use. The slots divide evenly among 1, 3, 7, 15 and 63 ranges,
/// as MAP-E makes them; of more than this number of ranges the rest stays unused.
constexpr std::size_t kPortSlots = 315;

bool may_share(const UplinkView& uplink) {
  return uplink.traits().shares_address || ports_of(uplink.translation) != nullptr;
}

std::string ports_name(const UplinkView& uplink) { return "ports-" + uplink.name(); }

std::string member(const Ipv4& address, const model::PortRange& range) {
  return fmt::format("{} . {}", to_text(address), nft::to_text(range));
}

void write_elements(const UplinkView& uplink, const ToPorts& to, model::NftTable& table) {
  table.elements["shared"].insert(to_text(to.address));
  for (const auto& range : to.ports.ranges())
    for (const char* set : {"shared-ports", "shared-ids"}) table.elements[set].insert(member(to.address, range));
  table.elements["port-sets"].insert(fmt::format("{} : goto {}", nft::quoted(uplink.device()), ports_name(uplink)));
  const auto& ranges = to.ports.ranges();
  for (std::size_t slot = 0; !ranges.empty() && slot < kPortSlots; ++slot)
    table.elements[ports_name(uplink)].insert(
        fmt::format("{} : {}", slot, member(to.address, ranges[slot % ranges.size()])));
}

}  // namespace

bool has_port_sets(const View& view) { return std::ranges::any_of(view.uplinks(), may_share); }

void write_port_sets(const View& view, nft::Body& body, model::NftTable& table) {
  if (!has_port_sets(view)) return;
  body.declare("set", "shared", "type ipv4_addr;");
  body.declare("set", "shared-ports", "type ipv4_addr . inet_service; flags interval;");
  body.declare("set", "shared-ids", "typeof ip saddr . icmp id; flags interval;");
  body.declare("map", "port-sets", "type ifname : verdict;");
  for (const char* set : {"shared", "shared-ports", "shared-ids", "port-sets"}) table.elements[set];
  for (const auto& uplink : view.uplinks()) {
    if (!may_share(uplink)) continue;
    const auto name = ports_name(uplink);
    body.declare("map", name, "typeof meta cpu : interval ip saddr . th sport;");
    table.elements[name];
    // What has no ports cannot share an address; it meets the guard.
    body.chain(name, {fmt::format("meta l4proto {{ tcp, udp, icmp }} snat ip to numgen inc mod {} map @{}", kPortSlots,
                                  name)});
    if (const auto* to = std::get_if<ToPorts>(&uplink.translation)) write_elements(uplink, *to, table);
  }
  body.chain("guard-ports",
             {"meta l4proto { tcp, udp } ip saddr . th sport @shared-ports accept",
              "icmp type { echo-request, echo-reply } ip saddr . icmp id @shared-ids accept",
              // Errors have no port of their own; the flow they are about has one of ours.
              "ct state related icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
              "counter name leaks drop"});
}

}  // namespace michi::policy

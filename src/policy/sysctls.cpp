// Every sysctl michi writes. docs/operator/sysctls.md has the reasons and who puts back what.

#include "policy/sysctls.hpp"

#include <fmt/format.h>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

void own_device(std::vector<model::SysctlWant>& wants, std::string_view device) {
  wants.push_back({.path = fmt::format("net/ipv4/conf/{}/rp_filter", device), .value = "0"});
  wants.push_back({.path = fmt::format("net/ipv6/conf/{}/accept_ra", device), .value = "0"});
  wants.push_back({.path = fmt::format("net/ipv6/conf/{}/addr_gen_mode", device), .value = "1"});
}

/// An Ethernet interface that is an uplink itself: as a device of our own, but it was somebody's before.
void borrowed_device(std::vector<model::SysctlWant>& wants, const UplinkView& uplink) {
  wants.push_back({.path = fmt::format("net/ipv4/conf/{}/rp_filter", uplink.device()), .value = "0", .restore = true});
  if (uplink.config->ipv6)
    wants.push_back(
        {.path = fmt::format("net/ipv6/conf/{}/accept_ra", uplink.device()), .value = "0", .restore = true});
}

/// Forwarding is one switch for the whole kernel, and takes the default routes away that hosts' interfaces learn
/// from router advertisements. Those of others go on listening.
void forward6(std::vector<model::SysctlWant>& wants, const View& view) {
  for (const auto& [name, link] : view.inputs().surroundings.links)
    if (!view.named(name))
      wants.push_back({.path = fmt::format("net/ipv6/conf/{}/accept_ra", name),
                       .value = "2",
                       .restore = true,
                       .only_on_hosts = true});
  for (const auto& lan : view.config().lans)
    if (lan.advertise)
      wants.push_back(
          {.path = fmt::format("net/ipv6/conf/{}/accept_ra", lan.interface), .value = "0", .restore = true});
  wants.push_back({.path = "net/ipv6/conf/all/forwarding", .value = "1", .after_firewall = true, .restore = true});
}

}  // namespace

std::vector<model::SysctlWant> derive_sysctls(const View& view) {
  std::vector<model::SysctlWant> wants;
  own_device(wants, model::kSelfDevice);
  for (const auto& uplink : view.uplinks()) {
    if (uplink.traits().owns_device)
      own_device(wants, uplink.name());
    else
      borrowed_device(wants, uplink);
  }

  // ICMP errors about a flow leave by the flow's uplink.
  wants.push_back({.path = "net/ipv4/fwmark_reflect", .value = "1", .restore = true});
  wants.push_back({.path = "net/ipv6/fwmark_reflect", .value = "1", .restore = true});

  // LAN and WAN on one wire: the router must not answer ARP for the one on the other.
  std::set<std::string> shared;
  for (const auto& uplink : view.config().uplinks)
    if (view.is_lan(uplink.interface())) shared.insert(uplink.interface());
  for (const auto& interface : shared) {
    wants.push_back({.path = fmt::format("net/ipv4/conf/{}/arp_ignore", interface), .value = "1", .restore = true});
    wants.push_back({.path = fmt::format("net/ipv4/conf/{}/arp_announce", interface), .value = "2", .restore = true});
  }
  // Never lowered again: others may forward too by then, and the firewall that stays denies.
  wants.push_back({.path = "net/ipv4/ip_forward", .value = "1", .after_firewall = true});
  if (view.governs(Family::V6)) forward6(wants, view);
  return wants;
}

}  // namespace michi::policy

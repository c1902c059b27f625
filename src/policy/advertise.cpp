// What the router says of itself and its prefixes on each LAN. Ends follow the leases; that an uplink is
// no way out now is said as a preferred lifetime that has ended (RFC 9096 §3.5).

#include "policy/advertise.hpp"

#include <algorithm>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

constexpr std::uint32_t kEthernetMtu = 1500;

std::uint32_t smallest_mtu(const View& view) {
  std::uint32_t smallest = kEthernetMtu;
  for (const auto& uplink : view.uplinks())
    if (uplink.carries6) smallest = std::min<std::uint32_t>(smallest, uplink.mtu_of(Family::V6));
  return smallest < kEthernetMtu ? smallest : 0;
}

/// A LAN of an uplink goes nowhere else, so that one alone makes us its default router.
bool leads_out(const View& view, const model::LanConfig& lan) {
  return std::ranges::any_of(view.uplinks(), [&](const UplinkView& uplink) {
    return uplink.carries6 && (lan.uplink ? *lan.uplink == uplink.config->id : uplink.config->default_route);
  });
}

model::AdvertisedPrefix advertised(const Subnet& subnet) {
  if (subnet.facts == nullptr) return {.prefix = subnet.prefix};
  const auto& facts = *subnet.facts;
  return {.prefix = subnet.prefix,
          .preferred_until = subnet.alive() ? facts.preferred_until : Instant{},
          .valid_until = facts.valid_until,
          .on_link = !subnet.by_proxy};
}

void name_servers(const model::LanConfig& lan, const Subnet& subnet, model::AdvertisementWant& want) {
  const bool answers = subnet.facts == nullptr || subnet.alive();
  if (!lan.dns || !answers) return;
  const auto own = View::router_addresses(lan, subnet);
  const Ipv6 server = own.empty() ? Ipv6{} : own.front();
  if (!holds(want.dns, server)) want.dns.push_back(server);
}

model::AdvertisementWant on_lan(const View& view, const model::LanConfig& lan, const std::vector<Subnet>& subnets) {
  model::AdvertisementWant want{.lan = lan.name,
                                .device = lan.interface,
                                .default_router = leads_out(view, lan),
                                .other = lan.dns,
                                .mtu = smallest_mtu(view),
                                .prefixes = {},
                                .routes = {},
                                .dns = {},
                                .domains = {}};
  for (const auto& subnet : subnets) {
    want.prefixes.push_back(advertised(subnet));
    name_servers(lan, subnet, want);
    if (subnet.facts == nullptr && lan.ula == model::UlaKind::Fixed) want.routes.push_back(subnet.prefix);
  }
  if (const auto ula = view.ula()) want.routes.push_back(*ula);
  if (!lan.domain.empty()) want.domains.push_back(lan.domain);
  return want;
}

}  // namespace

/// Where IPv6 is none of michi's business nothing is said: another router may speak there.
std::vector<model::AdvertisementWant> derive_advertisements(const View& view) {
  std::vector<model::AdvertisementWant> wants;
  for (const auto& lan : view.config().lans) {
    const auto subnets = view.subnets(lan);
    if (!lan.advertise || (subnets.empty() && !view.governs(Family::V6))) continue;
    wants.push_back(on_lan(view, lan, subnets));
  }
  return wants;
}

std::vector<model::ProxyWant> derive_proxies(const View& view) {
  std::vector<model::ProxyWant> wants;
  for (const auto& lan : view.config().lans)
    for (const auto& subnet : view.subnets(lan))
      if (subnet.by_proxy)
        wants.push_back({.uplink = subnet.uplink->name(),
                         .device = subnet.uplink->device(),
                         .prefix = subnet.prefix,
                         .lan = lan.name,
                         .lan_device = lan.interface,
                         .answers = subnet.facts->confirmed});
  return wants;
}

}  // namespace michi::policy

// Tables: one per uplink, `closed`, and the router's own default.

#include "policy/routes.hpp"

#include <algorithm>
#include <set>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

constexpr std::uint32_t kUsed = 100;  // metric of a way that works
constexpr std::uint32_t kEnd = 4096;  // metric of the unreachable end beneath it

model::RouteEntry end_of(std::uint32_t table, const Prefix& to) {
  return {.table = table, .to = to, .metric = kEnd, .type = model::RouteType::Unreachable};
}

/// By this uplink, as far as its next hop is known. A session's device has the right MTU already.
model::RouteEntry way_of(std::uint32_t table, const Prefix& to, const UplinkView& uplink) {
  model::RouteEntry route{.table = table, .to = to, .metric = kUsed, .device = uplink.device()};
  const auto& facts = *uplink.facts;
  if (to.family() == Family::V4 && facts.v4->gateway) route.gateway = *facts.v4->gateway;
  if (to.family() == Family::V6 && !facts.v6->peer.is_unspecified()) route.gateway = facts.v6->peer;
  const auto mtu = uplink.mtu_of(to.family());
  if (mtu < (uplink.traits().owns_device ? uplink.mtu : 1500)) route.mtu = mtu;
  return route;
}

void uplink_table(std::vector<model::RouteEntry>& routes, const UplinkView& uplink) {
  for (Family family : kFamilies) {
    const auto everything = Prefix::everything(family);
    routes.push_back(end_of(uplink.table(), everything));
    if (!uplink.usable[family]) continue;
    auto route = way_of(uplink.table(), everything, uplink);
    if (family == Family::V6) route.source = uplink.source6();
    routes.push_back(route);
  }
}

/// Prefixes stay unreachable while their session is down: they never go to an ISP.
void closed_table(std::vector<model::RouteEntry>& routes, const View& view) {
  std::set<Prefix> ended, routed;
  for (const auto& config : view.config().uplinks) {
    const auto* uplink = view.find(config.id.name);
    for (const auto& written : config.routes) {
      const Prefix to = written.canonical();
      if (ended.insert(to).second) routes.push_back(end_of(model::kTableClosed, to));
      if (uplink == nullptr || !uplink->usable[to.family()] || !routed.insert(to).second) continue;
      auto route = way_of(model::kTableClosed, to, *uplink);
      if (to.family() == Family::V4) route.source = view.internal();
      if (to.family() == Family::V6) route.source = uplink->source6();
      routes.push_back(route);
    }
  }
}

/// The first look-up of the router's own packets always succeeds, with a source that belongs to no
/// uplink; the output chain then marks them and they are routed again. The MTU is that of the
/// smallest uplink, so that a change of way never needs smaller segments. In IPv6 the source is of an uplink's
/// prefix, but not the one that holds flows there; without any, own flows are refused at once.
void self_table(std::vector<model::RouteEntry>& routes, const View& view, Family family) {
  if (!view.governs(family)) return;
  routes.push_back(end_of(model::kTableSelf, Prefix::everything(family)));
  std::uint16_t smallest = 1500;
  for (const auto& uplink : view.uplinks())
    if (family == Family::V4 ? uplink.config->ipv4 : uplink.config->ipv6)
      smallest = std::min(smallest, uplink.mtu_of(family));
  std::optional<Address> source = view.internal();
  if (family == Family::V6) source = view.self_source6();
  if (!source) return;
  routes.push_back({.table = model::kTableSelf,
                    .to = Prefix::everything(family),
                    .metric = kUsed,
                    .device = std::string(model::kSelfDevice),
                    .source = source,
                    .mtu = smallest});
}

/// What is delegated to us and nobody's must not go back by a default route: law 1 finds these ends first.
void ends_in_main(std::vector<model::RouteEntry>& routes, const View& view) {
  for (const auto& uplink : view.uplinks())
    for (const auto& delegation : uplink.prefixes) routes.push_back(end_of(kTableMain, delegation.prefix));
  for (const auto& uplink : view.uplinks())
    for (const auto& shared : uplink.shared) routes.push_back(end_of(kTableMain, shared.prefix));
  if (const auto ula = view.ula()) routes.push_back(end_of(kTableMain, *ula));
}

/// A shared /64 is on the line; those of its addresses that are hosts of a LAN are there, one by one. Law 1 finds
/// both. Hosts stay while the line is away: flows that went to others come back to them.
void shared_in_main(std::vector<model::RouteEntry>& routes, const View& view) {
  const auto put = [&](const Prefix& to, const std::string& device) {
    routes.push_back({.table = kTableMain, .to = to, .metric = kUsed, .device = device});
  };
  for (const auto& uplink : view.uplinks())
    for (const auto& shared : uplink.shared) {
      if (shared.facts->confirmed && uplink.usable.v6) put(shared.prefix, uplink.device());
      const auto& lan = view.first_lan(uplink)->interface;
      for (const auto& host : view.inputs().neighbours)
        if (host.device == lan && shared.prefix.contains(host.address)) put(Prefix::host(host.address), lan);
    }
}

}  // namespace

std::vector<model::RouteEntry> derive_routes(const View& view) {
  std::vector<model::RouteEntry> routes;
  for (const auto& uplink : view.uplinks()) uplink_table(routes, uplink);
  closed_table(routes, view);
  for (Family family : kFamilies) self_table(routes, view, family);
  ends_in_main(routes, view);
  shared_in_main(routes, view);
  return routes;
}

}  // namespace michi::policy

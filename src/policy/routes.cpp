// Tables: one per uplink, `closed`, and the router's own default.

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

void uplink_table(std::vector<model::RouteEntry>& routes, const UplinkView& uplink) {
  for (Family family : {Family::V4, Family::V6}) {
    const auto everything = Prefix::everything(family);
    routes.push_back(end_of(uplink.table(), everything));
    if (uplink.usable(family))
      routes.push_back({.table = uplink.table(), .to = everything, .metric = kUsed, .device = uplink.name()});
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
      if (uplink == nullptr || !uplink->usable(to.family()) || !routed.insert(to).second) continue;
      model::RouteEntry route{.table = model::kTableClosed, .to = to, .metric = kUsed, .device = uplink->name()};
      if (to.family() == Family::V4) route.source = view.internal();
      routes.push_back(route);
    }
  }
}

/// The first look-up of the router's own packets always succeeds, with a source that belongs to no
/// uplink; the output chain then marks them and they are routed again. The MTU is that of the
/// smallest uplink, so that a change of way never needs smaller segments.
void self_table(std::vector<model::RouteEntry>& routes, const View& view) {
  routes.push_back(end_of(model::kTableSelf, Prefix::everything(Family::V4)));
  std::uint16_t smallest = 1500;
  for (const auto& uplink : view.uplinks()) smallest = std::min(smallest, uplink.mtu);
  routes.push_back({.table = model::kTableSelf,
                    .to = Prefix::everything(Family::V4),
                    .metric = kUsed,
                    .device = std::string(model::kSelfDevice),
                    .source = view.internal(),
                    .mtu = smallest});
}

}  // namespace

std::vector<model::RouteEntry> derive_routes(const View& view) {
  std::vector<model::RouteEntry> routes;
  for (const auto& uplink : view.uplinks()) uplink_table(routes, uplink);
  closed_table(routes, view);
  self_table(routes, view);
  return routes;
}

}  // namespace michi::policy

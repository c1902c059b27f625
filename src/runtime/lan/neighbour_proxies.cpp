#include "runtime/lan/neighbour_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/policy.hpp"

namespace michi::runtime {

namespace {

constexpr std::uint8_t kHostLength = 128;

bool same(const model::ProxyWant& a, const model::ProxyWant& b) {
  return std::tie(a.uplink, a.device, a.prefix, a.lan, a.lan_device) ==
         std::tie(b.uplink, b.device, b.prefix, b.lan, b.lan_device);
}

model::Event shared(const model::ProxyWant& want) {
  return {model::Severity::Notice,
          "proxy.shared",
          want.uplink,
          fmt::format("LAN {} has addresses of {}, the line's own, by neighbour discovery proxy", want.lan,
                      to_text(want.prefix)),
          {{"lan", want.lan}, {"prefix", to_text(want.prefix)}}};
}

}  // namespace

NeighbourProxies::NeighbourProxies(port::DatagramSockets& sockets, Random random, port::Wake wake,
                                   NeighbourProxy::EventSink events)
    : sockets_(sockets), random_(std::move(random)), wake_(std::move(wake)), events_(std::move(events)) {}

void NeighbourProxies::adopt(const std::set<model::RouteEntry>& routes) {
  for (const auto& route : routes)
    if (const auto* v6 = route.to.address.v6(); v6 != nullptr && route.table == policy::kTableMain &&
                                                route.to.length == kHostLength &&
                                                route.type == model::RouteType::Unicast && !route.gateway)
      hosts_.push_back({*v6, route.device.str()});
}

void NeighbourProxies::on_desired(const std::vector<model::ProxyWant>& wants, Instant now) {
  std::erase_if(proxies_, [&](const NeighbourProxy& one) {
    return std::ranges::none_of(wants, [&](const auto& want) { return same(want, one.wanted()); });
  });
  for (const auto& want : wants) {
    const auto known = std::ranges::find_if(proxies_, [&](const auto& one) { return same(want, one.wanted()); });
    if (known != proxies_.end()) {
      known->want(want, now);
      continue;
    }
    std::vector<Ipv6> before;
    for (const auto& host : hosts_)
      if (host.device == want.lan_device && want.prefix.contains(host.address)) before.push_back(host.address);
    proxies_.emplace_back(want, std::move(before), sockets_, random_.fork(), wake_, events_);
    events_(shared(want));
  }
  collect();
}

void NeighbourProxies::on_kernel(const std::map<std::string, model::Link>& links,
                                 const std::set<model::AddressEntry>& addresses, Instant now) {
  for (auto& one : proxies_) one.on_kernel(links, addresses, now);
}

bool NeighbourProxies::turn(Instant now) {
  bool changed = false;
  for (auto& one : proxies_) changed = one.turn(now) || changed;
  if (changed) collect();
  return changed;
}

void NeighbourProxies::send(const std::set<model::RouteEntry>& routes, Instant now) {
  for (auto& one : proxies_) one.send(routes, now);
}

std::optional<Instant> NeighbourProxies::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& one : proxies_)
    if (const auto at = one.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

std::optional<model::ProxySnapshot> NeighbourProxies::snapshot(const std::string& uplink, const Prefix& prefix) const {
  for (const auto& one : proxies_)
    if (one.wanted().uplink == uplink && one.wanted().prefix == prefix) return one.snapshot();
  return std::nullopt;
}

void NeighbourProxies::collect() {
  hosts_.clear();
  for (const auto& one : proxies_)
    for (auto& host : one.hosts()) hosts_.push_back(std::move(host));
}

}  // namespace michi::runtime

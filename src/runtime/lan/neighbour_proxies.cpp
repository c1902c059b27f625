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

NeighbourProxies::NeighbourProxies(Channels& channels, Random random)
    : channels_(channels), random_(std::move(random)) {}

void NeighbourProxies::adopt(const std::set<model::RouteEntry>& routes) {
  for (const auto& route : routes)
    if (const auto* v6 = route.to.address.v6(); v6 != nullptr && route.table == policy::kTableMain &&
                                                route.to.length == kHostLength &&
                                                route.type == model::RouteType::Unicast && !route.gateway)
      hosts_.push_back({*v6, route.device.str()});
}

void NeighbourProxies::on_desired(const model::Desired& desired, Instant now) {
  const auto& wants = desired.proxies;
  std::erase_if(proxies_, [&](NeighbourProxy& one) {
    if (std::ranges::any_of(wants, [&](const auto& want) { return same(want, one.wanted()); })) return false;
    one.close(now);
    return true;
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
    proxies_.emplace_back(want, std::move(before), channels_, random_.fork(),
                          [this](const model::Event& event) { tell(event); });
    tell(shared(want));
  }
  collect();
}

void NeighbourProxies::on_kernel(const model::Observed& observed, Instant now) {
  for (auto& one : proxies_) one.on_kernel(observed.links, observed.addresses, now);
}

/// A device may be of several proxies: what comes there is read once, for all of them.
void NeighbourProxies::take(Instant now) {
  std::set<std::string> devices;
  for (const auto& one : proxies_) devices.insert({one.wanted().device, one.wanted().lan_device});
  for (const auto& device : devices)
    channels_.take_datagrams({ChannelType::NdProxy, device}, [&](const port::Datagram& datagram) {
      for (auto& one : proxies_) one.hear(device, datagram, now);
    });
}

bool NeighbourProxies::turn(Instant now, Pass) {
  bool moved = false;
  while (channels_.poll(ChannelOwner::Part::Proxies)) moved = true;
  if (moved)
    for (auto& one : proxies_) one.on_channel(now);
  if (!proxies_.empty()) take(now);
  bool changed = false;
  for (auto& one : proxies_) changed = one.turn(now) || changed;
  if (changed) collect();
  return changed;
}

void NeighbourProxies::on_performed(const model::Observed& observed, Instant now) {
  for (auto& one : proxies_) one.send(observed.routes, now);
}

std::optional<Instant> NeighbourProxies::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& one : proxies_)
    if (const auto at = one.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

std::optional<model::ProxySnapshot> NeighbourProxies::snapshot_of(const std::string& uplink,
                                                                  const Prefix& prefix) const {
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

#include "runtime/lan/neighbour_proxy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/policy.hpp"

namespace michi::runtime {

namespace {

using engine::ndisc::HostRoute;
using engine::ndisc::ProxyMessage;
using engine::ndisc::ProxySide;

constexpr unsigned kChangesAtOnce = 16;
constexpr Duration kAnswerWaits = seconds(1);  // RETRANS_TIMER of whoever asked
constexpr Duration kChangeEvery = milliseconds(100);
constexpr std::size_t kLan = 0;  // the engine's index of the only one

ProxySide side_of(const LinkLocalEndpoint& endpoint) { return {.local = endpoint.local, .mac = endpoint.mac}; }

}  // namespace

NeighbourProxy::NeighbourProxy(model::ProxyWant want, std::vector<Ipv6> before, Channels& channels, Random random,
                               EventSink events)
    : want_(std::move(want)),
      channels_(channels),
      random_(std::move(random)),
      events_(std::move(events)),
      before_(std::move(before)),
      changes_(kChangesAtOnce, kChangeEvery) {}

ChannelOwner NeighbourProxy::owner() const {
  return {ChannelOwner::Part::Proxies, fmt::format("{} {} {}", want_.uplink, want_.lan, to_text(want_.prefix))};
}

void NeighbourProxy::want(const model::ProxyWant& want, Instant now) {
  if (want == want_) return;
  want_ = want;
  tend(now);
}

/// True when it is another place than before.
bool NeighbourProxy::move(Endpoint& side, const std::string& device, const std::map<std::string, model::Link>& links,
                          const std::set<model::AddressEntry>& addresses) {
  auto endpoint = endpoint_on(device, links, addresses6_on(device, addresses), side);
  if (endpoint == side) return false;
  side = endpoint;
  return true;
}

void NeighbourProxy::on_kernel(const std::map<std::string, model::Link>& links,
                               const std::set<model::AddressEntry>& addresses, Instant now) {
  const bool wan_moved = move(wan_, want_.device, links, addresses);
  const bool lan_moved = move(lan_, want_.lan_device, links, addresses);
  std::vector<Ipv6> own;
  for (const auto& entry : addresses)
    if (const auto* v6 = entry.address.address.v6(); v6 != nullptr && want_.prefix.contains(*v6)) own.push_back(*v6);
  const bool other = own != own_;
  own_ = std::move(own);
  if (wan_moved || lan_moved || !looked_) {
    end();
    close(now);  // sockets of before stand on another place
  } else if (other && proxy_) {
    proxy_->set_own(own_);
    drain(now);
  }
  if (!std::exchange(looked_, true) || lan_moved) changed_ = true;
  tend(now);
}

/// Channels where they are to be, and the engine as soon as it can hear the LAN.
void NeighbourProxy::tend(Instant now) {
  std::vector<WantedChannel> wanted;
  if (lan_) wanted.push_back({.id = channel(want_.lan_device)});
  if (lan_ && wan_ && want_.answers) wanted.push_back({.id = channel(want_.device)});
  channels_.want(owner(), wanted, now);
  if (lan_ && channels_.is_open(channel(want_.lan_device)) && !proxy_) begin(now);
}

void NeighbourProxy::begin(Instant now) {
  engine::ndisc::ProxySettings settings;
  settings.prefix = want_.prefix;
  settings.lans = {side_of(*lan_)};
  settings.wan = side_of(wan_ ? *wan_ : *lan_);
  settings.own = own_;
  proxy_.emplace(std::move(settings), random_.fork());
  std::vector<HostRoute> routes;
  for (const auto& host : std::exchange(before_, {})) routes.push_back({host, kLan});
  proxy_->start(routes, now);
  changed_ = true;
  drain(now);
}

/// Everybody known is kept for the next beginning.
void NeighbourProxy::end() {
  if (!proxy_) return;
  before_.clear();
  for (const auto& host : proxy_->hosts()) before_.push_back(host.address);
  proxy_.reset();
  outgoing_.clear();
}

void NeighbourProxy::hear(const std::string& device, const port::Datagram& heard, Instant now) {
  if (!proxy_) return;
  if (device == want_.device && want_.answers)
    proxy_->on_wan(heard.bytes, heard.source, heard.destination, heard.hop_limit, now);
  else if (device == want_.lan_device)
    proxy_->on_lan(kLan, heard.bytes, heard.source, heard.destination, heard.hop_limit, now);
}

void NeighbourProxy::drain(Instant now) {
  while (auto output = proxy_->poll()) {
    if (auto* message = std::get_if<ProxyMessage>(&*output))
      outgoing_.push_back({std::move(*message), now + kAnswerWaits});
    else
      changed_ = true;
  }
}

bool NeighbourProxy::turn(Instant now) {
  if (proxy_) {
    if (const auto at = proxy_->next_deadline(); at && *at <= now) proxy_->on_deadline(now);
    drain(now);
  }
  tell_at_.reset();
  if (!changed_) return false;
  if (changes_.take(now)) return std::exchange(changed_, false);
  tell_at_ = changes_.ready_at(now);
  return false;
}

bool NeighbourProxy::is_routed(const Ipv6& host, const std::set<model::RouteEntry>& routes) const {
  const auto to = Prefix::host(host);
  const auto route = routes.lower_bound({.table = policy::kTableMain, .to = to});
  return route != routes.end() && route->table == policy::kTableMain && route->to == to &&
         route->device == want_.lan_device;
}

void NeighbourProxy::send(const std::set<model::RouteEntry>& routes, Instant now) {
  for (auto& one : std::exchange(outgoing_, {})) {
    const auto& [lan, host, message] = one.message;
    const auto side = channel(lan ? want_.lan_device : want_.device);
    if (now >= one.until || !channels_.is_open(side)) continue;
    if (!lan && !is_routed(host, routes))
      outgoing_.push_back(std::move(one));
    else  // What the kernel refuses is a lost datagram: it is asked again.
      std::ignore = channels_.send(side, message.bytes, message.destination, message.source);
  }
}

std::optional<Instant> NeighbourProxy::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& at : {tell_at_, proxy_ ? proxy_->next_deadline() : std::nullopt})
    if (at && (!next || *at < *next)) next = at;
  return next;
}

std::vector<model::Neighbour> NeighbourProxy::hosts() const {
  std::vector<model::Neighbour> out;
  if (proxy_)
    for (const auto& host : proxy_->hosts()) out.push_back({host.address, want_.lan_device});
  else if (!looked_ || lan_)
    for (const auto& host : before_) out.push_back({host, want_.lan_device});
  return out;
}

model::ProxySnapshot NeighbourProxy::snapshot() const {
  model::ProxySnapshot out{.lan = want_.lan, .state = "waiting"};
  if (!proxy_) return out;
  const auto& counters = proxy_->counters();
  out.state = want_.answers && channels_.is_open(channel(want_.device)) ? "answering"
              : want_.answers                                           ? "waiting"
                                                                        : "remembered";
  out.hosts = proxy_->hosts().size();
  out.asked = counters.asked;
  out.answered = counters.answered;
  out.withheld = counters.withheld;
  return out;
}

}  // namespace michi::runtime

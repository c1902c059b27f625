// Everything that status, metrics and pages show of the daemon, in one place.

#include <algorithm>

#include "runtime/core/core.hpp"

namespace michi::runtime {

namespace {

std::vector<std::string> names_of(const std::vector<model::UplinkId>& ids) {
  std::vector<std::string> names;
  for (const auto& id : ids) names.push_back(id.name);
  return names;
}

std::optional<Duration> left_until(Instant end, Instant now) {
  if (end == Instant::max()) return std::nullopt;
  return std::max(end - now, Duration{});
}

std::vector<model::PolicySnapshot> policies_of(const model::Config& config, const policy::Selector& selector) {
  std::vector<model::PolicySnapshot> out;
  const auto& choices4 = selector.choices(Family::V4);
  const auto& choices6 = selector.choices(Family::V6);
  for (const auto& policy : config.policies) {
    model::PolicySnapshot shown{policy.label, names_of(policy.use), {}, {}};
    if (policy.index < choices4.size()) shown.in_use = names_of(choices4[policy.index].usable);
    if (policy.index < choices6.size()) shown.in_use6 = names_of(choices6[policy.index].usable);
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace

model::TrafficCounters Core::counters(const std::string& uplink) const {
  const auto* config = config_->find(model::UplinkId{uplink});
  if (config == nullptr || config->traits().path == model::PacketPath::Plane) {
    const auto counted = doors_.plane.counters(model::UplinkId{uplink});
    return {.rx_packets = counted.rx_packets,
            .rx_bytes = counted.rx_bytes,
            .tx_packets = counted.tx_packets,
            .tx_bytes = counted.tx_bytes,
            .rx_dropped = counted.rx_dropped,
            .tx_dropped = counted.tx_dropped,
            .foreign_source = counted.foreign_source};
  }
  const auto counted = doors_.kernel.link_counters(config->interface()).value_or(port::LinkCounters{});
  model::TrafficCounters out{.rx_packets = counted.rx_packets,
                             .rx_bytes = counted.rx_bytes,
                             .tx_packets = counted.tx_packets,
                             .tx_bytes = counted.tx_bytes,
                             .rx_dropped = counted.rx_dropped,
                             .tx_dropped = counted.tx_dropped,
                             .interface = config->interface()};
  for (const auto& other : config_->uplinks)
    if (other.interface() == config->interface() && other.id.name != uplink) out.shared_with.push_back(other.id.name);
  return out;
}

std::string Core::carried_by(const std::string& uplink) const {
  const auto* config = config_->find(model::UplinkId{uplink});
  const auto facts = uplinks_.facts().find(uplink);
  if (config == nullptr || facts == uplinks_.facts().end()) return "";
  if (config->traits().path == model::PacketPath::Plane) return doors_.plane.carried_by(config->id);
  return facts->second.attached ? "kernel" : "";
}

model::Snapshot Core::snapshot() const {
  const Instant now = doors_.alarm.now();
  model::Snapshot snapshot;
  snapshot.settled = settled();
  snapshot.awaiting_confirmation = awaiting_confirmation();
  for (const Part* part : parts_) part->snapshot(snapshot, now);
  // What others know of an uplink. One that is being removed is no longer shown.
  std::erase_if(snapshot.uplinks, [&](const auto& shown) { return config_->find(shown.facts.id) == nullptr; });
  for (auto& shown : snapshot.uplinks) {
    const auto& name = shown.facts.id.name;
    const auto& config = *config_->find(shown.facts.id);
    if (auto number = numbers().find(name); number != numbers().end()) shown.number = number->second;
    for (const auto& one : shown.facts.prefixes)
      shown.prefixes.push_back({one.prefix, left_until(one.preferred_until, now), left_until(one.valid_until, now),
                                one.confirmed, one.on_link, proxy(name, one.prefix)});
    shown.traffic = counters(name);
    shown.plane = carried_by(name);
    shown.closed_routes = config.routes.size();
    shown.routes_date = config.routes_date;
  }
  snapshot.policies = policies_of(*config_, selector());
  snapshot.firewall = doors_.firewall.counters();
  snapshot.warnings = warnings();
  return snapshot;
}

}  // namespace michi::runtime

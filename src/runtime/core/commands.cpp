// What the operator can ask of a running Core.

#include <fmt/format.h>

#include <algorithm>

#include "runtime/core/core.hpp"
#include "runtime/records/lease_records.hpp"
#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

constexpr Duration kLongestEnding = seconds(5);
constexpr auto kReversePathFilter = "net/ipv4/conf/all/rp_filter";

}  // namespace

Core::Answer Core::up(const std::string& uplink) {
  if (ending_ != Ending::No) return Answer::Ending;
  now_ = doors_.alarm.now();
  if (!uplinks_.command(uplink, Uplinks::Command::Start, now_)) return Answer::UnknownUplink;
  schedule_();
  return Answer::Done;
}

Core::Answer Core::down(const std::string& uplink) {
  now_ = doors_.alarm.now();
  if (!uplinks_.command(uplink, Uplinks::Command::Stop, now_)) return Answer::UnknownUplink;
  schedule_();
  return Answer::Done;
}

Core::Answer Core::redial(const std::string& uplink) {
  if (ending_ != Ending::No) return Answer::Ending;
  now_ = doors_.alarm.now();
  if (!uplinks_.command(uplink, Uplinks::Command::Redial, now_)) return Answer::UnknownUplink;
  schedule_();
  return Answer::Done;
}

std::vector<UplinkChange> Core::preview(const model::Config& next, const model::Secrets& secrets) const {
  using Kind = UplinkChange::Kind;
  std::vector<UplinkChange> changes;
  for (const auto& before : config_->uplinks)
    if (!next.find(before.id)) changes.push_back({before.id.name, Kind::Removed});
  for (const auto& after : next.uplinks) {
    const auto* before = config_->find(after.id);
    if (!before) {
      changes.push_back({after.id.name, Kind::Added});
      continue;
    }
    const auto old_secret = secret_of(secrets_, after.id.name);
    const auto new_secret = secret_of(secrets, after.id.name);
    const bool secret_changed =
        old_secret.has_value() != new_secret.has_value() || (old_secret && !old_secret->same_as(*new_secret));
    if (*before == after && !secret_changed) continue;
    const auto effect = uplink::Uplink::effect(*before, after, secret_changed);
    changes.push_back({after.id.name, effect == uplink::Uplink::Applied::InPlace ? Kind::InPlace : Kind::Redialled});
  }
  return changes;
}

Uplinks::Leftovers Core::left_for(const std::string& uplink) {
  Uplinks::Leftovers out;
  if (auto orphan = orphans_.extract(uplink)) out.orphan = std::move(orphan.mapped());
  if (auto held = held_.extract(uplink)) out.held = held.mapped();
  out.ipv6 = memory_of(uplink);
  return out;
}

uplink::Ipv6Memory Core::memory_of(const std::string& uplink) {
  auto record = leases_.extract(uplink);
  return {.record = record ? std::move(record.mapped()) : std::nullopt,
          .machine = machine_uuid(doors_.files),
          .wall_seconds = doors_.alarm.wall_seconds()};
}

std::vector<UplinkChange> Core::apply(model::ConfigPtr next, model::Secrets secrets,
                                      std::optional<Duration> confirm_within) {
  using Kind = UplinkChange::Kind;
  now_ = doors_.alarm.now();
  auto changes = preview(*next, secrets);
  if (!confirm_within) {
    rollback_.reset();
  } else {
    // Several unconfirmed ones in a row: the way back leads to the last that was confirmed.
    if (!rollback_) rollback_ = Rollback{config_, secrets_, now_};
    rollback_->at = now_ + *confirm_within;
  }
  config_ = std::move(next);
  secrets_ = std::move(secrets);
  uplinks_.set_gate(config_->global.padi_burst, config_->global.padi_interval);
  hooks_.configure(config_->global.hooks_dir, config_->global.hook_timeout);
  numbers_ = policy::assign_numbers(*config_, numbers_);
  doors_.store.submit(port::Put{port::Lifetime::Durable, "numbers", write_numbers(numbers_)}, tickets_.next());
  for (const auto& change : changes) {
    const auto* config = config_->find(model::UplinkId{change.uplink});
    switch (change.kind) {
      case Kind::Added:
        uplinks_.add(*config, secret_of(secrets_, change.uplink), left_for(change.uplink), now_);
        break;
      case Kind::Removed:
        uplinks_.remove(change.uplink, now_);
        break;
      case Kind::InPlace:
      case Kind::Redialled:
        uplinks_.configure(*config, secret_of(secrets_, change.uplink), now_);
        break;
    }
  }
  selector_.configure(config_, now_);
  resolver_.on_config(*config_, now_);
  uplinks_.on_links(view_.observed(), now_);
  pass_through_.configure(*config_, view_.observed(), now_);
  policy_dirty_ = true;
  schedule_();
  return changes;
}

bool Core::confirm() {
  if (!rollback_) return false;
  rollback_.reset();
  event({model::Severity::Notice, "reload.confirmed", "", "the new configuration is confirmed", {}});
  return true;
}

void Core::stop() {
  if (ending_ != Ending::No) return;
  now_ = doors_.alarm.now();
  ending_ = Ending::Stopping;
  rollback_.reset();
  give_up_at_ = now_ + kLongestEnding;
  lans_.stop(now_);
  pass_through_.forget(now_);
  uplinks_.stop_all(now_);
  resolver_.stop(now_);
  policy_dirty_ = true;
  schedule_();
}

void Core::flush() {
  now_ = doors_.alarm.now();
  ending_ = Ending::Flushing;
  rollback_.reset();
  give_up_at_ = now_ + kLongestEnding;
  end_desired_ = false;
  lans_.withdraw(now_);
  pass_through_.forget(now_);
  uplinks_.stop_all(now_);
  resolver_.stop(now_);
  policy_dirty_ = true;
  schedule_();
}

bool Core::done() const {
  return running_ && uplinks_.all_down() && hooks_.idle() && !resolver_.running() && !policy_dirty_ &&
         !observed_dirty_ && reconciler_.settled();
}

bool Core::stopped() const { return ending_ != Ending::No && (done() || gave_up()); }

bool Core::gave_up() const { return !done() && give_up_at_ && doors_.alarm.now() >= *give_up_at_; }

policy::Explanation Core::why(const policy::FlowQuery& query) const {
  auto around = surroundings_;
  around.main_asked = true;
  const auto ask = [&](const Address& address) {
    auto route = doors_.kernel.main_route(address, policy::main_mark(*config_));
    if (route) around.main_routes.push_back(std::move(*route));
  };
  ask(query.destination);
  if (query.source) ask(*query.source);
  return policy::explain({.config = *config_,
                          .numbers = numbers_,
                          .facts = uplinks_.facts(),
                          .selector = selector_,
                          .surroundings = around,
                          .ula = ula_},
                         query);
}

std::vector<model::Event> Core::warnings() const {
  if (!running_ || !config_) return {};
  auto around = surroundings_;
  const auto& rules = view_.observed().foreign_rules;
  around.foreign_rules.assign(rules.begin(), rules.end());
  if (auto value = doors_.files.read_sysctl(kReversePathFilter)) around.sysctls[kReversePathFilter] = *value;
  return policy::warnings({.config = *config_,
                           .numbers = numbers_,
                           .facts = uplinks_.facts(),
                           .selector = selector_,
                           .surroundings = around,
                           .ula = ula_});
}

std::string Core::carried_by(const std::string& uplink) const {
  if (auto plane = doors_.plane.carried_by(model::UplinkId{uplink}); !plane.empty()) return plane;
  const auto* facts = uplinks_.facts_now(uplink);
  return facts != nullptr && facts->attached && !facts->session ? "kernel" : "";
}

model::TrafficCounters Core::counters(const std::string& uplink) const {
  const auto* config = config_->find(model::UplinkId{uplink});
  if (config == nullptr || config->kind == model::UplinkKind::Pppoe) {
    const auto counted = doors_.plane.counters(model::UplinkId{uplink});
    return {.rx_packets = counted.rx_packets,
            .rx_bytes = counted.rx_bytes,
            .tx_packets = counted.tx_packets,
            .tx_bytes = counted.tx_bytes,
            .rx_dropped = counted.rx_dropped,
            .tx_dropped = counted.tx_dropped,
            .foreign_source = counted.foreign_source};
  }
  const auto counted = doors_.kernel.link_counters(config->interface).value_or(port::LinkCounters{});
  model::TrafficCounters out{.rx_packets = counted.rx_packets,
                             .rx_bytes = counted.rx_bytes,
                             .tx_packets = counted.tx_packets,
                             .tx_bytes = counted.tx_bytes,
                             .rx_dropped = counted.rx_dropped,
                             .tx_dropped = counted.tx_dropped,
                             .interface = config->interface};
  for (const auto& other : config_->uplinks)
    if (other.interface == config->interface && other.id.name != uplink) out.shared_with.push_back(other.id.name);
  return out;
}

}  // namespace michi::runtime

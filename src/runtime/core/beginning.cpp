// What an earlier life left, and what this one leaves: reading it, the start, and every record that is kept.

#include <fmt/format.h>

#include <utility>

#include "runtime/core/core.hpp"
#include "runtime/records/held_addresses.hpp"
#include "runtime/records/lease_records.hpp"
#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

constexpr auto kSessionPrefix = "session.";
constexpr auto kNumbersKey = "numbers";
constexpr auto kUlaKey = "ula";
/// How long a start lets the kernel's objects go before the first PADI.
constexpr Duration kObjectsFirst = milliseconds(250);

}  // namespace

void Core::begin(model::ConfigPtr config, model::Secrets secrets) {
  now_ = doors_.alarm.now();
  config_ = std::move(config);
  secrets_ = std::move(secrets);
  if (auto records = doors_.store.load(port::Lifetime::Volatile)) {
    settings_.recall(*records);
    pass_through_.recall(*records);
    for (const auto& [key, value] : *records) {
      if (!key.starts_with(kSessionPrefix)) continue;
      if (auto record = parse_session(value)) orphans_[record->uplink.name] = *record;
    }
  } else {
    event({model::Severity::Warning,
           "store.unreadable",
           "",
           fmt::format("cannot read what an earlier run left: {}", records.error().text()),
           {}});
  }
  if (auto records = doors_.store.load(port::Lifetime::Durable)) {
    if (auto at = records->find(kNumbersKey); at != records->end()) numbers_ = parse_numbers(at->second);
    if (auto at = records->find(kUlaKey); at != records->end()) ula_ = parse_ula(at->second).value_or(*ula_);
    held_ = held_addresses(*records, stamp_now(doors_.alarm, doors_.files));
    leases_ = lease_records(*records, stamp_now(doors_.alarm, doors_.files));
    lans_.recall(*records, now_);
  }
  doors_.kernel.refresh();
  doors_.firewall.refresh();
  schedule_();
}

std::optional<Secret> Core::secret_of(const model::Secrets& secrets, const std::string& uplink) const {
  auto at = secrets.find(uplink);
  return at == secrets.end() ? std::nullopt : std::optional(at->second);
}

void Core::keep(port::Lifetime lifetime, const std::string& key, const std::optional<std::string>& value,
                std::string what) {
  const auto ticket = tickets_.next();
  writes_[ticket] = std::move(what);
  if (value)
    doors_.store.submit(port::Put{lifetime, key, *value}, ticket);
  else
    doors_.store.submit(port::Erase{lifetime, key}, ticket);
}

void Core::persist(const std::string& uplink, const std::optional<model::SessionRecord>& record) {
  keep(port::Lifetime::Volatile, kSessionPrefix + uplink, record ? std::optional(write_session(*record)) : std::nullopt,
       fmt::format("the session record of {}", uplink));
  crash_point(record ? "session-recorded" : "session-forgotten");
}

void Core::persist_address(const std::string& uplink, const std::optional<uplink::HeldAddress>& held) {
  keep(port::Lifetime::Durable, std::string(kHeldPrefix) + uplink,
       held ? std::optional(write_held(*held, stamp_now(doors_.alarm, doors_.files))) : std::nullopt,
       fmt::format("the address of {}", uplink));
}

void Core::persist_lease(const std::string& uplink, const std::optional<uplink::LeaseRecord>& record) {
  keep(port::Lifetime::Durable, std::string(kLeasePrefix) + uplink,
       record ? std::optional(write_lease(*record, stamp_now(doors_.alarm, doors_.files))) : std::nullopt,
       fmt::format("the DHCPv6 lease of {}", uplink));
}

/// The first dump is complete: numbers are known, so uplinks and desired state can be.
void Core::start_running() {
  running_ = true;
  const auto& rules = view_.observed().rules;
  for (const auto& [name, number] : policy::recover_numbers(rules, config_ ? *config_ : model::Config{}))
    numbers_.emplace(name, number);
  selector_.adopt(view_.observed().addresses);
  proxies_.adopt(view_.observed().routes);
  if (ending_ != Ending::No || !config_) {
    // Asked to end before it had begun: only what an earlier life left is ended.
    for (auto& [name, orphan] : orphans_) uplinks_.end_orphan(std::move(orphan));
    orphans_.clear();
    return;
  }
  uplinks_.set_gate(config_->global.padi_burst, config_->global.padi_interval);
  uplinks_.hold_gate(now_ + kObjectsFirst);
  hooks_.configure(config_->global.hooks_dir, config_->global.hook_timeout);
  selector_.configure(config_, now_);
  pass_through_.configure(*config_, view_.observed(), now_);
  numbers_ = policy::assign_numbers(*config_, numbers_);
  for (const auto& uplink : config_->uplinks) {
    uplinks_.add(uplink, secret_of(secrets_, uplink.id.name), left_for(uplink.id.name), now_);
  }
  for (const auto& [name, address] : std::exchange(held_, {})) persist_address(name, std::nullopt);
  for (const auto& [name, record] : leases_) persist_lease(name, std::nullopt);
  leases_.clear();
  for (auto& [name, orphan] : orphans_) uplinks_.end_orphan(std::move(orphan));
  orphans_.clear();
  resolver_.on_config(*config_, now_);
  doors_.store.submit(port::Put{port::Lifetime::Durable, kNumbersKey, write_numbers(numbers_)}, tickets_.next());
  doors_.store.submit(port::Put{port::Lifetime::Durable, kUlaKey, to_text(*ula_)}, tickets_.next());
  policy_dirty_ = true;
}

}  // namespace michi::runtime

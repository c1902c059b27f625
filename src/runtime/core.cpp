#include "runtime/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "runtime/held_addresses.hpp"
#include "runtime/lease_records.hpp"
#include "runtime/records.hpp"

namespace michi::runtime {

namespace {

constexpr auto kSessionPrefix = "session.";
constexpr auto kFirewallKey = "firewall";
constexpr auto kNumbersKey = "numbers";
/// How long a start lets the kernel's objects go before the first PADI.
constexpr Duration kObjectsFirst = milliseconds(250);

/// What may have passed without NAT while the firewall was gone: flows of LANs that have NAT.
port::DeleteUntranslated untranslated_flows(const model::Config* config) {
  port::DeleteUntranslated flows{.mask = config ? config->global.mark_mask : 0xff000000, .inside = {}};
  if (!config) return flows;
  flows.inside.push_back(Prefix::host(config->global.router_address));
  for (const auto& lan : config->lans)
    if (lan.nat)
      for (const auto& address : lan.addresses) flows.inside.push_back(address.canonical());
  return flows;
}

std::optional<reconcile::RememberFirewall> remembered_firewall(port::Store& store) {
  auto records = store.load(port::Lifetime::Volatile);
  if (!records || !records->contains(kFirewallKey)) return std::nullopt;
  auto pairs = parse_pairs(records->at(kFirewallKey));
  return reconcile::RememberFirewall{pairs["wanted"], pairs["listed"]};
}

}  // namespace

Core::Core(Doors doors, CoreOptions options, Random random, port::Wake schedule, EventSink events)
    : doors_(doors),
      options_(std::move(options)),
      schedule_(std::move(schedule)),
      events_(std::move(events)),
      lines_(doors_, std::move(random), schedule_,
             {.event = [this](const model::Event& e) { event(e); },
              .persist = [this](const std::string& uplink, const auto& record) { persist(uplink, record); },
              .trace =
                  [this](const std::string& uplink, Direction direction, Bytes frame, Instant now) {
                    if (trace_) trace_(uplink, direction, frame, now);
                  },
              .address = [this](const std::string& uplink, const auto& held) { persist_address(uplink, held); },
              .lease = [this](const std::string& uplink, const auto& record) { persist_lease(uplink, record); }}),
      hooks_(doors_.processes, doors_.files, tickets_, [this](const model::Event& e) { event(e); }),
      resolver_(doors_.processes, doors_.files, tickets_, options_.resolver, options_.run_directory,
                [this](const model::Event& e) { event(e); }),
      settings_(doors_.files, doors_.store, tickets_),
      reconciler_(remembered_firewall(doors_.store)) {
  doors_.alarm.on_wake(schedule_);
  doors_.kernel.on_wake(schedule_);
  doors_.firewall.on_wake(schedule_);
  doors_.plane.on_wake(schedule_);
  doors_.store.on_wake(schedule_);
  doors_.processes.on_wake(schedule_);
}

Core::~Core() = default;

void Core::begin(model::ConfigPtr config, model::Secrets secrets) {
  now_ = doors_.alarm.now();
  config_ = std::move(config);
  secrets_ = std::move(secrets);
  if (auto records = doors_.store.load(port::Lifetime::Volatile)) {
    settings_.recall(*records);
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
    held_ = held_addresses(*records, stamp_now(doors_.alarm, doors_.files));
    leases_ = lease_records(*records, stamp_now(doors_.alarm, doors_.files));
  }
  doors_.kernel.refresh();
  doors_.firewall.refresh();
  schedule_();
}

std::optional<Secret> Core::secret_of(const model::Secrets& secrets, const std::string& uplink) const {
  auto at = secrets.find(uplink);
  return at == secrets.end() ? std::nullopt : std::optional(at->second);
}

void Core::persist(const std::string& uplink, const std::optional<model::SessionRecord>& record) {
  const auto ticket = tickets_.next();
  const auto key = kSessionPrefix + uplink;
  writes_[ticket] = fmt::format("the session record of {}", uplink);
  if (record)
    doors_.store.submit(port::Put{port::Lifetime::Volatile, key, write_session(*record)}, ticket);
  else
    doors_.store.submit(port::Erase{port::Lifetime::Volatile, key}, ticket);
  crash_point(record ? "session-recorded" : "session-forgotten");
}

void Core::persist_address(const std::string& uplink, const std::optional<uplink::HeldAddress>& held) {
  const auto ticket = tickets_.next();
  const auto key = std::string(kHeldPrefix) + uplink;
  writes_[ticket] = fmt::format("the address of {}", uplink);
  if (held)
    doors_.store.submit(
        port::Put{port::Lifetime::Durable, key, write_held(*held, stamp_now(doors_.alarm, doors_.files))}, ticket);
  else
    doors_.store.submit(port::Erase{port::Lifetime::Durable, key}, ticket);
}

void Core::persist_lease(const std::string& uplink, const std::optional<uplink::LeaseRecord>& record) {
  const auto ticket = tickets_.next();
  const auto key = std::string(kLeasePrefix) + uplink;
  writes_[ticket] = fmt::format("the DHCPv6 lease of {}", uplink);
  if (record)
    doors_.store.submit(
        port::Put{port::Lifetime::Durable, key, write_lease(*record, stamp_now(doors_.alarm, doors_.files))}, ticket);
  else
    doors_.store.submit(port::Erase{port::Lifetime::Durable, key}, ticket);
}

/// The first dump is complete: numbers are known, so uplinks and desired state can be.
void Core::start_running() {
  running_ = true;
  for (const auto& [name, number] : policy::recover_numbers(view_.observed().rules)) numbers_.emplace(name, number);
  selector_.adopt(numbers_, view_.observed().addresses);
  if (ending_ != Ending::No || !config_) {
    // Asked to end before it had begun: only what an earlier life left is ended.
    for (auto& [name, orphan] : orphans_) lines_.end_orphan(std::move(orphan));
    orphans_.clear();
    return;
  }
  lines_.set_gate(config_->global.padi_burst, config_->global.padi_interval);
  lines_.hold_turns(now_ + kObjectsFirst);
  hooks_.configure(config_->global.hooks_dir, config_->global.hook_timeout);
  selector_.configure(config_, now_);
  numbers_ = policy::assign_numbers(*config_, numbers_);
  for (const auto& uplink : config_->uplinks) {
    lines_.add(uplink, secret_of(secrets_, uplink.id.name), left_for(uplink.id.name), now_);
  }
  for (const auto& [name, address] : std::exchange(held_, {})) persist_address(name, std::nullopt);
  for (const auto& [name, record] : leases_) persist_lease(name, std::nullopt);
  leases_.clear();
  for (auto& [name, orphan] : orphans_) lines_.end_orphan(std::move(orphan));
  orphans_.clear();
  resolver_.on_config(*config_, now_);
  doors_.store.submit(port::Put{port::Lifetime::Durable, kNumbersKey, write_numbers(numbers_)}, tickets_.next());
  policy_dirty_ = true;
}

void Core::turn() {
  now_ = doors_.alarm.now();
  // Every pass drains what the one before caused; the bound only keeps a bug from spinning.
  for (int pass = 0; pass < 16; ++pass) {
    take_reports();
    if (!running_ && view_.observed().complete) start_running();
    if (running_ && observed_dirty_) lines_.on_links(view_.observed(), now_);
    const bool facts_changed = lines_.turn(now_, pass == 0 ? Lines::Frames::Take : Lines::Frames::Leave);
    if (facts_changed) {
      hooks_.on_facts(lines_.facts());
      policy_dirty_ = true;
    }
    run_deadlines();
    const bool dirty = policy_dirty_ || observed_dirty_;
    if (running_) decide();
    perform();
    if (!dirty && !facts_changed) break;
  }
  set_alarm();
}

void Core::take_kernel_reports() {
  while (auto report = doors_.kernel.poll()) {
    if (const auto* done = std::get_if<port::Completion>(&*report)) {
      if (done->ticket != 0)
        reconciler_.on_done(done->ticket, done->error ? std::optional(done->error->text()) : std::nullopt, now_);
      continue;
    }
    if (view_.on_report(*report)) observed_dirty_ = true;
  }
}

void Core::take_reports() {
  take_kernel_reports();
  while (auto report = doors_.firewall.poll()) {
    std::visit(Overloaded{
                   [&](port::Completion& done) {
                     reconciler_.on_done(done.ticket, done.error ? std::optional(done.error->text()) : std::nullopt,
                                         now_);
                   },
                   [&](port::TableSeen& seen) { reconciler_.on_table_seen(seen.hash, seen.ours, seen.writer, now_); },
                   [&](port::ForeignChains& chains) {
                     surroundings_.foreign_chains.clear();
                     for (auto& c : chains.chains)
                       surroundings_.foreign_chains.push_back({c.family, c.table, c.chain, c.hook, c.policy});
                   },
               },
               *report);
  }
  while (auto report = doors_.plane.poll()) {
    std::visit(Overloaded{
                   [&](port::Completion& done) {
                     reconciler_.on_done(done.ticket, done.error ? std::optional(done.error->text()) : std::nullopt,
                                         now_);
                   },
                   [&](port::PlaneFault& fault) {
                     if (auto* uplink = lines_.find(fault.uplink.name))
                       uplink->on_plane_fault(fault.error.text(), now_);
                   },
               },
               *report);
  }
  while (auto done = doors_.store.poll()) {
    auto what = writes_.extract(done->ticket);
    if (done->error)
      event({model::Severity::Warning,
             "store.write-failed",
             "",
             fmt::format("cannot keep {}: {}", what ? what.mapped() : "a record", done->error->text()),
             {}});
  }
  while (auto report = doors_.processes.poll()) {
    if (!hooks_.on_report(*report)) resolver_.on_report(*report, now_);
  }
}

policy::Inputs Core::inputs() const {
  return {.config = *config_,
          .numbers = numbers_,
          .facts = lines_.facts(),
          .selector = selector_,
          .surroundings = surroundings_};
}

void Core::decide() {
  if (std::exchange(observed_dirty_, false)) {
    const auto& observed = view_.observed();
    if (surroundings_.links != observed.links || surroundings_.addresses != observed.addresses) {
      surroundings_.links = observed.links;
      surroundings_.addresses = observed.addresses;
      policy_dirty_ = true;
    }
    reconciler_.on_observed(observed, now_);
  }
  if (!std::exchange(policy_dirty_, false)) return;
  if (ending_ == Ending::Flushing || !config_) {
    if (std::exchange(end_desired_, true)) return;
    settings_.restore();
    reconciler_.on_desired(reconcile::Reconciler::nothing(), now_);
    return;
  }
  const auto held = policy::duplicate_addresses(*config_, lines_.facts());
  for (const auto& config : config_->uplinks) {
    if (auto* uplink = lines_.find(config.id.name))
      uplink->on_duplicate_address(std::ranges::find(held, config.id) != held.end(), now_);
  }
  if (lines_.turn(now_, Lines::Frames::Leave)) policy_dirty_ = true;
  selector_.on_facts(lines_.facts(), now_);
  auto desired = policy::derive(inputs());
  resolver_.on_servers(desired.resolver, now_);
  reconciler_.on_desired(std::move(desired), now_);
  if (!std::exchange(warned_, true))
    for (const auto& warning : warnings()) event(warning);
}

void Core::perform() {
  while (auto output = reconciler_.poll()) {
    std::visit(Overloaded{
                   [&](reconcile::Do& what) { perform(what); },
                   [&](reconcile::Settled&) {
                     crash_point("settled");
                     lines_.give_turns();
                   },
                   [&](reconcile::RememberFirewall& memory) {
                     // What a flush leaves behind is nobody's to know again.
                     if (ending_ == Ending::Flushing)
                       return doors_.store.submit(port::Erase{port::Lifetime::Volatile, kFirewallKey}, tickets_.next());
                     doors_.store.submit(
                         port::Put{port::Lifetime::Volatile, kFirewallKey,
                                   write_pairs({{"wanted", memory.wanted_hash}, {"listed", memory.listed_hash}})},
                         tickets_.next());
                   },
                   [&](model::Event& e) { event(e); },
               },
               *output);
  }
}

void Core::perform(const reconcile::Do& what) {
  const auto t = what.ticket;
  auto& kernel = doors_.kernel;
  std::visit(
      Overloaded{
          [&](const reconcile::EnsureDevice& o) {
            doors_.plane.submit(port::EnsureDevice{o.name}, t);
            crash_point("device");
          },
          [&](const reconcile::RemoveDevice& o) { doors_.plane.submit(port::RemoveDevice{o.name}, t); },
          [&](const reconcile::ConfigureLink& o) { kernel.submit(port::SetLink{o.name, o.up, o.mtu, o.alias}, t); },
          [&](const reconcile::Attach& o) {
            doors_.plane.submit(port::Attach{o.session}, t);
            crash_point("attach");
          },
          [&](const reconcile::Detach& o) { doors_.plane.submit(port::Detach{o.uplink}, t); },
          [&](const reconcile::PutAddress& o) {
            kernel.submit(port::AddAddress{o.address}, t);
            crash_point("address");
          },
          [&](const reconcile::RemoveAddress& o) { kernel.submit(port::DeleteAddress{o.address}, t); },
          [&](const reconcile::PutRoute& o) {
            kernel.submit(port::AddRoute{o.route}, t);
            crash_point("route");
          },
          [&](const reconcile::RemoveRoute& o) { kernel.submit(port::DeleteRoute{o.route}, t); },
          [&](const reconcile::PutRule& o) {
            kernel.submit(port::AddRule{o.rule}, t);
            crash_point("rule");
          },
          [&](const reconcile::RemoveRule& o) { kernel.submit(port::DeleteRule{o.rule}, t); },
          [&](const reconcile::CommitRules& o) {
            doors_.firewall.submit(port::CommitRules{o.text}, t);
            crash_point("firewall");
          },
          [&](const reconcile::DeleteFlows& o) { doors_.firewall.submit(port::DeleteFlows{o.mark, o.mask}, t); },
          [&](const reconcile::DeleteUntranslated&) { doors_.firewall.submit(untranslated_flows(config_.get()), t); },
          [&](const reconcile::WriteSysctl& o) { reconciler_.on_done(t, settings_.write(o.want), now_); },
      },
      what.operation);
}

void Core::run_deadlines() {
  const auto due = [&](std::optional<Instant> at) { return at && *at <= now_; };
  if (due(selector_.next_deadline())) {
    selector_.on_deadline(now_);
    policy_dirty_ = true;
  }
  if (due(reconciler_.next_deadline())) reconciler_.on_deadline(now_);
  resolver_.on_deadline(now_);
  if (rollback_ && rollback_->at <= now_) {
    auto old = std::move(*rollback_);
    rollback_.reset();
    event({model::Severity::Warning,
           "reload.rolled-back",
           "",
           "the new configuration was not confirmed in time: the one before is back",
           {}});
    apply(old.config, std::move(old.secrets));
  }
}

void Core::set_alarm() {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  consider(lines_.next_deadline());
  consider(selector_.next_deadline());
  consider(reconciler_.next_deadline());
  consider(resolver_.next_deadline());
  if (rollback_) consider(rollback_->at);
  consider(give_up_at_);
  doors_.alarm.set(next);
}

}  // namespace michi::runtime

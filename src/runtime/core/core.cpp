#include "runtime/core/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

/// How long a start lets the kernel's objects go before the first PADI.
constexpr Duration kObjectsFirst = milliseconds(250);

std::string firewall_key(model::NftFamily table) {
  return table == model::NftFamily::Inet ? "firewall" : "firewall-netdev";
}

/// The firewall's operations as reconcile says them, with what only the configuration knows: what may have passed
/// without NAT while the firewall was gone are flows of LANs that have NAT.
model::FirewallOperation completed(model::FirewallOperation operation, const model::Config* config) {
  auto* flows = std::get_if<model::DeleteUntranslated>(&operation);
  if (flows == nullptr || config == nullptr) return operation;
  flows->mask = config->global.mark_mask;
  flows->inside.push_back(Prefix::host(config->global.router_address));
  for (const auto& lan : config->lans)
    if (lan.nat)
      for (const auto& address : lan.addresses) flows->inside.push_back(address.canonical());
  return operation;
}

/// Where test builds may crash: after an operation was handed to its door.
std::string_view crash_point_after(const model::Operation& operation) {
  return model::visit_operation(
      Overloaded{[](const model::EnsureDevice&) { return "device"; }, [](const model::Attach&) { return "attach"; },
                 [](const model::AddAddress&) { return "address"; }, [](const model::AddRoute&) { return "route"; },
                 [](const model::AddRule&) { return "rule"; }, [](const model::CommitRules&) { return "firewall"; },
                 [](const auto&) { return ""; }},
      operation);
}

std::vector<reconcile::RememberFirewall> remembered_tables(port::Store& store) {
  std::vector<reconcile::RememberFirewall> tables;
  const auto records = store.load(port::Lifetime::Volatile);
  for (const auto table : model::kNftFamilies) {
    if (!records || !records->contains(firewall_key(table))) continue;
    auto pairs = parse_pairs(records->at(firewall_key(table)));
    tables.push_back({pairs["wanted"], pairs["listed"], table});
  }
  return tables;
}

}  // namespace

Core::Core(Doors doors, CoreOptions options, Random random, port::Wake schedule, EventSink events)
    : doors_(doors),
      options_(std::move(options)),
      schedule_(std::move(schedule)),
      events_(std::move(events)),
      keeper_(doors_.store, tickets_),
      records_(keeper_, doors_.alarm, doors_.files, [this](std::string_view point) { crash_point(point); }),
      channels_({doors_.frames, doors_.datagrams, doors_.echoes}, schedule_),
      ula_(draw_ula(random)),
      lans_(channels_, keeper_, doors_.alarm, doors_.files, random.fork()),
      examination_(channels_, doors_.observers, doors_.plane, random.fork()),
      proxies_(channels_, random.fork()),
      uplinks_(channels_, records_, doors_.plane, std::move(random), schedule_, options_.kinds),
      pass_through_(channels_, keeper_, doors_.firewall),
      hooks_(doors_.processes, doors_.files, tickets_),
      resolver_(doors_.processes, doors_.files, tickets_, options_.resolver, options_.run_directory),
      parts_{&uplinks_, &hooks_, &pass_through_, &resolver_, &lans_, &proxies_, &examination_},
      settings_(doors_.files, keeper_),
      decider_({uplinks_, proxies_, pass_through_, doors_.plane}, ula_),
      reconciler_(remembered_tables(doors_.store)) {
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
  const auto in_run = keeper_.load(port::Lifetime::Volatile).value_or(RecordKeeper::Records{});
  const auto on_disk = keeper_.load(port::Lifetime::Durable).value_or(RecordKeeper::Records{});
  settings_.recall(in_run);
  pass_through_.recall(in_run);
  records_.recall(in_run, on_disk);
  decider_.recall(on_disk);
  lans_.recall(on_disk, now_);
  say(lans_);
  doors_.kernel.refresh();
  doors_.firewall.refresh();
  schedule_();
}

void Core::say(Part& part) {
  while (auto event = channels_.poll_event()) events_(*event, now_);
  while (auto event = keeper_.poll_event()) events_(*event, now_);
  while (auto event = part.poll_event()) events_(*event, now_);
}

void Core::turn() {
  now_ = doors_.alarm.now();
  // Every pass drains what the one before caused; the bound only keeps a bug from spinning.
  constexpr int kMostPasses = 16;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    take_reports();
    if (!running_ && view_.observed().complete) start_running();
    if (running_ && observed_dirty_) on_kernel();
    const bool changed = run_parts(pass == 0 ? Pass::First : Pass::Again);
    if (changed) policy_dirty_ = true;
    const bool dirty = policy_dirty_ || observed_dirty_;
    if (running_) decide();
    perform();
    for (Part* part : parts_) part->on_performed(view_.observed(), now_);
    if (!dirty && !changed) break;
  }
  if (!policy_dirty_ && reconciler_.right(model::NftFamily::Netdev)) pass_through_.on_carried(now_);
  say(pass_through_);
  set_alarm();
}

/// The first dump is complete: numbers are known, so uplinks and desired state can be.
void Core::start_running() {
  running_ = true;
  decider_.adopt(view_.observed(), config_ ? *config_ : model::Config{});
  proxies_.adopt(view_.observed().routes);
  channels_.on_kernel(view_.observed().links, now_);
  if (ending() || !config_) {
    // Asked to end before it had begun: only what an earlier life left is ended.
    for (auto& orphan : records_.take_orphans()) uplinks_.end_orphan(std::move(orphan), now_);
    return;
  }
  stage_ = Stage::Running;
  start_uplinks();
  policy_dirty_ = true;
}

void Core::start_uplinks() {
  uplinks_.gate().configure(config_->global.padi_burst, config_->global.padi_interval);
  uplinks_.gate().hold(now_ + kObjectsFirst);
  decider_.configure(config_, now_);
  pass_through_.on_kernel(view_.observed(), now_);
  pass_through_.on_config(*config_, now_);
  say(pass_through_);
  for (const auto& uplink : config_->uplinks) {
    uplinks_.add(uplink, secret_of(secrets_, uplink.id.name), records_.take(uplink.id.name), now_);
    say(uplinks_);
  }
  records_.forget_rest();
  for (auto& orphan : records_.take_orphans()) uplinks_.end_orphan(std::move(orphan), now_);
  hooks_.on_config(*config_, now_);
  resolver_.on_config(*config_, now_);
  say(resolver_);
  decider_.keep(keeper_);
}

void Core::on_kernel() {
  channels_.on_kernel(view_.observed().links, now_);
  for (Part* part : parts_) {
    part->on_kernel(view_.observed(), now_);
    say(*part);
  }
}

/// True: what policy reads is another.
bool Core::run_parts(Pass pass) {
  bool changed = false;
  pass_through_.on_kernel_carries(reconciler_.stands(model::NftFamily::Netdev) ? PassThroughs::Kernel::Carries
                                                                               : PassThroughs::Kernel::CannotCarry);
  if (const auto at = channels_.next_deadline(); at && *at <= now_) channels_.on_deadline(now_);
  for (Part* part : parts_) {
    const bool other = part->turn(now_, pass);
    if (other && part == &uplinks_) hooks_.on_facts(uplinks_.facts());
    changed = changed || other;
    say(*part);
  }
  if (decider_.on_deadline(now_)) policy_dirty_ = true;
  if (const auto at = reconciler_.next_deadline(); at && *at <= now_) reconciler_.on_deadline(now_);
  if (rollback_ && rollback_->at <= now_) roll_back();
  return changed;
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
                   [&](port::TableSeen& seen) {
                     reconciler_.on_table_seen(seen.table, seen.hash, seen.ours, seen.writer, now_);
                   },
                   [&](port::ForeignChains& chains) {
                     std::vector<policy::ForeignChain> found;
                     for (auto& c : chains.chains) found.push_back({c.family, c.table, c.chain, c.hook, c.policy});
                     decider_.on_foreign_chains(std::move(found));
                   },
               },
               *report);
  }
  while (auto report = doors_.plane.poll()) {
    std::visit(
        Overloaded{
            [&](port::Completion& done) {
              reconciler_.on_done(done.ticket, done.error ? std::optional(done.error->text()) : std::nullopt, now_);
            },
            [&](port::PlaneFault& fault) { uplinks_.on_plane_fault(fault.uplink.name, fault.error.text(), now_); },
        },
        *report);
  }
  keeper_.turn();
  while (auto report = doors_.processes.poll()) {
    if (!hooks_.on_report(*report)) resolver_.on_report(*report, now_);
  }
}

void Core::decide() {
  if (std::exchange(observed_dirty_, false)) {
    if (decider_.on_observed(view_.observed())) policy_dirty_ = true;
    reconciler_.on_observed(view_.observed(), now_);
  }
  if (!std::exchange(policy_dirty_, false)) return;
  if (stage_ == Stage::Flushing || !config_) {
    if (std::exchange(end_desired_, true)) return;
    settings_.restore();
    return reconciler_.on_desired(reconcile::Reconciler::nothing(), now_);
  }
  hold_duplicates();
  auto desired = decider_.derive(now_);
  // Nobody can count others' sessions, nor see their ends, after the daemon has gone.
  if (ending()) desired.pass_through = {};
  // An end is on the wire before anything else is done about it.
  for (Part* part : parts_) {
    part->on_desired(desired, now_);
    say(*part);
  }
  // What begins with it sees the kernel at once.
  for (Part* part : {static_cast<Part*>(&lans_), static_cast<Part*>(&proxies_)}) {
    part->on_kernel(view_.observed(), now_);
    say(*part);
  }
  reconciler_.on_desired(std::move(desired), now_);
  if (!std::exchange(warned_, true))
    for (const auto& warning : warnings()) events_(warning, now_);
}

void Core::hold_duplicates() {
  const auto held = policy::duplicate_addresses(*config_, uplinks_.facts());
  for (const auto& config : config_->uplinks)
    uplinks_.on_duplicate_address(config.id.name, std::ranges::find(held, config.id) != held.end(), now_);
  if (uplinks_.turn(now_, Pass::Again)) policy_dirty_ = true;
  say(uplinks_);
}

void Core::perform() {
  while (auto output = reconciler_.poll()) {
    std::visit(Overloaded{
                   [&](reconcile::Do& what) { perform(what); },
                   [&](reconcile::Settled&) {
                     crash_point("settled");
                     uplinks_.open_gate();
                   },
                   [&](reconcile::RememberFirewall& memory) { remember(memory); },
                   [&](model::Event& event) { events_(event, now_); },
               },
               *output);
  }
}

/// What a flush leaves behind is nobody's to know again.
void Core::remember(const reconcile::RememberFirewall& memory) {
  keeper_.keep(port::Lifetime::Volatile, firewall_key(memory.table),
               stage_ == Stage::Flushing
                   ? std::nullopt
                   : std::optional(write_pairs({{"wanted", memory.wanted_hash}, {"listed", memory.listed_hash}})));
}

void Core::perform(const reconcile::Do& what) {
  const auto t = what.ticket;
  std::visit(Overloaded{
                 [&](const model::NetOperation& o) { doors_.kernel.submit(o, t); },
                 [&](const model::PlaneOperation& o) { doors_.plane.submit(o, t); },
                 [&](const model::FirewallOperation& o) { doors_.firewall.submit(completed(o, config_.get()), t); },
                 [&](const model::WriteSysctl& o) { reconciler_.on_done(t, settings_.write(o.want), now_); },
             },
             what.operation);
  if (const auto point = crash_point_after(what.operation); !point.empty()) crash_point(point);
}

void Core::roll_back() {
  auto old = std::move(*rollback_);
  rollback_.reset();
  events_({model::Severity::Warning,
           "reload.rolled-back",
           "",
           "the new configuration was not confirmed in time: the one before is back",
           {}},
          now_);
  apply(old.config, std::move(old.secrets));
}

void Core::set_alarm() {
  std::optional<Instant> next = give_up_at_;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const Part* part : parts_) consider(part->next_deadline());
  consider(channels_.next_deadline());
  consider(decider_.next_deadline());
  consider(reconciler_.next_deadline());
  if (rollback_) consider(rollback_->at);
  doors_.alarm.set(next);
}

}  // namespace michi::runtime

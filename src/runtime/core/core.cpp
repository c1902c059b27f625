#include "runtime/core/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

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
      ula_(draw_ula(random)),
      lans_(doors_, random.fork(), schedule_,
            {.event = [this](const model::Event& e) { event(e); },
             .keep =
                 [this](const std::string& key, const auto& value) {
                   keep(port::Lifetime::Durable, key, value, "what hosts were told by router advertisements");
                 }}),
      examination_(doors_, random.fork(), schedule_),
      proxies_(doors_.datagrams, random.fork(), schedule_, [this](const model::Event& e) { event(e); }),
      uplinks_(doors_, std::move(random), schedule_,
               {.event = [this](const model::Event& e) { event(e); },
                .persist = [this](const std::string& uplink, const auto& record) { persist(uplink, record); },
                .trace =
                    [this](const std::string& uplink, const Traced& traced) {
                      if (trace_) trace_(uplink, traced);
                    },
                .tracing = [this] { return static_cast<bool>(trace_); },
                .address = [this](const std::string& uplink, const auto& held) { persist_address(uplink, held); },
                .lease = [this](const std::string& uplink, const auto& record) { persist_lease(uplink, record); }}),
      pass_through_(doors_, schedule_,
                    {.event = [this](const model::Event& e) { event(e); },
                     .keep =
                         [this](const std::string& key, const auto& value) {
                           keep(port::Lifetime::Volatile, key, value,
                                "which sessions of LAN clients are passed through");
                         }}),
      hooks_(doors_.processes, doors_.files, tickets_, [this](const model::Event& e) { event(e); }),
      resolver_(doors_.processes, doors_.files, tickets_, options_.resolver, options_.run_directory,
                [this](const model::Event& e) { event(e); }),
      settings_(doors_.files, doors_.store, tickets_),
      reconciler_(remembered_tables(doors_.store)),
      planes_(doors_.plane.facts()) {
  doors_.alarm.on_wake(schedule_);
  doors_.kernel.on_wake(schedule_);
  doors_.firewall.on_wake(schedule_);
  doors_.plane.on_wake(schedule_);
  doors_.store.on_wake(schedule_);
  doors_.processes.on_wake(schedule_);
}

Core::~Core() = default;

void Core::turn() {
  now_ = doors_.alarm.now();
  // Every pass drains what the one before caused; the bound only keeps a bug from spinning.
  for (int pass = 0; pass < 16; ++pass) {
    take_reports();
    if (!running_ && view_.observed().complete) start_running();
    if (running_ && observed_dirty_) {
      uplinks_.on_links(view_.observed(), now_);
      lans_.on_kernel(view_.observed().links, view_.observed().addresses, now_);
      proxies_.on_kernel(view_.observed().links, view_.observed().addresses, now_);
      pass_through_.on_links(view_.observed());
    }
    const bool facts_changed = uplinks_.turn(now_, pass == 0 ? Uplinks::Frames::Take : Uplinks::Frames::Leave);
    if (facts_changed) {
      hooks_.on_facts(uplinks_.facts());
      policy_dirty_ = true;
    }
    if (running_ && pass == 0) pass_on();
    run_deadlines();
    const bool dirty = policy_dirty_ || observed_dirty_;
    if (running_) decide();
    perform();
    proxies_.send(view_.observed().routes, now_);
    if (!dirty && !facts_changed) break;
  }
  if (!policy_dirty_ && reconciler_.right(model::NftFamily::Netdev)) pass_through_.on_carried(now_);
  set_alarm();
}

void Core::pass_on() {
  const auto kernel =
      reconciler_.stands(model::NftFamily::Netdev) ? PassThroughs::Kernel::Carries : PassThroughs::Kernel::CannotCarry;
  if (pass_through_.turn(now_, kernel)) policy_dirty_ = true;
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
                     if (auto* uplink = uplinks_.find(fault.uplink.name))
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
          .facts = uplinks_.facts(),
          .selector = selector_,
          .surroundings = surroundings_,
          .ula = ula_,
          .neighbours = proxies_.hosts(),
          .passed = pass_through_.sessions(),
          .planes = planes_};
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
  const auto held = policy::duplicate_addresses(*config_, uplinks_.facts());
  for (const auto& config : config_->uplinks) {
    if (auto* uplink = uplinks_.find(config.id.name))
      uplink->on_duplicate_address(std::ranges::find(held, config.id) != held.end(), now_);
  }
  if (uplinks_.turn(now_, Uplinks::Frames::Leave)) policy_dirty_ = true;
  selector_.on_facts(uplinks_.facts(), now_);
  auto desired = policy::derive(inputs());
  // Who is not there cannot count others' sessions, nor see their ends.
  if (ending_ != Ending::No) desired.pass_through = {};
  ++derivations_;
  resolver_.on_servers(desired.resolver, now_);
  // An end is on the wire before anything else is done about it.
  lans_.on_desired(desired.advertisements, now_);
  lans_.on_kernel(view_.observed().links, view_.observed().addresses, now_);
  proxies_.on_desired(desired.proxies, now_);
  proxies_.on_kernel(view_.observed().links, view_.observed().addresses, now_);
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
                     uplinks_.open_gate();
                   },
                   [&](reconcile::RememberFirewall& memory) {
                     // What a flush leaves behind is nobody's to know again.
                     const auto key = firewall_key(memory.table);
                     if (ending_ == Ending::Flushing)
                       return doors_.store.submit(port::Erase{port::Lifetime::Volatile, key}, tickets_.next());
                     doors_.store.submit(
                         port::Put{port::Lifetime::Volatile, key,
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
  std::visit(Overloaded{
                 [&](const model::NetOperation& o) { doors_.kernel.submit(o, t); },
                 [&](const model::PlaneOperation& o) { doors_.plane.submit(o, t); },
                 [&](const model::FirewallOperation& o) { doors_.firewall.submit(completed(o, config_.get()), t); },
                 [&](const model::WriteSysctl& o) { reconciler_.on_done(t, settings_.write(o.want), now_); },
             },
             what.operation);
  if (const auto point = crash_point_after(what.operation); !point.empty()) crash_point(point);
}

void Core::run_deadlines() {
  const auto due = [&](std::optional<Instant> at) { return at && *at <= now_; };
  if (due(selector_.next_deadline())) {
    selector_.on_deadline(now_);
    policy_dirty_ = true;
  }
  if (due(reconciler_.next_deadline())) reconciler_.on_deadline(now_);
  resolver_.on_deadline(now_);
  lans_.turn(now_);
  if (proxies_.turn(now_)) policy_dirty_ = true;
  examination_.turn(now_);
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
  consider(uplinks_.next_deadline());
  consider(pass_through_.next_deadline());
  consider(selector_.next_deadline());
  consider(reconciler_.next_deadline());
  consider(resolver_.next_deadline());
  consider(lans_.next_deadline());
  consider(proxies_.next_deadline());
  consider(examination_.next_deadline());
  if (rollback_) consider(rollback_->at);
  consider(give_up_at_);
  doors_.alarm.set(next);
}

}  // namespace michi::runtime

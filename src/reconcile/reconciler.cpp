#include "reconcile/reconciler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reconcile/state.hpp"

namespace michi::reconcile {

namespace {
bool adds(const model::Operation& operation) {
  struct Visitor {
    bool operator()(const model::RemoveDevice&) const { return false; }
    bool operator()(const model::Detach&) const { return false; }
    bool operator()(const model::DeleteAddress&) const { return false; }
    bool operator()(const model::DeleteRoute&) const { return false; }
    bool operator()(const model::DeleteRule&) const { return false; }
    bool operator()(const model::DeleteFlows&) const { return false; }
    bool operator()(const model::DeleteUntranslated&) const { return false; }
    bool operator()(const model::EnsureDevice&) const { return true; }
    bool operator()(const model::SetLink&) const { return true; }
    bool operator()(const model::Attach&) const { return true; }
    bool operator()(const model::AddAddress&) const { return true; }
    bool operator()(const model::AddRoute&) const { return true; }
    bool operator()(const model::AddRule&) const { return true; }
    bool operator()(const model::CommitRules&) const { return true; }
    bool operator()(const model::WriteSysctl&) const { return true; }
  };
  return model::visit_operation(Visitor{}, operation);
}

/// Thousands of them may be under way: what follows of one need not be looked at before the last.
bool comes_in_bulk(const model::Operation& operation) {
  return model::operation_if<model::AddRoute>(operation) || model::operation_if<model::DeleteRoute>(operation) ||
         model::operation_if<model::AddRule>(operation) || model::operation_if<model::DeleteRule>(operation);
}
}  // namespace

bool repair(DamageBudget& budget, std::uint32_t& incident, const std::string& what, const std::string& writer,
            Pass& pass) {
  const std::string by = writer.empty() ? "somebody" : writer;
  model::Event event{.severity = model::Severity::Info,
                     .code = "kernel.repaired",
                     .uplink = {},
                     .text = fmt::format("{} changed {}; it is put right", by, what),
                     .fields = {{"object", what}, {"writer", writer}}};
  switch (budget.on_damage(incident, pass.now)) {
    case DamageBudget::Answer::NewIncident:
      incident = budget.incident();
      pass.events.push_back(std::move(event));
      return true;
    case DamageBudget::Answer::SameIncident:
      incident = budget.incident();
      return true;
    case DamageBudget::Answer::PauseBegins:
      event.severity = model::Severity::Warning;
      event.code = "kernel.damage";
      event.text = fmt::format("{} keeps changing {}; repairs pause for {} ms", by, what,
                               whole_milliseconds(*budget.paused_until() - pass.now));
      pass.events.push_back(std::move(event));
      return false;
    case DamageBudget::Answer::Paused:
      return false;
  }
  return false;
}

void leave(const std::string& what, const std::string& writer, Pass& pass) {
  pass.events.push_back({.severity = model::Severity::Warning,
                         .code = "kernel.left",
                         .uplink = {},
                         .text = fmt::format("{} changed {}; it is left so, as repair = false says",
                                             writer.empty() ? "somebody" : writer, what),
                         .fields = {{"object", what}, {"writer", writer}}});
}

namespace {
std::optional<RememberFirewall> memory_of(const std::vector<RememberFirewall>& remembered, model::NftFamily table) {
  const auto at = std::ranges::find(remembered, table, &RememberFirewall::table);
  return at == remembered.end() ? std::nullopt : std::optional(*at);
}
}  // namespace

namespace {
/// The one class of objects that a kernel may not know at all.
model::Event explained(model::Event event, const model::Operation& operation) {
  const auto* rules = model::operation_if<model::CommitRules>(operation);
  if (rules == nullptr || rules->table != model::NftFamily::Netdev) return event;
  event.code = "pass-through.unsupported";
  event.text +=
      "; hosts of LANs with pass-through cannot dial until the kernel takes it: it needs the modules nf_tables and "
      "nft_fwd_netdev (CONFIG_NF_TABLES_NETDEV, CONFIG_NFT_FWD_NETDEV)";
  return event;
}
}  // namespace

Reconciler::State::State(const std::vector<RememberFirewall>& remembered)
    : firewall(model::NftFamily::Inet, memory_of(remembered, model::NftFamily::Inet)),
      pass_through(model::NftFamily::Netdev, memory_of(remembered, model::NftFamily::Netdev)) {}

FirewallKeeper& Reconciler::State::keeper(model::NftFamily table) {
  return table == model::NftFamily::Inet ? firewall : pass_through;
}

Reconciler::Reconciler(std::vector<RememberFirewall> remembered) : state_(std::make_unique<State>(remembered)) {}
Reconciler::~Reconciler() = default;

model::Desired Reconciler::nothing() { return {}; }

void Reconciler::on_desired(model::Desired desired, Instant now) {
  state_->now = now;
  state_->take_desired(std::move(desired));
  state_->dirty = true;
}

void Reconciler::on_shares(const std::string& map, std::set<std::string> elements, Instant now) {
  state_->now = now;
  state_->firewall.want_shares(map, std::move(elements));
  state_->commit_shares();
}

void Reconciler::on_observed(const model::Observed& observed, Instant now) {
  State& state = *state_;
  state.now = now;
  state.observed = &observed;
  if (state.flights.size() > State::kBusy && now - state.last_pass < State::kBatch) {
    if (!state.later) state.later = state.last_pass + State::kBatch;
  } else {
    state.dirty = true;
  }
}

void Reconciler::on_table_seen(model::NftFamily table, const std::string& hash, bool ours, const std::string& writer,
                               Instant now) {
  state_->now = now;
  FirewallKeeper& keeper = state_->keeper(table);
  if (!keeper.on_table_seen(hash, ours, writer, now)) return;
  if (auto memory = keeper.take_memory()) state_->out.emplace_back(std::move(*memory));
  state_->dirty = true;
}

void Reconciler::on_done(std::uint64_t ticket, std::optional<std::string> error, Instant now) {
  State& state = *state_;
  state.now = now;
  if (ticket != 0 && ticket == state.shares_ticket) return state.finish_shares(error);
  auto at = state.flights.find(ticket);
  if (at == state.flights.end()) return;
  const model::Operation operation = std::move(at->second);
  state.flights.erase(at);
  if (adds(operation)) --state.additions;
  state.finish(operation, ticket, error);
  if (error) {
    if (auto event = state.book.on_failure(describe(operation), *error, now))
      state.out.emplace_back(explained(std::move(*event), operation));
  }
  const bool refill = state.limited && state.flights.size() <= State::kWindow / 2;
  if (state.flights.empty() || !comes_in_bulk(operation) || refill) state.dirty = true;
}

void Reconciler::on_deadline(Instant now) {
  State& state = *state_;
  state.now = now;
  if ((state.wake && now >= *state.wake) || (state.later && now >= *state.later)) state.dirty = true;
}

std::optional<Instant> Reconciler::next_deadline() const {
  if (state_->wake && state_->later) return std::min(*state_->wake, *state_->later);
  return state_->wake ? state_->wake : state_->later;
}

std::optional<Output> Reconciler::poll() {
  if (state_->out.empty() && state_->dirty) state_->pass();
  if (state_->out.empty()) return std::nullopt;
  Output output = std::move(state_->out.front());
  state_->out.pop_front();
  return output;
}

bool Reconciler::stands(model::NftFamily table) const { return state_->keeper(table).stands(); }
bool Reconciler::right(model::NftFamily table) const { return state_->keeper(table).right(); }
bool Reconciler::settled() const { return state_->settled && !state_->dirty; }
std::vector<std::string> Reconciler::plan() const { return state_->plan(); }

void Reconciler::State::emit(model::Operation operation) {
  const auto ticket = ++last_ticket;
  if (adds(operation)) ++additions;
  ++emitted;
  flights.emplace(ticket, operation);
  out.emplace_back(Do{ticket, std::move(operation)});
}

void Reconciler::State::commit_shares() {
  if (shares_ticket != 0) return;
  auto text = firewall.next_shares();
  if (!text) return;
  shares_ticket = ++last_ticket;
  out.emplace_back(Do{shares_ticket, model::CommitRules{.text = std::move(*text), .table = model::NftFamily::Inet}});
}

void Reconciler::State::finish_shares(const std::optional<std::string>& error) {
  shares_ticket = 0;
  if (firewall.on_shares_done(!error)) dirty = true;
  if (error) {
    const model::Operation commit = model::CommitRules{.text = {}, .table = model::NftFamily::Inet};
    if (auto event = book.on_failure(describe(commit), *error, now)) out.emplace_back(std::move(*event));
  }
  if (!dirty) commit_shares();
}

void Reconciler::State::take_desired(model::Desired desired) {
  have_desired = true;
  empty_desired = desired.devices.empty() && desired.rules.empty() && desired.routes.empty();
  settled = false;
  addresses.want(std::move(desired.addresses));
  routes.want(std::move(desired.routes));
  rules.want(std::move(desired.rules));
  firewall.want(std::move(desired.firewall), std::move(desired.shares));
  pass_through.want(std::move(desired.pass_through));
  flows_wanted = std::move(desired.flows_to_move);
  repairs = desired.repair;

  std::map<std::string, Device> next;
  for (auto& want : desired.devices) {
    if (auto known = wanted_devices.extract(want.name)) next.insert(std::move(known));
    Device& device = next[want.name];
    if (device.want != want) device.right = false;
    device.want = want;
  }
  wanted_devices = std::move(next);

  std::map<std::string, Device> up;
  for (const auto& name : desired.links_up) {
    auto known = raised.extract(name);
    up.insert_or_assign(name, known ? std::move(known.mapped()) : Device{});
  }
  raised = std::move(up);

  for (auto& [name, session] : sessions) session.want.reset();
  for (auto& want : desired.attaches) sessions[want.uplink.name].want = std::move(want);
  std::erase_if(sessions, [](const auto& s) { return !s.second.want && !s.second.attached && s.second.ticket == 0; });

  std::map<std::string, Sysctl> settings;
  for (auto& want : desired.sysctls) {
    if (auto known = sysctls.extract(want.path)) settings.insert(std::move(known));
    settings[want.path].want = want;
  }
  sysctls = std::move(settings);
}

}  // namespace michi::reconcile

#include <fmt/format.h>

#include <ranges>
#include <utility>

#include "reconcile/state.hpp"

namespace michi::reconcile {

// Old goes when new stands: nothing is removed while an addition is under way or waits for its turn.
// (What fails or waits for something outside does not hold the removals up.)
void Reconciler::State::removals(Pass& pass) {
  const bool left = !rules.surplus().empty() || !routes.surplus().empty() || !addresses.surplus().empty();
  const auto appearing = [](const auto& d) { return d.second.facts_by.has_value(); };
  const bool held_up = additions > 0 || limited || std::ranges::any_of(wanted_devices, appearing);
  if (held_up) {
    if (left) pass.waiting = true;
    return;
  }
  const auto remove = [&](auto& ledger, auto make) {
    for (const auto& [value, count] : ledger.surplus() | std::views::reverse) {
      if (!room()) {
        limited = true;
        return;
      }
      if (!may_try(value)) {
        pass.blocked = true;
        continue;
      }
      emit(make(value));
      ledger.submitted(value, count - 1, last_ticket);
    }
  };
  remove(rules, [](const auto& rule) { return model::DeleteRule{rule}; });
  if (!limited) remove(routes, [](const auto& route) { return model::DeleteRoute{route}; });
  if (!limited) {
    for (const auto& [entry, count] : addresses.surplus()) {
      routes.weaken([&](const auto& route) { return route.source == entry.address.address; });
    }
    remove(addresses, [](const auto& address) { return model::DeleteAddress{address}; });
  }
  if (limited || !flights.empty()) {
    pass.waiting = true;
    return;
  }
  remove_sessions(pass);
  remove_devices(pass);
  // Last: a michi that leaves denies until its devices are gone.
  if (firewall.wants_nothing() && flights.empty()) commit_firewall(pass);
}

void Reconciler::State::remove_sessions(Pass& pass) {
  for (auto& [name, session] : sessions) {
    if (session.want || !session.attached) continue;
    if (session.ticket != 0) {
      pass.waiting = true;
      continue;
    }
    if (!book.may_try("session " + name, now)) {
      pass.blocked = true;
      continue;
    }
    emit(model::Detach{model::UplinkId{name}});
    session.ticket = last_ticket;
  }
}

void Reconciler::State::remove_devices(Pass& pass) {
  for (const auto& [name, seen] : observed->links) {
    if (!owned(seen) || wanted_devices.contains(name)) continue;
    if (leaving.contains(name)) {
      pass.waiting = true;
      if (leaving[name].ticket == 0) pass.wake_at(leaving[name].until);
      continue;
    }
    if (!book.may_try("device " + name, now)) {
      pass.blocked = true;
      continue;
    }
    emit(model::RemoveDevice{name});
    leaving[name] = {.ticket = last_ticket, .index = seen.index, .until = {}};
  }
}

void Reconciler::State::move_flows(Pass& pass) {
  if (firewall.take_repaired()) delete_untranslated = true;
  // Flows of another uplink may take a while, and keep nobody waiting.
  const auto is_way = [](const auto& flight) {
    return model::operation_if<model::DeleteFlows>(flight.second) == nullptr;
  };
  if (limited || std::ranges::any_of(flights, is_way)) return;
  if (delete_untranslated && firewall.right() &&
      book.may_try(describe(model::Operation{model::DeleteUntranslated{}}), now)) {
    delete_untranslated = false;
    emit(model::DeleteUntranslated{});
  }
  for (const auto& [flows, generation] : flows_wanted) {
    auto& done = flows_done[flows];
    if (generation <= done) {
      done = generation;
      continue;
    }
    const model::DeleteFlows operation{.mark = flows.mark, .mask = 0xffu << model::kMarkShift, .family = flows.family};
    if (!book.may_try(describe(model::Operation{operation}), now)) {
      pass.blocked = true;
      continue;
    }
    done = generation;
    emit(operation);
  }
}

void Reconciler::State::report(Pass& pass) {
  const bool agree = flights.empty() && emitted == 0 && !pass.waiting && !pass.blocked && !limited && book.empty() &&
                     firewall.right() && (pass_through.idle() || pass_through.right()) && rules.surplus().empty() &&
                     routes.surplus().empty() && addresses.surplus().empty();
  if (agree && !settled) out.emplace_back(Settled{});
  settled = agree;
}

void Reconciler::State::finish(const model::Operation& operation, std::uint64_t ticket,
                               const std::optional<std::string>& error) {
  const bool success = !error;
  const auto put = [&](auto& ledger, const auto& value) { ledger.done(value, success, now); };
  const auto device_done = [&](const std::string& name, bool ensure) {
    auto at = wanted_devices.find(name);
    if (at == wanted_devices.end()) {
      at = raised.find(name);
      if (at == raised.end()) return;
    }
    if (at->second.ticket != ticket) return;
    at->second.ticket = 0;
    if (ensure) {
      at->second.ensured = success;
      at->second.index = 0;
    }
    if (success) {
      at->second.facts_by = now + kFactsLag;
    } else {
      at->second.facts_by.reset();
      at->second.submitted_up = false;
    }
  };
  struct Visitor {
    decltype(put)& put_;
    decltype(device_done)& device_done_;
    State& state;
    std::uint64_t ticket;
    bool success;
    void operator()(const model::EnsureDevice& op) const { device_done_(op.name, true); }
    void operator()(const model::SetLink& op) const { device_done_(op.name, false); }
    void operator()(const model::RemoveDevice& op) const {
      auto at = state.leaving.find(op.name);
      if (at == state.leaving.end()) return;
      at->second.ticket = 0;
      at->second.until = success ? state.now + kFactsLag : state.now;
    }
    void operator()(const model::Attach& op) const { session_done(op.session.uplink.name, op.session); }
    void operator()(const model::Detach& op) const { session_done(op.uplink.name, std::nullopt); }
    void session_done(const std::string& name, std::optional<model::AttachWant> now_attached) const {
      auto at = state.sessions.find(name);
      if (at == state.sessions.end() || at->second.ticket != ticket) return;
      at->second.ticket = 0;
      if (success) at->second.attached = std::move(now_attached);
      if (!at->second.want && !at->second.attached) state.sessions.erase(at);
    }
    void operator()(const model::AddAddress& op) const {
      const Ipv6* v6 = op.address.address.address.v6();
      const bool marked = state.wanted_devices.contains(op.address.device) && !(v6 != nullptr && v6->is_link_local());
      if (success && !marked) state.put_by_us.insert(op.address);
      put_(state.addresses, op.address);
    }
    void operator()(const model::DeleteAddress& op) const {
      if (success) state.put_by_us.erase(op.address);
      put_(state.addresses, op.address);
    }
    void operator()(const model::AddRoute& op) const { put_(state.routes, op.route); }
    void operator()(const model::DeleteRoute& op) const { put_(state.routes, op.route); }
    void operator()(const model::AddRule& op) const { put_(state.rules, op.rule); }
    void operator()(const model::DeleteRule& op) const { put_(state.rules, op.rule); }
    void operator()(const model::CommitRules& op) const {
      FirewallKeeper& keeper = state.keeper(op.table);
      keeper.on_done(success, state.now);
      if (auto memory = keeper.take_memory()) state.out.emplace_back(std::move(*memory));
    }
    void operator()(const model::DeleteFlows& op) const {
      if (!success) state.flows_done[{op.mark, op.family}] = 0;
    }
    void operator()(const model::DeleteUntranslated&) const {
      if (!success) state.delete_untranslated = true;
    }
    void operator()(const model::WriteSysctl& op) const {
      auto at = state.sysctls.find(op.want.path);
      if (at == state.sysctls.end() || at->second.ticket != ticket) return;
      at->second.ticket = 0;
      if (success) at->second.written = op.want.value;
      at->second.facts_by = state.now + kFactsLag;
    }
  };
  model::visit_operation(Visitor{put, device_done, *this, ticket, success}, operation);
}

}  // namespace michi::reconcile

#include "reconcile_rig.hpp"

#include <deque>
#include <stdexcept>

namespace michi::kit {

using reconcile::Do;

ReconcileRig::ReconcileRig(std::vector<reconcile::RememberFirewall> remembered)
    : reconciler(std::make_unique<reconcile::Reconciler>(std::move(remembered))) {
  kernel.net().refresh();
  kernel.firewall().refresh();
}

void ReconcileRig::want(model::Desired desired) {
  reconciler->on_desired(std::move(desired), now);
  drain();
}

void ReconcileRig::perform(const Do& task) {
  struct Visitor {
    ReconcileRig& rig;
    std::uint64_t ticket;
    void net(port::NetOp op) const { rig.kernel.net().submit(std::move(op), ticket); }
    void plane(port::PlaneOp op) const { rig.kernel.plane().submit(std::move(op), ticket); }
    void wall(port::FirewallOp op) const { rig.kernel.firewall().submit(std::move(op), ticket); }
    void operator()(const reconcile::EnsureDevice& op) const { plane(port::EnsureDevice{op.name}); }
    void operator()(const reconcile::RemoveDevice& op) const { plane(port::RemoveDevice{op.name}); }
    void operator()(const reconcile::ConfigureLink& op) const { net(port::SetLink{op.name, op.up, op.mtu, op.alias}); }
    void operator()(const reconcile::Attach& op) const { plane(port::Attach{op.session}); }
    void operator()(const reconcile::Detach& op) const { plane(port::Detach{op.uplink}); }
    void operator()(const reconcile::PutAddress& op) const { net(port::AddAddress{op.address}); }
    void operator()(const reconcile::RemoveAddress& op) const { net(port::DeleteAddress{op.address}); }
    void operator()(const reconcile::PutRoute& op) const { net(port::AddRoute{op.route}); }
    void operator()(const reconcile::RemoveRoute& op) const { net(port::DeleteRoute{op.route}); }
    void operator()(const reconcile::PutRule& op) const { net(port::AddRule{op.rule}); }
    void operator()(const reconcile::RemoveRule& op) const { net(port::DeleteRule{op.rule}); }
    void operator()(const reconcile::CommitRules& op) const { wall(port::CommitRules{op.text}); }
    void operator()(const reconcile::DeleteFlows& op) const { wall(port::DeleteFlows{op.mark, op.mask, op.family}); }
    void operator()(const reconcile::DeleteUntranslated&) const { wall(port::DeleteUntranslated{0xff000000}); }
    void operator()(const reconcile::WriteSysctl& op) const {
      const int code = rig.kernel.refuse ? rig.kernel.refuse("sysctl " + op.want.path) : 0;
      rig.kernel.journal.push_back("sysctl " + op.want.path + " = " + op.want.value);
      if (code == 0) rig.sysctls[op.want.path] = op.want.value;
      if (code == 0) rig.kernel.set_sysctl(op.want.path, op.want.value);
      rig.reconciler->on_done(ticket, code == 0 ? std::nullopt : std::optional<std::string>("sysctl: refused"),
                              rig.now);
    }
  };
  std::visit(Visitor{*this, task.ticket}, task.operation);
}

bool ReconcileRig::hand_over() {
  bool any = false;
  const auto text = [](const std::optional<port::OsError>& error) {
    return error ? std::optional(error->text()) : std::nullopt;
  };
  std::deque<Do> tasks;
  while (auto output = reconciler->poll()) {
    any = true;
    if (++steps > 2'000'000) throw std::runtime_error("the reconciler does not come to rest");
    if (auto* task = std::get_if<Do>(&*output)) {
      tasks.push_back(std::move(*task));
    } else if (auto* event = std::get_if<model::Event>(&*output)) {
      events.push_back(std::move(*event));
    } else if (auto* memory = std::get_if<reconcile::RememberFirewall>(&*output)) {
      memories.push_back(std::move(*memory));
    } else {
      ++settled;
    }
  }
  for (const auto& task : tasks) perform(task);

  bool facts = false;
  std::deque<port::NetReport> held;
  while (auto report = kernel.net().poll()) {
    any = true;
    if (auto* completion = std::get_if<port::Completion>(&*report)) {
      reconciler->on_done(completion->ticket, text(completion->error), now);
    } else if (!hold_facts) {
      note(observed, *report);
      facts = true;
    }
  }
  if (facts) reconciler->on_observed(observed, now);
  while (auto report = kernel.plane().poll()) {
    any = true;
    if (auto* completion = std::get_if<port::Completion>(&*report)) {
      reconciler->on_done(completion->ticket, text(completion->error), now);
    }
  }
  while (auto report = kernel.firewall().poll()) {
    any = true;
    if (auto* completion = std::get_if<port::Completion>(&*report)) {
      reconciler->on_done(completion->ticket, text(completion->error), now);
    } else if (auto* seen = std::get_if<port::TableSeen>(&*report)) {
      reconciler->on_table_seen(seen->table, seen->hash, seen->ours, seen->writer, now);
    }
  }
  return any;
}

void ReconcileRig::drain() {
  while (hand_over()) {
  }
}

void ReconcileRig::run(Duration how_long) {
  const Instant end = now + how_long;
  drain();
  for (auto next = reconciler->next_deadline(); next && *next <= end; next = reconciler->next_deadline()) {
    if (++steps > 2'000'000) throw std::runtime_error("deadlines do not move");
    now = std::max(now, *next);
    reconciler->on_deadline(now);
    drain();
  }
  now = end;
}

std::vector<std::string> ReconcileRig::journal_since(std::size_t mark) const {
  return {kernel.journal.begin() + static_cast<std::ptrdiff_t>(mark), kernel.journal.end()};
}

std::size_t ReconcileRig::events_of(const std::string& code) const {
  std::size_t count = 0;
  for (const auto& event : events) count += event.code == code ? 1u : 0u;
  return count;
}

}  // namespace michi::kit

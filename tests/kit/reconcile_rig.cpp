#include "reconcile_rig.hpp"

#include <deque>
#include <stdexcept>

#include "base/overloaded.hpp"

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
  const auto write = [&](const model::WriteSysctl& op) {
    const int code = kernel.refuse ? kernel.refuse("sysctl " + op.want.path) : 0;
    kernel.journal.push_back("sysctl " + op.want.path + " = " + op.want.value);
    if (code == 0) sysctls[op.want.path] = op.want.value;
    if (code == 0) kernel.set_sysctl(op.want.path, op.want.value);
    reconciler->on_done(task.ticket, code == 0 ? std::nullopt : std::optional<std::string>("sysctl: refused"), now);
  };
  std::visit(Overloaded{
                 [&](const model::NetOperation& op) { kernel.net().submit(op, task.ticket); },
                 [&](const model::PlaneOperation& op) { kernel.plane().submit(op, task.ticket); },
                 [&](const model::FirewallOperation& op) { kernel.firewall().submit(op, task.ticket); },
                 write,
             },
             task.operation);
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

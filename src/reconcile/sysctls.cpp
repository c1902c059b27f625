// Sysctls: written once, and again when the kernel announces that somebody changed one. Of most of
// them it tells nothing; those are believed.

#include <fmt/format.h>

#include "reconcile/state.hpp"

namespace michi::reconcile {

bool Reconciler::State::differs(const std::string& path, const Sysctl& sysctl) const {
  if (sysctl.written != sysctl.want.value) return true;
  auto seen = observed->sysctls.find(path);
  return seen != observed->sysctls.end() && seen->second != sysctl.want.value;
}

// Whether nothing is to be written now.
bool Reconciler::State::keeps(const std::string& path, Sysctl& sysctl, Pass& pass) {
  if (sysctl.written != sysctl.want.value) {
    sysctl.right = sysctl.held = false;
    return false;
  }
  if (!differs(path, sysctl)) {
    sysctl.right = true;
    sysctl.held = false;
    return true;
  }
  if (!sysctl.right && !sysctl.held) {
    if (now < sysctl.facts_by) {
      book.touch("sysctl " + path);
      pass.waiting = true;
      pass.wake_at(sysctl.facts_by);
      return true;
    }
    sysctl.written.reset();
    if (auto event = book.on_failure("sysctl " + path, "was accepted, but did not hold", now))
      pass.events.push_back(std::move(*event));
    return false;
  }
  if (sysctl.right || !sysctl_budget.paused(now)) {
    sysctl.right = false;
    sysctl.held = !repair(sysctl_budget, sysctl.incident, "sysctl " + path, "", pass);
  }
  if (sysctl.held) {
    pass.blocked = true;
    pass.wake_at(*sysctl_budget.paused_until());
  } else {
    sysctl.written.reset();
  }
  return sysctl.held;
}

// What waits for the firewall comes last: forwarding changes how interfaces listen that are to be asked first.
void Reconciler::State::write_sysctls(Pass& pass) {
  for (const bool last : {false, true})
    for (auto& [path, sysctl] : sysctls)
      if (sysctl.want.after_firewall == last) write_sysctl(path, sysctl, pass);
}

void Reconciler::State::write_sysctl(const std::string& path, Sysctl& sysctl, Pass& pass) {
  if (sysctl.ticket != 0) {
    pass.waiting = true;
    return;
  }
  if (keeps(path, sysctl, pass)) return;
  bool possible = !sysctl.want.after_firewall || firewall.wants_nothing() || firewall.stands();
  if (auto conf = path.find("/conf/"); conf != std::string::npos) {
    const auto start = conf + 6;
    const auto device = path.substr(start, path.find('/', start) - start);
    if (device != "all" && device != "default") possible = possible && ready(device);
  }
  if (!book.may_try("sysctl " + path, now) || !possible) {
    pass.blocked = true;
    return;
  }
  emit(model::WriteSysctl{sysctl.want});
  sysctl.ticket = last_ticket;
}

}  // namespace michi::reconcile

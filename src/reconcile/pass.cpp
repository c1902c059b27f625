#include <algorithm>
#include <utility>

#include "reconcile/state.hpp"

namespace michi::reconcile {

void Reconciler::State::pass() {
  dirty = false;
  later.reset();
  if (!have_desired || observed == nullptr || !observed->complete) return;
  last_pass = now;
  limited = false;
  emitted = 0;
  std::vector<model::Event> events;
  Pass pass{.now = now, .book = book, .events = events, .repairs = repairs};

  devices(pass);
  attaches(pass);
  put_addresses(pass);
  put_routes(pass);
  put_rules(pass);
  if (!firewall.wants_nothing()) commit_firewall(pass);
  commit_pass_through(pass);
  write_sysctls(pass);
  removals(pass);
  move_flows(pass);

  if (!book.empty() && !limited) {
    for (const auto& [ticket, operation] : flights) book.touch(describe(operation));
    for (auto& event : book.sweep()) events.push_back(std::move(event));
  }
  if (auto retry = book.next(now)) pass.wake_at(*retry);
  wake = pass.wake;
  for (auto& event : events) out.emplace_back(std::move(event));
  report(pass);
}

const model::Link* Reconciler::State::link(const std::string& name) const {
  auto at = observed->links.find(name);
  return at == observed->links.end() ? nullptr : &at->second;
}

bool Reconciler::State::is_ours(const std::string& device) const {
  if (wanted_devices.contains(device)) return true;
  const model::Link* seen = link(device);
  return seen != nullptr && owned(*seen);
}

bool Reconciler::State::ready(const std::string& device) const {
  auto at = wanted_devices.find(device);
  const model::Link* seen = link(device);
  if (at == wanted_devices.end() || seen == nullptr) return seen != nullptr;
  return at->second.ensured && at->second.index == seen->index;
}

bool Reconciler::State::carries(const std::string& device) const {
  if (!ready(device)) return false;
  if (link(device)->up) return true;
  if (auto at = wanted_devices.find(device); at != wanted_devices.end()) return at->second.submitted_up;
  auto at = raised.find(device);
  return at != raised.end() && at->second.submitted_up;
}

bool Reconciler::State::on_its_way(const std::string& device) const {
  auto at = wanted_devices.find(device);
  return at != wanted_devices.end() && (at->second.ticket != 0 || at->second.facts_by || leaving.contains(device));
}

// A device that went or went down takes its addresses and routes along; that is not one damage each.
void Reconciler::State::weaken_objects_of(const std::string& name) {
  addresses.weaken([&](const model::AddressEntry& entry) { return entry.device == name; });
  std::set<Address> sources;
  for (const auto& entry : addresses.wanted()) {
    if (entry.value.device == name) sources.insert(entry.value.address.address);
  }
  routes.weaken([&](const model::RouteEntry& route) {
    return route.device == name || (route.source && sources.contains(*route.source));
  });
}

void Reconciler::State::lose_device(const std::string& name) {
  auto& device = wanted_devices[name];
  device.ensured = device.right = device.submitted_up = false;
  device.index = 0;
  device.facts_by.reset();
  weaken_objects_of(name);
  for (auto& [uplink, session] : sessions) {
    if (session.attached && session.attached->device == name) session.attached.reset();
  }
  std::erase_if(put_by_us, [&](const auto& entry) { return entry.device == name; });
  for (auto& [path, sysctl] : sysctls) {
    if (path.find("/" + name + "/") != std::string::npos) sysctl.written.reset();
  }
}

void Reconciler::State::devices(Pass& pass) {
  unsteady.clear();
  std::erase_if(leaving, [&](auto& item) {
    const model::Link* seen = link(item.first);
    return item.second.ticket == 0 && (seen == nullptr || seen->index != item.second.index || now >= item.second.until);
  });
  for (auto& [name, entry] : wanted_devices) device(name, entry, pass);
  for (auto& [name, entry] : raised) raise(name, entry, pass);
}

// Only ever up: the interface is somebody else's.
void Reconciler::State::raise(const std::string& name, Device& device, Pass& pass) {
  const model::Link* seen = link(name);
  if (device.ticket != 0) {
    pass.waiting = true;
    return;
  }
  if (seen == nullptr) {
    device.right = device.submitted_up = false;
    pass.blocked = true;
    return;
  }
  if (seen->up) {
    device.right = true;
    device.held = device.submitted_up = false;
    device.facts_by.reset();
    return;
  }
  unsteady.insert(name);
  if (device.facts_by && now < *device.facts_by) {
    book.touch("link " + name);
    pass.waiting = true;
    pass.wake_at(*device.facts_by);
    return;
  }
  if (device.right) weaken_objects_of(name);
  if (damaged_link(name, device, pass)) return;
  if (!book.may_try("link " + name, now)) {
    pass.blocked = true;
    return;
  }
  device.submitted_up = true;
  emit(model::SetLink{.name = name, .up = true, .mtu = {}, .alias = {}});
  device.ticket = last_ticket;
}

bool Reconciler::State::damaged_link(const std::string& name, Device& device, Pass& pass) {
  if (device.right || (device.held && !link_budget.paused(now))) {
    device.right = false;
    device.held = !repair(link_budget, device.incident, "link " + name, "", pass);
  }
  if (!device.held) return false;
  pass.blocked = true;
  pass.wake_at(*link_budget.paused_until());
  return true;
}

void Reconciler::State::device(const std::string& name, Device& device, Pass& pass) {
  const model::Link* seen = link(name);
  const std::string object = "device " + name;
  unsteady.insert(name);
  if (device.ticket != 0 || leaving.contains(name)) {
    pass.waiting = true;
    return;
  }
  if (device.ensured && device.index == 0 && seen != nullptr) {
    device.index = seen->index;
    device.facts_by.reset();
  }
  if (device.ensured && device.index == 0) {
    if (now < *device.facts_by) {
      book.touch(object);
      pass.waiting = true;
      pass.wake_at(*device.facts_by);
      return;
    }
    device.ensured = false;
    if (auto event = book.on_failure(object, "was made, but did not appear", now)) pass.events.push_back(*event);
  }
  if (device.ensured && (seen == nullptr || seen->index != device.index)) {
    const bool was_right = device.right;
    lose_device(name);
    device.right = was_right;
  }
  if (!device.ensured) {
    if (damaged_link(name, device, pass)) return;
    if (!book.may_try(object, now)) {
      pass.blocked = true;
      return;
    }
    emit(model::EnsureDevice{name, device.want.what});
    device.ticket = last_ticket;
    return;
  }
  auto change = difference(device.want, *seen);
  if (!change) {
    unsteady.erase(name);
    device.right = true;
    device.held = device.submitted_up = false;
    device.facts_by.reset();
    return;
  }
  if (device.facts_by && now < *device.facts_by) {
    book.touch("link " + name);
    pass.waiting = true;
    pass.wake_at(*device.facts_by);
    return;
  }
  if (change->up && device.right) weaken_objects_of(name);
  if (damaged_link(name, device, pass)) return;
  if (!book.may_try("link " + name, now)) {
    pass.blocked = true;
    return;
  }
  device.submitted_up = device.want.up;
  emit(std::move(*change));
  device.ticket = last_ticket;
}

void Reconciler::State::attaches(Pass& pass) {
  for (auto& [name, session] : sessions) {
    if (session.ticket == 0 && session.attached) {
      const model::Link* seen = link(session.attached->device);
      if (seen == nullptr || seen->index != session.index) session.attached.reset();
    }
    if (!session.want) continue;
    if (session.ticket != 0) {
      pass.waiting = true;
      continue;
    }
    if (session.attached == session.want) continue;
    if (!book.may_try("session " + name, now) || !ready(session.want->device)) {
      pass.blocked = true;
      continue;
    }
    session.index = link(session.want->device)->index;
    emit(model::Attach{*session.want});
    session.ticket = last_ticket;
  }
}

bool Reconciler::State::owned_address(const model::AddressEntry& entry) const {
  if (put_by_us.contains(entry) || observed->own_addresses.contains(entry))
    return !empty_desired || is_ours(entry.device);
  auto at = wanted_devices.find(entry.device);
  if (at == wanted_devices.end() || !at->second.ensured) return false;
  const Ipv6* v6 = entry.address.address.v6();
  return v6 == nullptr || !v6->is_link_local();  // the kernel gives every device one of these
}

void Reconciler::State::put_addresses(Pass& pass) {
  addresses.compare(
      observed->addresses, [&](const auto& entry) { return owned_address(entry); },
      [&](const auto& entry) { return !wanted_devices.contains(entry.device); },
      [&](const auto& entry) { return unsteady.empty() || !unsteady.contains(entry.device); }, pass);
  for (auto* missing : addresses.missing()) {
    if (!room()) {
      limited = true;
      return;
    }
    if (!may_try(missing->value) || !ready(missing->value.device)) {
      pass.blocked = true;
      continue;
    }
    emit(model::AddAddress{missing->value});
    addresses.submitted(missing->value, 1, last_ticket);
  }
}

void Reconciler::State::put_routes(Pass& pass) {
  unfilled_tables.clear();
  routes.compare(
      observed->routes, [](const auto& route) { return owned(route); }, [](const auto&) { return false; },
      [&](const auto& route) { return unsteady.empty() || !unsteady.contains(route.device.str()); }, pass);
  if (routes.missing().empty()) return;

  std::set<Address> local;
  for (const auto& entry : observed->addresses) local.insert(entry.address.address);
  for (const auto& entry : addresses.wanted()) {
    if (ready(entry.value.device)) local.insert(entry.value.address.address);
  }
  // The bulk comes last, so that an urgent change does not stand behind ten thousand prefixes.
  for (const bool bulk : {false, true}) {
    for (auto* missing : routes.missing()) {
      const model::RouteEntry& route = missing->value;
      if ((route.table == model::kTableClosed) != bulk) continue;
      const bool possible =
          (route.device.empty() || carries(route.device.str())) && (!route.source || local.contains(*route.source));
      if (!may_try(route) || !possible) {
        pass.blocked = true;
        if (on_its_way(route.device.str())) unfilled_tables.insert(route.table);
        continue;
      }
      if (!room()) {
        limited = true;
        unfilled_tables.insert(route.table);
        continue;
      }
      emit(model::AddRoute{route});
      routes.submitted(route, 1, last_ticket);
    }
  }
}

// A rule stands only when its table is filled and the rules before it stand: half a routing law
// would send closed prefixes to an ISP.
void Reconciler::State::put_rules(Pass& pass) {
  rules.compare(
      observed->rules, [](const auto& rule) { return owned(rule); }, [](const auto&) { return false; },
      [](const auto&) { return true; }, pass);
  std::set<Family> stopped;
  for (auto* missing : rules.missing()) {
    const model::RuleEntry& rule = missing->value;
    if (stopped.contains(rule.family)) continue;
    if (!room() || unfilled_tables.contains(rule.table)) {
      limited = true;
      stopped.insert(rule.family);
      continue;
    }
    if (!may_try(rule)) {
      pass.blocked = true;
      continue;
    }
    emit(model::AddRule{rule});
    rules.submitted(rule, 1, last_ticket);
  }
}

void Reconciler::State::commit(FirewallKeeper& keeper, model::NftFamily table, Pass& pass) {
  auto text = keeper.next(pass);
  if (!text) return;
  keeper.submitted();
  emit(model::CommitRules{std::move(*text), table});
}

void Reconciler::State::commit_firewall(Pass& pass) { commit(firewall, model::NftFamily::Inet, pass); }

// What it carries is others', so its end waits for nothing.
void Reconciler::State::commit_pass_through(Pass& pass) {
  if (!pass_through.idle()) commit(pass_through, model::NftFamily::Netdev, pass);
}

}  // namespace michi::reconcile

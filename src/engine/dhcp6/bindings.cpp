#include "engine/dhcp6/bindings.hpp"

#include <algorithm>

namespace michi::engine::dhcp6 {
namespace {

using wire::dhcp6::Ia;
using wire::dhcp6::IaLease;
using wire::dhcp6::IaType;

constexpr Duration kLongest = seconds(wire::dhcp6::kInfinity);

Instant after(Instant now, Duration time) { return time >= kLongest ? Instant::max() : now + time; }

Instant after(Instant now, std::uint32_t lifetime) { return after(now, Duration(seconds(lifetime))); }

bool is_given(const Ia& ia) {
  return std::ranges::any_of(ia.leases, [](const IaLease& lease) { return lease.valid != 0; });
}

Duration left(Instant until, Instant now) {
  if (until == Instant::max()) return kForever;
  return std::max(until - now, Duration::zero());
}

}  // namespace

Bindings::Bindings(std::span<const Wanted> wanted) {
  for (const Wanted& one : wanted.first(std::min(wanted.size(), kMostWanted)))
    if (find(one.type, one.iaid) == nullptr) bindings_.push_back({.wanted = one, .entries = {}});
  for (Binding& one : bindings_)
    if (one.wanted.hint && one.wanted.hint->family() != Family::V6) one.wanted.hint.reset();
}

Bindings::Binding* Bindings::find(IaType type, std::uint32_t iaid) {
  for (Binding& one : bindings_)
    if (one.wanted.type == type && one.wanted.iaid == iaid) return &one;
  return nullptr;
}

void Bindings::hold(std::span<const Lease> leases, Instant now) {
  for (const Lease& lease : leases) {
    Binding* to = find(lease.type, lease.iaid);
    if (to == nullptr || lease.valid <= Duration::zero() || lease.prefix.family() != Family::V6) continue;
    const Prefix prefix = lease.prefix.canonical();
    if (to->entries.size() == kMostLeases ||
        std::ranges::find(to->entries, prefix, &Entry::prefix) != to->entries.end())
      continue;
    const Duration preferred = std::clamp(lease.preferred, Duration::zero(), lease.valid);
    to->entries.push_back({prefix, after(now, preferred), after(now, lease.valid)});
  }
}

Lease Bindings::lease_of(const Binding& binding, const Entry& entry, Instant now) {
  return {binding.wanted.type, binding.wanted.iaid, entry.prefix, left(entry.preferred_until, now),
          left(entry.valid_until, now)};
}

void Bindings::apply(Binding& to, const Ia& ia, Instant now, Change& change) {
  for (const IaLease& lease : ia.leases) {
    const auto known = std::ranges::find(to.entries, lease.prefix, &Entry::prefix);
    const Entry entry{lease.prefix, after(now, lease.preferred), after(now, lease.valid)};
    if (known == to.entries.end()) {
      if (lease.valid == 0 || to.entries.size() == kMostLeases) continue;
      to.entries.push_back(entry);
      change.changed = true;
    } else if (lease.valid == 0) {
      change.withdrawn.push_back(lease_of(to, *known, now));
      to.entries.erase(known);
      change.changed = true;
    } else {
      *known = entry;
    }
  }
  if (is_given(ia)) plan(to, ia, now);
}

void Bindings::plan(Binding& binding, const Ia& ia, Instant now) {
  // The shortest lifetime decides; a prefix that is no longer preferred has only its valid one.
  std::uint32_t shortest = wire::dhcp6::kInfinity;
  std::uint32_t shortest_valid = wire::dhcp6::kInfinity;
  for (const IaLease& lease : ia.leases) {
    if (lease.valid == 0) continue;
    shortest = std::min(shortest, lease.preferred != 0 ? lease.preferred : lease.valid);
    shortest_valid = std::min(shortest_valid, lease.valid);
  }
  const auto part_of_shortest = [&](int tenths) {
    return shortest == wire::dhcp6::kInfinity ? kLongest : Duration(seconds(shortest)) / 10 * tenths;
  };
  // Times behind the end of a lease would never come.
  const bool useful = shortest_valid == wire::dhcp6::kInfinity || (ia.t1 < shortest_valid && ia.t2 < shortest_valid);
  const Duration t1 = ia.t1 != 0 && useful ? Duration(seconds(ia.t1)) : part_of_shortest(5);
  const Duration t2 = ia.t2 != 0 && useful ? Duration(seconds(ia.t2)) : part_of_shortest(8);
  const bool t1_is_ours = ia.t1 == 0 || !useful;
  binding.t1 = after(now, t1_is_ours ? std::min(t1, t2) : t1);
  binding.t2 = after(now, std::max(t1_is_ours ? std::min(t1, t2) : t1, t2));
}

Bindings::Change Bindings::update(std::span<const Ia> ias, Instant now) {
  Change change;
  for (Binding& binding : bindings_) {
    const bool held = !binding.entries.empty();
    bool spoken_of = false;
    for (const Ia& ia : ias) {
      if (ia.type != binding.wanted.type || ia.iaid != binding.wanted.iaid) continue;
      apply(binding, ia, now, change);
      spoken_of |= is_given(ia) || binding.entries.empty();
    }
    if (held && !spoken_of) change.covered = false;
  }
  return change;
}

Bindings::Change Bindings::replace(std::span<const Ia> ias, Instant now) {
  Change change;
  for (Binding& binding : bindings_) {
    const auto named = [&](const Entry& entry) {
      return std::ranges::any_of(ias, [&](const Ia& ia) {
        return ia.type == binding.wanted.type && ia.iaid == binding.wanted.iaid &&
               std::ranges::find(ia.leases, entry.prefix, &IaLease::prefix) != ia.leases.end();
      });
    };
    for (const Entry& entry : binding.entries)
      if (!named(entry)) change.withdrawn.push_back(lease_of(binding, entry, now));
    std::erase_if(binding.entries, [&](const Entry& entry) { return !named(entry); });
  }
  change.changed = !change.withdrawn.empty();
  Change rest = update(ias, now);
  change.changed |= rest.changed;
  change.withdrawn.insert(change.withdrawn.end(), rest.withdrawn.begin(), rest.withdrawn.end());
  return change;
}

std::vector<Lease> Bindings::expire(Instant now) {
  std::vector<Lease> out;
  for (Binding& binding : bindings_) {
    for (const Entry& entry : binding.entries)
      if (entry.valid_until <= now) out.push_back(lease_of(binding, entry, now));
    std::erase_if(binding.entries, [&](const Entry& entry) { return entry.valid_until <= now; });
  }
  return out;
}

std::vector<Lease> Bindings::clear(Instant now) {
  std::vector<Lease> out = leases(now);
  for (Binding& binding : bindings_) binding.entries.clear();
  return out;
}

bool Bindings::empty() const {
  return std::ranges::all_of(bindings_, [](const Binding& one) { return one.entries.empty(); });
}

std::vector<Lease> Bindings::leases(Instant now) const {
  std::vector<Lease> out;
  for (const Binding& binding : bindings_)
    for (const Entry& entry : binding.entries) out.push_back(lease_of(binding, entry, now));
  return out;
}

std::vector<Ia> Bindings::named(Naming naming) const {
  std::vector<Ia> out;
  for (const Binding& binding : bindings_) {
    Ia ia{binding.wanted.type, binding.wanted.iaid, 0, 0, {}, {}};
    if (naming != Naming::Hints)
      for (const Entry& entry : binding.entries) ia.leases.push_back({entry.prefix, 0, 0, {}});
    const bool hints = naming == Naming::Hints || naming == Naming::HeldHints;
    if (hints && ia.leases.empty() && binding.wanted.hint) ia.leases.push_back({*binding.wanted.hint, 0, 0, {}});
    if (naming != Naming::OnlyHeld || !ia.leases.empty()) out.push_back(std::move(ia));
  }
  return out;
}

Instant Bindings::t1() const {
  Instant out = Instant::max();
  for (const Binding& one : bindings_)
    if (!one.entries.empty()) out = std::min(out, one.t1);
  return out;
}

Instant Bindings::t2() const {
  Instant out = Instant::max();
  for (const Binding& one : bindings_)
    if (!one.entries.empty()) out = std::min(out, one.t2);
  return out;
}

Instant Bindings::next_expiry() const {
  Instant out = Instant::max();
  for (const Binding& binding : bindings_)
    for (const Entry& entry : binding.entries) out = std::min(out, entry.valid_until);
  return out;
}

}  // namespace michi::engine::dhcp6

#pragma once
// The pure part: what is wanted beside what is there, key by key, and which of it is michi's.
//
// Knows no time, no tickets and no order of work; `Ledger` and `plan()` both read differences through
// match(). Foreign objects come out as seen but not owned, and nobody acts on them.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "model/kernel.hpp"
#include "reconcile/reconciler.hpp"

namespace michi::reconcile {

inline auto key_of(const model::AddressEntry& entry) { return entry.key(); }
inline auto key_of(const model::RouteEntry& entry) { return entry.key(); }
inline const model::RuleEntry& key_of(const model::RuleEntry& entry) { return entry; }

struct KeyLess {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return key_of(a) < key_of(b);
  }
};

/// The alias that makes a device michi's.
inline constexpr std::string_view kAlias = "michi";

/// Michi's by its mark: protocol 109, and for rules the band too. Addresses carry no mark; theirs is
/// the device's.
bool owned(const model::RouteEntry& route);
bool owned(const model::RuleEntry& rule);
bool owned(const model::Link& link);

/// What must be configured on a link so that it looks as wanted; nullopt when it does.
std::optional<model::SetLink> difference(const model::DeviceWant& want, const model::Link& link);

/// Sorted by key; of two with one key the later stays.
template <class T>
std::vector<T> in_order(std::vector<T> entries) {
  std::stable_sort(entries.begin(), entries.end(), KeyLess{});
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool last = i + 1 == entries.size() || KeyLess{}(entries[i], entries[i + 1]);
    if (!last) continue;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
  return entries;
}

/// All that is seen under one key: how many, whether one is exactly as wanted, and one that is not
/// (another look, or one too many).
template <class T>
struct Sight {
  unsigned count = 0;
  bool exact = false;
  const T* stray = nullptr;
};

/// Walks both sequences (sorted by key) at once. `value(w)` gives the entry of a wanted element;
/// `visit(w or nullptr, sight)` is called once for every key, in order.
template <class T, class Wanted, class Seen, class Value, class Visit>
void match(Wanted& wanted, const Seen& seen, Value value, Visit visit) {
  auto w = wanted.begin();
  auto s = seen.begin();
  const KeyLess less;
  while (w != wanted.end() || s != seen.end()) {
    const bool take_wanted = w != wanted.end() && (s == seen.end() || !less(*s, value(*w)));
    const bool take_seen = s != seen.end() && (w == wanted.end() || !less(value(*w), *s));
    Sight<T> sight;
    if (take_seen) {
      const T& first = *s;
      for (; s != seen.end() && !less(first, *s); ++s) {
        ++sight.count;
        if (take_wanted && !sight.exact && *s == value(*w)) {
          sight.exact = true;
        } else {
          sight.stray = &*s;
        }
      }
    }
    visit(take_wanted ? &*w : nullptr, sight);
    if (take_wanted) ++w;
  }
}

/// "192.0.2.0/24 table 20000 dev flets": the object in words, also its key among failures.
std::string describe(const model::AddressEntry& address);
std::string describe(const model::RouteEntry& route);
std::string describe(const model::RuleEntry& rule);
std::string describe(const model::Operation& operation);

}  // namespace michi::reconcile

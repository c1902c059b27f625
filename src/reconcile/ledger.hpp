#pragma once
// One class of kernel objects (addresses, routes or rules): what is wanted, what was seen right,
// what is under way. compare() sorts the difference into missing, surplus and waiting.
//
// An operation that was accepted is believed for a second before the facts must show it, so neither
// the order of completions and facts nor a slow dump makes work twice. Emits nothing itself.

#include <map>
#include <set>
#include <vector>

#include "reconcile/budget.hpp"
#include "reconcile/diff.hpp"

namespace michi::reconcile {

/// How long facts may lag behind a completion.
inline constexpr Duration kFactsLag = seconds(1);

/// What a pass carries through all classes.
struct Pass {
  Instant now;
  FailureBook& book;
  std::vector<model::Event>& events;
  std::optional<Instant> wake{};
  bool waiting = false;  // for completions or facts
  bool blocked = false;  // for something outside: an interface, the end of a pause
  bool repairs = true;   // damage is put right, not only told

  void wake_at(Instant at) {
    if (!wake || at < *wake) wake = at;
  }
};

/// Reports an incident as its class's budget answers; true when it may be repaired now.
bool repair(DamageBudget& budget, std::uint32_t& incident, const std::string& what, const std::string& writer,
            Pass& pass);

/// Reports damage that is left as it is.
void leave(const std::string& what, const std::string& writer, Pass& pass);

template <class T>
class Ledger {
 public:
  struct Wanted {
    T value;
    bool right = false;
    bool held = false;  // damaged too often; waits for the end of the pause
    bool left = false;  // damaged, told, and not to be repaired
    std::uint32_t incident = 0;
  };

  void want(std::vector<T> entries) {
    std::vector<Wanted> next;
    auto sorted = in_order(std::move(entries));
    next.reserve(sorted.size());
    auto old = wanted_.begin();
    for (auto& entry : sorted) {
      while (old != wanted_.end() && KeyLess{}(old->value, entry)) ++old;
      const bool same = old != wanted_.end() && old->value == entry;
      next.push_back(same ? std::move(*old) : Wanted{.value = std::move(entry)});
    }
    wanted_ = std::move(next);
    changed_ = true;
  }

  /// `owned(entry)`: may an unwanted one be removed? `lenient(entry)`: is the same key enough?
  /// `steady(entry)`: may it be taken as right for good (its device stands)?
  template <class Seen, class Owned, class Lenient, class Steady>
  void compare(const Seen& seen, Owned owned, Lenient lenient, Steady steady, Pass& pass) {
    ++round_;
    missing_ = {};  // gives its memory back: at first everything was missing
    surplus_ = {};
    std::set<T, KeyLess> strangers;
    match<T>(
        wanted_, seen, [](const Wanted& w) -> const T& { return w.value; },
        [&](Wanted* want, const Sight<T>& sight) {
          if (want != nullptr) {
            judge_wanted(*want, sight, lenient, steady, pass);
          } else if (owned(*sight.stray)) {
            judge_unwanted(*sight.stray, sight.count, strangers, pass);
          }
        });
    strangers_ = std::move(strangers);
    std::erase_if(left_, [&](const T& value) { return pass.repairs || !strangers_.contains(value); });
    changed_ = false;
    std::erase_if(pending_, [&](const auto& item) {
      const Pending& pending = item.second;
      return pending.round != round_ && pending.ticket == 0 && (pending.count == 0 || pass.now >= pending.until);
    });
  }

  const std::vector<Wanted*>& missing() const { return missing_; }
  /// In ascending order, with how many of it are there.
  const std::vector<std::pair<T, unsigned>>& surplus() const { return surplus_; }
  const std::vector<Wanted>& wanted() const { return wanted_; }

  void submitted(const T& value, unsigned expected_count, std::uint64_t ticket) {
    pending_.erase(value);
    pending_.emplace(value, Pending{.ticket = ticket, .count = expected_count, .until = {}, .round = round_});
  }
  void done(const T& value, bool success, Instant now) {
    auto at = pending_.find(value);
    if (at == pending_.end()) return;
    if (!success) {
      pending_.erase(at);
      return;
    }
    at->second.ticket = 0;
    at->second.until = now + kFactsLag;
  }
  /// What matches may have gone for a reason we know: no damage, and no belief in it any more.
  template <class Predicate>
  void weaken(Predicate predicate) {
    for (auto& want : wanted_) {
      if ((want.right || want.left) && predicate(want.value)) want.right = want.left = false;
    }
    std::erase_if(pending_, [&](const auto& item) { return item.second.ticket == 0 && predicate(item.first); });
  }

 private:
  struct Pending {
    std::uint64_t ticket = 0;  // 0: accepted, waiting for the facts
    unsigned count = 0;        // how many are expected
    Instant until{};
    std::uint64_t round = 0;
  };
  enum class Belief : std::uint8_t { Facts, Waits, Superseded };

  /// `right`: the facts are as wanted (always false for an unwanted entry).
  Belief believe(const T& value, const Sight<T>& sight, bool wanted, bool right, Pass& pass) {
    auto at = pending_.find(value);
    if (at == pending_.end()) return Belief::Facts;
    Pending& pending = at->second;
    pending.round = round_;
    if (pending.ticket != 0) {
      pass.waiting = true;
      return Belief::Waits;
    }
    const bool as_now = at->first == value;
    bool arrived = sight.count == pending.count;
    if (pending.count > 0 && wanted && as_now) {
      arrived = right;
    } else if (pending.count > 0) {
      arrived = arrived && sight.stray != nullptr && *sight.stray == at->first;
    }
    if (arrived) {
      pending_.erase(at);
      return Belief::Facts;
    }
    if (pass.now < pending.until) {
      const bool heading_there = wanted ? pending.count > 0 && as_now : pending.count < sight.count;
      if (!heading_there) return wanted ? Belief::Superseded : Belief::Facts;
      if (!pass.book.empty()) pass.book.touch(describe(at->first));
      pass.waiting = true;
      pass.wake_at(pending.until);
      return Belief::Waits;
    }
    if (auto event = pass.book.on_failure(describe(at->first), "was accepted, but did not hold", pass.now)) {
      pass.events.push_back(std::move(*event));
    }
    pending_.erase(at);
    return Belief::Facts;
  }

  template <class Lenient, class Steady>
  void judge_wanted(Wanted& want, const Sight<T>& sight, Lenient& lenient, Steady& steady, Pass& pass) {
    const bool right = sight.exact || (sight.count > 0 && lenient(want.value));
    switch (believe(want.value, sight, true, right, pass)) {
      case Belief::Waits:
        return;
      case Belief::Superseded:
        missing_.push_back(&want);
        return;
      case Belief::Facts:
        break;
    }
    // Twice the same is as good as once, and may be a fact that was told twice: nothing to remove.
    if (right) {
      want.right = steady(want.value);
      want.held = want.left = false;
      return;
    }
    if (want.right && !pass.repairs) {
      want.right = false;
      want.left = true;
      leave(describe(want.value), "", pass);
    }
    if (want.left && !pass.repairs) return;
    if (want.right || (want.held && !budget_.paused(pass.now))) {
      want.right = false;
      want.held = !repair(budget_, want.incident, describe(want.value), "", pass);
    }
    if (want.held) {
      pass.blocked = true;
      pass.wake_at(*budget_.paused_until());
      return;
    }
    missing_.push_back(&want);
  }

  void judge_unwanted(const T& value, unsigned count, std::set<T, KeyLess>& strangers, Pass& pass) {
    const bool expected = pending_.contains(value);
    const Sight<T> sight{.count = count, .exact = false, .stray = &value};
    if (believe(value, sight, false, false, pass) == Belief::Waits) {
      strangers.insert(value);
      return;
    }
    const bool foreign = !changed_ && !expected && !strangers_.contains(value);
    if (!pass.repairs && (foreign || left_.contains(value))) {
      if (foreign) leave(describe(value), "", pass);
      left_.insert(value);
      strangers.insert(value);
      return;
    }
    if (foreign) {
      std::uint32_t incident = 0;
      if (!repair(budget_, incident, describe(value), "", pass)) {
        pass.blocked = true;
        pass.wake_at(*budget_.paused_until());
        return;
      }
    }
    strangers.insert(value);
    surplus_.emplace_back(value, count);
  }

  std::vector<Wanted> wanted_;
  std::map<T, Pending, KeyLess> pending_;
  std::set<T, KeyLess> strangers_;  // unwanted ones of the last round
  std::set<T, KeyLess> left_;       // of these, others' work that is not to be undone
  bool changed_ = true;             // wanted_ changed since the last round
  DamageBudget budget_;
  std::uint64_t round_ = 0;
  std::vector<Wanted*> missing_;
  std::vector<std::pair<T, unsigned>> surplus_;
};

}  // namespace michi::reconcile

#pragma once
// The deadlines of one object, by name: an enum of timers, so that none can be forgotten when the next one is looked
// for or when time has passed.
//
// A value. It reads no clock and calls nobody.

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>

#include "base/time.hpp"

namespace michi {

/// The earliest of these, of those that are there.
inline std::optional<Instant> soonest(std::initializer_list<std::optional<Instant>> deadlines) {
  std::optional<Instant> first;
  for (const auto& at : deadlines)
    if (at && (!first || *at < *first)) first = at;
  return first;
}

/// `Timer` is an enum that counts from zero; `kLast` is its last value. Timers that are due at the same moment are
/// taken in the order of the enum.
template <class Timer, Timer kLast>
class Deadlines {
 public:
  static constexpr std::size_t kTimers = static_cast<std::size_t>(kLast) + 1;

  void set(Timer timer, Instant at) { at_[index(timer)] = at; }
  void clear(Timer timer) { at_[index(timer)].reset(); }
  void clear() { at_ = {}; }
  bool runs(Timer timer) const { return at_[index(timer)].has_value(); }
  const std::optional<Instant>& at(Timer timer) const { return at_[index(timer)]; }

  std::optional<Instant> next() const {
    std::optional<Instant> first;
    for (const auto& at : at_) first = soonest({first, at});
    return first;
  }
  /// One whose time has come; it does not run any more.
  std::optional<Timer> take_due(Instant now) {
    const auto due = std::ranges::find_if(at_, [now](const std::optional<Instant>& at) { return at && *at <= now; });
    if (due == at_.end()) return std::nullopt;
    due->reset();
    return static_cast<Timer>(due - at_.begin());
  }

 private:
  static constexpr std::size_t index(Timer timer) { return static_cast<std::size_t>(timer); }

  std::array<std::optional<Instant>, kTimers> at_{};
};

}  // namespace michi

#pragma once
// One automaton of RFC 1661: its state, its restart counter and its restart timer.
//
// It looks cells up, keeps the counter and the timer, and hands the actions to its owner. It builds
// no packet, knows no option, and an impossible event leaves it where it was.
//
// RFC 1661 §4 (the automaton), §4.6 (counters and timers). The timer starts short and doubles up to
// the RFC's own value, which §4.6 allows.

#include <cstdint>
#include <optional>
#include <span>

#include "base/time.hpp"
#include "engine/automaton/table.hpp"

namespace michi::engine::automaton {

struct Limits {
  Duration restart_first = seconds(3);
  Duration restart_max = seconds(3);
  unsigned max_configure = 10;
  unsigned max_terminate = 2;
};

struct Step {
  State from;
  State to;
  Event event;
  const Cell* cell;

  bool possible() const { return cell->possible; }
  bool has(Action action) const { return cell->has(action); }
  std::span<const Action> actions() const { return {cell->actions.data(), cell->count}; }
};

class Automaton {
 public:
  explicit Automaton(Limits limits) : limits_(limits), configure_first_(limits.restart_first) {}

  /// Moves, and applies what the cell says about counter and timer.
  Step on(Event event, Instant now);
  /// TO+ or TO-, when the timer has run out; nothing when it has not.
  std::optional<Event> expired(Instant now) const;
  /// Moves a running timer to a later instant (a pause before the final state, RFC 1661 §4.4 zrc).
  void hold_until(Instant until);
  /// The first period was shorter than the round trip: at least this long from now on, within the cap.
  void slow_down(Duration at_least);

  State state() const { return state_; }
  std::optional<Instant> deadline() const { return deadline_; }
  unsigned restart_count() const { return restart_count_; }

 private:
  void arm(Instant now);

  Limits limits_;
  Duration configure_first_;
  State state_ = State::Initial;
  unsigned restart_count_ = 0;
  Duration period_{};
  std::optional<Instant> deadline_;
};

}  // namespace michi::engine::automaton

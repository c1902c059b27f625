#pragma once
// The phases of a life at work: moves along the edges of the kind's table and no others, tells one event per edge, and
// keeps the kind's timers by name, so that none is forgotten.
//
// A kind is a struct: `Phase` and `Timer` (enums that count from zero, with TellUp among the timers), `kTable` (an
// array of PhaseRow<Phase>) and `kLastTimer`.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/deadlines.hpp"
#include "base/invariant.hpp"
#include "uplink/life_outputs.hpp"
#include "uplink/phase_table.hpp"

namespace michi::uplink {

/// How long an uplink outlives its carrier. The facts are unusable from the first moment, so nothing
/// waits for this; a cable pulled and replugged finds its session or its addresses again.
inline constexpr Duration kLinkHold = seconds(2);
inline constexpr Duration kProveTime = seconds(1);    // carrier is back: this long to prove that it is the same link
inline constexpr Duration kReleaseTime = seconds(1);  // DHCPv6 Release at most, before the end

template <class Kind>
class Machine : public LifeOutputs {
 public:
  using Phase = typename Kind::Phase;
  using Timer = typename Kind::Timer;
  using Timers = Deadlines<Timer, Kind::kLastTimer>;
  static_assert(is_sound(Kind::kTable));

  using LifeOutputs::LifeOutputs;

  Phase phase() const { return phase_; }
  const PhaseRow<Phase>& row() const { return row_of(phase_); }
  bool is(Phase phase) const { return phase_ == phase; }
  template <class... Phases>
  bool is_any(Phases... phases) const {
    return ((phase_ == phases) || ...);
  }
  bool is_up() const { return row().shown == model::UplinkState::Up; }
  Timers& timers() { return timers_; }
  const Timers& timers() const { return timers_; }

  void enter(Phase next, std::string_view on, Instant now) {
    MICHI_INVARIANT((row().next & bit(next)) != 0, "an uplink moves along the edges of its table");
    if (is_up()) tell_up();
    const Phase before = std::exchange(phase_, next);
    if (facts().state != row().shown) facts().since = now;
    facts().state = row().shown;
    facts().next_attempt.reset();
    for (std::size_t i = 0; i < Timers::kTimers; ++i)
      if ((row().timers & bit(static_cast<Timer>(i))) == 0) timers_.clear(static_cast<Timer>(i));
    if (is_up() && facts().incomplete) return tell(model::Severity::Debug, "uplink.phase", edge(before, next, on));
    tell(severity_of(before, next), code_of(before, next), edge(before, next, on));
  }

  /// Up with one family, the other is expected: that it is up is told with the second one, or at this moment. To be
  /// said before it enters the phase. `from` is what the report names, whatever comes between.
  void tell_up_later(Phase from, std::string on, Instant at_last) {
    facts().incomplete = true;
    timers_.set(Timer::TellUp, at_last);
    up_from_ = from;
    up_on_ = std::move(on);
  }
  /// The families that make it up, as the report is to name them.
  void set_up_on(std::string on) { up_on_ = std::move(on); }
  const std::string& up_on() const { return up_on_; }
  /// Tells that it is up, if that is owed.
  void tell_up() {
    if (!std::exchange(facts().incomplete, false)) return;
    timers_.clear(Timer::TellUp);
    tell(model::Severity::Notice, "uplink.up", {row_of(up_from_).name, row_of(first_up()).name, up_on_});
  }

 private:
  static constexpr const PhaseRow<Phase>& row_of(Phase phase) { return Kind::kTable[static_cast<std::size_t>(phase)]; }
  static constexpr bool shown_up(Phase phase) { return row_of(phase).shown == model::UplinkState::Up; }
  static constexpr Phase first_up() {
    for (const PhaseRow<Phase>& row : Kind::kTable)
      if (shown_up(row.phase)) return row.phase;
    return Phase{};
  }
  static Edge edge(Phase from, Phase to, std::string_view on) { return {row_of(from).name, row_of(to).name, on}; }

  static constexpr model::Severity severity_of(Phase before, Phase next) {
    const PhaseRow<Phase>& row = row_of(next);
    if (shown_up(before) && !shown_up(next))
      return row.entry == Entry::Orderly ? model::Severity::Notice : model::Severity::Error;
    if (row.entry == Entry::GivesUp) return model::Severity::Error;
    if (row.entry == Entry::Retries) return model::Severity::Warning;
    return row_of(before).shown == row.shown ? model::Severity::Debug : model::Severity::Notice;
  }

  static constexpr std::string_view code_of(Phase before, Phase next) {
    if (shown_up(next) && !shown_up(before)) return "uplink.up";
    if (shown_up(before) && !shown_up(next)) return "uplink.lost";
    if (row_of(next).entry == Entry::GivesUp) return "uplink.failed";
    if (row_of(next).entry == Entry::Retries) return "uplink.attempt-failed";
    return row_of(next).shown == model::UplinkState::Down ? "uplink.down" : "uplink.phase";
  }

  Phase phase_{};
  Timers timers_;
  Phase up_from_{};
  std::string up_on_;
};

}  // namespace michi::uplink

#include "engine/automaton/automaton.hpp"

#include <algorithm>

namespace michi::engine::automaton {

Step Automaton::on(Event event, Instant now) {
  const Cell& at = cell(state_, event);
  const Step step{state_, at.possible ? at.next : state_, event, &at};
  if (!at.possible) return step;
  state_ = at.next;
  for (const Action action : step.actions()) {
    switch (action) {
      case Action::Irc:
        // Termination keeps the short period: its end must not wait for what configuration has learnt.
        restart_count_ = at.has(Action::Str) ? limits_.max_terminate : limits_.max_configure;
        period_ = at.has(Action::Str) ? limits_.restart_first : configure_first_;
        // In Ack-Rcvd the peer's request is missing, and only the peer can repeat it; what hurries is sent below.
        deadline_ = now + limits_.restart_max;
        break;
      case Action::Zrc:
        restart_count_ = 0;
        period_ = limits_.restart_first;
        deadline_ = now + period_;
        break;
      case Action::Scr:
      case Action::Str:
        if (restart_count_ > 0) --restart_count_;
        arm(now);
        break;
      case Action::Tlu:
      case Action::Tld:
      case Action::Tls:
      case Action::Tlf:
      case Action::Sca:
      case Action::Scn:
      case Action::Sta:
      case Action::Scj:
      case Action::Ser:
        break;
    }
  }
  if (!is_timed(state_)) deadline_.reset();
  // Stopping and Closing are also reached without a Terminate-Request of ours (Open in Closing).
  else if (!deadline_)
    arm(now);
  return step;
}

void Automaton::arm(Instant now) {
  if (period_ == Duration::zero()) period_ = limits_.restart_first;
  deadline_ = now + period_;
  period_ = std::min(period_ * 2, limits_.restart_max);
}

std::optional<Event> Automaton::expired(Instant now) const {
  if (!deadline_ || now < *deadline_) return std::nullopt;
  return restart_count_ > 0 ? Event::ToPlus : Event::ToMinus;
}

void Automaton::slow_down(Duration at_least) {
  configure_first_ = std::min(std::max(configure_first_ * 2, at_least), limits_.restart_max);
}

void Automaton::hold_until(Instant until) {
  if (deadline_) deadline_ = std::max(*deadline_, until);
}

}  // namespace michi::engine::automaton

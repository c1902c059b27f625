#pragma once
// The phases of a PPPoE uplink's life, as data: what each means, what status calls it, which timers may run in it, and
// where it may go next.

#include <array>
#include <cstdint>

#include "uplink/phase_table.hpp"

namespace michi::uplink::pppoe {

enum class Phase : std::uint8_t {
  Down,           // nobody wants it
  WaitInterface,  // its Ethernet interface is absent, has no carrier, or gives no socket
  WaitPermit,     // the PADI gate has not let it through yet
  Discovering,    // PADI to PADS
  Negotiating,    // a session, no network protocol yet
  Up,             // at least one network protocol is open
  Renegotiating,  // was up; the peer began LCP anew; device and addresses stay for a grace period
  LinkHold,       // was up; carrier lost a moment ago, or back and not yet proved
  Held,           // up, but another uplink has the same address
  AwaitReason,    // PADT came during set-up; the reason may still be on its way (trap 44)
  Ending,         // Terminate-Request is out
  BackOff,        // waiting for the next attempt
  Failed          // needs a person
};
inline constexpr std::size_t kPhases = 13;

enum class Timer : std::uint8_t {
  TellUp,     // up with one family: when that is told at last
  Establish,  // the overall deadline of the attempt
  Stay        // of the phase
};

/// The kind's table, for Machine. `linked`: a PPPoE session exists.
struct Phases {
  using Phase = pppoe::Phase;
  using Timer = pppoe::Timer;
  static constexpr Timer kLastTimer = Timer::Stay;

  using Row = PhaseRow<Phase>;
  using enum Phase;
  using enum Timer;
  using enum Entry;
  using State = model::UplinkState;

  // clang-format off
  static constexpr std::array<Row, kPhases> kTable = {{
      // phase        name             shown              entry          linked timers           next
      {Down,          "Down",          State::Down,       Plain,         false, bits(),          bits(WaitInterface, WaitPermit, Failed)},
      {WaitInterface, "WaitInterface", State::Waiting,    Plain,         false, bits(),          bits(Down, WaitPermit, Failed)},
      {WaitPermit,    "WaitPermit",    State::Waiting,    Plain,         false, bits(Stay),      bits(Down, WaitInterface, Discovering, Failed)},
      {Discovering,   "Discovering",   State::Connecting, Plain,         false, bits(Establish), bits(Down, WaitInterface, WaitPermit, Negotiating, BackOff, Failed)},
      {Negotiating,   "Negotiating",   State::Connecting, Plain,         true,  bits(Establish), bits(Down, WaitInterface, Up, AwaitReason, Ending, BackOff)},
      {Up,            "Up",            State::Up,         Plain,         true,  bits(TellUp),    bits(Down, WaitInterface, Negotiating, Renegotiating, LinkHold, Held, Ending, BackOff)},
      {Renegotiating, "Renegotiating", State::Up,         Plain,         true,  bits(Stay),      bits(Down, WaitInterface, Negotiating, Up, LinkHold, Held, Ending, BackOff)},
      {LinkHold,      "LinkHold",      State::Waiting,    Plain,         true,  bits(Stay),      bits(Down, WaitInterface, WaitPermit, Failed, Negotiating, Up, Held, Ending, BackOff)},
      {Held,          "Held",          State::Waiting,    Plain,         true,  bits(Stay),      bits(Down, WaitInterface, Negotiating, Up, Ending, BackOff)},
      {AwaitReason,   "AwaitReason",   State::Connecting, Plain,         true,  bits(Stay),      bits(Down, WaitInterface, WaitPermit, Failed, BackOff)},
      {Ending,        "Ending",        State::Stopping,   Orderly,       true,  bits(Stay),      bits(Down, WaitInterface, WaitPermit, Failed, BackOff)},
      {BackOff,       "BackOff",       State::Waiting,    Retries,       false, bits(Stay),      bits(Down, WaitInterface, WaitPermit, Failed)},
      {Failed,        "Failed",        State::Failed,     GivesUp,       false, bits(),          bits(Down, WaitInterface, WaitPermit)},
  }};
  // clang-format on
};

/// No session is there without an end: a timer, or the session's own clocks.
consteval bool no_session_is_forgotten() {
  for (const Phases::Row& row : Phases::kTable)
    if (row.linked && row.timers == 0) return false;
  return true;
}
static_assert(no_session_is_forgotten());

}  // namespace michi::uplink::pppoe

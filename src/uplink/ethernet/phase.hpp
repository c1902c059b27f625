#pragma once
// The phases of an uplink that is an Ethernet interface itself (ipoe, static), as data: what each means, what status
// calls it, which timers may run in it, and where it may go next.
//
// The conversations (DHCP, router discovery) go on by themselves in every phase with a link; a phase says
// what came of them so far.

#include <array>
#include <cstdint>

#include "uplink/phase_table.hpp"

namespace michi::uplink::ethernet {

enum class Phase : std::uint8_t {
  Down,           // nobody wants it
  WaitInterface,  // its interface is absent or has no carrier
  Asking,         // the network is asked; nothing usable yet
  Unanswered,     // nothing in time; it is asked further, more rarely
  Up,             // at least one family has an address
  LinkHold,       // was up; carrier lost a moment ago, or back and not yet proved
  Held,           // up, but another uplink has the same address
  Releasing       // leases are given back
};
inline constexpr std::size_t kPhases = 8;

enum class Timer : std::uint8_t {
  TellUp,  // up with one family: when that is told at last
  Stay     // of the phase
};

/// The kinds' table, for Machine. `linked`: the conversations have a link.
struct Phases {
  using Phase = ethernet::Phase;
  using Timer = ethernet::Timer;
  static constexpr Timer kLastTimer = Timer::Stay;

  using Row = PhaseRow<Phase>;
  using enum Phase;
  using enum Timer;
  using enum Entry;
  using State = model::UplinkState;

  // clang-format off
  static constexpr std::array<Row, kPhases> kTable = {{
      // phase        name             shown              entry    linked timers        next
      {Down,          "Down",          State::Down,       Orderly, false, bits(),       bits(WaitInterface, Asking)},
      {WaitInterface, "WaitInterface", State::Waiting,    Plain,   false, bits(),       bits(Down, Asking)},
      {Asking,        "Asking",        State::Connecting, Plain,   true,  bits(Stay),   bits(Down, WaitInterface, Unanswered, Up, Releasing)},
      {Unanswered,    "Unanswered",    State::Waiting,    Retries, true,  bits(),       bits(Down, WaitInterface, Asking, Up, Releasing)},
      {Up,            "Up",            State::Up,         Plain,   true,  bits(TellUp), bits(Down, WaitInterface, Asking, LinkHold, Held, Releasing)},
      {LinkHold,      "LinkHold",      State::Waiting,    Plain,   true,  bits(Stay),   bits(Down, WaitInterface, Asking, Up, Releasing)},
      {Held,          "Held",          State::Waiting,    Plain,   true,  bits(),       bits(Down, WaitInterface, Asking, Up, LinkHold, Releasing)},
      {Releasing,     "Releasing",     State::Stopping,   Orderly, true,  bits(Stay),   bits(Down, WaitInterface, Asking)},
  }};
  // clang-format on
};

/// A link may go at any moment.
consteval bool every_link_can_be_lost() {
  for (const Phases::Row& row : Phases::kTable)
    if (row.linked && (row.next & bit(Phase::WaitInterface)) == 0) return false;
  return true;
}
static_assert(every_link_can_be_lost());

}  // namespace michi::uplink::ethernet

#pragma once
// The phases of an uplink's life, as data: what each means, what status calls it, and where it may
// go next. Life::enter() moves along these edges and no others; tests and the fuzzer check it too.

#include <array>
#include <cstdint>
#include <string_view>

#include "model/uplink.hpp"

namespace michi::uplink {

enum class Phase : std::uint8_t {
  Down,           // nobody wants it
  WaitInterface,  // its Ethernet interface is absent or has no carrier
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

constexpr std::uint16_t bit(Phase phase) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(phase)); }
template <class... P>
constexpr std::uint16_t bits(P... phases) {
  return static_cast<std::uint16_t>((0U | ... | bit(phases)));
}

/// What bounds the stay in a phase.
enum class Bound : std::uint8_t {
  None,       // an outside event ends it
  Deadline,   // Life::due
  Establish,  // the overall deadline of the attempt
  Engine      // the session's own clocks (echo)
};

struct PhaseRow {
  Phase phase;
  std::string_view name;
  model::UplinkState shown;
  Bound bound;
  bool session;        // a PPPoE session exists
  std::uint16_t next;  // bits of Phase
};

using enum Phase;

inline constexpr std::array<PhaseRow, kPhases> kPhaseTable = {{
    // phase        name              shown                          bound            session  next
    {Down, "Down", model::UplinkState::Down, Bound::None, false, bits(WaitInterface, WaitPermit, Failed)},
    {WaitInterface, "WaitInterface", model::UplinkState::Waiting, Bound::None, false, bits(Down, WaitPermit, Failed)},
    {WaitPermit, "WaitPermit", model::UplinkState::Waiting, Bound::Deadline, false,
     bits(Down, WaitInterface, Discovering, Failed)},
    {Discovering, "Discovering", model::UplinkState::Connecting, Bound::Establish, false,
     bits(Down, WaitInterface, WaitPermit, Negotiating, BackOff, Failed)},
    {Negotiating, "Negotiating", model::UplinkState::Connecting, Bound::Establish, true,
     bits(Down, WaitInterface, Up, AwaitReason, Ending, BackOff)},
    {Up, "Up", model::UplinkState::Up, Bound::Engine, true,
     bits(Down, WaitInterface, Negotiating, Renegotiating, LinkHold, Held, Ending, BackOff)},
    {Renegotiating, "Renegotiating", model::UplinkState::Up, Bound::Deadline, true,
     bits(Down, WaitInterface, Negotiating, Up, LinkHold, Held, Ending, BackOff)},
    {LinkHold, "LinkHold", model::UplinkState::Waiting, Bound::Deadline, true,
     bits(Down, WaitInterface, WaitPermit, Failed, Negotiating, Up, Held, Ending, BackOff)},
    {Held, "Held", model::UplinkState::Waiting, Bound::Deadline, true,
     bits(Down, WaitInterface, Negotiating, Up, Ending, BackOff)},
    {AwaitReason, "AwaitReason", model::UplinkState::Connecting, Bound::Deadline, true,
     bits(Down, WaitInterface, WaitPermit, Failed, BackOff)},
    {Ending, "Ending", model::UplinkState::Stopping, Bound::Deadline, true,
     bits(Down, WaitInterface, WaitPermit, Failed, BackOff)},
    {BackOff, "BackOff", model::UplinkState::Waiting, Bound::Deadline, false,
     bits(Down, WaitInterface, WaitPermit, Failed)},
    {Failed, "Failed", model::UplinkState::Failed, Bound::None, false, bits(Down, WaitInterface, WaitPermit)},
}};

constexpr const PhaseRow& row_of(Phase phase) { return kPhaseTable[static_cast<std::size_t>(phase)]; }

consteval bool phase_table_is_sound() {
  for (std::size_t i = 0; i < kPhases; ++i) {
    const PhaseRow& row = kPhaseTable[i];
    if (static_cast<std::size_t>(row.phase) != i || row.next == 0) return false;
    if ((row.next & bit(row.phase)) != 0) return false;                  // an edge changes the phase
    if (row.phase != Down && (row.next & bit(Down)) == 0) return false;  // stop() works everywhere
    if (row.session && row.bound == Bound::None) return false;           // no zombie session
    if ((row.shown == model::UplinkState::Up) != (row.phase == Up || row.phase == Renegotiating)) return false;
  }
  return true;
}
static_assert(phase_table_is_sound());

}  // namespace michi::uplink

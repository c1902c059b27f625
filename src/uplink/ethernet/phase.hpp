#pragma once
// The phases of an uplink without a session (ipoe, static), as data: what each means, what status calls it,
// and where it may go next. EthernetLife::enter() moves along these edges and no others; tests check it too.
//
// The conversations (DHCP, router discovery) go on by themselves in every phase with a link; a phase says
// what came of them so far.

#include <array>
#include <cstdint>
#include <string_view>

#include "model/uplink.hpp"

namespace michi::uplink {

enum class EthernetPhase : std::uint8_t {
  Down,           // nobody wants it
  WaitInterface,  // its interface is absent or has no carrier
  Asking,         // the network is asked; nothing usable yet
  Unanswered,     // nothing in time; it is asked further, more rarely
  Up,             // at least one family has an address
  LinkHold,       // was up; carrier lost a moment ago, or back and not yet proved
  Held,           // up, but another uplink has the same address
  Releasing       // leases are given back
};
inline constexpr std::size_t kEthernetPhases = 8;

struct EthernetPhaseRow {
  EthernetPhase phase;
  std::string_view name;
  model::UplinkState shown;
  bool timed;          // EthernetLife::due bounds the stay
  bool link;           // the conversations have a link
  std::uint16_t next;  // bits of EthernetPhase
};

constexpr std::uint16_t bit(EthernetPhase phase) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(phase));
}
template <class... P>
constexpr std::uint16_t ethernet_bits(P... phases) {
  return static_cast<std::uint16_t>((0U | ... | bit(phases)));
}

namespace ethernet_table {
using enum EthernetPhase;
inline constexpr std::array<EthernetPhaseRow, kEthernetPhases> kRows = {{
    // phase        name              shown                          timed  link   next
    {Down, "Down", model::UplinkState::Down, false, false, ethernet_bits(WaitInterface, Asking)},
    {WaitInterface, "WaitInterface", model::UplinkState::Waiting, false, false, ethernet_bits(Down, Asking)},
    {Asking, "Asking", model::UplinkState::Connecting, true, true,
     ethernet_bits(Down, WaitInterface, Unanswered, Up, Releasing)},
    {Unanswered, "Unanswered", model::UplinkState::Waiting, false, true,
     ethernet_bits(Down, WaitInterface, Asking, Up, Releasing)},
    {Up, "Up", model::UplinkState::Up, false, true,
     ethernet_bits(Down, WaitInterface, Asking, LinkHold, Held, Releasing)},
    {LinkHold, "LinkHold", model::UplinkState::Waiting, true, true,
     ethernet_bits(Down, WaitInterface, Asking, Up, Releasing)},
    {Held, "Held", model::UplinkState::Waiting, false, true,
     ethernet_bits(Down, WaitInterface, Asking, Up, LinkHold, Releasing)},
    {Releasing, "Releasing", model::UplinkState::Stopping, true, true, ethernet_bits(Down, WaitInterface, Asking)},
}};
}  // namespace ethernet_table

constexpr const EthernetPhaseRow& row_of(EthernetPhase phase) {
  return ethernet_table::kRows[static_cast<std::size_t>(phase)];
}

consteval bool ethernet_phase_table_is_sound() {
  for (std::size_t i = 0; i < kEthernetPhases; ++i) {
    const EthernetPhaseRow& row = ethernet_table::kRows[i];
    if (static_cast<std::size_t>(row.phase) != i || row.next == 0) return false;
    if ((row.next & bit(row.phase)) != 0) return false;  // an edge changes the phase
    if (row.phase != EthernetPhase::Down && (row.next & bit(EthernetPhase::Down)) == 0)
      return false;                                                                     // stop() works everywhere
    if (row.link && (row.next & bit(EthernetPhase::WaitInterface)) == 0) return false;  // so does a link that goes
    if ((row.shown == model::UplinkState::Up) != (row.phase == EthernetPhase::Up)) return false;
    if ((row.next & bit(EthernetPhase::Up)) != 0 && !row.link) return false;  // nothing is up without a link
  }
  return true;
}
static_assert(ethernet_phase_table_is_sound());

}  // namespace michi::uplink

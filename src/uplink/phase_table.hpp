#pragma once
// The table of a kind's phases: the columns that every kind has, and the laws that every table keeps. A kind's phases
// are an enum that counts from zero and begins with the one in which nobody wants the uplink.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/uplink.hpp"

namespace michi::uplink {

/// What it means that a phase is entered, beside what status calls it.
enum class Entry : std::uint8_t {
  Plain,
  Orderly,  // an end that was asked for: whatever was up is not lost
  Retries,  // an attempt has failed, and there will be another
  GivesUp   // it needs a person
};

template <class Phase>
struct PhaseRow {
  Phase phase;
  std::string_view name;
  model::UplinkState shown;
  Entry entry;
  bool linked;           // there is somebody to talk to: a session, or a link
  std::uint16_t timers;  // bits of the timers that may run; the others end when the phase is entered
  std::uint16_t next;    // bits of the phases it may go to
};

template <class Enum>
constexpr std::uint16_t bit(Enum value) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(value));
}
template <class... Enum>
constexpr std::uint16_t bits(Enum... values) {
  return static_cast<std::uint16_t>((0U | ... | bit(values)));
}

/// A bit is set of a phase for which `is` holds.
template <class Phase, std::size_t N, class Is>
consteval std::uint16_t phases_with(const std::array<PhaseRow<Phase>, N>& table, Is is) {
  std::uint16_t found = 0;
  for (const PhaseRow<Phase>& row : table)
    if (is(row)) found = static_cast<std::uint16_t>(found | bit(row.phase));
  return found;
}

template <class Phase, std::size_t N>
consteval bool is_sound(const std::array<PhaseRow<Phase>, N>& table) {
  const std::uint16_t up =
      phases_with(table, [](const PhaseRow<Phase>& row) { return row.shown == model::UplinkState::Up; });
  std::uint16_t reached = 1;
  for (std::size_t round = 0; round < N; ++round)
    for (const PhaseRow<Phase>& row : table)
      if ((reached & bit(row.phase)) != 0) reached = static_cast<std::uint16_t>(reached | row.next);
  if (reached != (1U << N) - 1U) return false;  // every phase is reached from the first
  for (std::size_t i = 0; i < N; ++i) {
    const PhaseRow<Phase>& row = table[i];
    if (static_cast<std::size_t>(row.phase) != i || row.next == 0) return false;
    if ((row.shown == model::UplinkState::Down) != (i == 0)) return false;
    if ((row.next & bit(row.phase)) != 0) return false;     // an edge changes the phase
    if (i != 0 && (row.next & 1U) == 0) return false;       // stop() works everywhere
    if ((row.next & up) != 0 && !row.linked) return false;  // nothing is up without a link
    if ((up & bit(row.phase)) != 0 && !row.linked) return false;
  }
  return true;
}

}  // namespace michi::uplink

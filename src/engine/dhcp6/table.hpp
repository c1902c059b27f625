#pragma once
// The DHCPv6 client as data: what it is doing, what may happen, where each leads, and per state which
// message is sent with which timers. A missing or surplus cell does not compile.
//
// It decides and performs nothing. RFC 8415 §7.6 (timers), §18.2 (the conversations). There is no
// Confirm and no Decline: see docs/rfc-8415.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "engine/table_text.hpp"
#include "wire/dhcp6.hpp"

namespace michi::engine::dhcp6 {

enum class State : std::uint8_t {
  Idle,        // not wanted
  Offline,     // wanted, the link is away; leases age
  Soliciting,  // looking for a server
  Requesting,  // asking one server for leases
  Bound,       // leases are there
  Renewing,    // T1 has passed: asking the server that gave them
  Rebinding,   // T2 has passed: asking any server
  Confirming,  // leases of an earlier link: asking any server whether they still hold
  Releasing,   // giving them back
  Informing,   // asking for what needs no lease
  Informed     // it is there
};
inline constexpr std::size_t kStates = 11;

enum class Event : std::uint8_t {
  Begin,        // wanted and the link is there, no lease held
  BeginHeld,    // the same, with leases of an earlier link
  BeginInform,  // the same, no leases wanted
  LinkLost,     // the link is away
  Stop,         // not wanted any more
  StopRelease,  // the same, and leases are to be given back
  Advertised,   // a server was chosen
  Granted,      // a Reply with leases
  NoBinding,    // a Reply of a server that does not know them
  Refused,      // a Reply without a lease
  Emptied,      // a Reply that takes the last lease away
  Told,         // a Reply to an Information-request
  Freed,        // a Reply to a Release
  T1,           // the time to renew has come
  T2,           // the time to rebind has come
  Expired,      // the last lease has run out
  GivenUp,      // the last wait of an exchange is over
  Refresh       // what was told is old
};
inline constexpr std::size_t kEvents = 18;

/// What is sent in a state, and when again (RFC 8415 §15). Zero: no limit.
struct Exchange {
  wire::dhcp6::MessageType message{};
  Duration irt{};
  Duration mrt{};
  unsigned mrc = 0;
};

namespace detail {

inline constexpr std::array<std::string_view, kStates> kNames = {"idle", "off", "sol", "req", "bnd", "ren",
                                                                 "reb",  "cnf", "rel", "inf", "ifd"};

/// `leads` is false where the event cannot come, or changes nothing.
struct Cell {
  State next = State::Idle;
  bool leads = false;
};
using Row = std::array<Cell, kStates>;

consteval Cell parse_cell(std::string_view word) {
  if (word == "-") return {};
  return {static_cast<State>(table_text::index_of(kNames, word)), true};
}

consteval Row row(std::string_view text) {
  return table_text::row<Cell, kStates>(text, [](std::string_view word) consteval { return parse_cell(word); });
}

}  // namespace detail

// clang-format off
inline constexpr std::array<detail::Row, kEvents> kTable = {
  //           Idle Offline Solic. Request Bound Renew Rebind Confirm Release Informing Informed
  detail::row("sol  sol     sol    sol     sol   sol   sol    sol     sol     sol       sol "),  // Begin
  detail::row("cnf  cnf     cnf    cnf     cnf   cnf   cnf    cnf     cnf     cnf       cnf "),  // BeginHeld
  detail::row("inf  inf     inf    inf     inf   inf   inf    inf     inf     inf       inf "),  // BeginInform
  detail::row("-    -       off    off     off   off   off    off     idle    off       off "),  // LinkLost
  detail::row("-    idle    idle   idle    idle  idle  idle   idle    -       idle      idle"),  // Stop
  detail::row("-    idle    rel    rel     rel   rel   rel    rel     -       idle      idle"),  // StopRelease
  detail::row("-    -       req    -       -     -     -      -       -       -         -   "),  // Advertised
  detail::row("-    -       bnd    bnd     -     bnd   bnd    bnd     -       -         -   "),  // Granted
  detail::row("-    -       -      sol     -     req   req    req     -       -         -   "),  // NoBinding
  detail::row("-    -       -      sol     -     -     -      -       -       -         -   "),  // Refused
  detail::row("-    -       -      sol     -     sol   sol    sol     -       -         -   "),  // Emptied
  detail::row("-    -       -      -       -     -     -      -       -       ifd       -   "),  // Told
  detail::row("-    -       -      -       -     -     -      -       idle    -         -   "),  // Freed
  detail::row("-    -       -      -       ren   -     -      -       -       -         -   "),  // T1
  detail::row("-    -       -      -       reb   -     -      -       -       -         -   "),  // T2
  detail::row("-    -       -      -       sol   sol   sol    sol     -       -         -   "),  // Expired
  detail::row("-    -       -      sol     -     reb   -      sol     idle    -         -   "),  // GivenUp
  detail::row("-    -       -      -       -     -     -      -       -       -         inf "),  // Refresh
};
// clang-format on

constexpr std::optional<State> next_state(State state, Event event) {
  const detail::Cell& cell = kTable[static_cast<std::size_t>(event)][static_cast<std::size_t>(state)];
  if (!cell.leads) return std::nullopt;
  return cell.next;
}

/// Renewing ends at T2 and Rebinding with the last lease; that is no figure of a table.
/// Deviation: RFC 8415 §18.2.12 asks for CNF_MAX_RD; after two Rebinds nobody answers a third.
constexpr std::optional<Exchange> exchange_of(State state) {
  using wire::dhcp6::MessageType;
  switch (state) {
    case State::Idle:
    case State::Offline:
    case State::Bound:
    case State::Informed:
      return std::nullopt;
    case State::Soliciting:
      return Exchange{MessageType::Solicit, seconds(1), seconds(3600), 0};  // SOL_TIMEOUT, SOL_MAX_RT
    case State::Requesting:
      return Exchange{MessageType::Request, seconds(1), seconds(30), 10};  // REQ_TIMEOUT, REQ_MAX_RT, REQ_MAX_RC
    case State::Renewing:
      return Exchange{MessageType::Renew, seconds(10), seconds(600), 0};  // REN_TIMEOUT, REN_MAX_RT
    case State::Rebinding:
      return Exchange{MessageType::Rebind, seconds(10), seconds(600), 0};  // REB_TIMEOUT, REB_MAX_RT
    case State::Confirming:
      return Exchange{MessageType::Rebind, seconds(1), seconds(4), 2};  // CNF_TIMEOUT, CNF_MAX_RT
    case State::Releasing:
      return Exchange{MessageType::Release, seconds(1), {}, 4};  // REL_TIMEOUT, REL_MAX_RC
    case State::Informing:
      return Exchange{MessageType::InformationRequest, seconds(1), seconds(3600), 0};  // INF_TIMEOUT, INF_MAX_RT
  }
  return std::nullopt;
}

constexpr std::string_view to_text(State state) {
  constexpr std::array<std::string_view, kStates> kText = {"Idle",      "Offline",   "Soliciting", "Requesting",
                                                           "Bound",     "Renewing",  "Rebinding",  "Confirming",
                                                           "Releasing", "Informing", "Informed"};
  return kText[static_cast<std::size_t>(state)];
}

namespace laws {

/// Nothing is given up where nothing is sent, and an end leaves nothing open.
consteval bool every_end_is_quiet() {
  for (std::size_t i = 0; i < kStates; ++i) {
    const auto state = static_cast<State>(i);
    if (next_state(state, Event::GivenUp) && !exchange_of(state)) return false;
    const auto stopped = next_state(state, Event::Stop);
    if (stopped && *stopped != State::Idle) return false;
  }
  return true;
}
static_assert(every_end_is_quiet());

/// Leases come from a Reply to something that was sent.
consteval bool grants_are_asked_for() {
  for (std::size_t i = 0; i < kStates; ++i) {
    const auto state = static_cast<State>(i);
    if (next_state(state, Event::Granted) == State::Bound && !exchange_of(state)) return false;
  }
  return true;
}
static_assert(grants_are_asked_for());

}  // namespace laws

}  // namespace michi::engine::dhcp6

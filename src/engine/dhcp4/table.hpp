#pragma once
// The client's state diagram as data: RFC 2131 §4.4, figure 5, with the check of the address between the
// ACK and BOUND (§4.4.1) and the ends that the figure leaves out. Turned into cells by the compiler; the
// laws beneath are checked at compile time.
//
// It decides and performs nothing: a cell is a list of actions and the next state. "-" is impossible: it
// is counted and changes nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/table_text.hpp"

namespace michi::engine::dhcp4 {

enum class State : std::uint8_t {
  Stopped,     // not wanted
  Init,        // nothing held; waits out a back-off
  Selecting,   // DISCOVER is out
  Requesting,  // REQUEST for an offer is out
  InitReboot,  // an address of earlier is to be confirmed
  Rebooting,   // REQUEST for that address is out
  Checking,    // acknowledged; does somebody else use it?
  Bound,       // the lease holds
  Renewing,    // after T1: its server is asked
  Rebinding    // after T2: every server is asked
};
inline constexpr std::size_t kStates = 10;

enum class Event : std::uint8_t {
  Start,      // wanted, nothing known
  StartHeld,  // wanted, an address of earlier is known
  LinkUp,     // the carrier came (back)
  Begin,      // back-off is over
  Choose,     // an offer is taken
  Ack,        // an acceptable DHCPACK
  Nak,        // DHCPNAK
  Retry,      // an answer is overdue
  GiveUp,     // too often
  Resume,     // too often, but the lease still holds
  Clear,      // nobody uses the address
  Conflict,   // somebody does
  T1,         // renewal time
  T2,         // rebinding time
  Expire,     // the lease is over
  Stop,       // not wanted; the lease is kept
  Release     // not wanted; the lease goes back
};
inline constexpr std::size_t kEvents = 17;

enum class Action : std::uint8_t {
  Dis,  // send DISCOVER
  Req,  // send REQUEST: select an offer
  Reb,  // send REQUEST: is this address still ours?
  Ren,  // send REQUEST to the server
  Rbd,  // send REQUEST to all servers
  Prb,  // send an ARP probe
  Bnd,  // take the lease, announce it
  Dec,  // send DECLINE
  Rel,  // send RELEASE
  Exp,  // a lease in use is over: say so
  Fai   // say what failed, back off
};
inline constexpr std::size_t kActions = 11;
inline constexpr std::array<std::string_view, kActions> kActionNames = {"dis", "req", "reb", "ren", "rbd", "prb",
                                                                        "bnd", "dec", "rel", "exp", "fai"};

struct Cell {
  std::array<Action, 3> actions{};
  std::uint8_t count = 0;
  State next = State::Stopped;
  bool possible = false;

  constexpr bool has(Action wanted) const {
    for (std::size_t i = 0; i < count; ++i)
      if (actions[i] == wanted) return true;
    return false;
  }
};

using Row = std::array<Cell, kStates>;

namespace detail {

using table_text::row_is_malformed;

consteval Cell parse_cell(std::string_view text) {
  Cell cell;
  if (text == "-") return cell;
  cell.possible = true;
  while (text.size() > 1) {
    if (cell.count == cell.actions.size() || text.size() < 5) row_is_malformed();
    if (text[3] != ',' && text[3] != '/') row_is_malformed();
    cell.actions[cell.count++] = static_cast<Action>(table_text::index_of(kActionNames, text.substr(0, 3)));
    if (text[3] == '/' && text.size() != 5) row_is_malformed();
    text = text.substr(4);
  }
  if (text.empty() || text[0] < '0' || text[0] > '9') row_is_malformed();
  cell.next = static_cast<State>(text[0] - '0');
  return cell;
}

consteval Row row(std::string_view text) {
  return table_text::row<Cell, kStates>(text, [](std::string_view word) consteval { return parse_cell(word); });
}

}  // namespace detail

// clang-format off
inline constexpr std::array<Row, kEvents> kDiagram = {
  //           0        1      2         3          4          5         6        7        8         9
  //           Stopped  Init   Selecting Requesting InitReboot Rebooting Checking Bound    Renewing  Rebinding
  detail::row("1        -      -         -          -          -         -        -        -         -        "),  // Start
  detail::row("4        -      -         -          -          -         -        -        -         -        "),  // StartHeld
  detail::row("0        1      1         1          4          4         4        4        4         4        "),  // LinkUp
  detail::row("-        dis/2  -         -          reb/5      -         -        -        -         -        "),  // Begin
  detail::row("-        -      req/3     -          -          -         -        -        -         -        "),  // Choose
  detail::row("-        -      -         prb/6      -          prb/6     -        -        bnd/7     bnd/7    "),  // Ack
  detail::row("-        -      -         fai/1      -          exp,fai/1 -        -        exp,fai/1 exp,fai/1"),  // Nak
  detail::row("-        -      dis/2     req/3      -          reb/5     prb/6    -        ren/8     rbd/9    "),  // Retry
  detail::row("-        -      fai/1     fai/1      -          1         -        -        -         -        "),  // GiveUp
  detail::row("-        -      -         -          -          7         -        -        -         -        "),  // Resume
  detail::row("-        -      -         -          -          -         bnd/7    -        -         -        "),  // Clear
  detail::row("-        -      -         -          -          -         dec,exp,fai/1 dec,exp,fai/1 dec,exp,fai/1 dec,exp,fai/1"),  // Conflict
  detail::row("-        -      -         -          -          -         -        ren/8    -         -        "),  // T1
  detail::row("-        -      -         -          -          -         -        rbd/9    rbd/9     -        "),  // T2
  detail::row("-        -      -         -          exp/1      exp/1     -        exp/1    exp/1     exp/1    "),  // Expire
  detail::row("0        0      0         0          0          0         0        0        0         0        "),  // Stop
  detail::row("0        0      0         0          rel/0      rel/0     rel/0    rel/0    rel/0     rel/0    "),  // Release
};
// clang-format on

constexpr const Cell& cell(State state, Event event) {
  return kDiagram[static_cast<std::size_t>(event)][static_cast<std::size_t>(state)];
}

/// The lease of this life is in force, and its timers run.
constexpr bool is_leased(State state) { return state >= State::Bound; }

namespace detail {

consteval bool a_lease_never_ends_unheard() {
  for (std::size_t e = 0; e < kEvents; ++e)
    for (std::size_t s = 0; s < kStates; ++s) {
      const Cell& at = kDiagram[e][s];
      const bool ends = is_leased(static_cast<State>(s)) && at.possible && at.next == State::Init;
      if (ends && !at.has(Action::Exp)) return false;
    }
  return true;
}

consteval bool a_lease_begins_with_bnd_and_not_otherwise() {
  for (std::size_t e = 0; e < kEvents; ++e)
    for (std::size_t s = 0; s < kStates; ++s) {
      const Cell& at = kDiagram[e][s];
      if (!at.possible) continue;
      const bool resumed = static_cast<Event>(e) == Event::Resume;
      if ((at.next == State::Bound && !resumed) != at.has(Action::Bnd)) return false;
    }
  return true;
}

consteval bool every_state_can_be_stopped() {
  for (std::size_t s = 0; s < kStates; ++s)
    for (const Event event : {Event::Stop, Event::Release})
      if (!cell(static_cast<State>(s), event).possible || cell(static_cast<State>(s), event).next != State::Stopped)
        return false;
  return true;
}

}  // namespace detail

static_assert(detail::a_lease_never_ends_unheard());
static_assert(detail::a_lease_begins_with_bnd_and_not_otherwise());
static_assert(detail::every_state_can_be_stopped());

std::string_view to_text(State state);
std::string_view to_text(Event event);

}  // namespace michi::engine::dhcp4

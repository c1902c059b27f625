#pragma once
// The option negotiation automaton of RFC 1661 §4.1, cell for cell in the RFC's own notation, and
// turned into data by the compiler. The laws beneath are checked at compile time.
//
// It decides and performs nothing: a cell is a list of actions and the next state. A cell the RFC
// marks impossible says so; what to do about it is the reader's business.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/table_text.hpp"

namespace michi::engine::automaton {

enum class State : std::uint8_t {
  Initial,   // lower layer down, not wanted
  Starting,  // lower layer down, wanted
  Closed,    // lower layer up, not wanted
  Stopped,   // lower layer up, given up or finished by the peer
  Closing,   // Terminate-Request sent, not wanted any more
  Stopping,  // Terminate-Request sent or acknowledged, still wanted
  ReqSent,   // Configure-Request sent
  AckRcvd,   // ours is acknowledged
  AckSent,   // theirs is acknowledged
  Opened     // both are
};
inline constexpr std::size_t kStates = 10;

enum class Event : std::uint8_t {
  Up,        // lower layer is up
  Down,      // lower layer is down
  Open,      // administrative open
  Close,     // administrative close
  ToPlus,    // timeout with counter > 0
  ToMinus,   // timeout with counter expired
  RcrPlus,   // receive Configure-Request, good
  RcrMinus,  // receive Configure-Request, bad
  Rca,       // receive Configure-Ack
  Rcn,       // receive Configure-Nak or -Reject
  Rtr,       // receive Terminate-Request
  Rta,       // receive Terminate-Ack
  Ruc,       // receive an unknown code
  RxjPlus,   // receive Code- or Protocol-Reject, bearable
  RxjMinus,  // receive Code- or Protocol-Reject, fatal
  Rxr        // receive Echo-Request, Echo-Reply, Discard-Request
};
inline constexpr std::size_t kEvents = 16;

enum class Action : std::uint8_t { Tlu, Tld, Tls, Tlf, Irc, Zrc, Scr, Sca, Scn, Str, Sta, Scj, Ser };
inline constexpr std::size_t kActions = 13;
inline constexpr std::array<std::string_view, kActions> kActionNames = {"tlu", "tld", "tls", "tlf", "irc", "zrc", "scr",
                                                                        "sca", "scn", "str", "sta", "scj", "ser"};

struct Cell {
  std::array<Action, 4> actions{};
  std::uint8_t count = 0;
  State next = State::Initial;
  bool possible = false;
  char note = 0;  // r: restart option, p: passive option, x: crossed connection

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
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    std::string_view list = text.substr(0, slash);
    text = text.substr(slash + 1);
    while (true) {
      const auto comma = list.find(',');
      const std::string_view name = list.substr(0, comma);
      if (cell.count == cell.actions.size()) row_is_malformed();
      cell.actions[cell.count++] = static_cast<Action>(table_text::index_of(kActionNames, name));
      if (comma == std::string_view::npos) break;
      list = list.substr(comma + 1);
    }
  }
  if (text.empty() || text.size() > 2 || text[0] < '0' || text[0] > '9') row_is_malformed();
  cell.next = static_cast<State>(text[0] - '0');
  if (text.size() == 2) {
    if (text[1] != 'r' && text[1] != 'p' && text[1] != 'x') row_is_malformed();
    cell.note = text[1];
  }
  return cell;
}

consteval Row row(std::string_view text) {
  return table_text::row<Cell, kStates>(text, [](std::string_view word) consteval { return parse_cell(word); });
}

}  // namespace detail

// clang-format off
inline constexpr std::array<Row, kEvents> kAutomaton = {
  //           Initial Starting  Closed    Stopped       Closing Stopping ReqSent   AckRcvd   AckSent   Opened
  detail::row("2       irc,scr/6 -         -             -       -        -         -         -         -              "),  // Up
  detail::row("-       -         0         tls/1         0       1        1         1         1         tld/1          "),  // Down
  detail::row("tls/1   1         irc,scr/6 3r            5r      5r       6         7         8         9r             "),  // Open
  detail::row("0       tlf/0     2         2             4       4        irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4  "),  // Close
  detail::row("-       -         -         -             str/4   str/5    scr/6     scr/6     scr/8     -              "),  // TO+
  detail::row("-       -         -         -             tlf/2   tlf/3    tlf/3p    tlf/3p    tlf/3p    -              "),  // TO-
  detail::row("-       -         sta/2     irc,scr,sca/8 4       5        sca/8     sca,tlu/9 sca/8     tld,scr,sca/8  "),  // RCR+
  detail::row("-       -         sta/2     irc,scr,scn/6 4       5        scn/6     scn/7     scn/6     tld,scr,scn/6  "),  // RCR-
  detail::row("-       -         sta/2     sta/3         4       5        irc/7     scr/6x    irc,tlu/9 tld,scr/6x     "),  // RCA
  detail::row("-       -         sta/2     sta/3         4       5        irc,scr/6 scr/6x    irc,scr/8 tld,scr/6x     "),  // RCN
  detail::row("-       -         sta/2     sta/3         sta/4   sta/5    sta/6     sta/6     sta/6     tld,zrc,sta/5  "),  // RTR
  detail::row("-       -         2         3             tlf/2   tlf/3    6         6         8         tld,scr/6      "),  // RTA
  detail::row("-       -         scj/2     scj/3         scj/4   scj/5    scj/6     scj/7     scj/8     scj/9          "),  // RUC
  detail::row("-       -         2         3             4       5        6         6         8         9              "),  // RXJ+
  detail::row("-       -         tlf/2     tlf/3         tlf/2   tlf/3    tlf/3     tlf/3     tlf/3     tld,irc,str/5  "),  // RXJ-
  detail::row("-       -         2         3             4       5        6         7         8         ser/9          "),  // RXR
};
// clang-format on

constexpr const Cell& cell(State state, Event event) {
  return kAutomaton[static_cast<std::size_t>(event)][static_cast<std::size_t>(state)];
}

/// The restart timer runs in these and in no other (RFC 1661 §4.2).
constexpr bool is_timed(State state) { return state >= State::Closing && state <= State::AckSent; }

namespace detail {

consteval bool announces_exactly_at_the_edges_of_opened() {
  for (const Row& row : kAutomaton) {
    for (std::size_t from = 0; from < kStates; ++from) {
      if (!row[from].possible) continue;
      const bool was = static_cast<State>(from) == State::Opened;
      const bool is = row[from].next == State::Opened;
      if (row[from].has(Action::Tlu) != (is && !was)) return false;
      if (row[from].has(Action::Tld) != (was && !is)) return false;
    }
  }
  return true;
}

consteval bool every_timed_state_can_time_out() {
  for (std::size_t s = 0; s < kStates; ++s) {
    const bool timed = is_timed(static_cast<State>(s));
    if (cell(static_cast<State>(s), Event::ToPlus).possible != timed) return false;
    if (cell(static_cast<State>(s), Event::ToMinus).possible != timed) return false;
  }
  return true;
}

consteval bool only_up_leaves_the_states_without_a_lower_layer() {
  for (std::size_t e = 0; e < kEvents; ++e)
    for (std::size_t s = 0; s < 2; ++s) {
      const Cell& at = kAutomaton[e][s];
      if (at.possible && at.next > State::Starting && static_cast<Event>(e) != Event::Up) return false;
    }
  return true;
}

}  // namespace detail

static_assert(detail::announces_exactly_at_the_edges_of_opened());
static_assert(detail::every_timed_state_can_time_out());
static_assert(detail::only_up_leaves_the_states_without_a_lower_layer());

std::string_view to_text(State state);
std::string_view to_text(Event event);

}  // namespace michi::engine::automaton

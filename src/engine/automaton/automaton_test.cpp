#include "engine/automaton/automaton.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <deque>
#include <map>
#include <sstream>

namespace michi::engine::automaton {
namespace {

// RFC 1661 §4.1, as printed there in two halves.
constexpr std::string_view kPrintedLeft = R"(
    Up   |    2     irc,scr/6     -         -         -         -
    Down |    -         -         0       tls/1       0         1
    Open |  tls/1       1     irc,scr/6     3r        5r        5r
    Close|    0       tlf/0       2         2         4         4
     TO+ |    -         -         -         -       str/4     str/5
     TO- |    -         -         -         -       tlf/2     tlf/3
    RCR+ |    -         -       sta/2 irc,scr,sca/8   4         5
    RCR- |    -         -       sta/2 irc,scr,scn/6   4         5
    RCA  |    -         -       sta/2     sta/3       4         5
    RCN  |    -         -       sta/2     sta/3       4         5
    RTR  |    -         -       sta/2     sta/3     sta/4     sta/5
    RTA  |    -         -         2         3       tlf/2     tlf/3
    RUC  |    -         -       scj/2     scj/3     scj/4     scj/5
    RXJ+ |    -         -         2         3         4         5
    RXJ- |    -         -       tlf/2     tlf/3     tlf/2     tlf/3
    RXR  |    -         -         2         3         4         5
)";
constexpr std::string_view kPrintedRight = R"(
    Up   |    -         -         -           -
    Down |    1         1         1         tld/1
    Open |    6         7         8           9r
    Close|irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
     TO+ |  scr/6     scr/6     scr/8         -
     TO- | tlf/3p    tlf/3p    tlf/3p         -
    RCR+ |  sca/8   sca,tlu/9   sca/8   tld,scr,sca/8
    RCR- |  scn/6     scn/7     scn/6   tld,scr,scn/6
    RCA  |  irc/7     scr/6x  irc,tlu/9   tld,scr/6x
    RCN  |irc,scr/6   scr/6x  irc,scr/8   tld,scr/6x
    RTR  |  sta/6     sta/6     sta/6   tld,zrc,sta/5
    RTA  |    6         6         8       tld,scr/6
    RUC  |  scj/6     scj/7     scj/8       scj/9
    RXJ+ |    6         6         8           9
    RXJ- |  tlf/3     tlf/3     tlf/3   tld,irc,str/5
    RXR  |    6         7         8         ser/9
)";

using Printed = std::map<std::string, std::vector<std::string>>;

Printed read_printed_table() {
  Printed table;
  for (const std::string_view half : {kPrintedLeft, kPrintedRight}) {
    std::istringstream lines{std::string(half)};
    for (std::string line; std::getline(lines, line);) {
      const auto bar = line.find('|');
      if (bar == std::string::npos) continue;
      std::istringstream name_in(line.substr(0, bar));
      std::string name;
      name_in >> name;
      std::istringstream cells(line.substr(bar + 1));
      for (std::string text; cells >> text;) table[name].push_back(text);
    }
  }
  return table;
}

std::string written(const Step& step) {
  if (!step.possible()) return "-";
  std::string out;
  for (const Action action : step.actions()) {
    if (!out.empty()) out += ',';
    out += kActionNames[static_cast<std::size_t>(action)];
  }
  if (!out.empty()) out += '/';
  out += static_cast<char>('0' + static_cast<int>(step.to));
  if (step.cell->note != 0) out += step.cell->note;
  return out;
}

/// The shortest way from Initial to every state, in events.
std::map<State, std::vector<Event>> ways() {
  std::map<State, std::vector<Event>> found = {{State::Initial, {}}};
  std::deque<State> open = {State::Initial};
  while (!open.empty()) {
    const State at = open.front();
    open.pop_front();
    for (std::size_t e = 0; e < kEvents; ++e) {
      const Cell& next = cell(at, static_cast<Event>(e));
      if (!next.possible || found.contains(next.next)) continue;
      found[next.next] = found[at];
      found[next.next].push_back(static_cast<Event>(e));
      open.push_back(next.next);
    }
  }
  return found;
}

TEST(Automaton, EveryOneOfThe160CellsDoesWhatTheRfcPrints) {
  const Printed printed = read_printed_table();
  const auto way = ways();
  ASSERT_EQ(printed.size(), kEvents);
  ASSERT_EQ(way.size(), kStates) << "every state can be reached";
  std::bitset<kStates * kEvents> exercised;
  for (std::size_t s = 0; s < kStates; ++s) {
    for (std::size_t e = 0; e < kEvents; ++e) {
      Automaton automaton{Limits{}};
      for (const Event event : way.at(static_cast<State>(s))) automaton.on(event, Instant{});
      ASSERT_EQ(automaton.state(), static_cast<State>(s));
      const auto event = static_cast<Event>(e);
      const Step step = automaton.on(event, Instant{});
      EXPECT_EQ(written(step), printed.at(std::string(to_text(event))).at(s))
          << to_text(event) << " in " << to_text(static_cast<State>(s));
      EXPECT_EQ(automaton.state(), step.to);
      EXPECT_EQ(automaton.deadline().has_value(), is_timed(step.to)) << to_text(event) << " to " << to_text(step.to);
      exercised.set(s * kEvents + e);
    }
  }
  std::printf("[ cells    ] %zu of %zu exercised\n", exercised.count(), exercised.size());
  for (std::size_t i = 0; i < exercised.size(); ++i)
    EXPECT_TRUE(exercised.test(i)) << "never exercised: " << to_text(static_cast<Event>(i % kEvents)) << " in "
                                   << to_text(static_cast<State>(i / kEvents));
}

TEST(Automaton, AnImpossibleEventLeavesStateTimerAndCounterAlone) {
  Automaton automaton{Limits{}};
  automaton.on(Event::Open, Instant{});
  automaton.on(Event::Up, Instant{});
  const auto deadline = automaton.deadline();
  const Step step = automaton.on(Event::Up, Instant{} + seconds(1));
  EXPECT_FALSE(step.possible());
  EXPECT_EQ(automaton.state(), State::ReqSent);
  EXPECT_EQ(automaton.deadline(), deadline);
  EXPECT_EQ(automaton.restart_count(), 9u);
}

TEST(Automaton, TheRestartTimerStartsShortDoublesToItsCapAndGivesUpAfterMaxConfigure) {
  Automaton automaton{{milliseconds(300), seconds(3), 6, 2}};
  Instant now{};
  automaton.on(Event::Open, now);
  automaton.on(Event::Up, now);
  for (const int wait : {300, 600, 1200, 2400, 3000, 3000}) {
    now += milliseconds(wait - 1);
    EXPECT_FALSE(automaton.expired(now)) << wait;
    now += milliseconds(1);
    const auto event = automaton.expired(now);
    ASSERT_TRUE(event) << wait;
    automaton.on(*event, now);
  }
  EXPECT_EQ(automaton.state(), State::Stopped);
}

TEST(Automaton, AckRcvdWaitsThePeersFullPeriodAndThenAsksWithTheShortOneAgain) {
  Automaton automaton{{milliseconds(300), seconds(3), 10, 2}};
  Instant now{};
  automaton.on(Event::Open, now);
  automaton.on(Event::Up, now);
  for (int i = 0; i < 4; ++i) {
    now = *automaton.deadline();
    automaton.on(*automaton.expired(now), now);
  }
  automaton.on(Event::Rca, now);
  EXPECT_EQ(automaton.state(), State::AckRcvd);
  EXPECT_EQ(automaton.restart_count(), 10u);
  EXPECT_FALSE(automaton.expired(now + milliseconds(2'999)));
  now += seconds(3);
  ASSERT_EQ(automaton.expired(now), Event::ToPlus);
  automaton.on(Event::ToPlus, now);
  EXPECT_EQ(automaton.state(), State::ReqSent);
  EXPECT_EQ(*automaton.deadline() - now, milliseconds(300));
}

TEST(Automaton, ATerminateRequestInOpenedIsFollowedByAPauseAndTheEnd) {
  Automaton automaton{{milliseconds(300), seconds(3), 10, 2}};
  for (const Event event : {Event::Open, Event::Up, Event::Rca, Event::RcrPlus, Event::Rtr})
    automaton.on(event, Instant{});
  EXPECT_EQ(automaton.state(), State::Stopping);
  EXPECT_EQ(automaton.expired(Instant{} + milliseconds(299)), std::nullopt);
  EXPECT_EQ(automaton.expired(Instant{} + milliseconds(300)), Event::ToMinus);
  automaton.hold_until(Instant{} + seconds(1));
  EXPECT_EQ(automaton.expired(Instant{} + milliseconds(999)), std::nullopt);
  EXPECT_EQ(automaton.expired(Instant{} + milliseconds(1000)), Event::ToMinus);
}

}  // namespace
}  // namespace michi::engine::automaton

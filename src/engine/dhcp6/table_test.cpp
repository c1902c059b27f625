#include "engine/dhcp6/table.hpp"

#include <gtest/gtest.h>

namespace michi::engine::dhcp6 {
namespace {

using wire::dhcp6::MessageType;

std::vector<State> states_with(Event event) {
  std::vector<State> out;
  for (std::size_t i = 0; i < kStates; ++i)
    if (next_state(static_cast<State>(i), event)) out.push_back(static_cast<State>(i));
  return out;
}

TEST(Dhcp6Table, ALostServerLeadsFromRenewToRebindToSolicit) {
  EXPECT_EQ(next_state(State::Bound, Event::T1), State::Renewing);
  EXPECT_EQ(next_state(State::Renewing, Event::GivenUp), State::Rebinding);
  EXPECT_EQ(next_state(State::Rebinding, Event::Expired), State::Soliciting);
  EXPECT_EQ(next_state(State::Bound, Event::T2), State::Rebinding);
}

TEST(Dhcp6Table, AServerThatDoesNotKnowTheLeaseIsAskedAnew) {
  for (const State state : {State::Renewing, State::Rebinding, State::Confirming})
    EXPECT_EQ(next_state(state, Event::NoBinding), State::Requesting) << to_text(state);
}

TEST(Dhcp6Table, LeasesComeOnlyWhereTheyWereAskedFor) {
  EXPECT_EQ(states_with(Event::Granted),
            (std::vector{State::Soliciting, State::Requesting, State::Renewing, State::Rebinding, State::Confirming}));
  EXPECT_EQ(states_with(Event::Advertised), (std::vector{State::Soliciting}));
  EXPECT_EQ(states_with(Event::Told), (std::vector{State::Informing}));
}

TEST(Dhcp6Table, EveryStateCanBeLeftByStop) {
  for (std::size_t i = 0; i < kStates; ++i) {
    const auto state = static_cast<State>(i);
    if (state == State::Idle || state == State::Releasing) continue;
    EXPECT_EQ(next_state(state, Event::Stop), State::Idle) << to_text(state);
    EXPECT_TRUE(next_state(state, Event::StopRelease)) << to_text(state);
  }
}

TEST(Dhcp6Table, TheTimersAreThoseOfTheRfc) {
  struct Row {
    State state;
    MessageType message;
    Duration irt, mrt;
    unsigned mrc;
  };
  // RFC 8415 §7.6
  const Row rows[] = {{State::Soliciting, MessageType::Solicit, seconds(1), seconds(3600), 0},
                      {State::Requesting, MessageType::Request, seconds(1), seconds(30), 10},
                      {State::Renewing, MessageType::Renew, seconds(10), seconds(600), 0},
                      {State::Rebinding, MessageType::Rebind, seconds(10), seconds(600), 0},
                      {State::Informing, MessageType::InformationRequest, seconds(1), seconds(3600), 0},
                      {State::Releasing, MessageType::Release, seconds(1), {}, 4}};
  for (const Row& row : rows) {
    const auto exchange = exchange_of(row.state);
    ASSERT_TRUE(exchange) << to_text(row.state);
    EXPECT_EQ(exchange->message, row.message) << to_text(row.state);
    EXPECT_EQ(exchange->irt, row.irt) << to_text(row.state);
    EXPECT_EQ(exchange->mrt, row.mrt) << to_text(row.state);
    EXPECT_EQ(exchange->mrc, row.mrc) << to_text(row.state);
  }
  for (const State quiet : {State::Idle, State::Offline, State::Bound, State::Informed})
    EXPECT_FALSE(exchange_of(quiet)) << to_text(quiet);
}

}  // namespace
}  // namespace michi::engine::dhcp6

#include "engine/dhcp4/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <vector>

namespace michi::engine::dhcp4 {
namespace {

struct Arrow {
  State from;
  Event on;
  State to;
  std::vector<Action> actions;
};

/// RFC 2131 figure 5, arrow by arrow; an ACK leads to BOUND through the check of the address.
const std::vector<Arrow> kFigure5 = {
    {State::InitReboot, Event::Begin, State::Rebooting, {Action::Reb}},
    {State::Rebooting, Event::Nak, State::Init, {Action::Exp, Action::Fai}},
    {State::Rebooting, Event::Ack, State::Checking, {Action::Prb}},
    {State::Init, Event::Begin, State::Selecting, {Action::Dis}},
    {State::Selecting, Event::Choose, State::Requesting, {Action::Req}},
    {State::Requesting, Event::Nak, State::Init, {Action::Fai}},
    {State::Requesting, Event::Ack, State::Checking, {Action::Prb}},
    {State::Checking, Event::Conflict, State::Init, {Action::Dec, Action::Exp, Action::Fai}},
    {State::Checking, Event::Clear, State::Bound, {Action::Bnd}},
    {State::Bound, Event::T1, State::Renewing, {Action::Ren}},
    {State::Renewing, Event::Ack, State::Bound, {Action::Bnd}},
    {State::Renewing, Event::Nak, State::Init, {Action::Exp, Action::Fai}},
    {State::Renewing, Event::T2, State::Rebinding, {Action::Rbd}},
    {State::Rebinding, Event::Ack, State::Bound, {Action::Bnd}},
    {State::Rebinding, Event::Nak, State::Init, {Action::Exp, Action::Fai}},
    {State::Rebinding, Event::Expire, State::Init, {Action::Exp}},
};

TEST(Dhcp4Table, HasEveryArrowOfTheRfcsFigure) {
  for (const Arrow& arrow : kFigure5) {
    const Cell& at = cell(arrow.from, arrow.on);
    ASSERT_TRUE(at.possible) << to_text(arrow.from) << " on " << to_text(arrow.on);
    EXPECT_EQ(at.next, arrow.to) << to_text(arrow.from) << " on " << to_text(arrow.on);
    ASSERT_EQ(at.count, arrow.actions.size()) << to_text(arrow.from) << " on " << to_text(arrow.on);
    EXPECT_TRUE(std::ranges::equal(arrow.actions, std::span(at.actions).first(at.count)));
  }
}

TEST(Dhcp4Table, AnswersLeadOnlyWhereTheFigureHasThem) {
  for (std::size_t s = 0; s < kStates; ++s)
    for (const Event event : {Event::Ack, Event::Nak}) {
      const auto state = static_cast<State>(s);
      const bool drawn =
          std::ranges::any_of(kFigure5, [&](const Arrow& arrow) { return arrow.from == state && arrow.on == event; });
      EXPECT_EQ(cell(state, event).possible, drawn) << to_text(state) << " on " << to_text(event);
    }
}

}  // namespace
}  // namespace michi::engine::dhcp4

#include "engine/pppoe/pass_through.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace michi::engine::pppoe {
namespace {

using wire::pppoe::Code;

constexpr Mac kConsole{{2, 0, 0, 0, 0, 1}}, kNas{{2, 0, 0, 0, 0, 2}}, kOurs{{2, 0, 0, 0, 0, 9}};
constexpr Mac kAc{{2, 0xac, 0, 0, 0, 1}}, kOtherAc{{2, 0xac, 0, 0, 0, 2}};

ByteVec frame(const Mac& to, const Mac& from, Code code, std::uint16_t id = 0) {
  return wire::pppoe::write_frame(to, from, code, id, Bytes{});
}

class PassThroughTest : public testing::Test {
 protected:
  PassThroughTest() { places(2); }

  void places(std::optional<unsigned> n) { pass.configure({.lans = {"home", "guests"}, .places = n, .own = {kOurs}}); }
  void lan(const ByteVec& bytes, const std::string& name = "home") {
    pass.on_lan_frame(name, bytes, now);
    drain();
  }
  void line(const ByteVec& bytes) {
    pass.on_link_frame(bytes, now);
    if (carried) pass.on_carried(now);
    drain();
  }
  void drain() {
    while (auto output = pass.poll()) {
      if (auto* sent = std::get_if<PassFrame>(&*output)) (sent->lan ? to_lan : to_line).push_back(*sent);
      if (auto* opened = std::get_if<PassOpened>(&*output)) open.push_back(opened->session);
      if (auto* closed = std::get_if<PassClosed>(&*output)) ended.push_back(*closed);
      if (auto* no = std::get_if<PassRefused>(&*output)) refused.push_back(*no);
    }
  }
  void wait(Duration time) {
    const Instant end = now + time;
    for (auto next = pass.next_deadline(); next && *next <= end; next = pass.next_deadline()) {
      now = std::max(now, *next);
      pass.on_deadline(now);
      drain();
    }
    now = end;
  }
  void ask(const Mac& client, const Mac& ac = kAc) {
    lan(frame(Mac::broadcast(), client, Code::Padi));
    line(frame(client, ac, Code::Pado));
    lan(frame(ac, client, Code::Padr));
  }
  void dial(const Mac& client, std::uint16_t id, const Mac& ac = kAc) {
    ask(client, ac);
    line(frame(client, ac, Code::Pads, id));
  }
  std::size_t sent_to_line(Code code) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        to_line, [&](const auto& f) { return wire::pppoe::parse_frame(f.frame)->packet.code == code; }));
  }

  PassThrough pass;
  Instant now{seconds(1000)};
  bool carried = true;
  std::vector<PassFrame> to_line, to_lan;
  std::vector<PassedSession> open;
  std::vector<PassClosed> ended;
  std::vector<PassRefused> refused;
};

TEST_F(PassThroughTest, AClientDialsAndHangsUpWithFramesLeftAsTheyWere) {
  ByteVec padi = frame(Mac::broadcast(), kConsole, Code::Padi);
  padi.resize(60, std::byte{0});
  lan(padi);
  ASSERT_EQ(to_line.size(), 1U);
  EXPECT_EQ(to_line[0].frame, padi);
  EXPECT_EQ(pass.heard_on_line(), std::set<Mac>{kConsole});
  line(frame(kConsole, kAc, Code::Pado));
  EXPECT_EQ(pass.heard_on_lan("home"), std::set<Mac>{kAc});
  EXPECT_TRUE(pass.heard_on_lan("guests").empty());
  lan(frame(kAc, kConsole, Code::Padr));
  line(frame(kConsole, kAc, Code::Pads, 7));
  const PassedSession session{"home", kConsole, kAc, 7, now};
  EXPECT_EQ(open, std::vector{session});
  EXPECT_EQ(pass.sessions(), std::vector{session});
  ASSERT_EQ(to_lan.size(), 2U);
  EXPECT_EQ(to_lan[1].lan, "home");
  EXPECT_EQ(to_lan[1].frame, frame(kConsole, kAc, Code::Pads, 7));
  lan(frame(kAc, kConsole, Code::Padt, 7));
  EXPECT_EQ(to_line.back().frame, frame(kAc, kConsole, Code::Padt, 7));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, PassEnd::Client);
  EXPECT_TRUE(pass.sessions().empty());
}

TEST_F(PassThroughTest, TheEndFromTheOtherSideIsToldToTheClientAndFreesThePlace) {
  places(1);
  dial(kConsole, 7);
  line(frame(kConsole, kOtherAc, Code::Padt, 7));
  line(frame(kConsole, kAc, Code::Padt, 8));
  EXPECT_TRUE(ended.empty()) << "neither is this session's";
  line(frame(kConsole, kAc, Code::Padt, 7));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, PassEnd::Concentrator);
  EXPECT_EQ(to_lan.back().frame, frame(kConsole, kAc, Code::Padt, 7));
  dial(kNas, 8);
  EXPECT_EQ(open.size(), 2U);
}

TEST_F(PassThroughTest, NothingOfOursAndNothingToStrangersCrosses) {
  lan(frame(Mac::broadcast(), kOurs, Code::Padi));
  lan(frame(Mac::broadcast(), Mac{{3, 0, 0, 0, 0, 1}}, Code::Padi));
  lan(frame(Mac::broadcast(), Mac{}, Code::Padi));
  lan(frame(kAc, kConsole, Code::Padi));
  lan(frame(Mac::broadcast(), kConsole, Code::Padi), "elsewhere");
  lan(frame(Mac::broadcast(), kConsole, Code::Pado));
  lan(frame(kAc, kConsole, Code::Padr));
  lan(frame(kAc, kConsole, Code::Padt, 7));
  EXPECT_TRUE(to_line.empty());
  line(frame(kOurs, kAc, Code::Pado));
  line(frame(kNas, kAc, Code::Pado));
  line(frame(Mac::broadcast(), kAc, Code::Padi));
  EXPECT_TRUE(to_lan.empty());
  EXPECT_EQ(pass.clients(), 0U);
  dial(kConsole, 7);
  to_lan.clear();
  line(wire::pppoe::write_frame(kConsole, kAc, Code::Session, 7, Bytes{}));
  line(frame(kConsole, kOurs, Code::Pado));
  EXPECT_TRUE(to_lan.empty()) << "session frames never come here, and ours are no concentrator's";
  ByteVec arp = frame(Mac::broadcast(), kConsole, Code::Padi);
  arp[13] = std::byte{6};
  to_line.clear();
  lan(arp);
  EXPECT_TRUE(to_line.empty());
}

TEST_F(PassThroughTest, AStrangerOnTheLineEndsNoSessionAndIsNotHeard) {
  dial(kConsole, 7);
  to_lan.clear();
  line(frame(kConsole, kOtherAc, Code::Padt, 7));
  line(frame(kConsole, kAc, Code::Padt, 8));
  EXPECT_TRUE(to_lan.empty());
  EXPECT_TRUE(ended.empty());
}

TEST_F(PassThroughTest, BeyondTheContractNoRequestPassesAndItIsSaid) {
  places(1);
  dial(kConsole, 7);
  ask(kNas);
  EXPECT_EQ(sent_to_line(Code::Padi), 2U);
  EXPECT_EQ(sent_to_line(Code::Padr), 1U);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].client, kNas);
  EXPECT_EQ(refused[0].why, PassRefusal::LineFull);
}

TEST_F(PassThroughTest, ARequestUnderWayHoldsItsPlaceForThirtySeconds) {
  places(1);
  ask(kConsole);
  ask(kNas);
  EXPECT_EQ(refused.size(), 1U);
  wait(PassThrough::kDialing - milliseconds(1));
  ask(kNas);
  EXPECT_EQ(refused.size(), 2U);
  wait(milliseconds(1));
  line(frame(kConsole, kAc, Code::Pads, 7));
  EXPECT_TRUE(open.empty()) << "too late: the place may be another's";
  wait(seconds(1));
  dial(kNas, 8);
  EXPECT_EQ(open.size(), 1U);
}

TEST_F(PassThroughTest, ARefusalOfTheConcentratorReachesTheClientAndFreesThePlace) {
  places(1);
  ask(kConsole);
  line(frame(kConsole, kAc, Code::Pads, 0));
  EXPECT_EQ(to_lan.size(), 2U);
  EXPECT_TRUE(open.empty());
  ask(kNas);
  EXPECT_TRUE(refused.empty());
}

TEST_F(PassThroughTest, AClientThatDialsAgainTakesThePlaceOfItsOwnSession) {
  places(1);
  dial(kConsole, 7);
  wait(seconds(60));
  dial(kConsole, 8);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].session.id, 7);
  EXPECT_EQ(ended[0].why, PassEnd::Replaced);
  ASSERT_EQ(pass.sessions().size(), 1U);
  EXPECT_EQ(pass.sessions()[0].id, 8);
}

TEST_F(PassThroughTest, ARepeatedConfirmationIsTheSameSession) {
  dial(kConsole, 7);
  line(frame(kConsole, kAc, Code::Pads, 7));
  EXPECT_EQ(open.size(), 1U);
  EXPECT_EQ(to_lan.size(), 3U);
  line(frame(kConsole, kAc, Code::Pads, 9));
  EXPECT_EQ(open.size(), 1U) << "nobody asked";
}

TEST_F(PassThroughTest, TheConfirmationAndWhatFollowsItAtOnceWaitUntilTheSessionIsCarried) {
  carried = false;
  dial(kConsole, 7);
  const auto first = wire::pppoe::write_frame(kConsole, kAc, Code::Session, 7, bytes_of("hello"));
  line(wire::pppoe::write_frame(kConsole, kAc, Code::Session, 8, bytes_of("another's")));
  line(first);
  for (int i = 0; i < 10; ++i) line(first);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(to_lan.size(), 1U) << "the offer";
  pass.on_carried(now);
  drain();
  ASSERT_EQ(to_lan.size(), 5U);
  EXPECT_EQ(to_lan[1].frame, frame(kConsole, kAc, Code::Pads, 7));
  EXPECT_EQ(to_lan[2].frame, first);
  line(first);
  pass.on_carried(now);
  drain();
  EXPECT_EQ(to_lan.size(), 5U) << "from now on the kernel carries it";
}

TEST_F(PassThroughTest, ASilentSessionEndsAfterTenMinutesAndTrafficKeepsIt) {
  dial(kConsole, 7);
  wait(PassThrough::kSilence - milliseconds(1));
  EXPECT_TRUE(ended.empty());
  pass.on_traffic(kConsole, kAc, 7, 5, now);
  wait(PassThrough::kSilence - milliseconds(1));
  pass.on_traffic(kConsole, kAc, 7, 5, now);
  EXPECT_TRUE(ended.empty());
  wait(milliseconds(1));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, PassEnd::Silence);
}

TEST_F(PassThroughTest, AClientWithoutASessionIsForgotten) {
  lan(frame(Mac::broadcast(), kConsole, Code::Padi));
  wait(PassThrough::kForget - milliseconds(1));
  EXPECT_EQ(pass.clients(), 1U);
  wait(milliseconds(1));
  EXPECT_EQ(pass.clients(), 0U);
  EXPECT_FALSE(pass.next_deadline());
}

TEST_F(PassThroughTest, QuestionsAreLimitedForEachClientAndTogether) {
  for (int i = 0; i < 10; ++i) lan(frame(Mac::broadcast(), kConsole, Code::Padi));
  EXPECT_EQ(to_line.size(), 3U);
  wait(seconds(1));
  lan(frame(Mac::broadcast(), kConsole, Code::Padi));
  EXPECT_EQ(to_line.size(), 4U);
  to_line.clear();
  wait(seconds(10));
  for (std::uint8_t i = 0; i < 200; ++i) lan(frame(Mac::broadcast(), Mac{{2, 1, 0, 0, 0, i}}, Code::Padi));
  EXPECT_EQ(to_line.size(), 10U);
  EXPECT_EQ(pass.clients(), PassThrough::kMostClients);
  EXPECT_FALSE(refused.empty());
}

TEST_F(PassThroughTest, AFullTableGivesThePlaceOfASilentClientAndNeverOneWithASession) {
  dial(kConsole, 7);
  for (std::uint8_t i = 0; i < 63; ++i) lan(frame(Mac::broadcast(), Mac{{2, 1, 0, 0, 0, i}}, Code::Padi));
  EXPECT_EQ(pass.clients(), PassThrough::kMostClients);
  wait(seconds(11));
  dial(kNas, 8);
  EXPECT_EQ(pass.clients(), PassThrough::kMostClients);
  EXPECT_EQ(pass.sessions().size(), 2U);
}

TEST_F(PassThroughTest, AClientWhoseQuestionsAreOnTheLineAlreadyIsLeftAlone) {
  lan(frame(Mac::broadcast(), kConsole, Code::Padi));
  line(frame(Mac::broadcast(), kConsole, Code::Padi));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].why, PassRefusal::SameWire);
  wait(seconds(5));
  lan(frame(Mac::broadcast(), kConsole, Code::Padi));
  line(frame(Mac::broadcast(), kConsole, Code::Padi));
  EXPECT_EQ(to_line.size(), 1U);
  EXPECT_EQ(refused.size(), 1U);
  wait(PassThrough::kApart);
  lan(frame(Mac::broadcast(), kConsole, Code::Padi));
  EXPECT_EQ(to_line.size(), 2U);
}

TEST_F(PassThroughTest, NobodyOnALanTakesTheAddressOfAnAccessConcentrator) {
  line(frame(kOurs, kAc, Code::Pado));
  lan(frame(Mac::broadcast(), kAc, Code::Padi));
  EXPECT_TRUE(to_line.empty());
  EXPECT_EQ(pass.clients(), 0u);
  lan(frame(Mac::broadcast(), kOtherAc, Code::Padi));
  EXPECT_EQ(pass.clients(), 1u) << "nobody has heard it yet";
  line(frame(kOurs, kOtherAc, Code::Pado));
  EXPECT_EQ(pass.clients(), 0u);
  dial(kConsole, 7, kOtherAc);
  EXPECT_EQ(open.size(), 1u);
}

TEST_F(PassThroughTest, AFloodOfOffersIsHeldBackAndForgetsOnlyIdleConcentrators) {
  dial(kConsole, 7);
  to_lan.clear();
  for (std::uint8_t i = 0; i < 100; ++i) line(frame(kConsole, Mac{{2, 2, 0, 0, 0, i}}, Code::Pado));
  EXPECT_LE(to_lan.size(), 32U);
  EXPECT_EQ(pass.heard_on_lan("home").size(), PassThrough::kMostConcentrators);
  EXPECT_TRUE(pass.heard_on_lan("home").contains(kAc));
}

TEST_F(PassThroughTest, WhatAnEarlierLifeKnewGoesOn) {
  pass.recall(
      {{"home", kConsole, kAc, 7, Instant(seconds(900))}, {"gone", kNas, kAc, 8, {}}, {"home", kOurs, kAc, 9, {}}},
      now);
  ASSERT_EQ(pass.sessions().size(), 1U);
  EXPECT_EQ(pass.sessions()[0].since, Instant(seconds(900)));
  EXPECT_EQ(pass.heard_on_line(), std::set<Mac>{kConsole});
  EXPECT_EQ(pass.heard_on_lan("home"), std::set<Mac>{kAc});
  lan(frame(kAc, kConsole, Code::Padt, 7));
  EXPECT_EQ(sent_to_line(Code::Padt), 1U);
  EXPECT_TRUE(pass.sessions().empty());
}

TEST_F(PassThroughTest, ALanThatIsNoLongerPassedThroughLosesItsSessionsAndOthersKeepTheirs) {
  dial(kConsole, 7);
  lan(frame(Mac::broadcast(), kNas, Code::Padi), "guests");
  line(frame(kNas, kAc, Code::Pado));
  lan(frame(kAc, kNas, Code::Padr), "guests");
  line(frame(kNas, kAc, Code::Pads, 8));
  pass.configure({.lans = {"guests"}, .places = 1, .own = {kOurs}});
  drain();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].session.id, 7);
  EXPECT_EQ(ended[0].why, PassEnd::Unwanted);
  ASSERT_EQ(pass.sessions().size(), 1U);
  EXPECT_EQ(pass.heard_on_line(), std::set<Mac>{kNas});
}

}  // namespace
}  // namespace michi::engine::pppoe

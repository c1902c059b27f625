// RFC 1661 §4.6: the restart timer and the three counters. Numbers are those of the public list of
// RFC 1661 test cases (docs/rfc-1661.md).
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_4_6 = DaemonTest;
using Rfc1661_4_6_Settings = SessionTest;

// 1.1
TEST_F(Rfc1661_4_6, ConfigureRequestsAreRepeatedAtPeriodsThatDoubleUpToThreeSeconds) {
  dial();
  discover();
  Instant last = hear(kLcp, kConfigureRequest).at;
  Duration period = milliseconds(300);
  for (int i = 0; i < 9; ++i) {
    const Instant at = hear(kLcp, kConfigureRequest).at;
    EXPECT_EQ(at - last, period) << i;
    last = at;
    period = std::min<Duration>(period * 2, seconds(3));
  }
}

// 1.2
TEST_F(Rfc1661_4_6_Settings, TerminateRequestsAreRepeatedAtPeriodsThatDoubleUpToThreeSeconds) {
  settings.timing.max_terminate = 7;
  start();
  open_lcp();
  stop();
  Instant last = hear(kLcp, kTerminateRequest).at;
  Duration period = milliseconds(300);
  for (int i = 0; i < 6; ++i) {
    const Instant at = hear(kLcp, kTerminateRequest).at;
    EXPECT_EQ(at - last, period) << i;
    last = at;
    period = std::min<Duration>(period * 2, seconds(3));
  }
}

// 1.3
TEST_F(Rfc1661_4_6_Settings, TheRestartTimerIsASetting) {
  settings.timing.restart_first = settings.timing.restart_max = seconds(5);
  settings.timing.establish = seconds(60);
  start();
  Instant last = hear(kLcp, kConfigureRequest).at;
  for (int i = 0; i < 4; ++i) {
    const Instant at = hear(kLcp, kConfigureRequest, seconds(6)).at;
    EXPECT_EQ(at - last, seconds(5));
    last = at;
  }
}

// 1.4
TEST_F(Rfc1661_4_6, AfterTwoTerminateRequestsWithoutAnAnswerTheSessionIsDropped) {
  come_up();
  hang_up();
  hear(kLcp, kTerminateRequest);
  hear(kLcp, kTerminateRequest);
  hear_discovery(kPadt);
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  EXPECT_EQ(state(), "down");
}

// 1.5
TEST_F(Rfc1661_4_6_Settings, MaxTerminateIsASetting) {
  settings.timing.max_terminate = 4;
  start();
  open_lcp();
  stop();
  for (int i = 0; i < 4; ++i) hear(kLcp, kTerminateRequest);
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  EXPECT_TRUE(ended());
}

// 1.6
TEST_F(Rfc1661_4_6, AfterTenConfigureRequestsWithoutAnAnswerItGivesUp) {
  dial();
  discover();
  for (int i = 0; i < 10; ++i) hear(kLcp, kConfigureRequest);
  const Instant last = world.now();
  hear_discovery(kPadt);
  EXPECT_LE(world.now() - last, seconds(4));
  EXPECT_TRUE(peer.waiting(kLcp).empty());
}

// 1.7
TEST_F(Rfc1661_4_6_Settings, MaxConfigureIsASetting) {
  settings.timing.max_configure = 3;
  start();
  for (int i = 0; i < 3; ++i) hear(kLcp, kConfigureRequest);
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  ASSERT_TRUE(ended());
  EXPECT_EQ(ended()->cause, engine::ppp::EndCause::LcpTimeout);
}

// 1.8
TEST_F(Rfc1661_4_6, TheSixthTimeABadValueIsRejectedInsteadOfNaked) {
  dial();
  discover();
  for (unsigned i = 1; i <= 5; ++i) {
    request(kLcp, i, mru(64));
    EXPECT_EQ(hear(kLcp, kConfigureNak).id, i);
  }
  request(kLcp, 6, mru(64));
  const Packet reject = hear(kLcp, kConfigureReject);
  EXPECT_EQ(reject.id, 6u);
  EXPECT_EQ(reject.data, mru(64));
}

// 1.9: the list says Code-Reject and means Configure-Reject.
TEST_F(Rfc1661_4_6_Settings, MaxFailureIsASetting) {
  settings.timing.max_failure = 2;
  start();
  request(kLcp, 1, mru(64));
  EXPECT_EQ(hear(kLcp, kConfigureNak).id, 1u);
  request(kLcp, 2, mru(64));
  EXPECT_EQ(hear(kLcp, kConfigureNak).id, 2u);
  request(kLcp, 3, mru(64));
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, mru(64));
}

// 20.3
TEST(Rfc1661_5_8_Silence, ThreeEchoRequestsInARowWithoutAReplyEndTheLink) {
  for (const std::string pattern : {"11000", "101000", "1001000", "01001000", "0011000"}) {
    SCOPED_TRACE(pattern);
    Line line;
    line.come_up();
    line.peer.answers_echo = false;
    for (const char answered : pattern) {
      const Packet asked = line.hear(kLcp, kEchoRequest, seconds(11));
      if (answered == '1') line.peer.say(kLcp, kEchoReply, asked.id, u32(kPeerMagic));
    }
    line.hear_discovery(kPadt, seconds(13));
    EXPECT_EQ(line.facts().reason, model::Reason::EchoTimeout);
  }
}

// 20.4
TEST(Rfc1661_4_6_Late, AnAckToAnyOfTheTenRequestsOpensTheLink) {
  for (unsigned n = 1; n <= 9; ++n) {
    SCOPED_TRACE(n);
    Line line;
    line.dial();
    line.discover();
    for (unsigned i = 0; i < n; ++i) line.hear(kLcp, kConfigureRequest);
    line.open_lcp();
    line.open_networks();
    EXPECT_TRUE(line.waits_for([&] { return line.usable(Family::V4); }, seconds(1)));
  }
}

// 20.5: a repeated request keeps its identifier, so the late Ack to the first is one to the latest.
TEST(Rfc1661_4_6_Late, AnAckThatComesSecondsLateFindsTheRequestRepeatedAndStillCounts) {
  for (int n = 4; n <= 8; ++n) {
    SCOPED_TRACE(n);
    Line line;
    line.dial();
    line.discover();
    const Packet first = line.hear(kLcp, kConfigureRequest);
    line.world.run(seconds(n));
    const auto repeated = line.peer.waiting(kLcp);
    ASSERT_FALSE(repeated.empty());
    EXPECT_EQ(repeated.back().whole, first.whole);
    line.peer.forget();
    line.peer.say(kLcp, kConfigureAck, first.id, first.data);
    line.request(kLcp, 1, magic());
    line.hear(kLcp, kConfigureAck);
    EXPECT_TRUE(line.answers_echo());
  }
}

}  // namespace
}  // namespace michi::conformance

// RFC 1661 §5.5 and §3.7: Terminate-Request and Terminate-Ack. On PPPoE the lower layer goes down with
// a PADT; the list's "drop DTR" is that.
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_5_5 = DaemonTest;
using Rfc1661_5_5_Settings = SessionTest;
using Rfc1661_3_7 = DaemonTest;
using Rfc1661_3_7_Settings = SessionTest;

// 7.1
TEST_F(Rfc1661_5_5, AnOrderlyEndBeginsWithATerminateRequest) {
  come_up();
  hang_up();
  const Packet request = hear(kLcp, kTerminateRequest);
  EXPECT_EQ(request.length, request.whole.size());
  EXPECT_LE(request.length, 1492u);
  peer.say(kLcp, kTerminateAck, request.id);
  const Discovery padt = hear_discovery(kPadt);
  EXPECT_EQ(padt.session, 0x1234u);
  EXPECT_EQ(state(), "down");
}

// 7.2
TEST_F(Rfc1661_5_5_Settings, TerminateRequestsGoOnUntilTheirAck) {
  settings.timing.max_terminate = 5;
  start();
  open_lcp();
  stop();
  const Packet first = hear(kLcp, kTerminateRequest);
  EXPECT_EQ(hear(kLcp, kTerminateRequest).whole, first.whole);
  EXPECT_EQ(hear(kLcp, kTerminateRequest).whole, first.whole);
  peer.say(kLcp, kTerminateAck, first.id);
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  EXPECT_TRUE(ended());
}

// 7.3
TEST_F(Rfc1661_5_5, TerminateRequestsEndWithTheLowerLayer) {
  come_up();
  hang_up();
  hear(kLcp, kTerminateRequest);
  peer.padt();
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  EXPECT_EQ(state(), "down");
}

TEST_F(Rfc1661_5_5, TerminateRequestsEndWithTheCarrier) {
  come_up();
  hang_up();
  hear(kLcp, kTerminateRequest);
  carrier(false);
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  EXPECT_EQ(state(), "down");
}

// 7.4
TEST_F(Rfc1661_5_5, TerminateRequestsEndWithTheirCounterAndTheSessionWithThem) {
  come_up();
  hang_up();
  hear(kLcp, kTerminateRequest);
  hear(kLcp, kTerminateRequest);
  hear_discovery(kPadt, seconds(3));
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic));
  EXPECT_TRUE(silent(kLcp, seconds(30)));
}

// 7.5
TEST_F(Rfc1661_5_5, ATerminateRequestIsAcknowledgedUnderItsIdentifierAndTheLinkCloses) {
  come_up();
  peer.say(kLcp, kTerminateRequest, 0xab, text("maintenance"));
  const Packet ack = hear(kLcp, kTerminateAck);
  EXPECT_EQ(ack.id, 0xabu);
  EXPECT_EQ(ack.length, ack.whole.size());
  hear_discovery(kPadt);
  EXPECT_FALSE(usable(Family::V4));
  EXPECT_EQ(facts().detail, "maintenance");
}

TEST_F(Rfc1661_5_5, ATerminateRequestIsAcknowledgedBeforeTheLinkIsOpenToo) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kTerminateRequest, 3);
  EXPECT_EQ(hear(kLcp, kTerminateAck).id, 3u);
  open_lcp();
  EXPECT_TRUE(answers_echo());
}

// 7.7
TEST_F(Rfc1661_5_5, ATerminateAckThatNobodyAskedForMeansToNegotiateAnew) {
  come_up();
  peer.say(kLcp, kTerminateAck, 9);
  open_lcp();
  open_networks();
  EXPECT_TRUE(usable(Family::V4));
}

// 7.9
TEST_F(Rfc1661_5_5, ATerminateRequestWhoseLengthLiesIsDiscarded) {
  come_up();
  for (const unsigned length : {0u, 1u, 2u, 3u, 9u, 1500u})
    peer.say_with_length(kLcp, kTerminateRequest, 1, length, text("bye"));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

// 7.10
TEST_F(Rfc1661_5_5, ATerminateAckWhoseLengthLiesIsDiscarded) {
  come_up();
  hang_up();
  const Packet request = hear(kLcp, kTerminateRequest);
  for (const unsigned length : {0u, 1u, 2u, 3u, 5u, 1500u})
    peer.say_with_length(kLcp, kTerminateAck, request.id, length, {});
  EXPECT_EQ(hear(kLcp, kTerminateRequest).whole, request.whole);
}

// 7.25: the period is the restart timer's first, 300 ms.
TEST_F(Rfc1661_3_7, AfterTheTerminateAckItWaitsOnePeriodAndThenSaysNoMore) {
  come_up();
  peer.say(kLcp, kTerminateRequest, 1);
  const Instant acknowledged = hear(kLcp, kTerminateAck).at;
  const Discovery padt = hear_discovery(kPadt);
  EXPECT_EQ(padt.at - acknowledged, milliseconds(300));
  peer.say(kLcp, kTerminateRequest, 2);
  EXPECT_TRUE(silent(kLcp, milliseconds(500)));
}

// 7.26
TEST_F(Rfc1661_3_7, ATerminateRequestInStoppingIsAcknowledgedAgainButPutsTheEndOffNoFurther) {
  come_up();
  peer.say(kLcp, kTerminateRequest, 1);
  const Instant first = hear(kLcp, kTerminateAck).at;
  for (unsigned id = 2; id < 4; ++id) {
    world.run(milliseconds(100));
    peer.say(kLcp, kTerminateRequest, id);
    EXPECT_EQ(hear(kLcp, kTerminateAck).id, id);
  }
  EXPECT_EQ(hear_discovery(kPadt).at - first, milliseconds(300));
}

// 7.27
TEST_F(Rfc1661_3_7_Settings, ThePeriodAfterATerminateAckIsASetting) {
  settings.timing.restart_first = settings.timing.restart_max = seconds(9);
  start();
  open_lcp();
  peer.say(kLcp, kTerminateRequest, 1);
  const Instant first = hear(kLcp, kTerminateAck).at;
  world.run(seconds(6));
  peer.say(kLcp, kTerminateRequest, 2);
  EXPECT_EQ(hear(kLcp, kTerminateAck).id, 2u);
  EXPECT_FALSE(ended());
  EXPECT_TRUE(world.run_until([&] { return ended().has_value(); }, seconds(5)));
  EXPECT_EQ(world.now() + milliseconds(1) - first, seconds(9));
}

}  // namespace
}  // namespace michi::conformance

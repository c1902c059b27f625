// RFC 1661 §5.6 and §5.7: Code-Reject and Protocol-Reject.
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_5_6 = DaemonTest;
using Rfc1661_5_7 = DaemonTest;
using Rfc1661_2 = DaemonTest;

// 8.1
TEST_F(Rfc1661_5_6, AnUnknownCodeIsReportedWithThePacketAsItCame) {
  come_up();
  for (const unsigned code : {0u, 14u, 25u, 128u, 200u, 255u}) {
    peer.say(kLcp, code, 0x31, text("what is this"));
    const Packet reject = hear(kLcp, kCodeReject);
    EXPECT_EQ(reject.length, reject.whole.size());
    EXPECT_EQ(to_hex(reject.data), to_hex(u8(code) + u8(0x31) + u16(16) + text("what is this")));
  }
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc1661_5_6, AnUnknownCodeIsReportedBeforeTheLinkIsOpenToo) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  peer.say(kLcp, 99, 1);
  EXPECT_EQ(hear(kLcp, kCodeReject).data, hex("63 01 00 04"));
  open_lcp();
  EXPECT_TRUE(answers_echo());
}

// 8.2
TEST_F(Rfc1661_5_6, EveryCodeRejectHasAnotherIdentifier) {
  come_up();
  peer.say(kLcp, 99, 1);
  const Packet first = hear(kLcp, kCodeReject);
  peer.say(kLcp, 99, 1);
  EXPECT_NE(hear(kLcp, kCodeReject).id, first.id);
}

// 8.3
TEST_F(Rfc1661_5_6, ARejectedPacketIsCutToThePeersMru) {
  dial();
  discover();
  open_lcp(mru(200) + magic());
  peer.say(kLcp, 99, 1, fill(1400, 0x5a));
  const Packet reject = hear(kLcp, kCodeReject);
  EXPECT_EQ(reject.length, 200u);
  EXPECT_EQ(reject.data, hex("63 01 05 7c") + fill(192, 0x5a));
}

// 8.4
TEST_F(Rfc1661_5_6, ACodeRejectOfACodeNobodySentIsDiscarded) {
  come_up();
  for (const unsigned code : {0u, 14u, 25u, 200u}) peer.say(kLcp, kCodeReject, 1, u8(code) + u8(1) + u16(4));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

// 8.5
TEST_F(Rfc1661_5_6, ACodeRejectWhoseLengthLiesIsDiscarded) {
  come_up();
  const Octets fatal = hex("01 01 00 04");
  for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 9u, 1500u})
    peer.say_with_length(kLcp, kCodeReject, 1, length, fatal);
  peer.say(kLcp, kCodeReject, 1, u8(200) + fill(1480));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

// 8.6: without Configure-Request there is no LCP; without Echo-Reply there is.
TEST_F(Rfc1661_5_6, ACodeRejectOfWhatNegotiationNeedsEndsTheLink) {
  come_up();
  peer.say(kLcp, kCodeReject, 1, u8(kConfigureRequest) + u8(1) + u16(4));
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  EXPECT_FALSE(usable(Family::V4));
}

TEST_F(Rfc1661_5_6, ACodeRejectOfAnEchoLeavesTheLinkAndEndsTheAsking) {
  come_up();
  peer.say(kLcp, kCodeReject, 1, u8(kEchoReply) + u8(1) + u16(8) + u32(0));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
  peer.say(kLcp, kCodeReject, 2, u8(kEchoRequest) + u8(1) + u16(8) + u32(0));
  world.run(milliseconds(5));
  const auto before = peer.echoes();
  world.run(minutes(5));
  EXPECT_EQ(peer.echoes(), before);
  EXPECT_TRUE(usable(Family::V4));
}

// 9.1
TEST_F(Rfc1661_5_7, AnUnknownProtocolIsReportedWithWhatCameInIt) {
  come_up();
  for (const unsigned protocol : {0xc022u, 0x0000u, 0x8037u, 0xfeffu, 0x0022u, 0x80fdu, 0xc025u, 0xc227u, 0x002du}) {
    SCOPED_TRACE(protocol);
    peer.ppp(u16(protocol) + text("anything"));
    const Packet reject = hear(kLcp, kProtocolReject);
    EXPECT_EQ(reject.length, reject.whole.size());
    EXPECT_EQ(to_hex(reject.data), to_hex(u16(protocol) + text("anything")));
  }
  EXPECT_TRUE(usable(Family::V4));
}

// 17.3, and what a peer does that compresses unasked: at the rate of user data nothing is answered.
TEST_F(Rfc1661_2, AProtocolFieldOfOneOctetIsDiscarded) {
  come_up();
  peer.ppp(hex("21 45 00 00 14"));
  peer.ppp(hex("57 60 00 00 00 00 00"));
  EXPECT_TRUE(heard_before_an_echo().empty());
}

// 9.2, of a network control protocol while it negotiates
TEST_F(Rfc1661_5_7, ARejectedNetworkProtocolIsNotNegotiatedAnyFurther) {
  dial();
  discover();
  open_lcp();
  const Packet asked = hear(kIpv6cp, kConfigureRequest);
  peer.say(kLcp, kProtocolReject, 1, u16(kIpv6cp) + asked.whole);
  open_ipcp();
  peer.forget();
  EXPECT_TRUE(silent(kIpv6cp, minutes(2)));
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_FALSE(usable(Family::V6));
}

// 9.2, of one that is open: RFC 1661 §4.1 has it say its Terminate-Requests first.
TEST_F(Rfc1661_5_7, ARejectedNetworkProtocolThatWasOpenClosesAndIsThenSilent) {
  come_up();
  peer.say(kLcp, kProtocolReject, 1, u16(kIpcp) + hex("01 01 00 04"));
  hear(kIpcp, kTerminateRequest);
  world.run(seconds(2));
  EXPECT_FALSE(usable(Family::V4));
  EXPECT_TRUE(usable(Family::V6));
  peer.forget();
  EXPECT_TRUE(silent(kIpcp, minutes(2)));
}

// 9.2, of the data itself
TEST_F(Rfc1661_5_7, ARejectedDataProtocolTakesItsNetworkDown) {
  come_up();
  peer.say(kLcp, kProtocolReject, 1, u16(kIpv4) + hex("45 00 00 14"));
  world.run(seconds(2));
  EXPECT_FALSE(usable(Family::V4));
  EXPECT_TRUE(usable(Family::V6));
}

// 9.3
TEST_F(Rfc1661_5_7, EveryProtocolRejectHasAnotherIdentifier) {
  come_up();
  peer.ppp(u16(kCcp) + hex("01 01 00 04"));
  const Packet first = hear(kLcp, kProtocolReject);
  peer.ppp(u16(kCcp) + hex("01 01 00 04"));
  EXPECT_NE(hear(kLcp, kProtocolReject).id, first.id);
}

// 9.4
TEST_F(Rfc1661_5_7, RejectedInformationIsCutToThePeersMru) {
  dial();
  discover();
  open_lcp(mru(200) + magic());
  peer.ppp(u16(kCcp) + fill(1492, 0x5a));
  const Packet reject = hear(kLcp, kProtocolReject);
  EXPECT_EQ(reject.length, 200u);
  EXPECT_EQ(reject.data, u16(kCcp) + fill(194, 0x5a));
}

// 9.5
TEST_F(Rfc1661_5_7, AProtocolRejectOfLcpEndsTheLink) {
  come_up();
  peer.say(kLcp, kProtocolReject, 1, u16(kLcp) + hex("09 01 00 08 00 00 00 00"));
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  EXPECT_FALSE(usable(Family::V4));
  EXPECT_FALSE(usable(Family::V6));
}

// 9.6
TEST_F(Rfc1661_5_7, AProtocolRejectWhoseLengthLiesIsDiscarded) {
  come_up();
  for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 5u, 15u, 1500u})
    peer.say_with_length(kLcp, kProtocolReject, 1, length, u16(kLcp) + hex("01 01 00 04"));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

// 9.7
TEST_F(Rfc1661_5_7, AProtocolRejectOfAProtocolNobodySentIsDiscarded) {
  come_up();
  for (const unsigned protocol : {0x8037u, 0xfeffu, kCcp, kPap, kChap})
    peer.say(kLcp, kProtocolReject, 1, u16(protocol) + hex("01 01 00 04"));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_TRUE(usable(Family::V6));
}

// 9.8
TEST_F(Rfc1661_5_7, AnUnknownProtocolIsReportedOnlyWhileLcpIsOpen) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  peer.ppp(u16(kCcp) + hex("01 01 00 04"));
  EXPECT_TRUE(silent(kLcp, kProtocolReject, milliseconds(200)));
  open_lcp();
  hang_up();
  hear(kLcp, kTerminateRequest);
  peer.ppp(u16(kCcp) + hex("01 01 00 04"));
  EXPECT_TRUE(silent(kLcp, kProtocolReject, seconds(10)));
}

// 9.9, 9.10: the table closes on it, §5.7 says to discard it; the latter is the later word.
TEST_F(Rfc1661_5_7, AProtocolRejectThatComesBeforeLcpIsOpenIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  for (const unsigned protocol : {kLcp, kIpcp, kIpv6cp})
    peer.say(kLcp, kProtocolReject, 1, u16(protocol) + asked.whole);
  open_lcp();
  open_networks();
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_TRUE(usable(Family::V6));
}

}  // namespace
}  // namespace michi::conformance

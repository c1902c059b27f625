// RFC 1661 §5.3 and §5.4: Configure-Nak and Configure-Reject.
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_5_3 = DaemonTest;
using Rfc1661_5_4 = DaemonTest;

// 5.1
TEST_F(Rfc1661_5_3, ANakHoldsOnlyTheBadOptionsInTheirOrderWithValuesThatWouldDo) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic() + mru(64));
  Packet nak = hear(kLcp, kConfigureNak);
  EXPECT_EQ(nak.id, 1u);
  ASSERT_EQ(nak.types(), std::vector<unsigned>{kMru});
  request(kLcp, 2, nak.data + magic());
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, 2u);
  for (const bool number_first : {true, false}) {
    const unsigned id = next_id() + 2;
    request(kLcp, id, number_first ? magic(0) + mru(64) : mru(64) + magic(0));
    nak = hear(kLcp, kConfigureNak);
    EXPECT_EQ(nak.id, id);
    EXPECT_EQ(nak.types(),
              number_first ? (std::vector<unsigned>{kMagic, kMru}) : (std::vector<unsigned>{kMru, kMagic}));
  }
}

// 5.2
TEST_F(Rfc1661_5_3, AnOptionWithoutAValueIsRejectedNeverNaked) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic() + option(kPfc) + option(kAcfc));
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, option(kPfc) + option(kAcfc));
  request(kLcp, 2, mru(64) + option(kAcfc) + magic());
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, option(kAcfc));
  EXPECT_TRUE(silent(kLcp, kConfigureNak, milliseconds(20)));
}

// 5.4
TEST_F(Rfc1661_5_3, ANakWithAnotherIdentifierIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureNak, asked.id - 1, mru(1000));
  peer.say(kLcp, kConfigureNak, asked.id + 1, magic(0x55555555));
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
}

// 5.5
TEST_F(Rfc1661_5_3, AfterANakTheSuggestedValueIsAskedFor) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureNak, asked.id, mru(1400));
  const Packet next = hear(kLcp, kConfigureRequest);
  EXPECT_NE(next.id, asked.id);
  EXPECT_EQ(next.option(kMru), u16(1400));
  EXPECT_EQ(next.option(kMagic), asked.option(kMagic));
}

// 5.6: the default of 1500 is beyond what PPPoE allows, so the answer is again 1492.
TEST_F(Rfc1661_5_3, ANakWithADefaultValueIsAnsweredWithinTheLimitOfPppoe) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureNak, asked.id, mru(1500));
  const Packet next = hear(kLcp, kConfigureRequest);
  EXPECT_NE(next.id, asked.id);
  EXPECT_EQ(next.option(kMru), u16(1492));
  peer.say(kLcp, kConfigureAck, next.id, next.data);
  request(kLcp, 1, magic());
  hear(kLcp, kConfigureAck);
  EXPECT_TRUE(answers_echo());
}

TEST_F(Rfc1661_5_3, ANakThatAddsAnOptionNobodyAskedForChangesNothingElse) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureNak, asked.id, mru(1400) + option(kAuthentication, hex("c0 23")) + option(kPfc));
  EXPECT_EQ(hear(kLcp, kConfigureRequest).types(), (std::vector<unsigned>{kMru, kMagic}));
}

// 5.9
TEST_F(Rfc1661_5_3, ANakThatNobodyAskedForIsDiscarded) {
  come_up();
  for (unsigned id = 0; id < 256; ++id) peer.say(kLcp, kConfigureNak, id, mru(1000));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
  hang_up();
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  peer.say(kLcp, kConfigureNak, 1, mru(1000));
  EXPECT_TRUE(silent(kLcp, seconds(10)));
}

// 5.10
TEST_F(Rfc1661_5_3, ANakWhoseLengthLiesIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  for (const unsigned length : {0u, 1u, 2u, 3u, 9u, 1500u})
    peer.say_with_length(kLcp, kConfigureNak, asked.id, length, mru(1000));
  peer.say(kLcp, kConfigureNak, asked.id, mru(1000) + u8(kMagic) + u8(255) + fill(200));
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
}

// 5.11
TEST_F(Rfc1661_5_3, ANakWithoutOptionsIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureNak, asked.id);
  world.run(milliseconds(50));
  EXPECT_TRUE(peer.waiting(kLcp).empty());
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
}

// 6.1
TEST_F(Rfc1661_5_4, ARejectHoldsOnlyTheUnwantedOptionsUnchangedAndInTheirOrder) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  const Octets strange = option(0x42, hex("01 02 03")), multilink = option(0x11, u16(1500)),
               endpoint = option(0x13, hex("03 02 00 00 00 00 a1"));
  request(kLcp, 9, multilink + mru(1492) + strange + magic() + endpoint);
  const Packet reject = hear(kLcp, kConfigureReject);
  EXPECT_EQ(reject.id, 9u);
  EXPECT_EQ(reject.length, reject.whole.size());
  EXPECT_EQ(to_hex(reject.data), to_hex(multilink + strange + endpoint));
  request(kLcp, 10, mru(1492) + magic());
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, 10u);
}

// 6.2
TEST_F(Rfc1661_5_4, ARejectOfWhatWasNotAskedForIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  const Octets number = option(kMagic, *asked.option(kMagic));
  peer.say(kLcp, kConfigureReject, asked.id + 1, number);
  peer.say(kLcp, kConfigureReject, asked.id, number + mru(1492));                 // another order
  peer.say(kLcp, kConfigureReject, asked.id, mru(1492) + mru(1492));              // twice the same
  peer.say(kLcp, kConfigureReject, asked.id, mru(1000));                          // another value
  peer.say(kLcp, kConfigureReject, asked.id, magic(0x12345678));                  // another value
  peer.say(kLcp, kConfigureReject, asked.id, option(kPfc));                       // never asked for
  peer.say(kLcp, kConfigureReject, asked.id, mru(1492) + number + option(kPfc));  // one too many
  world.run(milliseconds(50));
  EXPECT_TRUE(peer.waiting(kLcp).empty());
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
}

// 6.3
TEST_F(Rfc1661_5_4, WhatWasRejectedIsNotAskedForAgain) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureReject, asked.id, option(kMagic, *asked.option(kMagic)));
  Packet next = hear(kLcp, kConfigureRequest);
  EXPECT_NE(next.id, asked.id);
  EXPECT_EQ(next.data, mru(1492));
  peer.say(kLcp, kConfigureReject, next.id, mru(1492));
  next = hear(kLcp, kConfigureRequest);
  EXPECT_TRUE(next.data.empty());
  peer.say(kLcp, kConfigureAck, next.id);
  request(kLcp, 1, {});
  hear(kLcp, kConfigureAck);
  // Without a magic number both sides write zero.
  peer.say(kLcp, kEchoRequest, 5, u32(0));
  EXPECT_EQ(hear(kLcp, kEchoReply).magic(), 0u);
}

// 6.4
TEST_F(Rfc1661_5_4, ARejectWhoseLengthLiesIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  for (const unsigned length : {0u, 1u, 2u, 3u, 7u, 9u, 1500u})
    peer.say_with_length(kLcp, kConfigureReject, asked.id, length, mru(1492));
  Octets large = mru(1492);
  while (large.size() < 1400) large = large + option(0x42, fill(100));
  peer.say(kLcp, kConfigureReject, asked.id, large);
  world.run(milliseconds(50));
  EXPECT_TRUE(peer.waiting(kLcp).empty());
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
}

// 6.5
TEST_F(Rfc1661_5_4, ARejectWithoutOptionsIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureReject, asked.id);
  world.run(milliseconds(50));
  EXPECT_TRUE(peer.waiting(kLcp).empty());
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
}

// 6.6
TEST_F(Rfc1661_5_4, ARejectThatNobodyAskedForIsDiscarded) {
  come_up();
  for (unsigned id = 0; id < 256; ++id) peer.say(kLcp, kConfigureReject, id, mru(1492));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
  hang_up();
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  peer.say(kLcp, kConfigureReject, 1, mru(1492));
  EXPECT_TRUE(silent(kLcp, seconds(10)));
}

}  // namespace
}  // namespace michi::conformance

// RFC 1661 §5.1 and §5.2: Configure-Request and Configure-Ack.
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_4_1 = DaemonTest;
using Rfc1661_5_1 = DaemonTest;
using Rfc1661_5_2 = DaemonTest;

TEST_F(Rfc1661_4_1, ARequestWhileTheLinkIsOpenNegotiatesEverythingAnew) {
  come_up();
  request(kLcp, 0x61, mru(1442) + magic());  // another MRU, as the second half of a hand-over has
  EXPECT_EQ(hear(kLcp, kConfigureRequest).types(), (std::vector<unsigned>{kMru, kMagic}));
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, 0x61u);
  EXPECT_FALSE(answers_echo());
  ack(kLcp);
  open_networks();
  EXPECT_TRUE(answers_echo());
  EXPECT_EQ(facts().mtu, 1442);
  EXPECT_TRUE(usable(Family::V4));
}

// 3.1
TEST_F(Rfc1661_5_1, ARequestOpensTheNegotiationAndHoldsNothingButTheMruAndAMagicNumber) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  EXPECT_EQ(asked.length, asked.whole.size());
  EXPECT_LE(asked.length, 1492u);
  EXPECT_EQ(asked.types(), (std::vector<unsigned>{kMru, kMagic}));
}

// 3.3
TEST_F(Rfc1661_5_1, AnotherContentHasAnotherIdentifierAndTheSameContentTheSame) {
  dial();
  discover();
  const Packet first = hear(kLcp, kConfigureRequest);
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, first.whole);
  peer.say(kLcp, kConfigureReject, first.id, mru(1492));
  const Packet second = hear(kLcp, kConfigureRequest);
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(second.types(), std::vector<unsigned>{kMagic});
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, second.whole);
}

// 3.4
TEST_F(Rfc1661_5_1, EveryRequestGetsTheReplyThatFitsIt) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic());
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, 1u);
  request(kLcp, 2, mru(64));
  EXPECT_EQ(hear(kLcp, kConfigureNak).id, 2u);
  request(kLcp, 3, option(kPfc));
  EXPECT_EQ(hear(kLcp, kConfigureReject).id, 3u);
}

// 3.5
TEST_F(Rfc1661_5_1, ARequestWhoseLengthLiesIsDiscarded) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  for (const unsigned length : {0u, 1u, 2u, 3u, 15u, 200u, 65535u})
    peer.say_with_length(kLcp, kConfigureRequest, 1, length, mru(1492) + magic());
  // Options that together fill the MRU, the last of which reaches beyond it.
  Octets many;
  for (int i = 0; i < 5; ++i) many = many + option(0x42, fill(250));
  peer.say(kLcp, kConfigureRequest, 1, many + u8(0x43) + u8(255) + fill(200));
  peer.say(kLcp, kConfigureRequest, 1, magic() + u8(kMru));          // an option without a length
  peer.say(kLcp, kConfigureRequest, 1, magic() + u8(kMru) + u8(0));  // and with none to advance by
  peer.say(kLcp, kConfigureRequest, 1, u8(kMru) + u8(1) + magic());
  request(kLcp, 2, magic());
  world.run(milliseconds(5));
  const auto heard = peer.waiting(kLcp);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].code, kConfigureAck);
  EXPECT_EQ(heard[0].id, 2u);
}

// 3.6: 1500 is the default; what is asked for is RFC 2516's limit, whatever the peer suggests.
TEST_F(Rfc1661_5_1, NoOptionIsAskedForWithItsDefaultValue) {
  dial();
  discover();
  Packet asked = hear(kLcp, kConfigureRequest);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(asked.option(kMru));
    EXPECT_NE(u16_at(*asked.option(kMru), 0), 1500u);
    EXPECT_NE(*asked.option(kMagic), fill(4));
    peer.say(kLcp, kConfigureNak, asked.id, mru(1500));
    asked = hear(kLcp, kConfigureRequest);
  }
  peer.say(kLcp, kConfigureReject, asked.id, mru(1492));
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kMru), std::nullopt);
}

// 4.1, 4.3
TEST_F(Rfc1661_5_2, AckCopiesTheOptionsOfTheRequestInOrder) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  const Octets challenge = option(kAuthentication, hex("c2 23 05"));
  for (const Octets& options : {mru(1492) + challenge + magic(), magic() + mru(1400) + challenge,
                                challenge + magic() + mru(9000), magic() + challenge, Octets{}}) {
    const unsigned id = next_id();
    request(kLcp, id, options);
    const Packet ack = hear(kLcp, kConfigureAck);
    EXPECT_EQ(ack.id, id);
    EXPECT_EQ(ack.length, options.size() + 4);
    EXPECT_EQ(to_hex(ack.data), to_hex(options));
  }
}

// 4.2
TEST_F(Rfc1661_5_2, AnAckWithAnotherIdentifierOrAnOptionMoreIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic());
  hear(kLcp, kConfigureAck);
  peer.say(kLcp, kConfigureAck, asked.id + 1, asked.data);
  peer.say(kLcp, kConfigureAck, asked.id, asked.data + option(kPfc));
  EXPECT_FALSE(answers_echo());
  EXPECT_EQ(hear(kLcp, kConfigureRequest).whole, asked.whole);
  peer.say(kLcp, kConfigureAck, asked.id, asked.data);
  EXPECT_TRUE(answers_echo());
}

// 4.4
TEST_F(Rfc1661_5_2, AnAckWithOtherValuesAnotherOrderOrAnOptionLessIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic());
  hear(kLcp, kConfigureAck);
  const Octets number = option(kMagic, *asked.option(kMagic));
  ASSERT_EQ(asked.data, mru(1492) + number);
  for (const Octets& other : {mru(1491) + number, mru(1492) + magic(0x99999999), number + mru(1492), mru(1492), number,
                              Octets{}, mru(1492) + mru(1492) + number})
    peer.say(kLcp, kConfigureAck, asked.id, other);
  EXPECT_FALSE(answers_echo());
  peer.say(kLcp, kConfigureAck, asked.id, asked.data);
  EXPECT_TRUE(answers_echo());
}

// 4.5
TEST_F(Rfc1661_5_2, AnAckWhoseLengthLiesIsDiscarded) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic());
  hear(kLcp, kConfigureAck);
  for (const unsigned length : {0u, 1u, 2u, 3u, asked.length - 1, asked.length + 1, 1500u})
    peer.say_with_length(kLcp, kConfigureAck, asked.id, length, asked.data);
  Octets large = asked.data;
  while (large.size() < 1400) large = large + option(0x42, fill(100));
  peer.say(kLcp, kConfigureAck, asked.id, large);
  EXPECT_FALSE(answers_echo());
  // Octets behind the stated length are padding.
  peer.say_with_length(kLcp, kConfigureAck, asked.id, asked.length, asked.data + fill(8));
  EXPECT_TRUE(answers_echo());
}

// 4.6
TEST_F(Rfc1661_5_2, AnAckThatNobodyAskedForIsDiscardedInEveryPhase) {
  dial();
  const Discovery padi = hear_discovery(kPadi);
  peer.session = 0x1234;
  peer.say(kLcp, kConfigureAck, 1, mru(1492));  // of a session that does not exist yet
  const Octets uniq = tag(kHostUniq, padi.tag(kHostUniq).value_or(Octets{}));
  peer.discovery(kPado, 0, tag(kAcName, text("bas1")) + tag(kServiceName) + uniq);
  hear_discovery(kPadr);
  peer.discovery(kPads, 0x1234, tag(kServiceName) + uniq);
  open_lcp();
  open_networks();
  ASSERT_TRUE(usable(Family::V4));
  peer.say(kLcp, kConfigureAck, 77, mru(1492));
  peer.say(kIpcp, kConfigureAck, 77, option(3, hex("c0 00 02 63")));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
  hang_up();
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  peer.say(kLcp, kConfigureAck, 77, mru(1492));
  EXPECT_TRUE(silent(kLcp, seconds(30)));
  dial_again();
  discover();
  open_lcp();
  EXPECT_TRUE(answers_echo());
}

}  // namespace
}  // namespace michi::conformance

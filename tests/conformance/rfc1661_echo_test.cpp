// RFC 1661 §5.8 and §5.9: Echo-Request, Echo-Reply, Discard-Request.
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_5_8 = DaemonTest;
using Rfc1661_5_9 = DaemonTest;

/// A line whose echoes the test answers itself.
class Rfc1661_5_8_Asked : public DaemonTest {
 protected:
  Packet asked() { return hear(kLcp, kEchoRequest, seconds(11)); }
  void come_up_asking(const Octets& options = mru(1492) + magic()) {
    peer.answers_echo = false;
    dial();
    discover();
    const Octets number = ack(kLcp).option(kMagic).value_or(Octets{});
    own_magic = u16_at(number, 0) << 16 | u16_at(number, 2);
    request(kLcp, 1, options);
    hear(kLcp, kConfigureAck);
    open_networks();
  }
  /// Whether the link outlives a minute in which every Echo-Request is answered like that.
  bool lives_on(const std::function<void(const Packet&)>& answer) {
    const auto ended = [&] { return peer.take_discovery(kPadt).has_value(); };
    for (int i = 0; i < 6; ++i) {
      std::optional<Packet> request;
      bool over = false;
      world.run_until([&] { return (over = ended()) || (request = peer.take(kLcp, kEchoRequest)); }, seconds(15));
      if (over || !request) return false;
      answer(*request);
    }
    return usable(Family::V4);
  }

  std::uint32_t own_magic = 0;
};

// 10.1
TEST_F(Rfc1661_5_8_Asked, AnEchoRequestCarriesTheNegotiatedMagicNumber) {
  come_up_asking();
  const Packet request = asked();
  EXPECT_EQ(request.length, request.whole.size());
  EXPECT_GE(request.length, 8u);
  EXPECT_EQ(request.magic(), own_magic);
  EXPECT_NE(request.magic(), 0u);
}

// 10.2
TEST_F(Rfc1661_5_8, AnEchoRequestIsAnsweredUnderItsIdentifierWithItsDataAndOurMagicNumber) {
  dial();
  discover();
  const Packet request = ack(kLcp);
  this->request(kLcp, 1, magic());
  hear(kLcp, kConfigureAck);
  peer.say(kLcp, kEchoRequest, 0x5c, u32(kPeerMagic) + text("are you there"));
  const Packet reply = hear(kLcp, kEchoReply);
  EXPECT_EQ(reply.id, 0x5cu);
  EXPECT_EQ(reply.length, reply.whole.size());
  EXPECT_EQ(to_hex(reply.data), to_hex(*request.option(kMagic) + text("are you there")));
}

// 10.3
TEST_F(Rfc1661_5_8_Asked, AfterAReplyTheNextRequestHasAnotherIdentifier) {
  come_up_asking();
  Packet last = asked();
  for (int i = 0; i < 5; ++i) {
    peer.say(kLcp, kEchoReply, last.id, u32(kPeerMagic));
    const Packet next = asked();
    EXPECT_NE(next.id, last.id);
    last = next;
  }
}

// 10.4
TEST_F(Rfc1661_5_8, NoEchoIsSentOrAnsweredUnlessLcpIsOpen) {
  peer.answers_echo = false;
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  EXPECT_FALSE(answers_echo());
  peer.say(kLcp, kEchoReply, 1, u32(kPeerMagic));
  EXPECT_TRUE(silent(kLcp, kEchoRequest, seconds(3)));
  open_lcp();
  open_networks();
  EXPECT_TRUE(answers_echo());
  hang_up();
  hear(kLcp, kTerminateRequest);
  EXPECT_FALSE(answers_echo());
  peer.say(kLcp, kEchoReply, 1, u32(kPeerMagic));
  EXPECT_TRUE(silent(kLcp, kEchoRequest, seconds(30)));
}

// 10.5
TEST_F(Rfc1661_5_8, AReplyIsCutToThePeersMru) {
  dial();
  discover();
  open_lcp(mru(200) + magic());
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic) + fill(1400, 0x77));
  const Packet reply = hear(kLcp, kEchoReply);
  EXPECT_EQ(reply.length, 200u);
  EXPECT_EQ(slice(reply.data, 4, 1500), fill(192, 0x77));
}

// 10.6
TEST_F(Rfc1661_5_8, AReplyThatNobodyAskedForIsDiscarded) {
  come_up();
  for (unsigned id = 0; id < 256; ++id) peer.say(kLcp, kEchoReply, id, u32(kPeerMagic));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

// 10.7
TEST_F(Rfc1661_5_8_Asked, AReplyWithAnotherIdentifierIsNoReply) {
  come_up_asking();
  EXPECT_FALSE(lives_on([&](const Packet& request) { peer.say(kLcp, kEchoReply, request.id + 100, u32(kPeerMagic)); }));
}

TEST_F(Rfc1661_5_8_Asked, AReplyWithTheIdentifierIsOne) {
  come_up_asking();
  EXPECT_TRUE(lives_on([&](const Packet& request) { peer.say(kLcp, kEchoReply, request.id, u32(kPeerMagic)); }));
}

// 10.8, 10.9: what to do about a wrong number is left open; the peer that asks gets its answer.
TEST_F(Rfc1661_5_8, ARequestWithAStrangeMagicNumberIsAnsweredAllTheSame) {
  dial();
  discover();
  open_lcp(mru(1492));  // the peer negotiates none
  for (const std::uint32_t number : {0x11223344u, 0u}) {
    peer.say(kLcp, kEchoRequest, 7, u32(number));
    EXPECT_EQ(hear(kLcp, kEchoReply).id, 7u);
  }
}

TEST_F(Rfc1661_5_8_Asked, ARequestWithOurOwnMagicNumberIsALoopAndNotAnswered) {
  come_up_asking();
  for (const std::uint32_t number : {0u, 0x11223344u}) {
    peer.say(kLcp, kEchoRequest, 7, u32(number));
    EXPECT_EQ(hear(kLcp, kEchoReply).id, 7u);
  }
  peer.say(kLcp, kEchoRequest, 8, u32(own_magic));
  peer.forget();
  EXPECT_TRUE(heard_before_an_echo().empty());
}

// 10.10
TEST_F(Rfc1661_5_8, ARequestWhoseLengthLiesIsDiscarded) {
  come_up();
  for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 13u, 1500u})
    peer.say_with_length(kLcp, kEchoRequest, 1, length, u32(kPeerMagic) + text("data"));
  EXPECT_TRUE(heard_before_an_echo().empty());
}

// 10.11
TEST_F(Rfc1661_5_8_Asked, ARequestWithoutAReplyIsFollowedByAnother) {
  come_up_asking();
  const Packet first = asked();
  const Packet second = asked();
  EXPECT_EQ(second.at - first.at, seconds(10));
}

// 10.12, 10.13
TEST_F(Rfc1661_5_8_Asked, AReplyIsKnownByItsIdentifierWhateverItsMagicNumber) {
  come_up_asking();
  EXPECT_TRUE(lives_on([&](const Packet& request) {
    peer.say(kLcp, kEchoReply, request.id, u32(request.id % 2 == 0 ? 0 : 0x99887766));
  }));
}

TEST_F(Rfc1661_5_8_Asked, AReplyWithOurOwnMagicNumberIsOurOwnAndCountsForNothing) {
  come_up_asking();
  EXPECT_FALSE(lives_on([&](const Packet& request) { peer.say(kLcp, kEchoReply, request.id, u32(own_magic)); }));
}

// 10.14
TEST_F(Rfc1661_5_8_Asked, AReplyWhoseLengthLiesIsDiscarded) {
  come_up_asking();
  EXPECT_FALSE(lives_on([&](const Packet& request) {
    for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 9u, 1500u})
      peer.say_with_length(kLcp, kEchoReply, request.id, length, u32(kPeerMagic));
  }));
}

TEST_F(Rfc1661_5_9, ADiscardRequestIsDiscarded) {
  come_up();
  peer.say(kLcp, kDiscardRequest, 1, u32(kPeerMagic) + text("nothing"));
  peer.say(kLcp, kDiscardRequest, 2);
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

}  // namespace
}  // namespace michi::conformance

// RFC 1994: CHAP with MD5, as the one who is asked and as the one who asks. The RFC has no vectors; the
// fixed answers below are MD5 over identifier, "secret" and challenge, computed elsewhere.
#include <set>

#include "conformance/line.hpp"
#include "conformance/mschap.hpp"
#include "kit/configs.hpp"

namespace michi::conformance {
namespace {

constexpr unsigned kChallenge = 1, kResponse = 2, kSuccess = 3, kFailure = 4;
const Octets kDemand = hex("c2 23 05");
const Octets kValue = hex("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f");
const Octets kAnswerToSeven = hex("821643665b430359e52ac524d29c8f95");

Octets valued(const Octets& value, const Octets& name) {
  return u8(static_cast<unsigned>(value.size())) + value + name;
}

struct Chap : DaemonTest {
  void open() { open_with(kDemand); }
  void challenge(unsigned id, const Octets& value = kValue, std::string_view name = "bas1") {
    peer.say(kChap, kChallenge, id, valued(value, text(name)));
  }
};
struct ChapServer : SessionTest {
  ChapServer() {
    settings.role = engine::ppp::Role::Server;
    settings.demanded = engine::ppp::AuthMethod::ChapMd5;
  }
  void open() {
    start();
    open_lcp();
  }
  Octets answer(const Packet& asked, std::string_view secret = "secret") const {
    const Octets value = slice(asked.data, 1, asked.data.at(0));
    return valued(mschap::md5(u8(asked.id) + text(secret) + value), text("user@isp"));
  }
};

using Rfc1994_4_1 = Chap;
using Rfc1994_4_2 = Chap;
using Rfc1994_2 = Chap;
using Rfc1994_4_1_Authenticator = ChapServer;
using Rfc1994_4_2_Authenticator = ChapServer;

TEST_F(Rfc1994_4_1, TheResponseIsTheHashOfIdentifierSecretAndChallenge) {
  open();
  challenge(7);
  const Packet response = hear(kChap, kResponse);
  EXPECT_EQ(response.id, 7u);
  EXPECT_EQ(response.length, response.whole.size());
  EXPECT_EQ(to_hex(response.data), to_hex(valued(kAnswerToSeven, text("user@isp"))));
}

TEST_F(Rfc1994_4_1, ChallengesOfEverySizeAndFromANamelessPeerAreAnswered) {
  open();
  unsigned id = 1;
  for (const std::size_t size : {1u, 2u, 15u, 17u, 64u, 255u}) {
    const Octets value = fill(size, 0x40 + id);
    challenge(++id, value, size == 2 ? "" : "bas1");
    const Packet response = hear(kChap, kResponse);
    EXPECT_EQ(response.id, id);
    EXPECT_EQ(slice(response.data, 1, 16), mschap::md5(u8(id) + text("secret") + value));
  }
}

TEST_F(Rfc1994_4_1, TheSameChallengeGetsTheSameResponseAndNothingIsSaidUnasked) {
  open();
  challenge(7);
  const Packet first = hear(kChap, kResponse);
  challenge(7);
  EXPECT_EQ(hear(kChap, kResponse).whole, first.whole);
  EXPECT_TRUE(silent(kChap, seconds(10)));
}

TEST_F(Rfc1994_4_1, AChallengeWhoseLengthsLieIsDiscarded) {
  open();
  for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 1500u})
    peer.say_with_length(kChap, kChallenge, 7, length, valued(kValue, text("bas1")));
  peer.say(kChap, kChallenge, 7, u8(0) + text("bas1"));     // RFC 1994 §4.1: at least one octet
  peer.say(kChap, kChallenge, 7, u8(200) + text("short"));  // beyond the packet
  EXPECT_TRUE(heard_before_an_echo().empty());
}

TEST_F(Rfc1994_4_1, AChallengeNobodyAgreedToIsNotAnswered) {
  come_up();
  challenge(7);
  EXPECT_TRUE(heard_before_an_echo().empty());
}

TEST_F(Rfc1994_4_2, SuccessOpensTheNetworks) {
  open();
  challenge(7);
  hear(kChap, kResponse);
  peer.say(kChap, kSuccess, 7, text("welcome"));
  open_networks();
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_EQ(words("uplink.authenticated"), "welcome");
}

TEST_F(Rfc1994_4_2, FailureEndsTheLinkWithItsWordsAndNothingWeakerIsTried) {
  kit::ppp(config).auth = {model::AuthKind::ChapMd5, model::AuthKind::Pap};
  open();
  challenge(7);
  hear(kChap, kResponse);
  peer.say(kChap, kFailure, 7, text("wrong password"));
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  EXPECT_EQ(facts().reason, model::Reason::AuthFailed);
  EXPECT_EQ(facts().detail, "wrong password");
  EXPECT_TRUE(peer.waiting(kPap).empty());
}

TEST_F(Rfc1994_4_2, VerdictsOfAnotherIdentifierOrBeforeAnyResponseAreDiscarded) {
  open();
  peer.say(kChap, kSuccess, 7);
  peer.say(kChap, kFailure, 7);
  challenge(7);
  hear(kChap, kResponse);
  peer.say(kChap, kSuccess, 8);
  peer.say(kChap, kFailure, 6);
  for (const unsigned length : {0u, 1u, 2u, 3u, 9u}) peer.say_with_length(kChap, kSuccess, 7, length, {});
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(silent(kIpcp, milliseconds(200)));
  EXPECT_EQ(state(), "connecting");
}

TEST_F(Rfc1994_2, AChallengeInTheNetworkPhaseIsAnsweredAndTouchesNothing) {
  open();
  challenge(7);
  hear(kChap, kResponse);
  peer.say(kChap, kSuccess, 7);
  open_networks();
  peer.forget();
  for (unsigned id = 8; id < 12; ++id) {
    challenge(id, fill(16, id));
    EXPECT_EQ(slice(hear(kChap, kResponse).data, 1, 16), mschap::md5(u8(id) + text("secret") + fill(16, id)));
    peer.say(kChap, kSuccess, id);
    EXPECT_TRUE(heard_before_an_echo().empty());
    EXPECT_TRUE(usable(Family::V4));
  }
  challenge(50);
  hear(kChap, kResponse);
  peer.say(kChap, kFailure, 50, text("revoked"));
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  EXPECT_FALSE(usable(Family::V4));
  EXPECT_EQ(facts().detail, "revoked");
}

TEST_F(Rfc1994_2, NetworkPacketsBeforeTheChallengeAreDiscarded) {
  open();
  peer.say(kIpcp, kConfigureRequest, 1, option(3, hex("c0 00 02 01")));
  peer.say(kIpv6cp, kConfigureRequest, 1, option(1, fill(8, 5)));
  EXPECT_TRUE(heard_before_an_echo().empty());
}

TEST_F(Rfc1994_4_1_Authenticator, EachChallengeHasItsOwnIdentifierAndItsOwnUnforeseeableValue) {
  open();
  std::set<unsigned> identifiers;
  std::set<Octets> values;
  for (int i = 0; i < 8; ++i) {
    const Packet asked = hear(kChap, kChallenge);
    EXPECT_EQ(asked.data.at(0), 16u);
    EXPECT_EQ(slice(asked.data, 17, 50), text("bas1"));
    identifiers.insert(asked.id);
    values.insert(slice(asked.data, 1, 16));
    peer.say(kChap, kResponse, asked.id, answer(asked));
    EXPECT_EQ(hear(kChap, kSuccess).id, asked.id);
    rechallenge();
  }
  EXPECT_EQ(identifiers.size(), 8u);
  EXPECT_EQ(values.size(), 8u);
}

TEST_F(Rfc1994_4_1_Authenticator, AChallengeIsRepeatedUntilAResponseComesAndThenNoMore) {
  open();
  const Packet first = hear(kChap, kChallenge);
  EXPECT_EQ(hear(kChap, kChallenge).whole, first.whole);
  EXPECT_EQ(hear(kChap, kChallenge).whole, first.whole);
  peer.say(kChap, kResponse, first.id, answer(first));
  hear(kChap, kSuccess);
  EXPECT_TRUE(silent(kChap, seconds(10)));
}

TEST_F(Rfc1994_4_1_Authenticator, AResponseToAnotherChallengeIsDiscarded) {
  open();
  const Packet asked = hear(kChap, kChallenge);
  Packet other = asked;
  other.id = asked.id + 1;
  peer.say(kChap, kResponse, other.id, answer(other));
  EXPECT_TRUE(silent(kChap, milliseconds(100)));
  peer.say(kChap, kResponse, asked.id, answer(asked));
  hear(kChap, kSuccess);
}

TEST_F(Rfc1994_4_2_Authenticator, AResponseThatComesAgainGetsTheSameVerdict) {
  open();
  const Packet asked = hear(kChap, kChallenge);
  peer.say(kChap, kResponse, asked.id, answer(asked));
  const Packet verdict = hear(kChap, kSuccess);
  peer.say(kChap, kResponse, asked.id, answer(asked));
  EXPECT_EQ(hear(kChap, kSuccess).whole, verdict.whole);
}

TEST_F(Rfc1994_4_2_Authenticator, AWrongResponseFailsAndTheLinkEnds) {
  open();
  const Packet asked = hear(kChap, kChallenge);
  peer.say(kChap, kResponse, asked.id, answer(asked, "guess"));
  EXPECT_EQ(hear(kChap, kFailure).id, asked.id);
  hear(kLcp, kTerminateRequest);
  EXPECT_TRUE(silent(kIpcp, seconds(10)));
}

}  // namespace
}  // namespace michi::conformance

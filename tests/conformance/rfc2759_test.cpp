// RFC 2759: MS-CHAPv2, as the one who is asked and as the one who asks.
#include "conformance/line.hpp"
#include "conformance/mschap.hpp"
#include "engine/ppp/mschapv2.hpp"
#include "kit/configs.hpp"

namespace michi::conformance {
namespace {

constexpr unsigned kChallenge = 1, kResponse = 2, kSuccess = 3, kFailure = 4;
const Octets kDemand = hex("c2 23 81");
const Octets kValue = hex("5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28");
const Octets kPeerValue = hex("21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E");
const Octets kNtResponse = hex("82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF");
constexpr std::string_view kSigned = "S=407A5589115FD0D6209F510FE9C04566932CDA56";

Octets valued(const Octets& value, const Octets& name) {
  return u8(static_cast<unsigned>(value.size())) + value + name;
}
Bytes view(const Octets& octets) { return std::as_bytes(std::span(octets)); }

struct MsChap : DaemonTest {
  struct Answer {
    Packet packet;
    Octets peer_challenge, reserved, nt_response, flags, name;
  };
  void open() { open_with(kDemand); }
  Answer challenge(unsigned id, const Octets& value = kValue) {
    peer.say(kChap, kChallenge, id, valued(value, text("bas1")));
    const Packet p = hear(kChap, kResponse);
    return {p,
            slice(p.data, 1, 16),
            slice(p.data, 17, 8),
            slice(p.data, 25, 24),
            slice(p.data, 49, 1),
            slice(p.data, 50, 99)};
  }
  static std::string right(const Answer& answer, const std::string& user = "user@isp") {
    return mschap::authenticator_response(answer.nt_response, kValue, answer.peer_challenge, user, "secret");
  }
};
struct MsChapServer : SessionTest {
  MsChapServer() {
    settings.role = engine::ppp::Role::Server;
    settings.demanded = engine::ppp::AuthMethod::MsChapV2;
  }
  Packet open() {
    start();
    open_lcp();
    return hear(kChap, kChallenge);
  }
  static Octets answer(const Packet& asked, const std::string& password) {
    return valued(
        kPeerValue + fill(8) + mschap::nt_response(slice(asked.data, 1, 16), kPeerValue, "user@isp", password) + u8(0),
        text("user@isp"));
  }
};

using Rfc2759_4 = MsChap;
using Rfc2759_5 = MsChap;
using Rfc2759_6 = MsChap;
using Rfc2759_5_Authenticator = MsChapServer;

TEST(Rfc2759_9_2, TheVectorsOfTheRfcJudgeTheEngineAndTheJudge) {
  EXPECT_EQ(mschap::nt_response(kValue, kPeerValue, "User", "clientPass"), kNtResponse);
  EXPECT_EQ(mschap::authenticator_response(kNtResponse, kValue, kPeerValue, "User", "clientPass"), kSigned);
  namespace engine = michi::engine::ppp::mschapv2;
  const auto nt = engine::nt_response(view(kValue), view(kPeerValue), bytes_of("User"), bytes_of("clientPass"));
  EXPECT_EQ(michi::to_hex(nt), to_hex(kNtResponse));
  EXPECT_EQ(engine::success_text(engine::authenticator_response(nt, view(kValue), view(kPeerValue), bytes_of("User"),
                                                                bytes_of("clientPass")),
                                 {}),
            kSigned);
}

TEST_F(Rfc2759_4, TheResponseProvesThePasswordOverBothChallenges) {
  open();
  const Answer answer = challenge(7);
  EXPECT_EQ(answer.packet.id, 7u);
  EXPECT_EQ(answer.packet.data.at(0), 49u);
  EXPECT_EQ(answer.reserved, fill(8));
  EXPECT_EQ(answer.flags, fill(1));
  EXPECT_EQ(answer.name, text("user@isp"));
  EXPECT_NE(answer.peer_challenge, fill(16));
  EXPECT_EQ(to_hex(answer.nt_response),
            to_hex(mschap::nt_response(kValue, answer.peer_challenge, "user@isp", "secret")));
}

TEST_F(Rfc2759_4, TheNameIsHashedWithoutItsDomainAndSentWithIt) {
  kit::ppp(config).user = "HOUSE\\user";
  open();
  const Answer answer = challenge(7);
  EXPECT_EQ(answer.name, text("HOUSE\\user"));
  EXPECT_EQ(to_hex(answer.nt_response), to_hex(mschap::nt_response(kValue, answer.peer_challenge, "user", "secret")));
}

TEST_F(Rfc2759_4, AChallengeOfAnotherSizeThanSixteenIsDiscarded) {
  open();
  for (const std::size_t size : {1u, 8u, 15u, 17u, 32u})
    peer.say(kChap, kChallenge, 7, valued(fill(size, 1), text("x")));
  EXPECT_TRUE(heard_before_an_echo().empty());
}

TEST_F(Rfc2759_5, ASuccessThatKnowsThePasswordOpensTheNetworks) {
  open();
  const Answer answer = challenge(7);
  peer.say(kChap, kSuccess, 7, text(right(answer) + " M=Welcome"));
  open_networks();
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_EQ(words("uplink.authenticated"), "Welcome");
}

TEST_F(Rfc2759_5, ASuccessThatDoesNotKnowThePasswordEndsTheLink) {
  for (const std::string wrong : {"S=407A5589115FD0D6209F510FE9C04566932CDA56 M=ok", "S=00", "M=ok", ""}) {
    Line line;
    line.open_with(kDemand);
    line.peer.say(kChap, kChallenge, 7, valued(kValue, text("bas1")));
    line.hear(kChap, kResponse);
    line.peer.say(kChap, kSuccess, 7, text(wrong));
    line.hear(kLcp, kTerminateRequest);
    EXPECT_TRUE(line.silent(kIpcp, seconds(2))) << wrong;
  }
}

TEST_F(Rfc2759_5, ARepeatedChallengeKeepsThePeerChallengeSoThatAnEarlierSuccessStaysRight) {
  open();
  const Answer first = challenge(7);
  const Answer second = challenge(7);
  EXPECT_EQ(second.packet.whole, first.packet.whole);
  EXPECT_EQ(challenge(8).peer_challenge, first.peer_challenge);
  peer.say(kChap, kSuccess, 8, text(right(first)));
  hear(kIpcp, kConfigureRequest);
}

TEST_F(Rfc2759_6, AFailureEndsTheLinkWithItsMessageEvenIfItOffersARetry) {
  open();
  challenge(7);
  peer.say(kChap, kFailure, 7, text("E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Bad password"));
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  EXPECT_TRUE(peer.waiting(kChap).empty());
  EXPECT_EQ(facts().reason, model::Reason::AuthFailed);
  EXPECT_EQ(facts().detail, "Bad password");
}

TEST_F(Rfc2759_5_Authenticator, TheRightPasswordIsAnsweredWithItsOwnProof) {
  const Packet asked = open();
  EXPECT_EQ(asked.data.at(0), 16u);
  peer.say(kChap, kResponse, asked.id, answer(asked, "secret"));
  const Packet success = hear(kChap, kSuccess);
  const Octets value = slice(asked.data, 1, 16);
  const std::string proof = mschap::authenticator_response(mschap::nt_response(value, kPeerValue, "user@isp", "secret"),
                                                           value, kPeerValue, "user@isp", "secret");
  EXPECT_EQ(slice(success.data, 0, 42), text(proof));
  hear(kIpcp, kConfigureRequest);
}

TEST_F(Rfc2759_5_Authenticator, AWrongPasswordFailsWithAnErrorThatOffersNoRetry) {
  const Packet asked = open();
  peer.say(kChap, kResponse, asked.id, answer(asked, "guess"));
  const Packet failure = hear(kChap, kFailure);
  const std::string words(failure.data.begin(), failure.data.end());
  EXPECT_EQ(words.find("E=691 R=0 C="), 0u) << words;
  EXPECT_NE(words.find(" V=3 M="), std::string::npos) << words;
  hear(kLcp, kTerminateRequest);
}

TEST_F(Rfc2759_5_Authenticator, AResponseOfAnotherSizeThanFortyNineFails) {
  const Packet asked = open();
  peer.say(kChap, kResponse, asked.id, valued(fill(48, 1), text("user@isp")));
  hear(kChap, kFailure);
}

}  // namespace
}  // namespace michi::conformance

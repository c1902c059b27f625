#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "engine/ppp/mschapv2.hpp"
#include "kit/ppp_pair.hpp"
#include "kit/ppp_peer.hpp"
#include "wire/pap.hpp"

namespace michi::engine::ppp {
namespace {

using kit::Code;
using kit::PppPair;
using kit::PppPeer;
using kit::Protocol;

constexpr Code kChallenge{1}, kResponse{2}, kSuccess{3}, kFailure{4};
constexpr std::string_view kValue = "0123456789abcdef";

PppPeer opened(AuthMethod method, Settings settings = kit::client_settings()) {
  PppPeer peer(std::move(settings));
  peer.start();
  peer.open_lcp(method);
  return peer;
}

TEST(MsChapV2, AnswersAsTheRfcsExampleDoes) {
  // RFC 2759 §9.2.
  const auto authenticator = *from_hex("5B5D7C7D7B3F2F3E3C2C602132262628");
  const auto peer = *from_hex("21402324255E262A28295F2B3A337C7E");
  const Bytes user = bytes_of("User"), password = bytes_of("clientPass");
  const auto response = mschapv2::nt_response(authenticator, peer, user, password);
  EXPECT_EQ(to_hex(response), "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
  EXPECT_EQ(mschapv2::success_text(mschapv2::authenticator_response(response, authenticator, peer, user, password),
                                   "Welcome"),
            "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome");
  EXPECT_EQ(mschapv2::nt_response(authenticator, peer, bytes_of("DOMAIN\\User"), password), response);
}

TEST(MsChapV2, APasswordBeyondAsciiIsHashedAsUtf16) {
  const auto c = *from_hex("5B5D7C7D7B3F2F3E3C2C602132262628");
  // Same digest input as 'é' U+00E9 and '😀' U+1F600 written by hand in UTF-16LE.
  const Md4 expected = md4({*from_hex("e900 3dd8 00de")});
  std::array<std::byte, 21> keys{};
  std::ranges::copy(expected, keys.begin());
  const Sha1 hash = sha1({c, c, bytes_of("u")});
  const DesBlock first = des_encrypt(Bytes(keys).first(7), Bytes(hash).first(8));
  const auto response = mschapv2::nt_response(c, c, bytes_of("u"), bytes_of("\xc3\xa9\xf0\x9f\x98\x80"));
  EXPECT_EQ(to_hex(Bytes(response).first(8)), to_hex(first));
  EXPECT_NO_FATAL_FAILURE(mschapv2::nt_response(c, c, bytes_of("u"), bytes_of("\xff\xf0\x9f\xc3")));
}

TEST(Chap, AnswersWithTheDigestOfIdentifierSecretAndChallenge) {
  auto peer = opened(AuthMethod::ChapMd5);
  peer.challenge(7, kValue);
  const auto response = peer.take(Protocol::Chap, kResponse);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->id, 7);
  // echo -n $'\x07secret0123456789abcdef' | md5sum
  EXPECT_EQ(to_hex(response->data),
            "10" + to_hex(md5({bytes_of("\x07secret0123456789abcdef")})) + to_hex(bytes_of("user")));
}

TEST(Chap, ChallengesOfAnySizeAndFromAPeerWithoutANameAreAnswered) {
  for (const std::size_t size : {1u, 15u, 16u, 17u, 64u, 255u}) {
    auto peer = opened(AuthMethod::ChapMd5);
    peer.challenge(1, std::string(size, 'x'), "");
    EXPECT_TRUE(peer.take(Protocol::Chap, kResponse)) << size;
  }
  auto peer = opened(AuthMethod::ChapMd5);
  peer.chap(wire::chap::Code::Challenge, 1, *from_hex("00"));
  peer.chap(wire::chap::Code::Challenge, 1, *from_hex("10 0102"));
  peer.chap(wire::chap::Code::Challenge, 1, {});
  EXPECT_FALSE(peer.take(Protocol::Chap, kResponse));
  EXPECT_EQ(peer.session.counters().malformed, 3u);
}

TEST(Chap, ARepeatedChallengeGetsTheSameBytesAndNothingIsSentUnasked) {
  for (const AuthMethod method : {AuthMethod::ChapMd5, AuthMethod::MsChapV2}) {
    auto peer = opened(method);
    peer.challenge(7, kValue);
    const auto first = peer.take(Protocol::Chap, kResponse);
    peer.challenge(7, kValue);
    const auto second = peer.take(Protocol::Chap, kResponse);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->data, second->data);
    peer.wait(seconds(19));
    EXPECT_FALSE(peer.take(Protocol::Chap, kResponse));
  }
}

TEST(Chap, AChallengeWithoutAnAgreementOrUnderAnotherMethodIsNeverAnswered) {
  auto none = opened(AuthMethod::None);
  none.challenge(1, kValue);
  EXPECT_FALSE(none.take(Protocol::Chap, kResponse));
  EXPECT_EQ(none.session.counters().unexpected, 1u);
  auto pap = opened(AuthMethod::Pap);
  pap.challenge(1, kValue);
  EXPECT_FALSE(pap.take(Protocol::Chap, kResponse));
  PppPeer early(kit::client_settings());
  early.start();
  early.challenge(1, kValue);
  EXPECT_FALSE(early.take(Protocol::Chap, kResponse));
}

TEST(Chap, ARefusalNeverFallsBackToPap) {
  auto peer = opened(AuthMethod::ChapMd5);
  peer.challenge(1, kValue);
  peer.say(Protocol::Chap, kFailure, 1, "no");
  peer.wait(seconds(5));
  for (const auto& heard : peer.heard) EXPECT_NE(heard.protocol, Protocol::Pap);
  EXPECT_EQ(peer.end()->cause, EndCause::AuthFailed);
}

TEST(Chap, AMethodThatIsNotAllowedIsNakedWithOneThatIsAndRefusedInTheEnd) {
  auto settings = kit::client_settings();
  settings.allowed = {AuthMethod::ChapMd5};
  PppPeer peer(settings);
  peer.start();
  peer.ack(Protocol::Lcp);
  for (int i = 0; i < 10 && !peer.session.ended(); ++i) {
    peer.say(Protocol::Lcp, Code::ConfigureRequest, static_cast<std::uint8_t>(i), *from_hex("0304c023"));
    const auto nak = peer.take(Protocol::Lcp, Code::ConfigureNak);
    EXPECT_TRUE(!nak || to_hex(nak->data) == "0305c22305");
  }
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::AuthRefused);
  for (const auto& heard : peer.heard) EXPECT_NE(heard.protocol, Protocol::Pap);
}

TEST(Chap, ARechallengeInTheNetworkPhaseTouchesNothingAndAFailureThenEndsTheLink) {
  auto peer = opened(AuthMethod::ChapMd5);
  peer.challenge(1, kValue);
  peer.say(Protocol::Chap, kSuccess, 1, "hi");
  peer.open_ipcp();
  const auto reports = peer.reports.size();
  peer.challenge(2, "another challenge");
  EXPECT_TRUE(peer.take(Protocol::Chap, kResponse));
  peer.say(Protocol::Chap, kSuccess, 2, "again");
  EXPECT_EQ(peer.reports.size(), reports) << "no report, no renegotiation";
  peer.challenge(3, "a third challenge");
  peer.say(Protocol::Chap, kFailure, 3, "account expired");
  EXPECT_TRUE(peer.has<Ipv4Down>());
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::AuthFailed);
  EXPECT_EQ(peer.end()->detail, "account expired");
}

TEST(Chap, AVerdictWithAnotherIdentifierIsIgnored) {
  auto peer = opened(AuthMethod::ChapMd5);
  peer.challenge(7, kValue);
  peer.say(Protocol::Chap, kSuccess, 6, "hi");
  peer.say(Protocol::Chap, kFailure, 8, "no");
  EXPECT_FALSE(peer.has<Authenticated>());
  EXPECT_FALSE(peer.session.ended());
  peer.say(Protocol::Chap, kSuccess, 7, "hi");
  EXPECT_EQ(peer.all<Authenticated>().at(0).message, "hi");
}

TEST(Chap, AMsChapV2PeerThatCannotProveItselfIsLeft) {
  auto peer = opened(AuthMethod::MsChapV2);
  peer.challenge(1, kValue);
  peer.say(Protocol::Chap, kSuccess, 1, "S=0000000000000000000000000000000000000000 M=trust me");
  EXPECT_FALSE(peer.has<Authenticated>());
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::AuthFailed);
}

TEST(Chap, TheMsChapV2FailureTextIsTheMessageNotTheCodes) {
  auto peer = opened(AuthMethod::MsChapV2);
  peer.challenge(1, kValue);
  peer.say(Protocol::Chap, kFailure, 1, "E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=Bad password");
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->detail, "Bad password");
}

TEST(Chap, AReflectedChallengeIsNotAnswered) {
  auto settings = kit::server_settings(AuthMethod::ChapMd5);
  settings.user = "user";  // it would prove itself too, with the same secret
  settings.password = Secret("secret");
  PppPeer peer(settings, kit::accounts());
  peer.start();
  peer.open_lcp(AuthMethod::ChapMd5);
  const auto challenge = peer.take(Protocol::Chap, kChallenge);
  ASSERT_TRUE(challenge);
  peer.say(Protocol::Chap, kChallenge, 1, challenge->data);
  EXPECT_FALSE(peer.take(Protocol::Chap, kResponse));
  peer.challenge(1, kValue);
  EXPECT_TRUE(peer.take(Protocol::Chap, kResponse)) << "another value is answered";
}

/// One wrong password, told in every order and with every message lost but one.
TEST(Chap, OneWrongPasswordGivesOneCauseWhateverArrivesFirst) {
  enum class Word : std::uint8_t { Failure, Terminate, Abort };
  const std::vector<std::vector<Word>> stories = {
      {Word::Failure},
      {Word::Failure, Word::Terminate},
      {Word::Failure, Word::Abort},
      {Word::Failure, Word::Terminate, Word::Abort},
      {Word::Terminate, Word::Failure},
      {Word::Terminate, Word::Failure, Word::Abort},
      {Word::Terminate, Word::Abort, Word::Failure},
      {Word::Abort, Word::Failure},
      {Word::Terminate},
      {Word::Terminate, Word::Abort},
      {Word::Abort},
  };
  for (const AuthMethod method : {AuthMethod::ChapMd5, AuthMethod::MsChapV2, AuthMethod::Pap}) {
    for (const auto& story : stories) {
      auto peer = opened(method);
      std::uint8_t id = 1;
      if (method == AuthMethod::Pap)
        id = peer.take(Protocol::Pap, Code{1})->id;
      else
        peer.challenge(1, kValue);
      bool failure = false, aborted = false;
      for (const Word word : story) {
        peer.wait(milliseconds(100));
        if (word == Word::Failure && method == AuthMethod::Pap)
          failure = true, peer.say(Protocol::Pap, Code{3}, id, wire::pap::write_message(bytes_of("denied")));
        else if (word == Word::Failure)
          failure = true, peer.say(Protocol::Chap, kFailure, id, "denied");
        else if (word == Word::Terminate)
          peer.say(Protocol::Lcp, Code::TerminateRequest, 9, "denied");
        else
          peer.session.abort(peer.now), peer.drain(), aborted = true;
      }
      peer.wait(seconds(3));
      ASSERT_TRUE(peer.session.ended());
      ASSERT_TRUE(peer.session.verdict());
      EXPECT_EQ(peer.session.verdict()->cause, EndCause::AuthFailed);
      EXPECT_TRUE(!failure || peer.session.verdict()->detail == "denied");
      EXPECT_EQ(aborted, !peer.end());
    }
  }
}

TEST(Chap, AGoodbyeAfterASuccessThatCameLateIsTheCarriersOwn) {
  auto peer = opened(AuthMethod::ChapMd5);
  peer.challenge(1, kValue);
  peer.say(Protocol::Lcp, Code::TerminateRequest, 9, "session limit");
  peer.say(Protocol::Chap, kSuccess, 1, "hi");
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::PeerTerminated);
  EXPECT_EQ(peer.end()->detail, "session limit");
}

TEST(Chap, ALostSuccessIsMadeUpForByThePeersNextWord) {
  auto md5 = opened(AuthMethod::ChapMd5);
  md5.challenge(1, kValue);
  md5.forget();
  md5.say(Protocol::Ipcp, Code::ConfigureRequest, 1, *from_hex("0306c0000201"));
  EXPECT_TRUE(md5.has<Authenticated>());
  EXPECT_TRUE(md5.take(Protocol::Ipcp, Code::ConfigureRequest));
  auto v2 = opened(AuthMethod::MsChapV2);
  v2.challenge(1, kValue);
  const auto first = v2.take(Protocol::Chap, kResponse);
  v2.say(Protocol::Ipcp, Code::ConfigureRequest, 1, *from_hex("0306c0000201"));
  EXPECT_FALSE(v2.has<Authenticated>()) << "MS-CHAPv2 wants the peer's proof";
  const auto second = v2.take(Protocol::Chap, kResponse);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->data, second->data);
}

TEST(Pap, RequestsAreRepeatedEachUnderItsOwnIdentifierUntilOneIsAnswered) {
  auto peer = opened(AuthMethod::Pap);
  const auto first = peer.take(Protocol::Pap, Code{1});
  ASSERT_TRUE(first);
  // RFC 1334 §2.2.1: length and name, length and password.
  EXPECT_EQ(to_hex(first->data),
            "0475736572"
            "06736563726574");
  peer.wait(milliseconds(299));
  EXPECT_FALSE(peer.take(Protocol::Pap, Code{1}));
  peer.wait(milliseconds(1));
  const auto second = peer.take(Protocol::Pap, Code{1});
  ASSERT_TRUE(second);
  EXPECT_NE(second->id, first->id);
  peer.say(Protocol::Pap, Code{2}, static_cast<std::uint8_t>(first->id - 1), Bytes{});
  peer.say(Protocol::Pap, Code{2}, static_cast<std::uint8_t>(second->id + 1), Bytes{});
  EXPECT_FALSE(peer.has<Authenticated>());
  peer.say(Protocol::Pap, Code{2}, first->id, Bytes{});
  EXPECT_TRUE(peer.has<Authenticated>()) << "an Ack without its length octet is an Ack";
  peer.forget();
  peer.wait(seconds(2));
  EXPECT_FALSE(peer.take(Protocol::Pap, Code{1}));
}

TEST(AuthServer, AWrongPasswordOrNameIsToldSoThenTheLinkIsTerminated) {
  for (const AuthMethod method : {AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV2}) {
    for (const bool wrong_name : {false, true}) {
      auto settings = kit::client_settings();
      if (wrong_name)
        settings.user = "nobody";
      else
        settings.password = Secret("guess");
      PppPair pair(settings, kit::server_settings(method), kit::accounts(), kit::perfect(milliseconds(5)));
      pair.start();
      pair.run_for(seconds(10));
      EXPECT_FALSE(pair.client.has<Ipv4Up>() || pair.client.has<Authenticated>() || pair.server.has<Authenticated>());
      ASSERT_TRUE(pair.client.has<Ended>() && pair.server.has<Ended>()) << pair.transcript;
      EXPECT_EQ(pair.client.last<Ended>().cause, EndCause::AuthFailed);
      EXPECT_EQ(pair.client.last<Ended>().detail, "Authentication failed");
      EXPECT_EQ(pair.server.last<Ended>().cause, EndCause::AuthFailed);
    }
  }
}

TEST(AuthServer, RechallengesOnDemandWithoutTouchingTheAddresses) {
  for (const AuthMethod method : {AuthMethod::ChapMd5, AuthMethod::MsChapV2}) {
    PppPair pair(kit::client_settings(), kit::server_settings(method), kit::accounts(), kit::perfect(milliseconds(5)));
    pair.start();
    pair.run_for(seconds(1));
    const auto reports = pair.client.reports.size();
    for (int i = 0; i < 5; ++i) {
      pair.server.session.rechallenge(pair.now);
      pair.drain();
      pair.run_for(seconds(1));
    }
    EXPECT_EQ(pair.client.reports.size(), reports);
    EXPECT_TRUE(pair.client.up4() && !pair.client.session.ended() && !pair.server.session.ended());
    EXPECT_NE(pair.client.session.state_text().find("auth done"), std::string::npos);
  }
}

TEST(AuthServer, APeerThatRejectsTheDemandIsRefused) {
  auto settings = kit::client_settings();
  settings.allowed = {};
  PppPair pair(settings, kit::server_settings(AuthMethod::ChapMd5), kit::accounts(), kit::perfect(milliseconds(5)));
  pair.start();
  pair.run_for(seconds(60));
  EXPECT_EQ(pair.server.last<Ended>().cause, EndCause::AuthRefused);
  EXPECT_EQ(pair.client.last<Ended>().cause, EndCause::AuthRefused) << pair.transcript;
}

}  // namespace
}  // namespace michi::engine::ppp

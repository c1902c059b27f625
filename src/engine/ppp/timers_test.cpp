// Silence, then speech: what a session does one millisecond before each of its timers, and at it.

#include <gtest/gtest.h>

#include "kit/ppp_pair.hpp"
#include "kit/ppp_peer.hpp"

namespace michi::engine::ppp {
namespace {

using kit::Code;
using kit::PppPeer;
using kit::Protocol;

constexpr Duration kMs = milliseconds(1);

/// Nothing is heard until just before `wait`, and that packet at it.
void expect_speech(PppPeer& peer, Duration wait, Protocol protocol, Code code) {
  peer.forget();
  peer.wait(wait - kMs);
  EXPECT_TRUE(peer.silent()) << "too early: " << wait.count();
  peer.wait(kMs);
  EXPECT_TRUE(peer.take(protocol, code)) << "too late: " << wait.count();
}

TEST(Timers, ASilentPeerHearsTenRequestsThenNoMoreAndTheSessionEnds) {
  PppPeer peer(kit::client_settings());
  peer.start();
  for (const int wait : {300, 600, 1200, 2400, 3000, 3000, 3000, 3000, 3000})
    expect_speech(peer, milliseconds(wait), Protocol::Lcp, Code::ConfigureRequest);
  peer.wait(milliseconds(2'999));
  EXPECT_FALSE(peer.session.ended());
  peer.wait(kMs);
  ASSERT_TRUE(peer.session.ended());
  EXPECT_EQ(peer.end()->cause, EndCause::LcpTimeout);
  EXPECT_FALSE(peer.session.next_deadline());
  EXPECT_EQ(peer.session.counters().frames_out, 10u);
}

TEST(Timers, ARequestThatCameBeforeThePeerListenedIsRepeatedAsSoonAsThePeerSpeaksAndOnlyOnce) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto first = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  peer.wait(milliseconds(120));
  ASSERT_TRUE(peer.silent());
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 1, wire::control::Options{wire::lcp::magic_option(7)});
  ASSERT_EQ(peer.heard.size(), 2u);
  EXPECT_EQ(peer.heard[0].code, Code::ConfigureRequest) << "an open peer would begin anew";
  EXPECT_EQ(peer.heard[0].id, first->id);
  EXPECT_EQ(peer.heard[1].code, Code::ConfigureAck);
  peer.forget();
  peer.wait(milliseconds(50));
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 2, wire::control::Options{wire::lcp::magic_option(7)});
  EXPECT_FALSE(peer.take(Protocol::Lcp, Code::ConfigureRequest));
}

TEST(Timers, RequestsThatCrossAreNotRepeated) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  peer.wait(milliseconds(9));
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 1, wire::control::Options{wire::lcp::magic_option(7)});
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::ConfigureAck));
  EXPECT_TRUE(peer.silent());
}

TEST(Timers, TheRfcsOwnTimersAreThreeSecondsEach) {
  auto settings = kit::server_settings(AuthMethod::None);
  PppPeer peer(settings);
  peer.start();
  for (int i = 0; i < 9; ++i) expect_speech(peer, seconds(3), Protocol::Lcp, Code::ConfigureRequest);
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::LcpTimeout);
}

TEST(Timers, StopSendsTwoTerminateRequestsAndIsBounded) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp();
  peer.forget();
  peer.session.stop(peer.now);
  peer.drain();
  const auto first = peer.take(Protocol::Lcp, Code::TerminateRequest);
  ASSERT_TRUE(first && first->urgent);
  expect_speech(peer, milliseconds(300), Protocol::Lcp, Code::TerminateRequest);
  peer.wait(milliseconds(599));
  EXPECT_FALSE(peer.session.ended());
  peer.wait(kMs);
  EXPECT_EQ(peer.end()->cause, EndCause::LocalStop);
  PppPeer polite(kit::client_settings());
  polite.start();
  polite.open_lcp();
  polite.session.stop(polite.now);
  polite.drain();
  const auto request = polite.take(Protocol::Lcp, Code::TerminateRequest);
  polite.say(Protocol::Lcp, Code::TerminateAck, request->id, std::string_view{});
  EXPECT_EQ(polite.end()->cause, EndCause::LocalStop);
}

TEST(Timers, AfterThePeersGoodbyeItsRepeatsAreAcknowledgedAndNothingElseIsSent) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp();
  peer.forget();
  peer.say(Protocol::Lcp, Code::TerminateRequest, 5, "maintenance");
  EXPECT_EQ(peer.take(Protocol::Lcp, Code::TerminateAck)->id, 5);
  peer.wait(milliseconds(299));
  EXPECT_FALSE(peer.session.ended());
  peer.wait(kMs);
  EXPECT_EQ(peer.end()->cause, EndCause::PeerTerminated);
  EXPECT_EQ(peer.end()->detail, "maintenance");
  peer.forget();
  peer.say(Protocol::Lcp, Code::TerminateRequest, 6, "maintenance");
  EXPECT_EQ(peer.take(Protocol::Lcp, Code::TerminateAck)->id, 6);
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 7, *from_hex("010405d4"));
  peer.say(Protocol::Lcp, Code::EchoRequest, 8, *from_hex("00000000"));
  peer.wait(hours(1));
  EXPECT_TRUE(peer.silent());
}

TEST(Timers, APeerThatNeverChallengesIsLeftAfterTwentySeconds) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp(AuthMethod::ChapMd5);
  expect_speech(peer, seconds(20), Protocol::Lcp, Code::TerminateRequest);
  peer.wait(seconds(1));
  EXPECT_EQ(peer.end()->cause, EndCause::AuthSilent);
  EXPECT_EQ(peer.end()->detail, "no challenge from the peer");
}

TEST(Timers, APeerThatNeverGivesItsVerdictIsLeftTwentySecondsAfterOurAnswer) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp(AuthMethod::ChapMd5);
  peer.wait(seconds(5));
  peer.challenge(1, "0123456789abcdef");
  expect_speech(peer, seconds(20), Protocol::Lcp, Code::TerminateRequest);
  peer.wait(seconds(1));
  EXPECT_EQ(peer.end()->cause, EndCause::AuthSilent);
  EXPECT_EQ(peer.end()->detail, "no verdict on our credentials");
}

TEST(Timers, APapAuthenticatorThatStaysSilentIsLeftAfterTwentySeconds) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp(AuthMethod::Pap);
  peer.wait(milliseconds(19'999));
  EXPECT_FALSE(peer.take(Protocol::Lcp, Code::TerminateRequest));
  peer.wait(kMs);
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::TerminateRequest));
}

TEST(Timers, AGoodbyeOverOurUncheckedCredentialsWaitsOneSecondForTheVerdict) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp(AuthMethod::ChapMd5);
  peer.challenge(1, "0123456789abcdef");
  peer.say(Protocol::Lcp, Code::TerminateRequest, 5, "bye");
  peer.wait(milliseconds(999));
  EXPECT_FALSE(peer.session.ended());
  peer.wait(kMs);
  EXPECT_EQ(peer.end()->cause, EndCause::AuthFailed);
}

TEST(Timers, AServerRepeatsItsChallengeUnchangedEveryThreeSeconds) {
  PppPeer peer(kit::server_settings(AuthMethod::ChapMd5), kit::accounts());
  peer.start();
  peer.open_lcp();
  const auto first = peer.take(Protocol::Chap, Code{1});
  ASSERT_TRUE(first);
  peer.forget();
  peer.wait(milliseconds(2'999));
  EXPECT_TRUE(peer.silent());
  peer.wait(kMs);
  const auto second = peer.take(Protocol::Chap, Code{1});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(second->data, first->data);
  peer.wait(seconds(40));
  EXPECT_EQ(peer.end()->cause, EndCause::AuthSilent);
}

TEST(Timers, NoNetworkAfterThirtySecondsIsTheEndHoweverBusyThePeer) {
  auto settings = kit::client_settings();
  settings.timing.auth_silence = minutes(5);
  PppPeer peer(settings);
  peer.start();
  peer.open_lcp(AuthMethod::ChapMd5);
  // It asks again and again and never says what it thinks of the answer.
  while (peer.now - Instant{} < milliseconds(29'999)) {
    peer.challenge(1, "0123456789abcdef");
    peer.wait(std::min<Duration>(milliseconds(1'500), Instant{} + milliseconds(29'999) - peer.now));
  }
  EXPECT_FALSE(peer.take(Protocol::Lcp, Code::TerminateRequest));
  peer.wait(kMs);
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::TerminateRequest));
  peer.wait(seconds(2));
  EXPECT_TRUE(peer.end() && (peer.end()->cause == EndCause::EstablishTimeout)) << static_cast<int>(peer.end()->cause);
}

TEST(Timers, ALinkThatOpensAndFallsAgainAndAgainIsGivenUpAfterThirtySecondsInAll) {
  auto settings = kit::client_settings();
  settings.timing.max_exchanges = 10'000;
  PppPeer peer(settings);
  peer.start();
  peer.open_lcp(AuthMethod::ChapMd5);
  for (std::uint8_t i = 1; peer.now - Instant{} < seconds(28); ++i) {
    peer.wait(seconds(4));
    peer.say(Protocol::Lcp, Code::ConfigureRequest, i, *from_hex("010405d4 0305c22305"));
    peer.ack(Protocol::Lcp);
  }
  peer.wait(Instant{} + milliseconds(29'999) - peer.now);
  EXPECT_FALSE(peer.take(Protocol::Lcp, Code::TerminateRequest));
  peer.wait(kMs);
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::TerminateRequest));
  peer.wait(seconds(1));
  EXPECT_TRUE(peer.end() && peer.end()->cause == EndCause::EstablishTimeout);
}

TEST(Timers, AnEarlyOrRepeatedDeadlineCallIsHarmless) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  for (int i = 0; i < 100; ++i) peer.session.on_deadline(peer.now), peer.drain();
  EXPECT_TRUE(peer.silent());
  peer.now += milliseconds(300);
  for (int i = 0; i < 100; ++i) peer.session.on_deadline(peer.now), peer.drain();
  EXPECT_EQ(peer.heard.size(), 1u);
}

TEST(Timers, ALinkThatRenegotiatesWithoutComingBackEndsToo) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp();
  peer.open_ipcp();
  peer.wait(seconds(5));
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 50, *from_hex("010405d4"));
  EXPECT_TRUE(peer.has<LinkRenegotiating>());
  EXPECT_FALSE(peer.has<Ipv4Down>()) << "devices and addresses stay for now";
  peer.wait(seconds(35));
  EXPECT_TRUE(peer.has<Ipv4Down>());
  EXPECT_TRUE(peer.session.ended());
}

}  // namespace
}  // namespace michi::engine::ppp

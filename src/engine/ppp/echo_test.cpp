#include <gtest/gtest.h>

#include "kit/ppp_pair.hpp"
#include "kit/ppp_peer.hpp"

namespace michi::engine::ppp {
namespace {

using kit::Code;
using kit::PppPair;
using kit::PppPeer;
using kit::Protocol;

PppPeer up(Settings settings = kit::client_settings(), std::uint16_t mru = 1492) {
  PppPeer peer(std::move(settings));
  peer.start();
  peer.open_lcp(AuthMethod::None, mru);
  peer.open_ipcp();
  return peer;
}

void answer(PppPeer& peer, const kit::Heard& request, std::uint32_t magic = 0x01020304) {
  peer.say(Protocol::Lcp, Code::EchoReply, request.id, wire::lcp::write_echo(magic, Bytes(request.data).subspan(4)));
}

TEST(Echo, StartsWhenTheFirstNetworkProtocolOpensAndThenEveryInterval) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp();
  peer.wait(milliseconds(250));
  EXPECT_FALSE(peer.take(Protocol::Lcp, Code::EchoRequest)) << "not before";
  EXPECT_EQ(peer.session.counters().echo_sent, 0u);
}

TEST(Echo, ThreeUnansweredRequestsEndTheSessionOneMillisecondLaterNotBefore) {
  auto peer = up();
  EXPECT_EQ(peer.session.counters().echo_sent, 1u);
  peer.wait(milliseconds(9'999));
  EXPECT_EQ(peer.session.counters().echo_sent, 1u);
  peer.wait(milliseconds(1));
  EXPECT_EQ(peer.session.counters().echo_sent, 2u);
  peer.wait(milliseconds(14'999));
  EXPECT_FALSE(peer.has<Ipv4Down>());
  peer.wait(milliseconds(1));
  EXPECT_TRUE(peer.has<Ipv4Down>()) << "the third has waited half an interval";
  peer.wait(seconds(1));
  EXPECT_EQ(peer.session.counters().echo_sent, 3u);
  EXPECT_EQ(peer.end()->cause, EndCause::EchoTimeout);
}

TEST(Echo, TheLastRequestWaitsForFourRoundTripsIfTheyAreLonger) {
  auto peer = up();
  peer.forget();
  peer.wait(seconds(10));
  const auto request = peer.take(Protocol::Lcp, Code::EchoRequest);
  peer.wait(seconds(2));
  answer(peer, *request);
  // Unanswered from second 20; the third leaves at second 40.
  peer.wait(milliseconds(35'999));
  EXPECT_FALSE(peer.has<Ipv4Down>());
  peer.wait(milliseconds(1));
  EXPECT_TRUE(peer.has<Ipv4Down>());
}

TEST(Echo, OnlyAReplyToAnOutstandingIdentifierCounts) {
  auto peer = up();
  const auto request = peer.take(Protocol::Lcp, Code::EchoRequest);
  // taken by open_ipcp's look-ups or not: the identifier is what matters
  const std::uint8_t id = request ? request->id : 0;
  for (int i = 0; i < 30; ++i) {
    peer.wait(seconds(1));
    peer.say(Protocol::Lcp, Code::EchoReply, static_cast<std::uint8_t>(id + 100), wire::lcp::write_echo(1, {}));
  }
  peer.wait(seconds(2));
  ASSERT_TRUE(peer.end());
  EXPECT_EQ(peer.end()->cause, EndCause::EchoTimeout);
  EXPECT_FALSE(peer.session.peer_echoes());
}

TEST(Echo, ALateReplyToAnEarlierRequestIsAReply) {
  auto peer = up();
  peer.forget();
  peer.wait(seconds(10));
  const auto first = peer.take(Protocol::Lcp, Code::EchoRequest);
  peer.wait(seconds(10));
  peer.wait(milliseconds(500));
  answer(peer, *first);
  EXPECT_EQ(peer.session.echo_round_trip(), milliseconds(10'500));
  peer.wait(seconds(10));
  EXPECT_FALSE(peer.session.ended());
  EXPECT_EQ(peer.session.counters().echo_answered, 1u);
}

TEST(Echo, OurOwnMagicNumberInAReplyIsNoReply) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto magic = *wire::lcp::magic(peer.heard.at(0).options().at(1));
  peer.open_lcp();
  peer.session.probe(peer.now);
  peer.drain();
  const auto request = peer.take(Protocol::Lcp, Code::EchoRequest);
  ASSERT_TRUE(request);
  answer(peer, *request, magic);
  EXPECT_EQ(peer.session.counters().echo_answered, 0u);
  answer(peer, *request);
  EXPECT_EQ(peer.session.counters().echo_answered, 1u);
  EXPECT_TRUE(peer.session.peer_echoes());
}

TEST(Echo, ThePeersRequestIsAnsweredAtOnceUrgentlyAndCutToItsMru) {
  auto peer = up(kit::client_settings(), 200);
  peer.forget();
  peer.say(Protocol::Lcp, Code::EchoRequest, 42, wire::lcp::write_echo(0x01020304, ByteVec(900, std::byte{7})));
  const auto reply = peer.take(Protocol::Lcp, Code::EchoReply);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->id, 42);
  EXPECT_EQ(reply->data.size(), 196u);
  EXPECT_TRUE(reply->urgent);
  EXPECT_NE(to_hex(Bytes(reply->data).first(4)), "01020304") << "it carries our magic number, not the peer's";
}

TEST(Echo, OutsideOpenedNothingIsAnswered) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  peer.say(Protocol::Lcp, Code::EchoRequest, 1, wire::lcp::write_echo(1, {}));
  EXPECT_TRUE(peer.silent());
}

TEST(Echo, DataThatComesInPutsTheVerdictOffByOnePeriodAndNoMore) {
  auto peer = up();
  peer.wait(seconds(24));
  peer.session.on_traffic(10, peer.now);
  peer.wait(milliseconds(10'999));
  EXPECT_FALSE(peer.has<Ipv4Down>()) << "the verdict of second 25 is put off";
  peer.wait(milliseconds(1));
  EXPECT_TRUE(peer.has<Ipv4Down>()) << "to second 35";
  peer.wait(seconds(1));
  EXPECT_EQ(peer.end()->cause, EndCause::EchoTimeout);
}

TEST(Echo, DataInWithoutRepliesIsOneWayAfterAMinuteIfThePeerEverReplied) {
  for (const bool replied : {false, true}) {
    auto peer = up();
    peer.forget();
    peer.wait(seconds(10));
    const auto request = peer.take(Protocol::Lcp, Code::EchoRequest);
    if (replied) answer(peer, *request);
    std::uint64_t packets = 0;
    // The first request without a reply leaves at second 20.
    for (int i = 0; i < 69; ++i) {
      peer.session.on_traffic(++packets, peer.now);
      peer.wait(seconds(1));
    }
    peer.wait(milliseconds(999));
    EXPECT_FALSE(peer.has<Ipv4Down>());
    peer.wait(milliseconds(1));
    EXPECT_EQ(peer.has<Ipv4Down>(), replied);
    peer.wait(seconds(1));
    EXPECT_EQ(peer.end().has_value(), replied);
    EXPECT_TRUE(!replied || peer.end()->cause == EndCause::OneWay);
  }
}

TEST(Echo, APeerThatAnswersIsKeptForADay) {
  PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::ChapMd5), kit::accounts(),
               kit::rough(Random::seeded(5), milliseconds(5), 1, 2, milliseconds(3)));
  pair.start();
  pair.run_for(hours(24));
  EXPECT_TRUE(pair.client.up4() && !pair.client.session.ended());
  EXPECT_GT(pair.client.session.counters().echo_answered, 7'000u);
}

/// The peer asks every `every`, and answers what it is asked as long as `answers`.
void ask_on(PppPeer& peer, Duration every, int times, bool answers = true) {
  constexpr Duration kStep = milliseconds(100);
  for (int i = 0; i < times; ++i) {
    for (Duration waited{}; waited < every; waited += kStep) {
      peer.wait(kStep);
      while (const auto request = peer.take(Protocol::Lcp, Code::EchoRequest))
        if (answers) answer(peer, *request);
    }
    peer.say(Protocol::Lcp, Code::EchoRequest, static_cast<std::uint8_t>(i), wire::lcp::write_echo(1, {}));
    peer.forget();
  }
}

TEST(Echo, WhileThePeerAsksByItselfOursIsAskedEveryThirdTime) {
  auto peer = up();
  ask_on(peer, seconds(5), 720);
  const auto sent = peer.session.counters().echo_sent;
  EXPECT_GE(sent, 119u) << "that we are heard is asked every half minute";
  EXPECT_LE(sent, 123u);
  EXPECT_FALSE(peer.session.ended());
}

TEST(Echo, EveryQuestionOfThePeersPutsOurTimerOffSoThatNothingWakesForNothing) {
  auto settings = kit::client_settings();
  settings.ipv6 = false;  // it would go on asking for IPv6CP
  auto peer = up(settings);
  ask_on(peer, seconds(4), 4);
  peer.say(Protocol::Lcp, Code::EchoRequest, 1, wire::lcp::write_echo(1, {}));
  EXPECT_EQ(peer.session.next_deadline(), peer.now + seconds(10));
}

TEST(Echo, APeerThatAskedAndThenFellSilentIsNoticedAsSoonAsAnyOther) {
  auto peer = up();
  ask_on(peer, seconds(4), 10);
  peer.wait(milliseconds(34'999));
  EXPECT_FALSE(peer.has<Ipv4Down>());
  peer.wait(milliseconds(1));
  EXPECT_TRUE(peer.has<Ipv4Down>()) << "35 s after its last word";
}

TEST(Echo, APeerThatOnlyAsksIsAskedAsOftenAsTheSettingsSay) {
  auto peer = up();
  ask_on(peer, seconds(5), 4, false);
  EXPECT_EQ(peer.session.counters().echo_sent, 3u) << "at 0, 10 and 20 s";
}

TEST(Echo, TurnedOffItSendsNothingButAnswers) {
  auto settings = kit::client_settings();
  settings.echo.interval = Duration::zero();
  auto peer = up(settings);
  peer.wait(hours(1));
  EXPECT_EQ(peer.session.counters().echo_sent, 0u);
  EXPECT_FALSE(peer.session.ended());
  peer.say(Protocol::Lcp, Code::EchoRequest, 1, wire::lcp::write_echo(1, {}));
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::EchoReply));
}

Settings jumbo() {
  auto settings = kit::client_settings();
  settings.mru = settings.mru_limit = 1500;
  return settings;
}

TEST(Path, AFullSizedEchoProvesAnMruBeyond1492) {
  auto server = kit::server_settings(AuthMethod::ChapMd5);
  server.mru = server.mru_limit = 1500;
  PppPair pair(jumbo(), server, kit::accounts(), kit::perfect(milliseconds(5)));
  pair.start();
  pair.run_for(seconds(2));
  EXPECT_EQ(pair.client.last<LinkUp>().mtu, 1500);
  ASSERT_EQ(pair.client.all<PathProved>().size(), 1u);
  EXPECT_TRUE(pair.client.last<PathProved>().full_size);
  std::size_t longest = 0;
  for (const auto& frame : pair.client.sent) longest = std::max(longest, frame.size());
  EXPECT_EQ(longest, 1502u) << "protocol field and 1500 octets";
}

TEST(Path, AWireThatSwallowsLongFramesIsFoundOutAndTheLinkGoesOnWith1492) {
  auto server = kit::server_settings(AuthMethod::ChapMd5);
  server.mru = server.mru_limit = 1500;
  const auto narrow = [](kit::From, Bytes frame) {
    return frame.size() > 1494 ? std::vector<Duration>{} : std::vector<Duration>{milliseconds(5)};
  };
  PppPair pair(jumbo(), server, kit::accounts(), narrow);
  pair.start();
  ASSERT_TRUE(pair.run_until([&] { return pair.client.has<PathProved>(); }, seconds(5)));
  EXPECT_FALSE(pair.client.last<PathProved>().full_size);
  pair.run_for(seconds(2));
  EXPECT_EQ(pair.client.last<LinkUp>().mtu, 1492);
  EXPECT_EQ(pair.client.last<LinkUp>().mru, 1492);
  EXPECT_TRUE(pair.client.up4());
  EXPECT_EQ(pair.client.all<LinkRenegotiating>().size(), 1u);
  EXPECT_FALSE(pair.client.has<Ipv4Down>());
}

TEST(Path, TheVerdictFallsThreeSecondsAfterTheNetworkOpenedNotBefore) {
  auto peer = PppPeer(jumbo());
  peer.start();
  peer.open_lcp(AuthMethod::None, 1500);
  peer.open_ipcp();
  peer.wait(milliseconds(2'999));
  EXPECT_FALSE(peer.has<PathProved>());
  peer.wait(milliseconds(1));
  ASSERT_TRUE(peer.has<PathProved>());
  EXPECT_FALSE(peer.all<PathProved>()[0].full_size);
}

TEST(Path, WithoutAnAgreementInDiscoveryNothingAbove1492IsAskedForOrSent) {
  auto peer = up(kit::client_settings(), 1500);
  EXPECT_EQ(peer.all<LinkUp>().at(0).mtu, 1492);
  peer.wait(seconds(5));
  EXPECT_FALSE(peer.has<PathProved>());
}

TEST(Answers, AFloodOfQuestionsIsAnsweredTwoHundredTimesASecondAndAnHonestOneAlways) {
  auto peer = up();
  const auto ask = [&](int count) {
    for (int i = 0; i < count; ++i) {
      peer.say(Protocol::Lcp, Code::EchoRequest, static_cast<std::uint8_t>(i), wire::lcp::write_echo(1, {}));
      peer.say(Protocol::Ipcp, static_cast<Code>(77), static_cast<std::uint8_t>(i), Bytes{});
    }
  };
  peer.wait(seconds(2));
  const auto before = peer.session.counters().frames_out;
  ask(1000);
  EXPECT_EQ(peer.session.counters().frames_out - before, 200U);
  EXPECT_EQ(peer.session.counters().withheld, 1800U);
  peer.wait(milliseconds(50));
  ask(1000);
  EXPECT_EQ(peer.session.counters().frames_out - before, 210U);
  peer.wait(seconds(1));
  EXPECT_FALSE(peer.end()) << "what is not answered ends nothing";
  const auto later = peer.session.counters().frames_out;
  peer.say(Protocol::Lcp, Code::EchoRequest, 9, wire::lcp::write_echo(1, {}));
  EXPECT_EQ(peer.session.counters().frames_out, later + 1);
}

}  // namespace
}  // namespace michi::engine::ppp

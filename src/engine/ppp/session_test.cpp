#include "engine/ppp/session.hpp"

#include <gtest/gtest.h>

#include "kit/ppp_pair.hpp"

namespace michi::engine::ppp {
namespace {

using kit::PppPair;

constexpr Duration kLatency = milliseconds(5);

TEST(Session, OpensWithEveryMethodAndReportsAddressesAndNameServers) {
  for (const AuthMethod method : {AuthMethod::None, AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV2}) {
    PppPair pair(kit::client_settings(), kit::server_settings(method), kit::accounts(), kit::perfect(kLatency));
    pair.start();
    ASSERT_TRUE(pair.run_until([&] { return pair.client.has<Ipv4Up>() && pair.client.has<Ipv6Up>(); }, seconds(1)))
        << pair.transcript;
    const auto up = pair.client.last<Ipv4Up>();
    EXPECT_EQ(to_text(up.local), "192.0.2.77");
    EXPECT_EQ(to_text(up.peer), "192.0.2.1");
    ASSERT_EQ(up.dns.size(), 2u);
    EXPECT_EQ(to_text(up.dns[1]), "192.0.2.54");
    EXPECT_EQ(pair.client.last<LinkUp>().auth, method);
    EXPECT_EQ(pair.client.last<LinkUp>().mtu, 1492);
    RecordProperty("virtual_ms", static_cast<int>(whole_milliseconds(pair.now - Instant{})));
    std::printf("[ latency  ] method %d: up after %.1f round trips\n", static_cast<int>(method),
                static_cast<double>((pair.now - Instant{}).count()) / static_cast<double>((2 * kLatency).count()));
  }
}

TEST(Session, ALostFirstRequestCostsThreeHundredMillisecondsNotThreeSeconds) {
  bool lost = false;
  const auto fate = [&](kit::From from, Bytes) -> std::vector<Duration> {
    if (from == kit::From::Client && !std::exchange(lost, true)) return {};
    return {kLatency};
  };
  PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::ChapMd5), kit::accounts(), fate);
  pair.start();
  ASSERT_TRUE(pair.run_until([&] { return pair.client.up4(); }, seconds(2)));
  std::printf("[ latency  ] first request lost: %lld ms\n",
              static_cast<long long>(whole_milliseconds(pair.now - Instant{})));
  EXPECT_LE(pair.now - Instant{}, milliseconds(400));
}

TEST(Session, AnyOneFrameMayBeLostOrDoubledOnTheWayUp) {
  for (const AuthMethod method : {AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV2}) {
    for (int fault = 0; fault < 60; ++fault) {
      int count = 0;
      const auto fate = [&](kit::From, Bytes) -> std::vector<Duration> {
        if (count++ != fault / 2) return {kLatency};
        return fault % 2 == 0 ? std::vector<Duration>{} : std::vector<Duration>{kLatency, kLatency + milliseconds(1)};
      };
      PppPair pair(kit::client_settings(), kit::server_settings(method), kit::accounts(), fate);
      pair.start();
      EXPECT_TRUE(pair.run_until([&] { return pair.client.up4() && pair.server.up4(); }, seconds(20)))
          << "method " << static_cast<int>(method) << " frame " << fault / 2 << " fate " << fault % 2 << "\n"
          << pair.transcript;
    }
  }
}

TEST(Session, ARoughWireEndsUpOrWithAReasonNeverStuck) {
  int up = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random = Random::seeded(seed);
    const auto loss = static_cast<unsigned>(random.below(40));
    const auto method = static_cast<AuthMethod>(random.below(4));
    PppPair pair(
        kit::client_settings(), kit::server_settings(method), kit::accounts(),
        kit::rough(random.fork(), random.between(milliseconds(1), milliseconds(300)), loss, 10, milliseconds(50)),
        seed);
    pair.start();
    const bool decided = pair.run_until(
        [&] { return pair.client.up4() || pair.client.has<Ipv6Up>() || pair.client.session.ended(); }, seconds(90));
    EXPECT_TRUE(decided) << "seed " << seed << "\n" << pair.client.session.state_text();
    EXPECT_TRUE(!pair.client.session.ended() || pair.client.has<Ended>()) << "seed " << seed;
    EXPECT_EQ(pair.client.session.counters().impossible, 0u);
    if (!pair.client.session.ended()) ++up;
    pair.client.session.stop(pair.now);
    pair.drain();
    pair.run_for(seconds(2));
    EXPECT_TRUE(pair.client.session.ended()) << "seed " << seed;
    EXPECT_FALSE(pair.client.session.next_deadline());
  }
  std::printf("[ story    ] %d of 300 rough wires came up\n", up);
  EXPECT_GT(up, 270);
}

TEST(Session, TheServerRenegotiatesInMidFlowAndTheSameAddressesAreReportedAgain) {
  PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::ChapMd5), kit::accounts(),
               kit::perfect(kLatency));
  pair.start();
  pair.run_for(minutes(1));
  const auto before = pair.client.last<Ipv4Up>();
  const Instant began = pair.now;
  pair.server.session.renegotiate(pair.now);
  pair.drain();
  ASSERT_TRUE(pair.run_until(
      [&] { return pair.client.all<Ipv4Up>().size() == 2 && pair.client.all<Ipv6Up>().size() == 2; }, seconds(5)))
      << pair.transcript;
  EXPECT_LE(pair.now - began, milliseconds(60));
  EXPECT_EQ(pair.client.all<LinkRenegotiating>().size(), 1u);
  EXPECT_EQ(pair.client.all<Authenticated>().size(), 2u) << "a new carrier checks again";
  EXPECT_EQ(pair.client.last<Ipv4Up>().local, before.local);
  EXPECT_EQ(pair.client.all<Ipv6Up>()[0].local_id, pair.client.all<Ipv6Up>()[1].local_id);
  EXPECT_FALSE(pair.client.has<Ipv4Down>() || pair.client.has<Ipv6Down>());
}

TEST(Session, AnOrderlyStopIsAcknowledgedAndBothSidesKnowWhy) {
  PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::Pap), kit::accounts(), kit::perfect(kLatency));
  pair.start();
  pair.run_for(seconds(1));
  pair.client.session.stop(pair.now);
  pair.drain();
  pair.run_for(2 * kLatency);
  EXPECT_EQ(pair.client.last<Ended>().cause, EndCause::LocalStop);
  EXPECT_TRUE(pair.client.has<Ipv4Down>() && pair.client.has<Ipv6Down>());
  pair.run_for(seconds(4));
  EXPECT_EQ(pair.server.last<Ended>().cause, EndCause::PeerTerminated);
  EXPECT_EQ(pair.client.session.counters().impossible + pair.server.session.counters().impossible, 0u);
}

TEST(Session, SameInputsAndSameKeyGiveTheSameOutputsByteForByte) {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::MsChapV2), kit::accounts(),
                 kit::rough(Random::seeded(3), milliseconds(20), 20, 10, milliseconds(10)), 42);
    pair.start();
    pair.run_for(minutes(2));
    if (i == 0)
      first = pair.transcript;
    else
      EXPECT_EQ(first, pair.transcript);
  }
  EXPECT_GT(first.size(), 1'000u);
}

TEST(Session, AnAbortSendsNothingMoreAndWithoutAReasonHasNoVerdict) {
  PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::ChapMd5), kit::accounts(),
               kit::perfect(kLatency));
  pair.start();
  pair.run_for(seconds(1));
  const auto sent = pair.client.sent.size();
  pair.client.session.abort(pair.now);
  pair.run_for(minutes(5));
  EXPECT_EQ(pair.client.sent.size(), sent);
  EXPECT_TRUE(pair.client.session.ended());
  EXPECT_FALSE(pair.client.session.verdict() || pair.client.session.next_deadline() || pair.client.has<Ended>());
}

TEST(Session, AStormOfOutputsIsBoundedEvenIfNobodyDrains) {
  Session session(kit::client_settings(), Random::seeded(1));
  session.start(Instant{});
  const ByteVec unknown = *from_hex("c021 4d 01 0004");
  for (int i = 0; i < 100'000; ++i) session.on_frame(unknown, Instant{});
  std::size_t queued = 0;
  while (session.poll()) ++queued;
  EXPECT_LE(queued, 512u);
}

}  // namespace
}  // namespace michi::engine::ppp

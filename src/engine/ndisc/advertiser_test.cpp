#include "engine/ndisc/advertiser.hpp"

#include <gtest/gtest.h>

#include "kit/advertiser_rig.hpp"

namespace michi::engine::ndisc {
namespace {

using namespace wire::icmp6;
using kit::nd::all;
using kit::nd::ip;
using kit::nd::kAdvertiser;
using kit::nd::kAdvertiserMac;
using kit::nd::net;

const Ipv6 kHost = ip("fe80::99");

class AdvertiserTest : public kit::nd::AdvertiserRig {};

TEST_F(AdvertiserTest, BeginsAtOnceRepeatsThreeTimesAndThenSpeaksNowAndThen) {
  start();
  wait(hours(10));
  ASSERT_GT(sent.size(), 50u);
  EXPECT_EQ(sent[0].at, Instant{} + seconds(100));
  for (std::size_t i = 1; i < sent.size(); ++i) {
    const Duration gap = sent[i].at - sent[i - 1].at;
    EXPECT_GE(gap, i <= 3 ? seconds(3) : seconds(200)) << i;
    EXPECT_LE(gap, i <= 3 ? seconds(4) : seconds(600)) << i;
  }
}

TEST_F(AdvertiserTest, AChangeIsSaidInTheSameInstantEvenRightAfterAnotherAndRepeatedThreeTimes) {
  start();
  now += milliseconds(1);
  wanted.prefixes = {{net("2001:db8:2::/64")}};
  want();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].at, now);
  EXPECT_TRUE(said("2001:db8:2::/64"));
  const Instant changed = now;
  wait(seconds(20));
  ASSERT_EQ(sent.size(), 5u);
  for (std::size_t i = 2; i < 5; ++i) EXPECT_GE(sent[i].at - sent[i - 1].at, seconds(3));
  EXPECT_LE(sent[4].at, changed + seconds(12));
}

TEST_F(AdvertiserTest, AStormOfChangesIsSaidEveryThreeSeconds) {
  start();
  for (unsigned i = 0; i < 1000; ++i) {
    wanted.hop_limit = static_cast<std::uint8_t>(1 + i % 200);
    want();
    wait(milliseconds(10));
  }
  EXPECT_LE(sent.size(), 1u + 4u + 2 * 4u) << "four at once, then one in three seconds and one token with it";
  wait(seconds(3));
  EXPECT_EQ(sent.back().content.hop_limit, wanted.hop_limit);
}

TEST_F(AdvertiserTest, AHostThatAsksIsAnsweredAloneWithinHalfASecond) {
  start();
  wait(seconds(20));
  sent.clear();
  for (const auto& host : {kHost, ip("fe80::98"), kHost}) hear(RouterSolicitation{}, host);
  EXPECT_TRUE(sent.empty());
  wait(milliseconds(500));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].to, kHost);
  EXPECT_TRUE(said("2001:db8:1::/64"));
}

TEST_F(AdvertiserTest, AHostWithoutAnAddressIsAnsweredWithAllOthersAndNotWithinThreeSeconds) {
  start();
  hear(RouterSolicitation{}, Ipv6{});
  hear(RouterSolicitation{}, ip("2001:db8:1::7"));
  wait(milliseconds(2999));
  EXPECT_EQ(sent.size(), 1u);
  wait(seconds(1));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].to, kAllNodes);
}

TEST_F(AdvertiserTest, AFloodOfSolicitationsCostsABoundedNumberOfAnswers) {
  start();
  wait(seconds(20));
  sent.clear();
  for (unsigned i = 0; i < 20000; ++i) {
    Ipv6 host = kHost;
    host.octets[12] = static_cast<std::uint8_t>(i >> 8);
    host.octets[13] = static_cast<std::uint8_t>(i);
    hear(RouterSolicitation{}, host);
    wait(milliseconds(1));
  }
  EXPECT_LE(sent.size(), 20u + 200u);
  EXPECT_EQ(advertiser->counters().solicitations, 20000u);
}

TEST_F(AdvertiserTest, SolicitationsThatAreNotValidAreNotAnswered) {
  start();
  wait(seconds(20));
  sent.clear();
  hear(RouterSolicitation{{SourceLinkLayer{kAdvertiserMac}}}, Ipv6{});
  advertiser->on_message(write_message(RouterSolicitation{}, kHost, kAllRouters), kHost, kAllRouters, 64, now);
  hear(RouterSolicitation{}, kAdvertiser);
  wait(seconds(10));
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(advertiser->counters().discarded.invalid, 1u);
  EXPECT_EQ(advertiser->counters().discarded.forwarded, 1u);
}

TEST_F(AdvertiserTest, SaysGoodbyeAsItIsTold) {
  start();
  advertiser->stop(FinalAdvertisement::None, now);
  drain();
  EXPECT_EQ(sent.size(), 1u);
  EXPECT_FALSE(advertiser->next_deadline());
  start();
  advertiser->stop(FinalAdvertisement::NotDefault, now);
  drain();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].content.lifetime, 0);
  EXPECT_EQ(said("2001:db8:1::/64")->preferred, Lifetime(2700));
  wanted.name_servers = {{ip("2001:db8::53")}};
  start();
  advertiser->stop(FinalAdvertisement::NothingHolds, now);
  drain();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].content.lifetime, 0);
  EXPECT_EQ(said("2001:db8:1::/64")->preferred, Lifetime(0));
  EXPECT_EQ(said("2001:db8:1::/64")->valid, Lifetime(5400));
  EXPECT_EQ(all<Rdnss>(sent[1].content.options).at(0).lifetime, Lifetime(0));
  hear(RouterSolicitation{}, kHost);
  wait(seconds(100));
  EXPECT_EQ(sent.size(), 2u) << "nothing after the last word";
}

TEST_F(AdvertiserTest, AnotherRouterIsReportedOnceAndAgainWhenItChanges) {
  wanted.mtu = 1454;
  start();
  RouterAdvertisement other;
  other.hop_limit = 64;
  other.lifetime = 1800;
  hear(other, kHost, kAllNodes);
  hear(other, kHost, kAllNodes);
  ASSERT_EQ(foreigners.size(), 1u);
  EXPECT_EQ(foreigners[0].router, kHost);
  EXPECT_TRUE(foreigners[0].is_default && foreigners[0].conflicts.empty());
  other.hop_limit = 32;
  other.managed = true;
  other.lifetime = 0;
  other.options = {Mtu{1500}, PrefixInformation{net("2001:db8:1::/64"), true, true, Lifetime(5400), Lifetime(0)}};
  hear(other, kHost, kAllNodes);
  ASSERT_EQ(foreigners.size(), 2u);
  EXPECT_FALSE(foreigners[1].is_default);
  EXPECT_EQ(foreigners[1].conflicts,
            (std::vector{Conflict::HopLimit, Conflict::Managed, Conflict::Mtu, Conflict::Prefix}));
  EXPECT_EQ(advertiser->counters().foreign, 3u);
  EXPECT_EQ(advertiser->counters().conflicts, 1u);
  hear(other, kAdvertiser, kAllNodes);
  EXPECT_EQ(advertiser->counters().foreign, 3u) << "our own voice";
  for (unsigned i = 0; i < 1000; ++i) {
    Ipv6 from = kHost;
    from.octets[14] = static_cast<std::uint8_t>(i >> 8);
    from.octets[13] = static_cast<std::uint8_t>(i);
    hear(other, from, kAllNodes);
  }
  EXPECT_LE(foreigners.size(), 8u);
}

TEST_F(AdvertiserTest, SaysNothingFromAnAddressThatIsNotLinkLocal) {
  settings.local = ip("2001:db8::1");
  start();
  EXPECT_TRUE(sent.empty());
  EXPECT_FALSE(advertiser->next_deadline());
}

}  // namespace
}  // namespace michi::engine::ndisc

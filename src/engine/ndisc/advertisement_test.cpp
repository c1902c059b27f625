#include "engine/ndisc/advertisement.hpp"

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

class AdvertisementTest : public kit::nd::AdvertiserRig {};

TEST_F(AdvertisementTest, SaysEverythingThatIsWanted) {
  wanted.managed = true;
  wanted.preference = Preference::High;
  wanted.mtu = 1454;
  wanted.routes = {{net("2001:db8:8::/48"), Preference::Low}};
  wanted.name_servers = {{ip("2001:db8::53")}, {ip("2001:db8::54")}, {ip("2001:db8::55"), now + seconds(60)}};
  wanted.search_domains = {{"flets-east.jp"}};
  wanted.nat64 = {{net("64:ff9b::/96")}};
  start();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].to, kAllNodes);
  const RouterAdvertisement& ra = sent[0].content;
  EXPECT_TRUE(ra.managed && !ra.other);
  EXPECT_EQ(ra.preference, Preference::High);
  EXPECT_EQ(ra.lifetime, 2700);
  EXPECT_EQ(ra.hop_limit, 64);
  const Options expected{SourceLinkLayer{kAdvertiserMac},
                         Mtu{1454},
                         PrefixInformation{net("2001:db8:1::/64"), true, true, Lifetime(5400), Lifetime(2700)},
                         RouteInformation{net("2001:db8:8::/48"), Preference::Low, Lifetime(5400)},
                         Rdnss{Lifetime(60), {ip("2001:db8::55")}},
                         Rdnss{Lifetime(5400), {ip("2001:db8::53"), ip("2001:db8::54")}},
                         Dnssl{Lifetime(5400), {"flets-east.jp"}},
                         Pref64{net("64:ff9b::/96"), Lifetime(5400)}};
  EXPECT_EQ(ra.options, expected);
}

TEST_F(AdvertisementTest, AWithdrawnPrefixIsDeprecatedUntilItsTimeHasPassed) {
  start();
  wait(seconds(1000));
  const Instant until = sent.back().at + seconds(5400);
  wanted.prefixes = {{net("2001:db8:2::/64")}};
  want();
  ASSERT_EQ(sent.back().at, now);
  ASSERT_TRUE(said("2001:db8:1::/64"));
  EXPECT_EQ(said("2001:db8:1::/64")->preferred, Lifetime(0));
  EXPECT_EQ(said("2001:db8:1::/64")->valid, lifetime_until(until, now, kInfinite));
  EXPECT_TRUE(said("2001:db8:1::/64")->on_link && said("2001:db8:1::/64")->autonomous);
  while (now < until + seconds(700)) {
    wait(seconds(60));
    const auto old = said("2001:db8:1::/64");
    EXPECT_EQ(old.has_value(), sent.back().at < until);
    EXPECT_EQ(old ? old->valid : Lifetime(0), lifetime_until(until, sent.back().at, kInfinite));
  }
}

TEST_F(AdvertisementTest, AWithdrawnPrefixIsAdvertisedForTwoHoursAtMost) {
  settings.ceilings = {Lifetime(86400), Lifetime(86400)};
  start();
  wanted.prefixes.clear();
  want();
  EXPECT_EQ(said("2001:db8:1::/64")->valid, Lifetime(7200));
  wanted.prefixes = {{net("2001:db8:1::/64")}};
  want();
  EXPECT_EQ(said("2001:db8:1::/64")->preferred, Lifetime(86400)) << "wanted again";
}

TEST_F(AdvertisementTest, LifetimesCountDownToTheirEndsUnderTheirCeilings) {
  wanted.prefixes = {{net("2001:db8:1::/64"), now + seconds(3000), now + seconds(6000)}};
  start();
  EXPECT_EQ(said("2001:db8:1::/64")->preferred, Lifetime(2700));
  EXPECT_EQ(said("2001:db8:1::/64")->valid, Lifetime(5400));
  while (now < Instant{} + seconds(6800)) {
    wait(seconds(10));
    const auto p = said("2001:db8:1::/64");
    const Duration age = sent.back().at - (Instant{} + seconds(100));
    if (age >= seconds(6000)) continue;
    ASSERT_TRUE(p) << whole_milliseconds(age);
    EXPECT_LE(age + p->valid, seconds(6000));
    EXPECT_LE(age + p->preferred, std::max<Duration>(age, seconds(3000)));
    EXPECT_GE(age + p->valid, std::min<Duration>(seconds(5999), age + seconds(5400)));
  }
  EXPECT_FALSE(said("2001:db8:1::/64"));
}

TEST_F(AdvertisementTest, DeadlinesThatMoveOnMakeNoMessageAndThoseThatComeCloserDo) {
  wanted.prefixes = {{net("2001:db8:1::/64"), now + seconds(4000), now + seconds(8000)}};
  start();
  wait(seconds(20));
  const std::size_t before = sent.size();
  wanted.prefixes[0].preferred_until += seconds(4000);
  wanted.prefixes[0].valid_until += seconds(4000);
  want();
  EXPECT_EQ(sent.size(), before);
  wanted.prefixes[0].preferred_until = now + seconds(600);
  want();
  EXPECT_EQ(sent.size(), before + 1);
  wait(seconds(500));
  const std::size_t later = sent.size();
  wanted.prefixes[0].preferred_until = now + seconds(4000);
  want();
  EXPECT_EQ(sent.size(), later + 1) << "hosts would have taken it for deprecated before the next word";
  wanted.router_lifetime = seconds(0);
  want();
  EXPECT_EQ(sent.size(), later + 2);
  EXPECT_EQ(sent.back().content.lifetime, 0);
}

TEST_F(AdvertisementTest, RoutesServersDomainsAndNat64ThatLeaveAreWithdrawnFourTimes) {
  wanted.routes = {{net("2001:db8:8::/48")}};
  wanted.name_servers = {{ip("2001:db8::53")}};
  wanted.search_domains = {{"example.net"}};
  wanted.nat64 = {{net("64:ff9b::/96")}};
  start();
  wait(seconds(300));
  sent.clear();
  wanted.routes.clear();
  wanted.name_servers = {{ip("2001:db8::54")}};
  wanted.search_domains.clear();
  wanted.nat64.clear();
  want();
  wait(seconds(13));
  ASSERT_EQ(sent.size(), 4u);
  for (const Sent& s : sent) {
    EXPECT_EQ(all<RouteInformation>(s.content.options).at(0).lifetime, Lifetime(0));
    EXPECT_EQ(all<Rdnss>(s.content.options).at(1), (Rdnss{Lifetime(0), {ip("2001:db8::53")}}));
    EXPECT_EQ(all<Dnssl>(s.content.options).at(0).lifetime, Lifetime(0));
    EXPECT_EQ(all<Pref64>(s.content.options).at(0).lifetime, Lifetime(0));
  }
  wait(seconds(600));
  EXPECT_TRUE(all<RouteInformation>(sent.back().content.options).empty());
  EXPECT_EQ(all<Rdnss>(sent.back().content.options).size(), 1u);
}

TEST_F(AdvertisementTest, WhatAnEarlierLifeAdvertisedIsTakenBack) {
  start({{net("2001:db8:1::/64"), true, true, seconds(5400)},
         {net("2001:db8:9::/64"), true, false, seconds(1800)},
         {net("2001:db8:8::/64"), false, true, hours(24)}});
  EXPECT_EQ(said("2001:db8:1::/64")->preferred, Lifetime(2700)) << "still wanted";
  ASSERT_TRUE(said("2001:db8:9::/64") && said("2001:db8:8::/64"));
  EXPECT_EQ(*said("2001:db8:9::/64"), (PrefixInformation{net("2001:db8:9::/64"), true, false, Lifetime(1800), {}}));
  EXPECT_EQ(said("2001:db8:8::/64")->valid, Lifetime(7200));
  wait(seconds(2500));
  EXPECT_FALSE(said("2001:db8:9::/64"));
  EXPECT_TRUE(said("2001:db8:8::/64"));
}

TEST_F(AdvertisementTest, WhatHostsBelieveIsRememberedWhenItChanges) {
  start();
  ASSERT_EQ(remembered.size(), 1u);
  EXPECT_EQ(remembered[0], (std::vector<PastPrefix>{{net("2001:db8:1::/64"), true, true, seconds(5400)}}));
  wait(hours(2));
  EXPECT_EQ(remembered.size(), 1u);
  wanted.prefixes = {{net("2001:db8:2::/64")}};
  want();
  ASSERT_EQ(remembered.size(), 2u);
  EXPECT_EQ(remembered[1].size(), 2u);
  wait(hours(2));
  ASSERT_EQ(remembered.size(), 3u);
  EXPECT_EQ(remembered[2], (std::vector<PastPrefix>{{net("2001:db8:2::/64"), true, true, seconds(5400)}}));
  EXPECT_EQ(advertiser->history(now), remembered[2]);
}

TEST_F(AdvertisementTest, WhatDoesNotFitOneMessageGoesIntoSeveral) {
  settings.link_mtu = 1280;
  wanted.prefixes.clear();
  for (unsigned i = 0; i < 60; ++i) {
    Ipv6 network = ip("2001:db8::");
    network.octets[7] = static_cast<std::uint8_t>(i);
    wanted.prefixes.push_back({Prefix{network, 64}});
  }
  for (unsigned i = 0; i < 40; ++i)
    wanted.search_domains.push_back({std::string(60, 'a') + std::to_string(i) + ".example.net"});
  for (unsigned i = 0; i < 100; ++i) wanted.name_servers.push_back({ip("2001:db8::53")});
  start();
  EXPECT_GT(sent.size(), 3u);
  std::size_t prefixes = 0, domains = 0, servers = 0;
  for (const Sent& s : sent) {
    EXPECT_LE(s.size, 1280u);
    EXPECT_EQ(s.content.lifetime, 2700);
    EXPECT_EQ(all<SourceLinkLayer>(s.content.options).size(), 1u);
    prefixes += all<PrefixInformation>(s.content.options).size();
    for (const auto& o : all<Dnssl>(s.content.options)) domains += o.domains.size();
    for (const auto& o : all<Rdnss>(s.content.options)) servers += o.servers.size();
  }
  EXPECT_EQ(prefixes, 60u);
  EXPECT_EQ(domains, 40u);
  EXPECT_EQ(servers, 100u);
}

TEST_F(AdvertisementTest, PastPrefixesAreBounded) {
  start();
  for (unsigned i = 0; i < 200; ++i) {
    Ipv6 network = ip("2001:db8::");
    network.octets[6] = static_cast<std::uint8_t>(i);
    wanted.prefixes = {{Prefix{network, 64}}};
    want();
    wait(seconds(3));
  }
  EXPECT_LE(advertiser->history(now).size(), 1u + Bulletin::kMaxPast);
}

}  // namespace
}  // namespace michi::engine::ndisc

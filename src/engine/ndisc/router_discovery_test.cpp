#include "engine/ndisc/router_discovery.hpp"

#include <gtest/gtest.h>

#include "kit/ndisc.hpp"

namespace michi::engine::ndisc {
namespace {

using namespace wire::icmp6;
using kit::nd::ip;
using kit::nd::net;

const Ipv6 kUs = ip("fe80::1");
const Ipv6 kRouter = ip("fe80::a");
const Ipv6 kSecond = ip("fe80::b");
constexpr Mac kMac{{2, 0, 0, 0, 0, 1}};

class RouterDiscoveryTest : public testing::Test {
 protected:
  RouterDiscoveryTest() {
    settings.local = kUs;
    settings.mac = kMac;
    settings.interface_id = 0x1234;
  }
  void start() {
    discovery.emplace(settings, Random::seeded(1));
    discovery->start(now);
    drain();
  }
  void drain() {
    while (auto output = discovery->poll()) {
      if (auto* message = std::get_if<ndisc::Message>(&*output)) {
        sent.push_back(std::move(*message));
        sent_at.push_back(now);
      } else {
        reports.push_back(std::get<Learned>(*output));
      }
    }
  }
  void hear(const RouterAdvertisement& message, const Ipv6& from = kRouter) {
    kit::nd::hear(*discovery, message, from, kAllNodes, now);
    drain();
  }
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (discovery->next_deadline() && *discovery->next_deadline() <= end) {
      ASSERT_GE(*discovery->next_deadline(), now);
      now = std::max(now, *discovery->next_deadline());
      discovery->on_deadline(now);
      drain();
    }
    now = end;
  }
  static RouterAdvertisement router(std::uint16_t lifetime, Options options = {}) {
    RouterAdvertisement out;
    out.lifetime = lifetime;
    out.options = std::move(options);
    return out;
  }
  static PrefixInformation prefix(std::string_view text, std::uint32_t valid, std::uint32_t preferred) {
    return {net(text), true, true, Lifetime(valid), Lifetime(preferred)};
  }
  Learned learned() const { return discovery->learned(now); }

  DiscoverySettings settings;
  std::optional<RouterDiscovery> discovery;
  Instant now{};
  std::vector<ndisc::Message> sent;
  std::vector<Instant> sent_at;
  std::vector<Learned> reports;
};

TEST_F(RouterDiscoveryTest, AsksAllRoutersWithinASecondAndTellsItsMac) {
  start();
  wait(seconds(1));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].destination, kAllRouters);
  EXPECT_EQ(sent[0].source, kUs);
  EXPECT_EQ(kit::nd::read<RouterSolicitation>(sent[0]).options, Options{SourceLinkLayer{kMac}});
}

TEST_F(RouterDiscoveryTest, AsksAtOnceOnAPointToPointLinkAndWithoutAMacWhereThereIsNone) {
  settings.link = LinkKind::PointToPoint;
  settings.mac.reset();
  start();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(kit::nd::read<RouterSolicitation>(sent[0]).options.empty());
}

TEST_F(RouterDiscoveryTest, AsksWithoutEndAtPeriodsThatDoubleUpToAnHour) {
  settings.link = LinkKind::PointToPoint;
  start();
  wait(hours(48));
  ASSERT_GT(sent_at.size(), 50u);
  Duration last = sent_at[1] - sent_at[0];
  EXPECT_GE(last, milliseconds(3600));
  EXPECT_LE(last, milliseconds(4400));
  for (std::size_t i = 2; i < sent_at.size(); ++i) {
    const Duration period = sent_at[i] - sent_at[i - 1];
    const Duration capped = std::min<Duration>(last * 19 / 10, seconds(3240));
    EXPECT_GE(period, capped) << i;
    EXPECT_LE(period, std::min<Duration>(last * 21 / 10, seconds(3960))) << i;
    last = period;
  }
}

TEST_F(RouterDiscoveryTest, ADefaultRouterEndsTheAskingAndOneThatIsNoneDoesNot) {
  start();
  wait(seconds(2));
  hear(router(0));
  EXPECT_EQ(discovery->state(), DiscoveryState::Soliciting);
  wait(seconds(4));
  EXPECT_EQ(sent.size(), 2u);
  hear(router(1800));
  EXPECT_EQ(discovery->state(), DiscoveryState::Settled);
  wait(seconds(1799));
  EXPECT_EQ(sent.size(), 2u);
}

TEST_F(RouterDiscoveryTest, ListensOnlyToLinkLocalSourcesOnTheLink) {
  start();
  const RouterAdvertisement good = router(1800, {prefix("2001:db8::/64", 3600, 1800)});
  const Ipv6 global = ip("2001:db8::1");
  discovery->on_message(write_message(good, global, kAllNodes), global, kAllNodes, 255, now);
  discovery->on_message(write_message(good, kRouter, kAllNodes), kRouter, kAllNodes, 254, now);
  discovery->on_message(write_message(good, kRouter, kAllNodes), kSecond, kAllNodes, 255, now);
  discovery->on_message(write_message(good, kUs, kAllNodes), kUs, kAllNodes, 255, now);
  ByteVec zero_length = write_message(good);
  zero_length[17] = std::byte{0};
  seal(zero_length, kRouter, kAllNodes);
  discovery->on_message(zero_length, kRouter, kAllNodes, 255, now);
  drain();
  EXPECT_TRUE(reports.empty());
  EXPECT_FALSE(learned().heard);
  EXPECT_EQ(discovery->counters().discarded.malformed, 2u);
  EXPECT_EQ(discovery->counters().discarded.forwarded, 1u);
  EXPECT_EQ(discovery->counters().discarded.invalid, 1u);
}

TEST_F(RouterDiscoveryTest, FormsAnAddressFromAnAutonomousSlash64AndFromNothingElse) {
  start();
  Options options{prefix("2001:db8:1::/64", 3600, 1800),
                  prefix("2001:db8:2::/56", 3600, 1800),
                  prefix("fe80::/64", 3600, 1800),
                  prefix("2001:db8:3::/64", 1800, 3600),
                  PrefixInformation{net("2001:db8:4::/64"), true, false, Lifetime(3600), Lifetime(1800)},
                  PrefixInformation{net("2001:db8:5::/64"), false, true, Lifetime(3600), Lifetime(1800)},
                  prefix("2001:db8:6::/64", 0, 0)};
  hear(router(1800, options));
  const Learned is = learned();
  ASSERT_EQ(is.addresses.size(), 2u);
  EXPECT_EQ(is.addresses[0].address, ip("2001:db8:1::1234"));
  EXPECT_EQ(is.addresses[0].router, kRouter);
  EXPECT_EQ(is.addresses[1].address, ip("2001:db8:5::1234"));
  EXPECT_EQ(is.addresses[0].preferred_until, now + seconds(1800));
  EXPECT_EQ(is.addresses[0].valid_until, now + seconds(3600));
  ASSERT_EQ(is.on_link.size(), 4u);
  EXPECT_EQ(is.on_link[1].prefix, net("2001:db8:2::/56"));
}

TEST_F(RouterDiscoveryTest, ShortensAValidLifetimeToTwoHoursAtMost) {
  struct Case {
    std::uint32_t had, heard, has;
  };
  for (const Case& c : {Case{86400, 90000, 90000}, Case{86400, 7201, 7201}, Case{86400, 3600, 7200},
                        Case{86400, 0, 7200}, Case{3600, 1800, 3600}, Case{3600, 0, 3600}, Case{3600, 3601, 3601},
                        Case{1800, 7200, 7200}, Case{0xffffffff, 0, 7200}}) {
    start();
    hear(router(1800, {prefix("2001:db8::/64", c.had, 0)}));
    hear(router(1800, {prefix("2001:db8::/64", c.heard, 0)}));
    ASSERT_EQ(learned().addresses.size(), 1u);
    EXPECT_EQ(learned().addresses[0].valid_until, now + seconds(c.has)) << c.had << " then " << c.heard;
    EXPECT_EQ(learned().on_link.size(), c.heard == 0 ? 0u : 1u) << "on-link has no such rule";
  }
}

TEST_F(RouterDiscoveryTest, APreferredLifetimeOfZeroDeprecatesAtOnceAndIsReported) {
  start();
  hear(router(1800, {prefix("2001:db8::/64", 86400, 86400)}));
  reports.clear();
  hear(router(1800, {prefix("2001:db8::/64", 86400, 0)}));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_TRUE(reports[0].addresses.at(0).deprecated);
  wait(seconds(300));
  hear(router(1800, {prefix("2001:db8::/64", 86100, 0)}));
  EXPECT_EQ(reports.size(), 1u) << "known";
}

TEST_F(RouterDiscoveryTest, EverythingEndsAtItsDeadlineAndNotBefore) {
  start();
  hear(router(600, {prefix("2001:db8::/64", 500, 100), RouteInformation{net("2001:db8:9::/48"), {}, Lifetime(200)},
                    Rdnss{Lifetime(300), {ip("2001:db8::53")}}, Dnssl{Lifetime(400), {"example.net"}},
                    Pref64{net("64:ff9b::/96"), Lifetime(480)}}));
  const auto left = [&] {
    const Learned is = learned();
    return std::tuple(is.addresses.size(), is.routes.size(), is.name_servers.size(), is.search_domains.size(),
                      is.nat64.size(), is.routers.size());
  };
  const auto at = [&](Duration when) { wait(Instant{} + when - now); };
  at(milliseconds(99'999));
  reports.clear();
  EXPECT_FALSE(learned().addresses[0].deprecated);
  at(seconds(100));
  EXPECT_TRUE(learned().addresses[0].deprecated);
  EXPECT_EQ(reports.size(), 1u);
  at(milliseconds(199'999));
  EXPECT_EQ(left(), std::tuple(1u, 1u, 1u, 1u, 1u, 1u));
  at(seconds(200));
  EXPECT_EQ(left(), std::tuple(1u, 0u, 1u, 1u, 1u, 1u));
  at(seconds(300));
  EXPECT_EQ(left(), std::tuple(1u, 0u, 0u, 1u, 1u, 1u));
  at(seconds(400));
  EXPECT_EQ(left(), std::tuple(1u, 0u, 0u, 0u, 1u, 1u));
  at(seconds(480));
  EXPECT_EQ(left(), std::tuple(1u, 0u, 0u, 0u, 0u, 1u));
  at(seconds(500));
  EXPECT_EQ(left(), std::tuple(0u, 0u, 0u, 0u, 0u, 1u));
  EXPECT_TRUE(learned().on_link.empty());
  at(milliseconds(599'999));
  EXPECT_EQ(discovery->state(), DiscoveryState::Settled);
  sent.clear();
  at(seconds(600));
  EXPECT_EQ(left(), std::tuple(0u, 0u, 0u, 0u, 0u, 0u));
  EXPECT_EQ(reports.size(), 7u);
  EXPECT_EQ(discovery->state(), DiscoveryState::Soliciting);
  EXPECT_EQ(sent.size(), 1u) << "a new one is looked for at once";
}

TEST_F(RouterDiscoveryTest, ARouterThatSaysGoodbyeLeavesAtOnceAndItsPrefixesStay) {
  start();
  hear(router(1800, {prefix("2001:db8::/64", 86400, 86400)}));
  hear(router(1800), kSecond);
  reports.clear();
  hear(router(0));
  ASSERT_EQ(reports.size(), 1u);
  ASSERT_EQ(reports[0].routers.size(), 1u);
  EXPECT_EQ(reports[0].routers[0].address, kSecond);
  EXPECT_EQ(reports[0].addresses.size(), 1u);
  EXPECT_EQ(discovery->state(), DiscoveryState::Settled);
}

TEST_F(RouterDiscoveryTest, WhatIsOnlyRefreshedIsNotReportedBeforeHalfOfItIsGone) {
  start();
  const RouterAdvertisement same =
      router(1800, {prefix("2001:db8::/64", 86400, 43200), Rdnss{Lifetime(1800), {ip("2001:db8::53")}}});
  hear(same);
  EXPECT_EQ(reports.size(), 1u);
  for (unsigned i = 0; i < 8; ++i) {
    wait(seconds(100));
    hear(same);
  }
  EXPECT_EQ(reports.size(), 1u);
  wait(seconds(200));
  EXPECT_EQ(reports.size(), 2u) << "told 800 s, and 1600 s are left";
  EXPECT_EQ(reports[1].routers.at(0).until, Instant{} + seconds(2600));
}

TEST_F(RouterDiscoveryTest, ALifetimeThatShrinksIsReportedAndOneThatCountsDownIsNot) {
  start();
  hear(router(1800, {prefix("2001:db8::/64", 86400, 43200)}));
  wait(seconds(100));
  hear(router(1700, {prefix("2001:db8::/64", 86300, 43101)}));
  EXPECT_EQ(reports.size(), 1u);
  hear(router(1700, {prefix("2001:db8::/64", 86300, 600)}));
  EXPECT_EQ(reports.size(), 2u);
}

TEST_F(RouterDiscoveryTest, WhatNeverEndsIsReportedOnceAndAgainWhenItDoesEnd) {
  start();
  const RouterAdvertisement endless = router(1800, {prefix("2001:db8::/64", 0xffffffff, 0xffffffff)});
  hear(endless);
  hear(endless);
  EXPECT_EQ(reports.size(), 1u);
  hear(router(1800, {prefix("2001:db8::/64", 86400, 86400)}));
  EXPECT_EQ(reports.size(), 2u);
  hear(endless);
  EXPECT_EQ(reports.size(), 3u);
}

TEST_F(RouterDiscoveryTest, TellsTheVariantsOfALineApart) {
  start();
  EXPECT_FALSE(learned().heard);
  RouterAdvertisement delegating = router(1800);
  delegating.managed = delegating.other = true;
  hear(delegating);
  EXPECT_TRUE(learned().heard && learned().managed && learned().other);
  EXPECT_TRUE(learned().on_link.empty() && learned().addresses.empty());
  start();
  RouterAdvertisement only_64 = router(1800, {prefix("2409:10:1:2::/64", 86400, 43200)});
  only_64.other = true;
  hear(only_64);
  EXPECT_TRUE(learned().heard && !learned().managed && learned().other);
  EXPECT_EQ(learned().addresses.size(), 1u);
  start();
  hear(router(0));
  EXPECT_TRUE(learned().heard && learned().routers.empty());
}

TEST_F(RouterDiscoveryTest, RoutersStandInTheOrderOfTheirPreference) {
  start();
  RouterAdvertisement one = router(1800, {SourceLinkLayer{kMac}}), two = router(1800);
  one.preference = Preference::Low;
  hear(one);
  hear(two, kSecond);
  ASSERT_EQ(learned().routers.size(), 2u);
  EXPECT_EQ(learned().routers[0].address, kSecond);
  EXPECT_EQ(learned().routers[1].mac, kMac);
  one.preference = Preference::High;
  one.options.clear();
  hear(one);
  EXPECT_EQ(learned().routers[0].address, kRouter);
  EXPECT_EQ(learned().routers[0].mac, kMac) << "not told again, not forgotten";
}

TEST_F(RouterDiscoveryTest, RoutesKeepTheirRouterAndTheDefaultRouteSpeaksForIt) {
  start();
  hear(router(1800, {RouteInformation{net("2001:db8:9::/48"), Preference::High, Lifetime(900)},
                     RouteInformation{net("::/0"), Preference::Low, Lifetime(600)}}));
  ASSERT_EQ(learned().routes.size(), 1u);
  EXPECT_EQ(learned().routes[0].router, kRouter);
  EXPECT_EQ(learned().routes[0].preference, Preference::High);
  EXPECT_EQ(learned().routers.at(0).preference, Preference::Low);
  EXPECT_EQ(learned().routers.at(0).until, now + seconds(600));
  hear(router(1800, {RouteInformation{net("2001:db8:9::/48"), Preference::High, Lifetime(0)},
                     RouteInformation{net("::/0"), Preference::Low, Lifetime(0)}}));
  EXPECT_TRUE(learned().routes.empty() && learned().routers.empty());
}

TEST_F(RouterDiscoveryTest, NameServersDomainsMtuAndNat64ArriveAndLeave) {
  start();
  // The name servers of the eastern network, ngn_dns.csv.
  hear(router(1800, {Rdnss{Lifetime(1800), {ip("2404:1a8:7f01:a::3"), ip("2404:1a8:7f01:b::3"), kAllNodes}},
                     Dnssl{kInfinite, {"flets-east.jp"}}, Pref64{net("64:ff9b::/96"), Lifetime(1800)}, Mtu{1454}}));
  ASSERT_EQ(learned().name_servers.size(), 2u);
  EXPECT_EQ(learned().name_servers[0].address, ip("2404:1a8:7f01:a::3"));
  EXPECT_EQ(learned().search_domains.at(0).until, kNever);
  EXPECT_EQ(learned().nat64.at(0).prefix, net("64:ff9b::/96"));
  EXPECT_EQ(learned().mtu, 1454u);
  hear(router(1800, {Rdnss{Lifetime(0), {ip("2404:1a8:7f01:a::3")}}, Dnssl{Lifetime(0), {"flets-east.jp"}},
                     Pref64{net("64:ff9b::/96"), Lifetime(0)}, Mtu{1279}}));
  EXPECT_EQ(learned().name_servers.size(), 1u);
  EXPECT_TRUE(learned().search_domains.empty() && learned().nat64.empty());
  hear(router(1800, {Mtu{1501}}));
  EXPECT_EQ(learned().mtu, 1454u);
}

TEST_F(RouterDiscoveryTest, TablesAreBoundedAndTheNewestStays) {
  start();
  for (unsigned i = 0; i < 1000; ++i) {
    Ipv6 from = kRouter, server = ip("2001:db8::");
    Prefix p = net("2001:db8::/64");
    Ipv6 network = *p.address.v6();
    network.octets[6] = from.octets[14] = server.octets[14] = static_cast<std::uint8_t>(i >> 8);
    network.octets[7] = from.octets[13] = server.octets[15] = static_cast<std::uint8_t>(i);
    p.address = network;
    hear(router(1800, {PrefixInformation{p, true, true, kInfinite, kInfinite},
                       RouteInformation{p, Preference::Medium, kInfinite}, Rdnss{kInfinite, {server}}}),
         from);
    now += milliseconds(1);
  }
  const Learned is = learned();
  EXPECT_EQ(is.routers.size(), LearnedTable::kMaxRouters);
  EXPECT_EQ(is.on_link.size(), LearnedTable::kMaxPrefixes);
  EXPECT_EQ(is.addresses.size(), LearnedTable::kMaxPrefixes);
  EXPECT_EQ(is.routes.size(), LearnedTable::kMaxRoutes);
  EXPECT_LE(is.name_servers.size(), LearnedTable::kMaxNames);
  EXPECT_EQ(is.addresses.back().address, ip("2001:db8:0:3e7::1234"));
  EXPECT_GT(discovery->counters().displaced, 0u);
  EXPECT_LE(reports.size(), 8u + 4u) << "a second of contradictions";
  wait(seconds(1));
  EXPECT_EQ(reports.back().addresses.back().address, ip("2001:db8:0:3e7::1234")) << "the last word is told";
}

TEST_F(RouterDiscoveryTest, AsksAgainWithoutForgettingAndNotSoonerThanAllowed) {
  start();
  wait(seconds(2));
  hear(router(1800));
  discovery->solicit_again(now);
  drain();
  wait(sent_at[0] + seconds(4) - now - milliseconds(1));
  EXPECT_EQ(sent.size(), 1u);
  wait(seconds(2));
  EXPECT_EQ(sent.size(), 2u);
  EXPECT_EQ(learned().routers.size(), 1u);
  discovery->stop(now);
  EXPECT_FALSE(discovery->next_deadline());
  hear(router(1800));
  EXPECT_FALSE(learned().heard);
}

TEST_F(RouterDiscoveryTest, SaysNothingFromAnAddressThatIsNotLinkLocal) {
  settings.local = Ipv6{};
  start();
  EXPECT_EQ(discovery->state(), DiscoveryState::Idle);
  EXPECT_FALSE(discovery->next_deadline());
}

}  // namespace
}  // namespace michi::engine::ndisc

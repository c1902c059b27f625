#include "engine/ndisc/proxy.hpp"

#include <gtest/gtest.h>

#include "kit/ndisc.hpp"

namespace michi::engine::ndisc {
namespace {

using namespace wire::icmp6;
using kit::nd::ip;
using kit::nd::net;

const Ipv6 kAsker = ip("fe80::a");
const Ipv6 kHost = ip("2409:10:1:2::77");
const Ipv6 kOwn = ip("2409:10:1:2::1");
constexpr Mac kAskerMac{{2, 0, 0, 0, 0, 0xa}}, kHostMac{{2, 0, 0, 0, 0, 0x77}};
const ProxySide kWan{ip("fe80::1"), {{2, 0, 0, 0, 0, 1}}};
const ProxySide kLan{ip("fe80::2"), {{2, 0, 0, 0, 0, 2}}}, kSecond{ip("fe80::3"), {{2, 0, 0, 0, 0, 3}}};

class ProxyTest : public testing::Test {
 protected:
  ProxyTest() {
    settings.prefix = net("2409:10:1:2::/64");
    settings.wan = kWan;
    settings.lans = {kLan, kSecond};
    settings.own = {kOwn};
    start();
  }
  void start(const std::vector<HostRoute>& before = {}) {
    proxy.emplace(settings, Random::seeded(1));
    proxy->start(before, now);
    drain();
  }
  void drain() {
    while (auto output = proxy->poll()) {
      if (auto* m = std::get_if<ProxyMessage>(&*output))
        (m->lan ? asked : answered).push_back(std::move(*m));
      else if (auto* route = std::get_if<HostRoute>(&*output))
        routes.push_back(*route);
      else
        gone.push_back(std::get<HostGone>(*output).address);
    }
  }
  void wan_asks(const Ipv6& target, const Ipv6& from = kAsker) {
    NeighborSolicitation m{target, {}};
    if (!from.is_unspecified()) m.options = {SourceLinkLayer{kAskerMac}};
    const Ipv6 to = solicited_node(target);
    proxy->on_wan(write_message(m, from, to), from, to, 255, now);
    drain();
  }
  void wan_says(const Ipv6& target, const Mac& mac) {
    const NeighborAdvertisement m{false, false, true, target, {TargetLinkLayer{mac}}};
    proxy->on_wan(write_message(m, kAsker, kAllNodes), kAsker, kAllNodes, 255, now);
    drain();
  }
  void lan_says(const Ipv6& target, std::size_t lan = 0) {
    const NeighborAdvertisement m{false, true, true, target, {TargetLinkLayer{kHostMac}}};
    const Ipv6& to = settings.lans[lan].local;
    proxy->on_lan(lan, write_message(m, target, to), target, to, 255, now);
    drain();
  }
  void lan_asks(const Ipv6& target, const Ipv6& from, std::size_t lan = 0) {
    const Ipv6 to = solicited_node(target);
    proxy->on_lan(lan, write_message(NeighborSolicitation{target, {}}, from, to), from, to, 255, now);
    drain();
  }
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (proxy->next_deadline() && *proxy->next_deadline() <= end) {
      now = std::max(now, *proxy->next_deadline());
      proxy->on_deadline(now);
      drain();
    }
    now = end;
  }
  void become_present(std::size_t lan = 0) {
    wan_asks(kHost);
    lan_says(kHost, lan);
    asked.clear();
    answered.clear();
    routes.clear();
  }

  ProxySettings settings;
  std::optional<Proxy> proxy;
  Instant now = Instant{} + seconds(10);
  std::vector<ProxyMessage> asked, answered;
  std::vector<HostRoute> routes;
  std::vector<Ipv6> gone;
};

TEST_F(ProxyTest, AsksEveryLanAndAnswersWhenOneHasTheHost) {
  wan_asks(kHost);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_TRUE(answered.empty() && routes.empty());
  EXPECT_EQ(asked[1].lan, 1u);
  EXPECT_EQ(asked[1].message.source, kSecond.local);
  EXPECT_EQ(asked[1].message.destination, solicited_node(kHost));
  EXPECT_EQ(kit::nd::read<NeighborSolicitation>(asked[1].message),
            (NeighborSolicitation{kHost, {SourceLinkLayer{kSecond.mac}}}));
  lan_says(kHost, 1);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].message.source, kWan.local);
  EXPECT_EQ(answered[0].message.destination, kAsker);
  EXPECT_EQ(kit::nd::read<NeighborAdvertisement>(answered[0].message),
            (NeighborAdvertisement{false, true, false, kHost, {TargetLinkLayer{kWan.mac}}}));
  EXPECT_EQ(routes, (std::vector<HostRoute>{{kHost, 1}}));
  EXPECT_EQ(proxy->hosts(), routes);
}

TEST_F(ProxyTest, AnswersAtOnceForAHostThatIsKnown) {
  become_present();
  wan_asks(kHost);
  EXPECT_EQ(answered.size(), 1u);
  EXPECT_TRUE(asked.empty() && routes.empty());
}

TEST_F(ProxyTest, AsksThreeTimesASecondApartAndThenNotForThreeSeconds) {
  wan_asks(kHost);
  for (unsigned i = 1; i < 3; ++i) {
    wait(milliseconds(999));
    EXPECT_EQ(asked.size(), 2u * i);
    wan_asks(kHost);
    wait(milliseconds(1));
    EXPECT_EQ(asked.size(), 2u * (i + 1));
  }
  wait(seconds(1));
  wan_asks(kHost);
  wait(milliseconds(2999));
  wan_asks(kHost);
  EXPECT_EQ(asked.size(), 6u);
  wait(milliseconds(1));
  wan_asks(kHost);
  EXPECT_EQ(asked.size(), 8u);
  EXPECT_TRUE(answered.empty());
}

TEST_F(ProxyTest, AnswersEveryoneWhoWaitedButNotWithoutBound) {
  for (unsigned i = 0; i < 10; ++i) wan_asks(kHost, Ipv6::link_local(0x100 + i));
  wan_asks(kHost, Ipv6::link_local(0x100));
  lan_says(kHost);
  EXPECT_EQ(answered.size(), 4u);
}

TEST_F(ProxyTest, ATestForDuplicatesIsAnsweredToAllOrNotAtAll) {
  wan_asks(kHost, Ipv6{});
  EXPECT_TRUE(answered.empty());
  lan_says(kHost);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].message.destination, kAllNodes);
  EXPECT_FALSE(kit::nd::read<NeighborAdvertisement>(answered[0].message).solicited);
  answered.clear();
  const Ipv6 nobody = ip("2409:10:1:2::99");
  wan_asks(nobody, Ipv6{});
  wait(seconds(10));
  EXPECT_TRUE(answered.empty());
}

TEST_F(ProxyTest, NeverSpeaksForTheRouterOtherPrefixesOrTheAnycastAddress) {
  for (const Ipv6& target : {kOwn, ip("2409:10:1:3::77"), ip("fe80::77"), ip("2409:10:1:2::")}) {
    wan_asks(target);
    lan_says(target);
  }
  EXPECT_TRUE(asked.empty() && answered.empty() && routes.empty());
  become_present();
  proxy->set_own({kOwn, kHost});
  drain();
  EXPECT_EQ(gone, std::vector<Ipv6>{kHost});
  wan_asks(kHost);
  EXPECT_TRUE(answered.empty() && asked.empty());
}

TEST_F(ProxyTest, NeverAnswersForAnAddressSeenOnTheWan) {
  const Ipv6 neighbour = ip("2409:10:1:2::aa");
  wan_says(neighbour, kAskerMac);
  wan_asks(neighbour);
  lan_says(neighbour);
  const Ipv6 speaker = ip("2409:10:1:2::bb");
  wan_asks(kHost, speaker);
  asked.clear();
  wan_asks(speaker);
  EXPECT_TRUE(asked.empty() && answered.empty());
  wait(minutes(11));
  asked.clear();
  wan_asks(neighbour);
  EXPECT_EQ(asked.size(), 2u) << "not for ever";
}

TEST_F(ProxyTest, AnAddressThatShowsOnTheWanWhileItIsLookedForIsNotAnsweredFor) {
  wan_asks(kHost);
  wan_says(kHost, kAskerMac);
  lan_says(kHost);
  EXPECT_TRUE(answered.empty() && routes.empty());
}

TEST_F(ProxyTest, AHostOfALanIsAskedForAgainWhenTheWanClaimsItsAddress) {
  become_present();
  wan_says(kHost, kAskerMac);
  EXPECT_EQ(asked.size(), 2u);
  lan_says(kHost);
  wan_asks(kHost);
  EXPECT_EQ(answered.size(), 1u);
  wan_says(kHost, kAskerMac);
  wait(seconds(4));
  EXPECT_EQ(gone, std::vector<Ipv6>{kHost});
  wan_says(kHost, kAskerMac);
  answered.clear();
  wan_asks(kHost);
  EXPECT_TRUE(answered.empty());
}

TEST_F(ProxyTest, AHostIsAskedForAgainInTimeAndGoesWhenItIsSilent) {
  become_present();
  wait(minutes(4) - milliseconds(1));
  EXPECT_TRUE(asked.empty());
  wait(minutes(2) + seconds(4));
  EXPECT_EQ(asked.size(), 6u);
  EXPECT_EQ(gone, std::vector<Ipv6>{kHost});
  become_present();
  gone.clear();
  for (unsigned i = 0; i < 3000; ++i) {
    wait(seconds(1));
    if (!asked.empty()) lan_says(kHost);
    asked.clear();
  }
  EXPECT_TRUE(gone.empty() && routes.empty());
}

TEST_F(ProxyTest, AHostThatMovesIsFoundOnItsNewLanByAskingAgain) {
  become_present(0);
  lan_says(kHost, 1);
  EXPECT_EQ(asked.size(), 2u);
  EXPECT_TRUE(routes.empty()) << "a word that nobody asked for moves nothing";
  lan_says(kHost, 1);
  EXPECT_EQ(routes, (std::vector<HostRoute>{{kHost, 1}}));
  EXPECT_TRUE(gone.empty());
}

TEST_F(ProxyTest, AHostThatAppearsAfterSilenceIsAskedForAgainAtOnce) {
  wan_asks(kHost);
  wait(seconds(3));
  asked.clear();
  wan_asks(kHost);
  EXPECT_TRUE(asked.empty());
  lan_asks(kHost, Ipv6{});
  wan_asks(kHost);
  EXPECT_EQ(asked.size(), 2u);
  lan_asks(kAsker, kHost);
  EXPECT_EQ(answered.size(), 1u) << "its own solicitation shows it, too";
}

TEST_F(ProxyTest, AHostThatTestsAnAddressIsAskedForWhenTheTestIsOver) {
  lan_asks(kHost, Ipv6{});
  wait(milliseconds(1999));
  EXPECT_TRUE(asked.empty());
  wait(milliseconds(1));
  EXPECT_EQ(asked.size(), 2u);
  lan_says(kHost);
  EXPECT_EQ(routes, (std::vector<HostRoute>{{kHost, 0}}));
  EXPECT_TRUE(answered.empty()) << "nobody asked on the WAN";
  lan_asks(kHost, Ipv6{}, 1);
  EXPECT_EQ(proxy->hosts().size(), 1u) << "a test of somebody else takes nothing away";
}

TEST_F(ProxyTest, AHostThatSpeaksFromAnAddressIsAskedForAtOnce) {
  lan_asks(kLan.local, kHost);
  EXPECT_EQ(asked.size(), 2u);
  EXPECT_TRUE(routes.empty()) << "its word alone is not enough";
  lan_says(kHost);
  EXPECT_EQ(routes, (std::vector<HostRoute>{{kHost, 0}}));
  asked.clear();
  for (const Ipv6& other : {kOwn, ip("2409:10:1:3::77"), ip("fe80::77")}) {
    lan_asks(kLan.local, other);
    lan_asks(other, Ipv6{});
  }
  wait(seconds(10));
  EXPECT_TRUE(asked.empty());
}

TEST_F(ProxyTest, ALanThatTestsAddressesWithoutEndIsBounded) {
  for (unsigned i = 0; i < 20000; ++i) {
    Ipv6 target = kHost;
    target.octets[10] = static_cast<std::uint8_t>(i >> 8);
    target.octets[11] = static_cast<std::uint8_t>(i);
    lan_asks(target, Ipv6{});
    lan_asks(kLan.local, target);
    wait(milliseconds(1));
  }
  EXPECT_LE(proxy->candidates(), Proxy::kMaxCandidates);
  EXPECT_LE(asked.size(), 2u * (64 + 1000 + 1));
  EXPECT_TRUE(proxy->hosts().empty());
  wait(seconds(20));
  EXPECT_EQ(proxy->candidates(), 0u);
}

TEST_F(ProxyTest, AHostThatTakesAnAddressOfTheWanIsTold) {
  wan_says(kHost, kAskerMac);
  lan_asks(kHost, Ipv6{}, 1);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].lan, 1u);
  EXPECT_EQ(asked[0].message.destination, kAllNodes);
  EXPECT_EQ(kit::nd::read<NeighborAdvertisement>(asked[0].message),
            (NeighborAdvertisement{false, false, false, kHost, {TargetLinkLayer{kSecond.mac}}}));
}

TEST_F(ProxyTest, WhatALoopBringsBackIsNotHeard) {
  wan_asks(kHost, kLan.local);
  wan_says(kHost, kWan.mac);
  EXPECT_TRUE(asked.empty());
  wan_asks(kHost);
  const NeighborAdvertisement echo{false, false, false, kHost, {TargetLinkLayer{kWan.mac}}};
  proxy->on_lan(0, write_message(echo, kWan.local, kAllNodes), kWan.local, kAllNodes, 255, now);
  drain();
  EXPECT_TRUE(answered.empty() && routes.empty());
}

TEST_F(ProxyTest, AScanOfThePrefixIsBounded) {
  become_present();
  for (unsigned i = 0; i < 20000; ++i) {
    Ipv6 target = kHost;
    target.octets[9] = 1;
    target.octets[10] = static_cast<std::uint8_t>(i >> 8);
    target.octets[11] = static_cast<std::uint8_t>(i);
    wan_asks(target);
    wait(milliseconds(1));
  }
  EXPECT_LE(proxy->candidates(), Proxy::kMaxCandidates);
  EXPECT_LE(asked.size(), 2u * (64 + 1000 + 1));
  EXPECT_EQ(proxy->hosts().size(), 1u);
  wan_asks(kHost);
  EXPECT_EQ(answered.size(), 1u) << "the known one is answered for all the same";
  wait(seconds(20));
  EXPECT_EQ(proxy->candidates(), 0u);
}

TEST_F(ProxyTest, HostsAreBoundedAndTheOneSilentLongestGoes) {
  become_present();
  for (unsigned i = 0; i < Proxy::kMaxHosts; ++i) {
    now += milliseconds(30);
    Ipv6 target = kHost;
    target.octets[10] = static_cast<std::uint8_t>(1 + (i >> 8));
    target.octets[11] = static_cast<std::uint8_t>(i);
    wan_asks(target);
    lan_says(target);
  }
  EXPECT_EQ(proxy->hosts().size(), Proxy::kMaxHosts);
  EXPECT_EQ(gone, std::vector<Ipv6>{kHost});
}

TEST_F(ProxyTest, AnswersAreBounded) {
  become_present();
  for (unsigned i = 0; i < 10000; ++i) wan_asks(kHost);
  EXPECT_EQ(answered.size(), 127u) << "one went to make it known";
  EXPECT_GT(proxy->counters().withheld, 0u);
}

TEST_F(ProxyTest, HostsOfAnEarlierLifeAreAnsweredForAndAskedForAgain) {
  const Ipv6 silent = ip("2409:10:1:2::88");
  start({{kHost, 1}, {silent, 0}, {kOwn, 0}, {ip("2001:db8::1"), 0}});
  EXPECT_EQ(asked.size(), 4u);
  wan_asks(kHost);
  EXPECT_EQ(answered.size(), 1u);
  lan_says(kHost, 1);
  wait(seconds(4));
  EXPECT_TRUE(routes.empty());
  EXPECT_EQ(gone, std::vector<Ipv6>{silent});
}

TEST_F(ProxyTest, NothingIsHeardThatIsNotValidNorAfterTheEnd) {
  const Ipv6 to = solicited_node(kHost);
  const NeighborSolicitation m{kHost, {}};
  proxy->on_wan(write_message(m, kAsker, to), kAsker, to, 64, now);
  proxy->on_wan(write_message(m, Ipv6{}, kAllNodes), Ipv6{}, kAllNodes, 255, now);
  proxy->on_wan(write_message(m), kAsker, to, 255, now);
  EXPECT_EQ(proxy->counters().discarded.forwarded, 1u);
  EXPECT_EQ(proxy->counters().discarded.invalid, 1u);
  EXPECT_EQ(proxy->counters().discarded.malformed, 1u);
  wan_asks(kHost);
  proxy->stop(now);
  EXPECT_FALSE(proxy->next_deadline());
  asked.clear();
  wan_asks(kHost);
  proxy->on_lan(7, {}, kAsker, to, 255, now);
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace michi::engine::ndisc

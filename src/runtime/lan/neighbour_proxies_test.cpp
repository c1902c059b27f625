// Proxies at work over fake doors: what leaves on which side, and which hosts policy hears of.
#include "runtime/lan/neighbour_proxies.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "kit/fake_datagrams.hpp"
#include "kit/fake_echoes.hpp"
#include "kit/fake_frames.hpp"
#include "kit/ndisc.hpp"

namespace michi::runtime {
namespace {

using kit::nd::ip;
using kit::nd::net;
using namespace wire::icmp6;
using Hosts = std::vector<model::Neighbour>;

const Ipv6 kHost = ip("2409:10:1:2::77"), kRouter = ip("fe80::99");

class NeighbourProxiesTest : public ::testing::Test {
 protected:
  NeighbourProxiesTest() {
    put("wan0", 2, "fe80::1");
    put("lan0", 3, "fe80::2");
    start();
  }
  void put(const std::string& device, std::uint32_t index, const char* local) {
    links[device] = {.name = device,
                     .index = index,
                     .up = true,
                     .carrier = true,
                     .mtu = 1500,
                     .mac = Mac{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(index)}},
                     .kind = {},
                     .alias = {}};
    addresses.insert({.device = device, .address = {ip(local), 64}});
  }
  void start() {
    proxies.reset();
    channels.emplace(Channels::Sockets{frames, datagrams, echoes}, [this] { ++wakes; });
    proxies.emplace(*channels, Random::seeded(1));
  }
  /// As Core does.
  void decide(const std::vector<model::ProxyWant>& wants) {
    model::Desired desired;
    desired.proxies = wants;
    proxies->on_desired(desired, now);
    see();
  }
  void see() {
    observed.links = links;
    observed.addresses = addresses;
    channels->on_kernel(links, now);
    proxies->on_kernel(observed, now);
    turn();
  }
  Instant next_deadline() const {
    return std::min(proxies->next_deadline().value_or(Instant::max()),
                    channels->next_deadline().value_or(Instant::max()));
  }
  bool turn() {
    channels->on_deadline(now);
    const bool changed = proxies->turn(now, Pass::First);
    while (auto event = channels->poll_event()) events.push_back(*event);
    while (auto event = proxies->poll_event()) events.push_back(*event);
    if (kernel_follows) {
      routes.clear();
      for (const auto& host : proxies->hosts()) routes.insert(route(host.address, host.device));
    }
    observed.routes = routes;
    proxies->on_performed(observed, now);
    return changed;
  }
  static model::RouteEntry route(const Ipv6& host, const std::string& device, std::uint32_t table = 254) {
    return {.table = table, .to = Prefix::host(host), .metric = 100, .device = device};
  }
  void run(Duration how_long) {
    const Instant end = now + how_long;
    while (next_deadline() <= end) {
      now = std::max(now, next_deadline());
      turn();
    }
    now = end;
  }
  void hear(const std::string& device, const Message& message, const Ipv6& from, const Ipv6& to) {
    datagrams.arrive(device, port::Speaker::NdProxy, {write_message(message, from, to), from, to, std::uint8_t{255}});
  }
  bool wan_asks(const Ipv6& target = kHost) {
    hear("wan0", NeighborSolicitation{target, {}}, kRouter, solicited_node(target));
    return turn();
  }
  bool lan_says(const Ipv6& target = kHost) {
    hear("lan0", NeighborAdvertisement{false, true, true, target, {}}, target, ip("fe80::2"));
    return turn();
  }
  std::size_t sent(const std::string& device) const {
    return static_cast<std::size_t>(std::ranges::count(datagrams.sent, device, &kit::FakeDatagrams::Sent::device));
  }
  model::ProxySnapshot shown() const { return *proxies->snapshot_of("hikari", want.prefix); }

  kit::FakeFrames frames;
  kit::FakeDatagrams datagrams;
  kit::FakeEchoes echoes;
  model::Observed observed;
  std::map<std::string, model::Link> links;
  std::set<model::AddressEntry> addresses;
  std::vector<model::Event> events;
  std::set<model::RouteEntry> routes;  // as they stand
  bool kernel_follows = true;
  unsigned wakes = 0;
  Instant now{seconds(100)};
  model::ProxyWant want{"hikari", "wan0", net("2409:10:1:2::/64"), "home", "lan0", true};
  std::optional<Channels> channels;
  std::optional<NeighbourProxies> proxies;
};

TEST_F(NeighbourProxiesTest, AHostIsToldOfAndAnsweredForOnceItHasShownItself) {
  decide({want});
  EXPECT_FALSE(wan_asks());
  ASSERT_EQ(sent("lan0"), 1U);
  EXPECT_EQ(datagrams.sent.back().destination, solicited_node(kHost));
  EXPECT_EQ(datagrams.sent.back().source, ip("fe80::2"));
  EXPECT_EQ(sent("wan0"), 0U);
  EXPECT_TRUE(lan_says());
  EXPECT_EQ(proxies->hosts(), (Hosts{{kHost, "lan0"}}));
  ASSERT_EQ(sent("wan0"), 1U);
  EXPECT_EQ(datagrams.sent.back().destination, kRouter);
  EXPECT_EQ(shown().state, "answering");
  EXPECT_EQ(shown().hosts, 1U);
  EXPECT_EQ(shown().answered, 1U);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].code, "proxy.shared");
}

TEST_F(NeighbourProxiesTest, AnAnswerLeavesWhenTheRouteStandsAndNotALongTimeAfterTheQuestion) {
  kernel_follows = false;
  decide({want});
  wan_asks();
  EXPECT_TRUE(lan_says());
  EXPECT_EQ(sent("wan0"), 0U);
  routes = {route(kHost, "lan1"), route(kHost, "lan0", 20001), route(ip("2409:10:1:2::78"), "lan0")};
  now += milliseconds(999);
  turn();
  EXPECT_EQ(sent("wan0"), 0U);
  routes = {route(kHost, "lan0")};
  turn();
  EXPECT_EQ(sent("wan0"), 1U);
  routes.clear();
  wan_asks();
  now += seconds(1);
  routes = {route(kHost, "lan0")};
  turn();
  EXPECT_EQ(sent("wan0"), 1U);
}

TEST_F(NeighbourProxiesTest, TheRoutersOwnAddressesAreNeverAnsweredFor) {
  addresses.insert({.device = "wan0", .address = {kHost, 128}});
  decide({want});
  wan_asks();
  lan_says();
  EXPECT_TRUE(datagrams.sent.empty());
  EXPECT_TRUE(proxies->hosts().empty());
}

TEST_F(NeighbourProxiesTest, HostsOfAnEarlierLifeStandFromTheFirstDecisionAndAreAskedForAgain) {
  const Ipv6 silent = ip("2409:10:1:2::88");
  auto through = route(ip("2409:10:1:2::89"), "lan0");
  through.gateway = Address(kRouter);
  proxies->adopt({route(kHost, "lan0"), route(silent, "lan0"), route(ip("2409:10:1:2::90"), "lan0", 20001), through});
  EXPECT_EQ(proxies->hosts(), (Hosts{{kHost, "lan0"}, {silent, "lan0"}}));
  model::Desired desired;
  desired.proxies = {want};
  proxies->on_desired(desired, now);
  EXPECT_EQ(proxies->hosts(), (Hosts{{kHost, "lan0"}, {silent, "lan0"}})) << "before the kernel was looked at";
  observed.links = links;
  observed.addresses = addresses;
  channels->on_kernel(links, now);
  proxies->on_kernel(observed, now);
  turn();
  EXPECT_EQ(sent("lan0"), 2U);
  wan_asks();
  EXPECT_EQ(sent("wan0"), 1U) << "answered for meanwhile";
  lan_says();
  run(seconds(10));
  EXPECT_EQ(proxies->hosts(), (Hosts{{kHost, "lan0"}}));
}

TEST_F(NeighbourProxiesTest, WithoutTheLineHostsAreLookedAfterAndNotAnsweredFor) {
  decide({want});
  wan_asks();
  lan_says();
  want.answers = false;
  decide({want});
  EXPECT_EQ(shown().state, "remembered");
  EXPECT_FALSE(datagrams.is_open("wan0", port::Speaker::NdProxy));
  EXPECT_EQ(proxies->hosts().size(), 1U);
  run(minutes(10));
  EXPECT_TRUE(proxies->hosts().empty()) << "silent";
  EXPECT_EQ(sent("wan0"), 1U);
  want.answers = true;
  decide({want});
  wan_asks();
  lan_says();
  EXPECT_EQ(sent("wan0"), 2U);
}

TEST_F(NeighbourProxiesTest, ALanThatGoesTakesItsHostsAlongAndTheyAreAskedForWhenItReturns) {
  decide({want});
  wan_asks();
  lan_says();
  links["lan0"].up = false;
  see();
  EXPECT_TRUE(proxies->hosts().empty());
  EXPECT_EQ(shown().state, "waiting");
  links["lan0"].up = true;
  links["lan0"].index = 9;
  const auto asked = sent("lan0");
  see();
  EXPECT_EQ(sent("lan0"), asked + 1);
  EXPECT_EQ(proxies->hosts(), (Hosts{{kHost, "lan0"}}));
}

TEST_F(NeighbourProxiesTest, AnotherNameOfTheLanKeepsItsHosts) {
  decide({want});
  wan_asks();
  lan_says();
  want.lan = "house";
  decide({want});
  EXPECT_EQ(proxies->hosts(), (Hosts{{kHost, "lan0"}}));
  decide({});
  EXPECT_TRUE(proxies->hosts().empty());
  EXPECT_FALSE(datagrams.is_open("lan0", port::Speaker::NdProxy));
}

TEST_F(NeighbourProxiesTest, ASocketThatDoesNotOpenIsToldOnceAndTriedAgain) {
  datagrams.missing = {"lan0"};
  decide({want});
  run(seconds(30));
  EXPECT_EQ(events.size(), 2U);
  EXPECT_EQ(std::ranges::count(events, "proxy.unusable", &model::Event::code), 1);
  datagrams.missing.clear();
  run(seconds(6));
  EXPECT_EQ(shown().state, "answering");
}

TEST_F(NeighbourProxiesTest, AFloodOfHostsIsToldOfAtABoundedRate) {
  decide({want});
  unsigned told = 0;
  for (unsigned i = 0; i < 1000; ++i) {
    now += milliseconds(1);
    Ipv6 host = kHost;
    host.octets[14] = static_cast<std::uint8_t>(i >> 8);
    host.octets[13] = static_cast<std::uint8_t>(i);
    told += wan_asks(host);
    told += lan_says(host);
  }
  EXPECT_LE(told, 16U + 10U);
  run(seconds(1));
  EXPECT_EQ(proxies->hosts().size(), shown().hosts);
}

}  // namespace
}  // namespace michi::runtime

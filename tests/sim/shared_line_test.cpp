// A line that has one /64 for itself: a LAN has a part of it by neighbour discovery proxy, through silence,
// lost carriers, crashes and reloads. The whole daemon; its neighbours on both sides are played here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "kit/ndisc.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {
namespace {

using kit::nd::ip;
using kit::nd::net;
using namespace wire::icmp6;

const Ipv6 kOurWan = ip("fe80::2"), kOurLan = ip("fe80::3"), kRouter = ip("fe80::1");
const Ipv6 kHost = ip("2001:db8:9:9::77"), kNobody = ip("2001:db8:9:9::99");

class SharedLineStory : public ::testing::Test {
 protected:
  SharedLineStory() {
    put_link("wan0", 1, kOurWan);
    put_link("lan0", 2, kOurLan);
    machine.files.sysctls["kernel/random/boot_id"] = "first";
    model::UplinkConfig uplink;
    uplink.id.name = "hikari";
    uplink.kind = model::IpoeConfig{};
    uplink.over = model::OnLine{"wan0"};
    uplink.mtu = 1500;
    uplink.ipv4 = false;
    config.uplinks = {uplink};
    model::LanConfig home;
    home.name = "home";
    home.interface = "lan0";
    config.lans = {home};
    model::PolicyConfig line;
    line.use = {uplink.id};
    config.policies = {line};
    node.datagrams().on_sent = [this](const kit::FakeDatagrams::Sent& sent) { carry(sent); };
  }
  void TearDown() override {
    if (!HasFailure()) return;
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
  }

  void put_link(const std::string& name, std::uint8_t last, const Ipv6& local) {
    machine.kernel.add_ethernet(name, last);
    machine.kernel.add_address({name, {local, 64}, false});
  }
  void begin() { node->begin(std::make_shared<const model::Config>(config), {}); }
  void apply() {
    node->apply(std::make_shared<const model::Config>(config), {});
    world.run(milliseconds(10));
  }
  void carrier(bool on) {
    machine.kernel.set_carrier("wan0", on);
    world.run(milliseconds(1));
  }

  // The others.
  void arrive(const std::string& device, port::Speaker speaker, const Message& message, const Ipv6& from,
              const Ipv6& to) {
    node.datagrams().arrive(device, speaker, {write_message(message, from, to), from, to, std::uint8_t{255}});
  }
  void carry(const kit::FakeDatagrams::Sent& sent) {
    if (sent.speaker == port::Speaker::NdHost && router) world.after(milliseconds(1), [this] { advertise(); });
    const auto message = parse_message(sent.bytes);
    if (!message) return;
    if (const auto* asks = std::get_if<NeighborSolicitation>(&*message);
        asks != nullptr && sent.device == "lan0" && host_is_there && asks->target == kHost)
      world.after(milliseconds(1), [this] {
        arrive("lan0", port::Speaker::NdProxy, NeighborAdvertisement{false, true, true, kHost, {}}, kHost, kOurLan);
      });
    if (const auto* says = std::get_if<NeighborAdvertisement>(&*message); says != nullptr && sent.device == "wan0")
      answered.push_back(says->target);
    if (const auto* says = std::get_if<RouterAdvertisement>(&*message); says != nullptr && sent.device == "lan0") {
      for (const auto& option : kit::nd::all<PrefixInformation>(says->options)) told = option;
    }
  }
  void advertise() {
    RouterAdvertisement message;
    message.lifetime = 1800;
    message.options = {PrefixInformation{net("2001:db8:9:9::/64"), true, true, Lifetime{7200}, Lifetime{3600}}};
    arrive("wan0", port::Speaker::NdHost, message, kRouter, kAllNodes);
  }
  void wan_asks(const Ipv6& target) {
    arrive("wan0", port::Speaker::NdProxy, NeighborSolicitation{target, {}}, kRouter, solicited_node(target));
  }
  void test_for_duplicates() {
    arrive("lan0", port::Speaker::NdProxy, NeighborSolicitation{kHost, {}}, Ipv6{}, solicited_node(kHost));
  }

  bool has_route(const Prefix& to, std::string_view device) const {
    return std::ranges::any_of(machine.kernel.routes, [&](const model::RouteEntry& route) {
      return route.table == 254 && route.to == to && route.device == device;
    });
  }
  bool host_routed() const { return has_route(Prefix::host(kHost), "lan0"); }
  bool preferred() const { return told && told->preferred > Lifetime{} && told->prefix == net("2001:db8:9:9::/64"); }
  bool becomes(const std::function<bool()>& what, Duration limit) { return world.run_until(what, limit); }
  void become_present() {
    begin();
    ASSERT_TRUE(becomes([this] { return preferred(); }, seconds(20)));
    wan_asks(kHost);
    ASSERT_TRUE(becomes([this] { return host_routed() && !answered.empty(); }, seconds(1)));
  }

  kit::World world{5};
  kit::Wire wire{world, {}};
  Machine machine;
  model::Config config;
  CoreNode node{world, {{"wan0", &wire}}, machine};
  bool router = true, host_is_there = true;
  std::vector<Ipv6> answered;
  std::optional<PrefixInformation> told;  // the last one on the LAN
};

TEST_F(SharedLineStory, WithoutADelegationTheLinesPrefixIsOnTheLanWithinFifteenSeconds) {
  begin();
  ASSERT_TRUE(becomes([this] { return preferred(); }, seconds(15)));
  EXPECT_TRUE(told->autonomous);
  EXPECT_FALSE(told->on_link) << "what is on the WAN is reached by the router";
  EXPECT_LE(told->preferred, Lifetime{2700});
  EXPECT_TRUE(node.saw("prefix.on-link"));
  EXPECT_TRUE(node.saw("proxy.shared"));
  EXPECT_TRUE(has_route(net("2001:db8:9:9::/64"), "wan0"));
  EXPECT_FALSE(host_routed());
}

TEST_F(SharedLineStory, AHostIsAnsweredForWhenItsRouteStandsAndNobodyElseIs) {
  become_present();
  EXPECT_EQ(answered, std::vector{kHost});
  wan_asks(kNobody);
  world.run(seconds(10));
  EXPECT_EQ(answered, std::vector{kHost});
  EXPECT_EQ(node->proxy("hikari", net("2001:db8:9:9::/64"))->hosts, 1U);
}

TEST_F(SharedLineStory, AHostThatTakesAnAddressIsFoundBeforeAnybodyAsksOnTheWan) {
  begin();
  ASSERT_TRUE(becomes([this] { return preferred(); }, seconds(20)));
  test_for_duplicates();
  EXPECT_TRUE(becomes([this] { return host_routed(); }, seconds(3)));
  EXPECT_TRUE(answered.empty());
}

TEST_F(SharedLineStory, AHostThatGoesHasNoRouteAfterMinutes) {
  become_present();
  host_is_there = false;
  EXPECT_TRUE(becomes([this] { return !host_routed(); }, minutes(7)));
  answered.clear();
  wan_asks(kHost);
  world.run(seconds(10));
  EXPECT_TRUE(answered.empty());
}

TEST_F(SharedLineStory, ALostCarrierDeprecatesThePrefixAtOnceAndItComesBack) {
  become_present();
  carrier(false);
  EXPECT_FALSE(preferred());
  EXPECT_GT(told->valid, Lifetime{}) << "what is inside goes on";
  EXPECT_TRUE(host_routed());
  world.run(seconds(10));
  EXPECT_FALSE(has_route(net("2001:db8:9:9::/64"), "wan0"));
  EXPECT_TRUE(host_routed()) << "flows that go another way now come back to it";
  carrier(true);
  EXPECT_TRUE(becomes([this] { return preferred(); }, seconds(10)));
}

TEST_F(SharedLineStory, AfterACrashTheRouteIsNeverTakenAndTheHostAskedForAgain) {
  become_present();
  world.run(seconds(2));
  machine.kernel.journal.clear();
  answered.clear();
  node.crash();
  begin();
  ASSERT_TRUE(becomes(
      [this] {
        return node->proxy("hikari", net("2001:db8:9:9::/64")).has_value() &&
               node->proxy("hikari", net("2001:db8:9:9::/64"))->state == "answering";
      },
      seconds(20)));
  world.run(seconds(10));
  EXPECT_TRUE(host_routed());
  for (const auto& done : machine.kernel.journal)
    EXPECT_EQ(done.find(to_text(Prefix::host(kHost))), std::string::npos) << done;
  wan_asks(kHost);
  EXPECT_TRUE(becomes([this] { return answered == std::vector{kHost}; }, seconds(1)));
}

TEST_F(SharedLineStory, AfterACrashAHostThatWentMeanwhileLosesItsRoute) {
  become_present();
  world.run(seconds(2));
  host_is_there = false;
  node.crash();
  begin();
  EXPECT_TRUE(becomes([this] { return !host_routed(); }, seconds(20)));
}

TEST_F(SharedLineStory, TheFileCanForbidItAndTakesItBack) {
  become_present();
  config.uplinks[0].neighbour_proxy = false;
  apply();
  EXPECT_FALSE(preferred());
  EXPECT_FALSE(host_routed());
  EXPECT_FALSE(node->proxy("hikari", net("2001:db8:9:9::/64")));
  EXPECT_FALSE(node.datagrams().is_open("wan0", port::Speaker::NdProxy));
  config.uplinks[0].neighbour_proxy.reset();
  apply();
  EXPECT_TRUE(preferred());
}

TEST_F(SharedLineStory, AClosedNetworkIsNotSharedUnlessTheFileSaysSo) {
  config.uplinks[0].closed = true;
  begin();
  world.run(seconds(20));
  EXPECT_TRUE(node.saw("prefix.on-link"));
  EXPECT_FALSE(told);
  config.uplinks[0].neighbour_proxy = true;
  apply();
  EXPECT_TRUE(told);
}

TEST_F(SharedLineStory, AStaticLineSharesItsNetworkOnlyWhereTheFileSaysSo) {
  config.uplinks[0].kind = model::StaticConfig{};
  kit::fixed(config.uplinks[0]) = {.address6 = net("2001:db8:9:9::2/64"), .gateway6 = kRouter};
  begin();
  world.run(seconds(5));
  EXPECT_FALSE(told);
  config.uplinks[0].neighbour_proxy = true;
  apply();
  ASSERT_TRUE(becomes([this] { return preferred(); }, seconds(5)));
  wan_asks(kHost);
  EXPECT_TRUE(becomes([this] { return host_routed() && !answered.empty(); }, seconds(1)));
  answered.clear();
  wan_asks(ip("2001:db8:9:9::2"));
  world.run(seconds(5));
  EXPECT_TRUE(answered.empty()) << "the kernel speaks for the router";
}

}  // namespace
}  // namespace michi::sim

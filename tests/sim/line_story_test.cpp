// Uplinks whose device is the interface itself, in the whole daemon: asked for by DHCP or written in the
// file, beside PPPoE on the same wire, through lost carriers, silent servers and crashes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "kit/dhcp4_server.hpp"
#include "kit/fake_isp.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {
namespace {

using model::Reason;
using model::UplinkState;
using wire::dhcp4::MessageType;

model::UplinkConfig line(std::string name, model::KindConfig kind) {
  model::UplinkConfig config;
  config.id.name = std::move(name);
  config.kind = std::move(kind);
  config.over = model::OnLine{"wan0"};
  config.mtu = 1500;
  return config;
}

class LineStory : public ::testing::Test {
 protected:
  LineStory() {
    machine.kernel.add_ethernet("wan0", 1);
    config.uplinks = {line("hgw", model::IpoeConfig{})};
    config.uplinks[0].ipv6 = false;
    server.settings().options = {
        wire::dhcp4::address_option(wire::dhcp4::OptionCode::Router, Ipv4{0xc0000201}),
        wire::dhcp4::address_option(wire::dhcp4::OptionCode::DomainNameServer, Ipv4{0xc0000235})};
  }

  void TearDown() override {
    EXPECT_EQ(server.complaints(), std::vector<std::string>{});
    EXPECT_EQ(world.trouble(), "");
    if (!HasFailure()) return;
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
  }

  void begin() { node->begin(std::make_shared<const model::Config>(config), {}); }
  const model::UplinkFacts& facts(const std::string& name = "hgw") { return *facts_now(*node, name); }
  bool up(const std::string& name = "hgw") { return facts_now(*node, name) && facts(name).usable(Family::V4); }
  bool becomes_up(Duration limit = seconds(5)) {
    return world.run_until([&] { return up(); }, limit);
  }
  bool becomes(UplinkState state, Duration limit) {
    return world.run_until([&] { return facts().state == state; }, limit);
  }
  void carrier(bool on) {
    machine.kernel.set_carrier("wan0", on);
    world.run(milliseconds(1));
  }
  std::size_t told(std::string_view code) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(node.events(), [&](const auto& event) { return event.code == code; }));
  }

  model::Config config;
  Machine machine;
  kit::World world{7};
  kit::Wire wire{world, {}};
  kit::Dhcp4Server server{world, wire};
  CoreNode node{world, {{"wan0", &wire}}, machine};
};

TEST_F(LineStory, ALineGetsItsAddressAndIsUpWithinTwoSeconds) {
  begin();
  EXPECT_EQ(node->carried_by("hgw"), "");
  ASSERT_TRUE(becomes_up(seconds(2)));
  EXPECT_EQ(node->carried_by("hgw"), "kernel");
  EXPECT_EQ(facts().shown_state(), UplinkState::Up);
  EXPECT_EQ(facts().v4->local, Ipv4{0xc0000264});
  EXPECT_EQ(facts().v4->length, 24);
  EXPECT_EQ(facts().v4->gateway, Ipv4{0xc0000201});
  EXPECT_EQ(facts().v4->dns, std::vector{Ipv4{0xc0000235}});
  EXPECT_EQ(facts().mtu, 1500);
  EXPECT_FALSE(facts().session);
  EXPECT_EQ(told("uplink.up"), 1U);
  EXPECT_EQ(told("dhcp4.leased"), 1U);
  EXPECT_EQ(protocol_state(*node, "hgw"), "dhcp4 Bound");
}

TEST_F(LineStory, ALeaseIsRenewedForADayWithoutAnEdge) {
  begin();
  ASSERT_TRUE(becomes_up());
  world.run(hours(24));
  EXPECT_TRUE(up());
  EXPECT_EQ(told("uplink.lost"), 0U);
  EXPECT_GE(server.heard(MessageType::Request), 24U);
}

TEST_F(LineStory, ASilentNetworkIsShownInTimeAndFoundWhenItSpeaks) {
  server.alive = false;
  begin();
  ASSERT_TRUE(world.run_until([&] { return facts_now(*node, "hgw") && facts().reason == Reason::NoLease; },
                              config.uplinks[0].connect_timeout + seconds(1)));
  EXPECT_EQ(facts().state, UplinkState::Waiting);
  EXPECT_EQ(told("uplink.attempt-failed"), 1U);
  ASSERT_FALSE(waiting_for(*node, "hgw").empty());
  EXPECT_NE(waiting_for(*node, "hgw")[0].find("DHCP server"), std::string::npos);
  world.run(minutes(10));
  server.alive = true;
  EXPECT_TRUE(becomes_up(seconds(140)));
  EXPECT_EQ(facts().reason, Reason::None);
}

TEST_F(LineStory, AShortLossOfTheCarrierKeepsTheAddressAndHasItConfirmed) {
  begin();
  ASSERT_TRUE(becomes_up());
  const auto asked = server.heard(MessageType::Request);
  carrier(false);
  EXPECT_FALSE(up());
  EXPECT_TRUE(facts().v4);
  EXPECT_EQ(facts().reason, Reason::NoCarrier);
  world.run(seconds(1));
  carrier(true);
  EXPECT_TRUE(becomes_up(milliseconds(10)));
  world.run(seconds(3));
  EXPECT_GT(server.heard(MessageType::Request), asked);
  EXPECT_EQ(server.heard(MessageType::Discover), 1U);
  EXPECT_TRUE(up());
}

TEST_F(LineStory, ALongLossTakesTheAddressAndTheSameOneComesBack) {
  begin();
  ASSERT_TRUE(becomes_up());
  carrier(false);
  world.run(seconds(10));
  EXPECT_EQ(facts_now(*node, "hgw")->state, UplinkState::Waiting);
  EXPECT_FALSE(facts().v4);
  carrier(true);
  ASSERT_TRUE(becomes_up());
  EXPECT_EQ(facts().v4->local, Ipv4{0xc0000264});
  EXPECT_EQ(server.heard(MessageType::Discover), 1U);
}

TEST_F(LineStory, AnotherNetworkBehindTheCarrierRefusesTheOldAddressAndGivesOneOfItsOwn) {
  begin();
  ASSERT_TRUE(becomes_up());
  carrier(false);
  server.forget();
  server.settings().first = Ipv4{0xc00002c8};
  carrier(true);
  ASSERT_TRUE(world.run_until([&] { return up() && facts().v4->local == Ipv4{0xc00002c8}; }, seconds(10)));
  EXPECT_EQ(told("dhcp4.lost"), 1U);
}

TEST_F(LineStory, ALeaseThatNobodyExtendsEndsAndIsAskedForAgain) {
  begin();
  ASSERT_TRUE(becomes_up());
  server.alive = false;
  ASSERT_TRUE(becomes(UplinkState::Connecting, hours(2)));
  EXPECT_EQ(facts().reason, Reason::AddressLost);
  EXPECT_FALSE(facts().attached);
  EXPECT_EQ(told("uplink.lost"), 1U);
  EXPECT_FALSE(machine.store.state.contains("lease4.hgw"));
  server.alive = true;
  EXPECT_TRUE(becomes_up(seconds(140)));
}

TEST_F(LineStory, AfterACrashTheSameAddressIsAskedForAndNothingIsReleased) {
  begin();
  ASSERT_TRUE(becomes_up());
  world.run(seconds(1));
  ASSERT_TRUE(machine.store.state.contains("lease4.hgw"));
  node.crash();
  begin();
  ASSERT_TRUE(becomes_up(seconds(2)));
  EXPECT_EQ(facts().v4->local, Ipv4{0xc0000264});
  EXPECT_EQ(server.heard(MessageType::Discover), 1U);
  EXPECT_EQ(server.heard(MessageType::Release), 0U);
}

TEST_F(LineStory, AStoppedLineKeepsItsLeaseUnlessTheFileSaysOtherwise) {
  begin();
  ASSERT_TRUE(becomes_up());
  node->down("hgw");
  world.run(seconds(1));
  EXPECT_EQ(facts().state, UplinkState::Down);
  EXPECT_EQ(server.heard(MessageType::Release), 0U);
  node->up("hgw");
  ASSERT_TRUE(becomes_up());
  kit::ipoe(config.uplinks[0]).dhcp.release = true;
  node->apply(std::make_shared<const model::Config>(config), {});
  world.run(seconds(1));
  EXPECT_TRUE(up());
  node->down("hgw");
  world.run(seconds(1));
  EXPECT_EQ(server.heard(MessageType::Release), 1U);
  EXPECT_FALSE(machine.store.state.contains("lease4.hgw"));
}

TEST_F(LineStory, AnUplinkTheFileNoLongerNamesLeavesNoRecord) {
  begin();
  ASSERT_TRUE(becomes_up());
  config.uplinks = {line("other", model::StaticConfig{})};
  node->apply(std::make_shared<const model::Config>(config), {});
  world.run(seconds(1));
  EXPECT_FALSE(machine.store.state.contains("lease4.hgw"));
}

TEST_F(LineStory, TwoServersAreToldOf) {
  kit::Dhcp4Settings other;
  other.device = Mac{{0x02, 0xd4, 0, 0, 0, 2}};
  other.identifier = Ipv4{0xc0000202};
  other.first = Ipv4{0xc00002c8};
  kit::Dhcp4Server second(world, wire, other);
  begin();
  ASSERT_TRUE(becomes_up());
  EXPECT_EQ(told("dhcp4.servers"), 1U);
}

TEST_F(LineStory, AnAddressThatSomebodyElseUsesIsDeclined) {
  server.used_by_others = {Ipv4{0xc0000264}};
  begin();
  ASSERT_TRUE(becomes_up(minutes(1)));
  EXPECT_NE(facts().v4->local, Ipv4{0xc0000264});
  EXPECT_EQ(server.heard(MessageType::Decline), 1U);
}

TEST_F(LineStory, AStaticLineIsUpWithTheCarrierAndSaysNothing) {
  auto config_of_line = line("fix", model::StaticConfig{});
  kit::fixed(config_of_line) = {.address = *parse_prefix("203.0.113.2/29"),
                                .gateway = *parse_ipv4("203.0.113.1"),
                                .address6 = *parse_prefix("2001:db8::2/64"),
                                .gateway6 = *parse_ipv6("fe80::1"),
                                .prefixes = {*parse_prefix("2001:db8:100::/56")}};
  config.uplinks = {config_of_line};
  begin();
  ASSERT_TRUE(world.run_until([&] { return up("fix"); }, seconds(1)));
  EXPECT_EQ(facts("fix").v4->length, 29);
  EXPECT_EQ(facts("fix").v6->addresses, std::vector{*parse_ipv6("2001:db8::2")});
  EXPECT_TRUE(facts("fix").carries(Family::V6));
  ASSERT_EQ(facts("fix").prefixes.size(), 1U);
  EXPECT_TRUE(facts("fix").prefixes[0].confirmed);
  EXPECT_EQ(told("uplink.up"), 1U);
  carrier(false);
  EXPECT_FALSE(up("fix"));
  world.run(seconds(10));
  EXPECT_FALSE(facts("fix").prefixes[0].confirmed);
  carrier(true);
  EXPECT_TRUE(up("fix"));
  EXPECT_EQ(server.heard(MessageType::Discover), 0U);
}

TEST_F(LineStory, ALineAndASessionShareAnInterface) {
  server.settings().first = Ipv4{0xc00002c8};
  kit::FakeIsp isp(world, wire);
  model::UplinkConfig session;
  session.id.name = "isp";
  session.over = model::OnLine{"wan0"};
  kit::ppp(session).user = "user@isp";
  config.uplinks.push_back(session);
  node->begin(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}});
  ASSERT_TRUE(world.run_until([&] { return up() && up("isp"); }, seconds(10)));
  EXPECT_EQ(facts("isp").v4->length, 32);
  EXPECT_TRUE(facts("isp").session);
}

TEST_F(LineStory, TheSameAddressOnALineAndASessionIsHeldOnOne) {
  kit::FakeIsp isp(world, wire);  // gives 192.0.2.100, too
  model::UplinkConfig session;
  session.id.name = "isp";
  session.over = model::OnLine{"wan0"};
  kit::ppp(session).user = "user@isp";
  config.uplinks.push_back(session);
  node->begin(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}});
  ASSERT_TRUE(world.run_until(
      [&] { return facts_now(*node, "isp") && facts("isp").reason == Reason::DuplicateAddress; }, seconds(10)));
  EXPECT_TRUE(up());
  EXPECT_FALSE(facts("isp").attached);
}

TEST_F(LineStory, ASessionThatBecomesALineSaysGoodbyeFirst) {
  kit::FakeIsp isp(world, wire);
  const auto as_line = config.uplinks;
  config.uplinks[0].kind = model::PppoeConfig{};
  kit::ppp(config.uplinks[0]).user = "user@isp";
  config.uplinks[0].mtu = 1492;
  const model::Secrets secrets{{"hgw", Secret("secret")}};
  node->begin(std::make_shared<const model::Config>(config), secrets);
  ASSERT_TRUE(becomes_up(seconds(10)));
  ASSERT_TRUE(facts().session);
  config.uplinks = as_line;
  node->apply(std::make_shared<const model::Config>(config), secrets);
  ASSERT_TRUE(world.run_until([&] { return up() && !facts().session; }, seconds(5)));
  EXPECT_TRUE(machine.store.run.empty() || !machine.store.run.contains("session.hgw"));
}

TEST_F(LineStory, WhatPassedIsTheInterfacesCountAndNamesWhoSharesIt) {
  kit::FakeIsp isp(world, wire);
  model::UplinkConfig session;
  session.id.name = "isp";
  session.over = model::OnLine{"wan0"};
  kit::ppp(session).user = "user@isp";
  begin();
  ASSERT_TRUE(becomes_up());
  EXPECT_EQ(node->counters("hgw").rx_packets, 0U) << "not known";
  machine.kernel.link_counters["wan0"] = {
      .rx_packets = 7, .rx_bytes = 700, .tx_packets = 5, .tx_bytes = 500, .rx_dropped = 1, .tx_dropped = 2};
  const auto alone = node->counters("hgw");
  EXPECT_EQ(alone.rx_packets, 7U);
  EXPECT_EQ(alone.tx_bytes, 500U);
  EXPECT_EQ(alone.tx_dropped, 2U);
  EXPECT_EQ(alone.interface, "wan0");
  EXPECT_TRUE(alone.shared_with.empty());
  config.uplinks.push_back(session);
  node->apply(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}});
  machine.kernel.counters["isp"] = {.rx_packets = 3, .rx_bytes = 300};
  EXPECT_EQ(node->counters("hgw").shared_with, std::vector<std::string>{"isp"});
  EXPECT_EQ(node->counters("isp").rx_packets, 3U);
  EXPECT_EQ(node->counters("isp").interface, "");
}

}  // namespace
}  // namespace michi::sim

// IPv6 of an uplink that is the interface itself: a router's advertisement, a prefix by DHCPv6, both kept
// across lost carriers and crashes; and a network that leads nowhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "kit/dhcp6_world.hpp"
#include "sim/core_rig.hpp"
#include "wire/describe.hpp"
#include "wire/icmp6.hpp"
#include "wire/ip6.hpp"

namespace michi::sim {
namespace {

using wire::dhcp6::MessageType;

const Ipv6 kOurs = *parse_ipv6("fe80::2"), kRouter = *parse_ipv6("fe80::1"), kEverybody = *parse_ipv6("ff02::1");

class LinePrefixStory : public ::testing::Test, public kit::Node {
 protected:
  LinePrefixStory() {
    machine.kernel.add_ethernet("wan0", 1);
    machine.kernel.add_address({"wan0", {kOurs, 64}, false});
    machine.files.sysctls["kernel/random/boot_id"] = "first";
    model::UplinkConfig uplink;
    uplink.id.name = "hikari";
    uplink.kind = model::IpoeConfig{};
    uplink.over = model::OnLine{"wan0"};
    uplink.mtu = 1500;
    uplink.ipv4 = false;
    config.uplinks = {uplink};
    world.add(*this);
    inside.attach(*this);
    node.datagrams().on_sent = [this](const kit::FakeDatagrams::Sent& sent) { carry(sent); };
  }
  void TearDown() override {
    if (!HasFailure()) return;
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
    std::printf("state %s\n", protocol_state(*node, "hikari").c_str());
  }

  void carry(const kit::FakeDatagrams::Sent& sent) {
    if (sent.speaker == port::Speaker::NdHost) {
      ++solicited;
      if (router) world.after(milliseconds(1), [this] { advertise(); });
      return;
    }
    Writer frame;
    frame.put(sent.source->bytes()).put(sent.destination.bytes()).put(sent.bytes);
    inside.send(this, std::move(frame).take());
  }
  void on_frame(Bytes frame, Instant) override {
    node.datagrams().arrive("wan0", port::Speaker::Dhcp6Client,
                            {.bytes = copy_of(frame.subspan(32)),
                             .source = *Ipv6::from_bytes(frame.first(16)),
                             .destination = *Ipv6::from_bytes(frame.subspan(16, 16)),
                             .hop_limit = 64});
  }
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool drain(Instant) override { return false; }

  void advertise() {
    wire::icmp6::RouterAdvertisement message;
    message.lifetime = 1800;
    node.datagrams().arrive("wan0", port::Speaker::NdHost,
                            {.bytes = wire::icmp6::write_message(message, kRouter, kEverybody),
                             .source = kRouter,
                             .destination = kEverybody,
                             .hop_limit = 255});
  }
  void carrier(bool on) {
    machine.kernel.set_carrier("wan0", on);
    world.run(milliseconds(1));
  }

  void begin() { node->begin(std::make_shared<const model::Config>(config), {}); }
  const model::UplinkFacts& facts() { return *facts_now(*node, "hikari"); }
  bool delegated() {
    return facts_now(*node, "hikari") && facts().usable(Family::V6) && !facts().prefixes.empty() &&
           facts().prefixes[0].confirmed;
  }
  bool becomes_delegated(Duration limit = seconds(10)) {
    return world.run_until([&] { return delegated(); }, limit);
  }

  kit::World world{3};
  kit::Wire wire{world, {}};
  kit::Wire inside{world, {}};
  kit::Dhcp6Server server{world, inside};
  Machine machine;
  model::Config config;
  CoreNode node{world, {{"wan0", &wire}}, machine};
  bool router = true;
  unsigned solicited = 0;
};

TEST_F(LinePrefixStory, ALineHasItsRouterAndItsPrefixWithinSeconds) {
  begin();
  ASSERT_TRUE(becomes_delegated(seconds(5)));
  EXPECT_TRUE(world.run_until([&] { return facts().v6->peer == kRouter; }, seconds(5)));
  EXPECT_EQ(facts().v6->local, kOurs);
  EXPECT_EQ(facts().prefixes[0].prefix.length, 56);
  EXPECT_TRUE(facts().carries(Family::V6));
  EXPECT_TRUE(facts().attached);
  EXPECT_FALSE(facts().session);
  EXPECT_EQ(facts().mtu, 1500);
  EXPECT_TRUE(machine.store.state.contains("lease.hikari"));
  EXPECT_TRUE(node.saw("uplink.up"));
  EXPECT_GE(solicited, 1U);
}

TEST_F(LinePrefixStory, WithoutAnAdvertisementTheDelegatingRouterIsTheNextHop) {
  router = false;
  begin();
  ASSERT_TRUE(becomes_delegated());
  EXPECT_TRUE(facts().v6->peer.is_link_local());
}

TEST_F(LinePrefixStory, ALostCarrierIsFollowedByRebindAndTheSamePrefix) {
  begin();
  ASSERT_TRUE(becomes_delegated());
  const auto before = facts().prefixes[0].prefix;
  carrier(false);
  EXPECT_FALSE(facts().usable(Family::V6));
  world.run(seconds(1));
  carrier(true);
  EXPECT_TRUE(facts().usable(Family::V6));  // believed until somebody denies it
  ASSERT_TRUE(world.run_until([&] { return server.heard(MessageType::Rebind) == 1U; }, seconds(3)));
  world.run(seconds(1));
  EXPECT_TRUE(delegated());
  EXPECT_EQ(facts().prefixes[0].prefix, before);
  EXPECT_EQ(server.heard(MessageType::Solicit), 1U);
}

TEST_F(LinePrefixStory, ALongLossLeavesThePrefixRemembered) {
  begin();
  ASSERT_TRUE(becomes_delegated());
  carrier(false);
  world.run(seconds(10));
  EXPECT_FALSE(facts().v6);
  ASSERT_EQ(facts().prefixes.size(), 1U);
  EXPECT_FALSE(facts().prefixes[0].confirmed);
  carrier(true);
  EXPECT_TRUE(becomes_delegated());
  EXPECT_EQ(server.heard(MessageType::Release), 0U);
}

TEST_F(LinePrefixStory, AfterACrashThePrefixIsKnownAtOnceAndConfirmed) {
  begin();
  ASSERT_TRUE(becomes_delegated());
  const auto before = facts().prefixes[0].prefix;
  world.run(seconds(1));
  node.crash();
  begin();
  ASSERT_TRUE(becomes_delegated());
  EXPECT_EQ(facts().prefixes[0].prefix, before);
  EXPECT_EQ(server.heard(MessageType::Solicit), 1U);
  EXPECT_EQ(server.bindings(), 1U);
}

TEST_F(LinePrefixStory, ASilentLineSaysThatNoRouterIsThere) {
  router = false;
  server.behaviour.silent = true;
  begin();
  ASSERT_TRUE(world.run_until([&] { return facts_now(*node, "hikari") && facts().reason == model::Reason::NoRouter; },
                              seconds(40)));
  EXPECT_EQ(facts().state, model::UplinkState::Waiting);
  EXPECT_FALSE(waiting_for(*node, "hikari").empty());
  server.behaviour.silent = false;
  EXPECT_TRUE(becomes_delegated(minutes(5)));
}

TEST_F(LinePrefixStory, WithReleaseAStoppedLineGivesItsPrefixBack) {
  config.uplinks[0].delegation.release = true;
  begin();
  ASSERT_TRUE(becomes_delegated());
  node->down("hikari");
  ASSERT_TRUE(world.run_until([&] { return facts().state == model::UplinkState::Down; }, seconds(3)));
  EXPECT_EQ(server.heard(MessageType::Release), 1U);
}

TEST_F(LinePrefixStory, APrefixOfAClosedNetworkIsNoInternet) {
  server.behaviour.pool = *parse_prefix("2408::/32");
  begin();
  ASSERT_TRUE(becomes_delegated());
  EXPECT_EQ(facts().reason, model::Reason::ClosedNetwork);
  EXPECT_FALSE(facts().carries(Family::V6));
  config.uplinks[0].closed = false;
  node->apply(std::make_shared<const model::Config>(config), {});
  world.run(seconds(1));
  EXPECT_EQ(facts().reason, model::Reason::None);
  EXPECT_TRUE(facts().carries(Family::V6));
}

TEST_F(LinePrefixStory, ANetworkThatTheFileCallsClosedIsUpAndCarriesNothing) {
  config.uplinks[0].closed = true;
  begin();
  ASSERT_TRUE(becomes_delegated());
  EXPECT_EQ(facts().reason, model::Reason::ClosedNetwork);
  EXPECT_TRUE(facts().v6->closed);
  EXPECT_FALSE(facts().carries(Family::V6));
  EXPECT_TRUE(node.saw("uplink.closed-network"));
}

TEST_F(LinePrefixStory, AChangeOfKindRemembersThePrefixAndAsksForTheSameOne) {
  begin();
  ASSERT_TRUE(becomes_delegated());
  const auto prefix = facts().prefixes[0];
  const auto solicits = server.heard(MessageType::Solicit);
  const auto become = [&](model::KindConfig kind) {
    config.uplinks[0].kind = std::move(kind);
    node->apply(std::make_shared<const model::Config>(config), {{"hikari", Secret("secret")}});
    world.run(minutes(1));
  };
  become(model::PppoeConfig{.ppp = {.user = "user@isp"}});
  ASSERT_EQ(facts().prefixes.size(), 1U);
  EXPECT_EQ(facts().prefixes[0].prefix, prefix.prefix);
  EXPECT_EQ(facts().prefixes[0].valid_until, prefix.valid_until);
  EXPECT_FALSE(facts().prefixes[0].confirmed);
  become(model::StaticConfig{});
  EXPECT_TRUE(facts().prefixes.empty());
  become(model::IpoeConfig{});
  EXPECT_TRUE(delegated());
  EXPECT_EQ(facts().prefixes[0].prefix, prefix.prefix);
  EXPECT_EQ(server.heard(MessageType::Solicit), solicits) << "a Rebind, not a new question";
  EXPECT_GE(server.heard(MessageType::Rebind), 1U);
}

TEST_F(LinePrefixStory, WhatALineRemembersGrowsOldWhileItAsksForNothing) {
  begin();
  ASSERT_TRUE(becomes_delegated());
  const auto until = facts().prefixes[0].valid_until;
  config.uplinks[0].ipv4 = true;
  config.uplinks[0].ipv6 = false;
  node->apply(std::make_shared<const model::Config>(config), {});
  world.run(minutes(5));
  EXPECT_TRUE(facts().prefixes.empty());
  server.behaviour.silent = true;
  config.uplinks[0].ipv6 = true;
  node->apply(std::make_shared<const model::Config>(config), {});
  world.run(seconds(1));
  ASSERT_EQ(facts().prefixes.size(), 1U);
  EXPECT_FALSE(facts().prefixes[0].confirmed);
  EXPECT_EQ(facts().prefixes[0].valid_until, until);
}

TEST_F(LinePrefixStory, ATraceHasEveryDatagramAsAPacketThatReadsAsItWasSaid) {
  std::vector<std::string> said;
  node->set_trace([&](const std::string& uplink, const runtime::Traced& traced) {
    EXPECT_EQ(uplink, "hikari");
    if (traced.layer != runtime::Traced::Layer::Ipv6) return;
    const auto packet = wire::ip6::parse_packet(traced.bytes);
    ASSERT_TRUE(packet);
    const bool neighbours = packet->next_header == wire::icmp6::kProtocol;
    EXPECT_TRUE(!neighbours || wire::icmp6::is_sealed(packet->source, packet->destination, packet->payload));
    said.push_back((traced.direction == runtime::Direction::Out ? "> " : "< ") + wire::describe_ipv6(traced.bytes));
  });
  begin();
  ASSERT_TRUE(becomes_delegated());
  const auto prefix = to_text(facts().prefixes[0].prefix);
  const auto count = [&](std::string_view begins, std::string_view holds) {
    return std::ranges::count_if(said, [&](const std::string& line) {
      return line.starts_with(begins) && line.find(holds) != std::string::npos;
    });
  };
  EXPECT_GE(count("> fe80::2 > ff02::2 ICMPv6 Router-Solicitation", ""), 1);
  EXPECT_GE(count("< fe80::1 > ff02::1 ICMPv6 Router-Advertisement", "lifetime=1800"), 1);
  EXPECT_GE(count("> fe80::2 > ff02::1:2 DHCPv6 Solicit", "IA_PD"), 1);
  EXPECT_GE(count("< ", "DHCPv6 Advertise"), 1);
  EXPECT_GE(count("< ", prefix), 1) << said.size();
  node->set_trace({});
  const auto before = said.size();
  world.run(hours(4));
  EXPECT_EQ(said.size(), before) << "a trace ends";
}

}  // namespace
}  // namespace michi::sim

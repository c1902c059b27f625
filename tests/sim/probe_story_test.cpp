// A line that is up and carries nothing, in the whole daemon: what the probe asks, what follows for traffic, and that
// it comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "kit/probe_peer.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {
namespace {

using model::Health;

model::UplinkConfig line(const std::string& name, const std::string& interface, const std::string& net,
                         std::vector<Address> targets) {
  model::UplinkConfig config;
  config.id.name = name;
  config.kind = model::StaticConfig{};
  config.over = model::OnLine{interface};
  config.mtu = 1500;
  kit::fixed(config).address = *parse_prefix(net + ".2/24");
  kit::fixed(config).gateway = *parse_ipv4(net + ".1");
  config.probe = {.on = true, .targets = std::move(targets)};
  return config;
}

const Address kTarget = *parse_address("203.0.113.53"), kOther = *parse_address("203.0.113.54");
const Address kRouter = *parse_address("192.0.2.1");

class ProbeStory : public ::testing::Test {
 protected:
  ProbeStory() {
    for (const auto& [name, last] : {std::pair{"wan0", 1}, {"wan1", 2}})
      machine.kernel.add_ethernet(name, static_cast<std::uint8_t>(last));
    config.uplinks = {line("isp", "wan0", "192.0.2", {kTarget}), line("lte", "wan1", "198.51.100", {})};
    model::PolicyConfig policy;
    policy.label = "policy 1";
    policy.use = {{"isp"}, {"lte"}};
    config.policies = {policy};
    node.echoes().on_asked = [this](const kit::FakeEchoes::Asked& asked) { answer(asked); };
  }

  void TearDown() override {
    EXPECT_EQ(world.trouble(), "");
    if (!HasFailure()) return;
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
  }

  void answer(const kit::FakeEchoes::Asked& asked) {
    ++questions[asked.to];
    if (silent.contains(asked.to) || world.random().below(1000) < loss) return;
    for (unsigned copies = 0; copies <= duplicates; ++copies)
      world.after(delay + world.random().between({}, jitter), [this, asked] {
        std::ignore = node.echoes().arrive(asked.device, asked.to, kit::answer_to(asked.to.family(), asked.message));
      });
  }
  void begin() {
    node->begin(std::make_shared<const model::Config>(config), {});
    ASSERT_TRUE(world.run_until([&] { return node.up("isp") && node.up("lte") && verdict("isp") == Health::Good; },
                                seconds(5)));
  }
  Health verdict(const std::string& name) { return (*node).facts().at(name).health.v4.verdict; }
  std::string chosen() {
    const auto& usable = (*node).selector().choices(Family::V4).at(0).usable;
    return usable.empty() ? "" : usable.front().name;
  }
  bool becomes(const std::string& name, Health wanted, Duration limit) {
    return world.run_until([&] { return verdict(name) == wanted; }, limit);
  }
  std::size_t told(std::string_view code) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(node.events(), [&](const auto& event) { return event.code == code; }));
  }

  model::Config config;
  Machine machine;
  kit::World world{3};
  kit::Wire wan0{world, {}}, wan1{world, {}};
  CoreNode node{world, {{"wan0", &wan0}, {"wan1", &wan1}}, machine};
  std::set<Address> silent;
  std::map<Address, std::size_t> questions;
  unsigned loss = 0, duplicates = 0;
  Duration delay = milliseconds(8), jitter{};
};

TEST_F(ProbeStory, ALineThatIsBlackBeyondItsRouterIsLeftWithinFourSecondsAndTakenBack) {
  begin();
  EXPECT_EQ(chosen(), "isp");
  const auto addresses = machine.kernel.addresses;
  const auto routes = machine.kernel.routes;
  silent.insert(kTarget);
  const Instant cut = world.now();
  ASSERT_TRUE(becomes("isp", Health::Dead, seconds(4)));
  EXPECT_GT(world.now() - cut, seconds(2));
  EXPECT_EQ((*node).facts().at("isp").health.v4.detail, "192.0.2.1 answers, nothing beyond it does");
  EXPECT_TRUE(world.run_until([&] { return chosen() == "lte" && node->settled(); }, milliseconds(100)));
  EXPECT_TRUE(node.up("isp")) << "its addresses stay";
  EXPECT_EQ(machine.kernel.addresses, addresses);
  EXPECT_EQ(machine.kernel.routes, routes);
  EXPECT_EQ(told("probe.dead"), 1U);
  EXPECT_EQ(told("uplink.lost"), 0U);

  silent.clear();
  const Instant mended = world.now();
  ASSERT_TRUE(becomes("isp", Health::Good, seconds(5)));
  EXPECT_GT(world.now() - mended, seconds(2));
  EXPECT_EQ(told("probe.good"), 3U);  // of both at first, and this
  world.run(config.policies[0].return_after - milliseconds(1));
  EXPECT_EQ(chosen(), "lte");
  world.run(milliseconds(1));
  EXPECT_EQ(chosen(), "isp");
}

TEST_F(ProbeStory, ThreeLostEchoesAreNoneTooFewAndTwoAreTooFew) {
  begin();
  world.run_until([&] { return world.now().time_since_epoch() % seconds(1) < milliseconds(1); }, seconds(2));
  world.run(milliseconds(100));
  silent = {kTarget, kRouter};
  // The answers to what was asked before are in; the questions of the next three seconds are lost.
  const auto asked = questions[kTarget];
  ASSERT_TRUE(world.run_until([&] { return questions[kTarget] == asked + 3; }, seconds(4)));
  world.run(milliseconds(999));
  EXPECT_EQ(verdict("isp"), Health::Good);
  world.run(milliseconds(1));
  EXPECT_EQ(verdict("isp"), Health::Dead);
  EXPECT_EQ((*node).facts().at("isp").health.v4.detail, "192.0.2.1 does not answer any more");
}

TEST_F(ProbeStory, WhenBothAreBlackTheBetterOneIsTried) {
  begin();
  silent = {kTarget, *parse_address("198.51.100.1")};
  ASSERT_TRUE(becomes("isp", Health::Dead, seconds(5)));
  ASSERT_TRUE(becomes("lte", Health::Dead, seconds(5)));
  world.run(seconds(1));
  EXPECT_EQ(chosen(), "isp");
  EXPECT_TRUE(node->settled());
}

TEST_F(ProbeStory, LossDuplicatesAndAFullLineOfTwoSecondsAreNoDeath) {
  config.uplinks[0].probe.targets = {kTarget, kOther};
  begin();
  loss = 100;
  duplicates = 2;
  delay = milliseconds(400);
  jitter = milliseconds(1600);
  world.run(hours(2));
  const auto died = [](const model::Event& event) { return event.code == "probe.dead" && event.uplink == "isp"; };
  EXPECT_EQ(std::ranges::count_if(node.events(), died), 0) << "two targets; lte has its next hop alone";
  EXPECT_EQ(chosen(), "isp");
}

/// The alarm of a loop that was held up may ring before its sockets are told of.
TEST_F(ProbeStory, AnAnswerThatNobodyWasToldOfIsHeardBeforeTheVerdict) {
  config.uplinks[0].probe.failures = 1;
  begin();
  node.echoes().wakes = false;
  world.run(minutes(1));
  EXPECT_EQ(told("probe.dead"), 0U);
}

TEST_F(ProbeStory, ALostCarrierEndsTheProbeAndItsVerdict) {
  begin();
  silent.insert(kTarget);
  ASSERT_TRUE(becomes("isp", Health::Dead, seconds(5)));
  machine.kernel.set_carrier("wan0", false);
  ASSERT_TRUE(becomes("isp", Health::Unknown, milliseconds(100)));
  EXPECT_FALSE(node.echoes().is_open("wan0", Family::V4));
  EXPECT_EQ(told("probe.unknown"), 1U);
  const auto asked = questions[kTarget];
  world.run(minutes(1));
  EXPECT_EQ(questions[kTarget], asked);
  silent.clear();
  machine.kernel.set_carrier("wan0", true);
  ASSERT_TRUE(becomes("isp", Health::Good, seconds(5)));
  world.run(minutes(1));
  EXPECT_EQ(chosen(), "isp");
}

TEST_F(ProbeStory, AReloadThatTurnsItOffForgetsTheVerdict) {
  begin();
  silent.insert(kTarget);
  ASSERT_TRUE(becomes("isp", Health::Dead, seconds(5)));
  config.uplinks[0].probe.on = false;
  const auto changes = node->apply(std::make_shared<const model::Config>(config), {});
  ASSERT_TRUE(becomes("isp", Health::Unknown, milliseconds(100)));
  EXPECT_TRUE(probes(*node, "isp", world.now()).empty());
  EXPECT_EQ(told("uplink.lost"), 0U);
  world.run(minutes(1));
  EXPECT_EQ(chosen(), "isp");
}

TEST_F(ProbeStory, WithoutASocketTheLineCountsAsGoodAndItIsTriedAgain) {
  node.echoes().missing.insert("wan0");
  node->begin(std::make_shared<const model::Config>(config), {});
  world.run(seconds(20));
  EXPECT_TRUE(node.up("isp"));
  EXPECT_EQ(verdict("isp"), Health::Unknown);
  EXPECT_EQ(chosen(), "isp");
  EXPECT_EQ(told("probe.unusable"), 1U);
  node.echoes().missing.clear();
  EXPECT_TRUE(becomes("isp", Health::Good, seconds(6)));
}

TEST_F(ProbeStory, WhatIsKnownOfEachDestinationIsShown) {
  begin();
  world.run(seconds(3));
  const auto shown = probes(*node, "isp", world.now());
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].family, Family::V4);
  ASSERT_EQ(shown[0].probed.size(), 2U);
  EXPECT_EQ(shown[0].probed[0].address, kRouter);
  EXPECT_TRUE(shown[0].probed[0].is_next_hop);
  EXPECT_EQ(shown[0].probed[1].address, kTarget);
  EXPECT_EQ(shown[0].probed[1].round_trip, milliseconds(8));
  EXPECT_TRUE(probes(*node, "nobody", world.now()).empty());
}

/// A flood of answers nobody asked for stays a bounded piece of work in every turn.
TEST_F(ProbeStory, AFloodOfForgedAnswersChangesNothing) {
  begin();
  const auto forged = kit::written(Family::V4, {wire::icmp6::Echo::Kind::Reply, 1, 1, ByteVec(16)});
  silent.insert(kTarget);
  for (int i = 0; i < 5000; ++i) {
    std::ignore = node.echoes().arrive("wan0", kTarget, forged);
    if (i % 10 == 0) world.run(milliseconds(10));
  }
  EXPECT_EQ(verdict("isp"), Health::Dead);
}

}  // namespace
}  // namespace michi::sim

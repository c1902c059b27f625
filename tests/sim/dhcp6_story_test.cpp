// DHCPv6 client and server in virtual time: loss, duplicates, reordering, restarts, and a month.
#include <gtest/gtest.h>

#include "kit/dhcp6_peer.hpp"
#include "kit/dhcp6_world.hpp"

namespace michi::kit {
namespace {

using dhcp6::OnStop;
using dhcp6::State;
using dhcp6_wire::MessageType;

struct Line {
  explicit Line(std::uint64_t seed = 1, dhcp6::Settings settings = dhcp6_settings())
      : world(seed), wire(world, Weather{}), server(world, wire), node(world, wire, std::move(settings), seed) {}

  void start() { node.client.start(world.now()); }
  bool come_up(Duration limit = seconds(60)) {
    start();
    return world.run_until([&] { return node.bound(); }, limit);
  }
  void expect_lawful() const {
    for (const std::string& law : node.broken_laws) ADD_FAILURE() << law << ", seed " << world.seed();
    EXPECT_EQ(world.trouble(), "");
  }

  World world;
  Wire wire;
  Dhcp6Server server;
  Dhcp6Node node;
};

TEST(Dhcp6Story, AMonthOfRenewalsOnAWireThatLosesAndTurnsRound) {
  Line line(7);
  line.wire.weather() = {.delay = milliseconds(8),
                         .jitter = milliseconds(5),
                         .loss = 150,
                         .duplicate = 50,
                         .reorder = 100,
                         .hold_back = milliseconds(40)};
  ASSERT_TRUE(line.come_up());
  const auto first = line.node.prefixes();
  line.world.run(hours(24 * 30));
  line.expect_lawful();
  EXPECT_EQ(line.node.prefixes(), first);
  EXPECT_EQ(line.node.withdrawn, 0U);
  EXPECT_EQ(line.node.leased, 1U);
  // Every two hours, half of the preferred lifetime, for thirty days.
  EXPECT_GE(line.node.renewed, 350U);
  EXPECT_LE(line.node.renewed, 360U);
}

TEST(Dhcp6Story, AServerThatLostItsBindingsGivesAnotherPrefix) {
  Line line;
  ASSERT_TRUE(line.come_up());
  const auto before = line.node.prefixes();
  line.server.forget();
  line.world.run(hours(2) + minutes(1));
  line.expect_lawful();
  EXPECT_EQ(line.node.withdrawn, 1U);
  EXPECT_EQ(line.node.leased, 2U);
  EXPECT_NE(line.node.prefixes(), before);
  EXPECT_TRUE(line.node.bound());
}

TEST(Dhcp6Story, AServerThatAnswersAfterFourSecondsServesAllTheSame) {
  Line line;
  line.server.behaviour.delay = seconds(4);
  ASSERT_TRUE(line.come_up());
  EXPECT_GE(line.server.heard(MessageType::Solicit), 3U);
  line.world.run(hours(5));
  EXPECT_EQ(line.node.withdrawn, 0U);
  EXPECT_EQ(line.node.renewed, 2U);
  line.expect_lawful();
}

TEST(Dhcp6Story, AServerThatFallsSilentIsRenewedReboundAndThenReplacedByTheOtherOne) {
  dhcp6::Settings settings = dhcp6_settings();
  settings.link = dhcp6::LinkType::MultiAccess;
  Line line(3, settings);
  Dhcp6Server other(line.world, line.wire, 2);
  line.server.behaviour.preference = 9;
  ASSERT_TRUE(line.come_up());
  EXPECT_EQ(line.server.bindings(), 1U);
  EXPECT_EQ(other.bindings(), 0U);
  const auto before = line.node.prefixes();
  line.server.behaviour.silent = true;
  // At T2 any server is asked; the other one does not know the lease and gives one of its own.
  EXPECT_TRUE(line.world.run_until([&] { return other.bindings() == 1; }, hours(4)));
  line.world.run(minutes(1));
  EXPECT_NE(line.node.prefixes(), before);
  EXPECT_TRUE(line.node.bound());
  line.expect_lawful();
}

TEST(Dhcp6Story, ALeaseNobodyExtendsIsWithdrawnWhenItEndsAndComesBackWithTheServer) {
  Line line;
  ASSERT_TRUE(line.come_up());
  line.server.behaviour.silent = true;
  line.world.run(hours(4) - minutes(1));
  EXPECT_TRUE(line.node.usable());
  line.world.run(minutes(2));
  EXPECT_FALSE(line.node.usable());
  EXPECT_EQ(line.node.withdrawn, 1U);
  line.world.run(hours(10));
  line.server.behaviour.silent = false;
  EXPECT_TRUE(line.world.run_until([&] { return line.node.bound(); }, hours(2)));
  line.expect_lawful();
}

TEST(Dhcp6Story, ANightlyReconnectKeepsThePrefixOrSaysThatItIsGone) {
  Line line;
  ASSERT_TRUE(line.come_up());
  const auto before = line.node.prefixes();
  line.node.client.on_link_down(line.world.now());
  line.world.run(seconds(20));
  line.node.client.on_link_up(line.world.now());
  EXPECT_TRUE(line.world.run_until([&] { return line.node.bound(); }, seconds(2)));
  EXPECT_EQ(line.node.prefixes(), before);
  EXPECT_EQ(line.node.withdrawn, 0U);

  // The next night the session has another BNG, which knows nothing and does not answer Rebind.
  line.node.client.on_link_down(line.world.now());
  line.server.forget();
  line.server.behaviour.ignores_unknown = true;
  line.world.run(seconds(20));
  line.node.client.on_link_up(line.world.now());
  EXPECT_TRUE(line.world.run_until([&] { return line.node.bound(); }, seconds(5)));
  EXPECT_EQ(line.server.heard(MessageType::Rebind), 3U);
  EXPECT_EQ(line.node.withdrawn, 1U);
  EXPECT_NE(line.node.prefixes(), before);
  line.expect_lawful();
}

TEST(Dhcp6Story, AServerWithoutPrefixesIsAskedUntilItHasOne) {
  Line line;
  line.server.behaviour.empty = true;
  line.start();
  line.world.run(minutes(10));
  EXPECT_EQ(line.node.failed, 2U);  // what it says, and that nothing was accepted
  EXPECT_FALSE(line.node.usable());
  line.server.behaviour.empty = false;
  EXPECT_TRUE(line.world.run_until([&] { return line.node.bound(); }, hours(1)));
  line.expect_lawful();
}

TEST(Dhcp6Story, AReleaseReachesTheServerThroughABadWire) {
  Line line(11);
  ASSERT_TRUE(line.come_up());
  line.wire.weather().loss = 300;
  line.node.client.stop(OnStop::Release, line.world.now());
  line.world.run(minutes(1));
  EXPECT_EQ(line.server.bindings(), 0U);
  EXPECT_EQ(line.node.client.state(), State::Idle);
  line.expect_lawful();
}

TEST(Dhcp6Story, AMonthOfInformationIsRefreshedEveryDay) {
  Line line(5, dhcp6_settings({}));
  line.wire.weather().loss = 200;
  line.start();
  line.world.run(hours(24 * 30));
  EXPECT_GE(line.node.informed, 29U);
  EXPECT_LE(line.node.informed, 31U);
  line.expect_lawful();
}

TEST(Dhcp6Story, WhateverHappensItIsBoundAgainWhenThingsAreWellAgain) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    dhcp6::Settings settings = dhcp6_settings({{dhcp6_wire::IaType::Na, 1, {}}, {dhcp6_wire::IaType::Pd, 0, {}}});
    if (seed % 3 == 0) settings.link = dhcp6::LinkType::MultiAccess;
    settings.hint_held = seed % 2 == 0;
    Line line(seed, settings);
    Random& chance = line.world.random();
    line.wire.weather() = {.delay = milliseconds(10),
                           .jitter = milliseconds(30),
                           .loss = static_cast<unsigned>(chance.below(600)),
                           .duplicate = static_cast<unsigned>(chance.below(300)),
                           .reorder = static_cast<unsigned>(chance.below(300)),
                           .hold_back = milliseconds(500)};
    line.server.behaviour.preferred = line.server.behaviour.valid = static_cast<std::uint32_t>(60 + chance.below(4000));
    line.start();
    for (int i = 0; i < 60; ++i) {
      line.world.run(chance.between({}, minutes(10)));
      auto& behaviour = line.server.behaviour;
      switch (chance.below(8)) {
        case 0:
          line.server.forget();
          break;
        case 1:
          behaviour.silent = !behaviour.silent;
          break;
        case 2:
          behaviour.empty = !behaviour.empty;
          break;
        case 3:
          line.node.client.on_link_down(line.world.now());
          break;
        case 4:
          line.node.client.on_link_up(line.world.now());
          break;
        case 5:
          behaviour.delay = chance.between({}, seconds(6));
          break;
        case 6:
          behaviour.ignores_unknown = !behaviour.ignores_unknown;
          break;
        default:
          behaviour.valid = chance.below(5) == 0 ? 0 : static_cast<std::uint32_t>(60 + chance.below(4000));
          behaviour.preferred = behaviour.valid;
          break;
      }
    }
    line.server.behaviour = Dhcp6Server::Behaviour{};
    line.wire.weather() = Weather{};
    line.node.client.on_link_up(line.world.now());
    EXPECT_TRUE(line.world.run_until([&] { return line.node.bound(); }, minutes(5))) << seed;
    line.expect_lawful();
  }
}

}  // namespace
}  // namespace michi::kit

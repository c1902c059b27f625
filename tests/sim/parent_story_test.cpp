// An uplink that stands on another, in the whole daemon and in virtual time, with a kind that the product does not
// have (kit/toy_kind, kit/toy_life): what happens to the parent, and what follows for the child.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kit/configs.hpp"
#include "kit/probe_peer.hpp"
#include "kit/toy_kind.hpp"
#include "kit/toy_life.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {
namespace {

using model::Reason;
using model::UplinkState;

const Address kTarget = *parse_address("2001:db8:9::53");
const Address kSomewhere = *parse_address("198.51.100.9");

model::UplinkConfig parent(const std::string& prefix) {
  model::UplinkConfig config;
  config.id.name = "hikari";
  config.kind = model::StaticConfig{.address6 = parse_prefix("2001:db8:1::2/64"),
                                    .gateway6 = parse_ipv6("fe80::1"),
                                    .prefixes = {*parse_prefix(prefix)}};
  config.over = model::OnLine{"wan0"};
  config.mtu = 1500;
  return config;
}

model::UplinkConfig child() {
  model::UplinkConfig config;
  config.id.name = "mape";
  config.kind = kit::ToyConfig{.device = "ttyS0"};
  config.over = model::OnUplink{{"hikari"}};
  config.mtu = 1460;
  config.ipv6 = false;
  return config;
}

/// The whole daemon with two lines' worth of kernel; a value, so that many lives can be led.
struct House {
  explicit House(std::uint64_t seed) : world(seed) {
    machine.kernel.add_ethernet("wan0", 1);
    machine.kernel.add_ethernet("lan0", 2);
    config.uplinks = {parent("2001:db8:100::/56"), child()};
    model::PolicyConfig policy;
    policy.label = "policy 1";
    policy.use = {{"mape"}};
    config.policies = {policy};
  }

  void begin() { node->begin(std::make_shared<const model::Config>(config), {}); }
  void reload() { node->apply(std::make_shared<const model::Config>(config), {}); }
  const model::UplinkFacts* facts(const std::string& name) { return facts_now(*node, name); }
  bool is(const std::string& name, UplinkState state) { return facts(name) != nullptr && facts(name)->state == state; }
  bool comes(const std::string& name, UplinkState state) {
    return world.run_until([&] { return is(name, state) && node->settled(); }, seconds(5));
  }
  bool has_address(const std::string& device, const char* address) {
    return std::ranges::any_of(machine.kernel.addresses, [&](const model::AddressEntry& entry) {
      return entry.device == device && entry.address == Prefix::host(*parse_address(address));
    });
  }
  bool has_rule_from(const char* address, const std::string& uplink) {
    const auto number = node->numbers().find(uplink);
    return number != node->numbers().end() &&
           std::ranges::any_of(machine.kernel.rules, [&](const model::RuleEntry& rule) {
             return rule.from == Prefix::host(*parse_address(address)) &&
                    rule.table == model::kTableBase + number->second;
           });
  }
  bool has_way(const std::string& uplink) {
    const auto number = node->numbers().find(uplink);
    return number != node->numbers().end() &&
           std::ranges::any_of(machine.kernel.routes, [&](const model::RouteEntry& route) {
             return route.table == model::kTableBase + number->second && route.type == model::RouteType::Unicast;
           });
  }
  policy::Explanation why() {
    policy::FlowQuery query;
    query.destination = kSomewhere;
    return node->why(query);
  }
  /// Of a child that is not up: nobody could leave by it, and nothing of its outside stands.
  bool leaves_nothing() {
    return !has_way("mape") && std::ranges::none_of(machine.kernel.addresses, [](const model::AddressEntry& entry) {
      const auto* v6 = entry.address.address.v6();
      return entry.device == "wan0" && v6 != nullptr && v6->octets[15] == 0x70;
    });
  }

  kit::World world;
  kit::Wire wire{world, {}};
  Machine machine;
  model::Config config;
  CoreNode node{world, {{"wan0", &wire}}, machine, kit::lives_with_toy()};
};

class ParentStory : public ::testing::Test, protected House {
 protected:
  ParentStory() : House(5) {}
  void TearDown() override {
    EXPECT_EQ(world.trouble(), "");
    if (!HasFailure()) return;
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
    for (const auto& line : node->plan()) std::printf("plan %s\n", line.c_str());
    for (const auto& reason : why().reasons) std::printf("why %s\n", reason.c_str());
  }
  void up() {
    begin();
    ASSERT_TRUE(comes("mape", UplinkState::Up));
  }
};

TEST_F(ParentStory, AChildIsUpInTheTurnInWhichItsParentHasAPrefix) {
  machine.kernel.set_carrier("wan0", false);
  begin();
  world.run(seconds(3));
  EXPECT_TRUE(is("mape", UplinkState::Waiting));
  EXPECT_EQ(facts("mape")->reason, Reason::ParentDown);
  machine.kernel.set_carrier("wan0", true);
  ASSERT_TRUE(comes("mape", UplinkState::Up));
  EXPECT_EQ(facts("mape")->since, facts("hikari")->since);
}

TEST_F(ParentStory, ItsOuterAddressStandsOnTheParentsDeviceAndIsTheParentsOwn) {
  up();
  EXPECT_TRUE(has_address("wan0", "2001:db8:100::70"));
  EXPECT_TRUE(has_rule_from("2001:db8:100::70", "hikari"));
  EXPECT_TRUE(has_way("mape"));
  EXPECT_TRUE(has_address("mape", "198.18.0.1"));
  ASSERT_TRUE(machine.kernel.table);
  EXPECT_TRUE(machine.kernel.table->elements.at("own6").contains("\"wan0\" . 2001:db8:100::/56"));
}

TEST_F(ParentStory, WhyNamesBothLevels) {
  up();
  const auto answer = why();
  EXPECT_EQ(answer.uplink, "mape");
  EXPECT_EQ(answer.carried_by, "hikari");
  EXPECT_EQ(answer.device, "mape");
}

TEST_F(ParentStory, StatusShowsTheChildAsEveryUplink) {
  up();
  const auto snapshot = node->snapshot();
  const auto at = std::ranges::find(snapshot.uplinks, "mape", [](const auto& one) { return one.facts.id.name; });
  ASSERT_NE(at, snapshot.uplinks.end());
  EXPECT_EQ(at->facts.state, UplinkState::Up);
  EXPECT_GT(at->number, 0);
}

TEST_F(ParentStory, ARenumberedParentMovesTheOuterAddressAndNotTheFlows) {
  up();
  const auto moves = node->selector().moves(Family::V4);
  config.uplinks[0] = parent("2001:db8:200::/56");
  reload();
  ASSERT_TRUE(world.run_until([&] { return has_address("wan0", "2001:db8:200::70") && node->settled(); }, seconds(5)));
  EXPECT_FALSE(has_address("wan0", "2001:db8:100::70"));
  EXPECT_FALSE(has_rule_from("2001:db8:100::70", "hikari"));
  EXPECT_TRUE(has_rule_from("2001:db8:200::70", "hikari"));
  EXPECT_TRUE(is("mape", UplinkState::Up));
  const auto after = node->selector().moves(Family::V4);
  EXPECT_EQ(after.contains("mape") ? after.at("mape") : 0U, moves.contains("mape") ? moves.at("mape") : 0U)
      << "the inner source is the same";
}

TEST_F(ParentStory, ALostParentTakesTheChildAlongAndSaysWhy) {
  up();
  machine.kernel.set_carrier("wan0", false);
  ASSERT_TRUE(comes("mape", UplinkState::Waiting));
  EXPECT_EQ(facts("mape")->reason, Reason::ParentDown);
  const auto waits = waiting_for(*node, "mape");
  ASSERT_EQ(waits.size(), 1U);
  EXPECT_NE(waits[0].find("hikari"), std::string::npos);
  EXPECT_EQ(why().verdict, policy::Explanation::Verdict::Unreachable);
  const auto reasons = why().reasons;
  EXPECT_TRUE(std::ranges::any_of(reasons, [](const auto& one) { return one.find("carried by hikari") != one.npos; }));
  EXPECT_FALSE(has_way("mape"));
  machine.kernel.set_carrier("wan0", true);
  ASSERT_TRUE(comes("mape", UplinkState::Up));
  EXPECT_TRUE(has_way("mape"));
}

TEST_F(ParentStory, AParentThatIsStoppedAndStartedIsFollowed) {
  up();
  node->down("hikari");
  ASSERT_TRUE(comes("mape", UplinkState::Waiting));
  EXPECT_TRUE(leaves_nothing());
  node->up("hikari");
  EXPECT_TRUE(comes("mape", UplinkState::Up));
}

TEST_F(ParentStory, AParentRemovedByReloadWhileItsChildIsUpLeavesTheChildWaiting) {
  up();
  config.uplinks.erase(config.uplinks.begin());
  reload();
  ASSERT_TRUE(comes("mape", UplinkState::Waiting));
  EXPECT_TRUE(leaves_nothing());
  EXPECT_NE(waiting_for(*node, "mape").at(0).find("none of this name"), std::string::npos);
  config.uplinks.insert(config.uplinks.begin(), parent("2001:db8:100::/56"));
  reload();
  EXPECT_TRUE(comes("mape", UplinkState::Up));
}

TEST_F(ParentStory, NothingOfAChildRemainsWhenItIsTakenOutOfTheFile) {
  up();
  const auto table = model::kTableBase + node->numbers().at("mape");
  config.uplinks.pop_back();
  config.policies[0].use = {{"hikari"}};
  reload();
  ASSERT_TRUE(world.run_until([&] { return facts("mape") == nullptr && node->settled(); }, seconds(5)));
  EXPECT_FALSE(machine.kernel.links.contains("mape"));
  EXPECT_FALSE(has_address("wan0", "2001:db8:100::70"));
  EXPECT_TRUE(std::ranges::none_of(machine.kernel.routes, [&](const auto& route) { return route.table == table; }));
  EXPECT_TRUE(std::ranges::none_of(machine.kernel.rules, [&](const auto& rule) { return rule.table == table; }));
  EXPECT_TRUE(is("hikari", UplinkState::Up));
}

TEST_F(ParentStory, AParentJudgedDeadMakesTheVerdictOfItsChildUnknown) {
  config.uplinks[0].probe = {.on = true, .targets = {kTarget}};
  config.uplinks[1].probe = {.on = true, .targets = {kSomewhere}};
  bool answers = true;
  node.echoes().on_asked = [&](const kit::FakeEchoes::Asked& asked) {
    if (!answers) return;
    world.after(milliseconds(5), [this, asked] {
      std::ignore = node.echoes().arrive(asked.device, asked.to, kit::answer_to(asked.to.family(), asked.message));
    });
  };
  up();
  const auto verdict = [&](const std::string& name, Family family) {
    return node->facts().at(name).health[family].verdict;
  };
  ASSERT_TRUE(world.run_until([&] { return verdict("hikari", Family::V6) == model::Health::Good; }, seconds(5)));
  answers = false;
  ASSERT_TRUE(world.run_until([&] { return verdict("hikari", Family::V6) == model::Health::Dead; }, seconds(10)));
  world.run(seconds(5));
  const auto reasons = why().reasons;
  EXPECT_TRUE(is("mape", UplinkState::Up)) << "a verdict ends nothing";
}

TEST_F(ParentStory, ADaemonThatDiesFindsBothAgain) {
  up();
  node.crash();
  begin();
  ASSERT_TRUE(comes("mape", UplinkState::Up));
  EXPECT_TRUE(has_address("wan0", "2001:db8:100::70"));
  EXPECT_TRUE(has_way("mape"));
}

/// Addresses on interfaces that are not michi's stay, as those of the parent do.
TEST_F(ParentStory, AFlushTakesTheDeviceAndTheRoutesOfTheChild) {
  up();
  node->flush();
  ASSERT_TRUE(world.run_until([&] { return node->stopped(); }, seconds(10)));
  EXPECT_FALSE(machine.kernel.links.contains("mape"));
  EXPECT_FALSE(has_way("mape"));
}

/// Any of what may happen to a pair, in any order.
void disturb(House& house) {
  auto& random = house.world.random();
  const bool has_parent = house.config.uplinks.front().id.name == "hikari";
  switch (random.below(9)) {
    case 0:
      return house.machine.kernel.set_carrier("wan0", false);
    case 1:
      return house.machine.kernel.set_carrier("wan0", true);
    case 2:
      house.node->down("hikari");
      return;
    case 3:
      house.node->up("hikari");
      return;
    case 4:
      house.node->redial("mape");
      return;
    case 5:
      if (has_parent)
        house.config.uplinks[0] = parent(random.below(2) == 0 ? "2001:db8:100::/56" : "2001:db8:200::/56");
      return house.reload();
    case 6:
      if (has_parent)
        house.config.uplinks.erase(house.config.uplinks.begin());
      else
        house.config.uplinks.insert(house.config.uplinks.begin(), parent("2001:db8:100::/56"));
      return house.reload();
    case 7:
      house.node.crash();
      return house.begin();
    default:
      house.node->down("mape");
      return;
  }
}

TEST(ParentLives, APairIsNeverStuckWhateverHappensToTheParent) {
  const char* wanted = std::getenv("MICHI_PAIRS");
  const std::uint64_t pairs = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 300;
  for (std::uint64_t seed = 1; seed <= pairs; ++seed) {
    House house(seed);
    house.begin();
    for (std::uint64_t i = 0, many = 3 + house.world.random().below(12); i < many; ++i) {
      house.world.run(house.world.random().between(Duration{}, seconds(2)));
      disturb(house);
    }
    // With everything in order again, both are up; with the child down, nothing of it is left.
    if (house.config.uplinks.size() == 1)
      house.config.uplinks.insert(house.config.uplinks.begin(), parent("2001:db8:100::/56"));
    house.reload();
    house.machine.kernel.set_carrier("wan0", true);
    house.node->up("hikari");
    house.node->up("mape");
    ASSERT_TRUE(house.comes("mape", UplinkState::Up))
        << "seed " << seed << ": " << (house.facts("mape") ? house.facts("mape")->detail : "gone");
    ASSERT_TRUE(house.has_way("mape")) << "seed " << seed;
    house.node->down("hikari");
    ASSERT_TRUE(house.world.run_until([&] { return house.is("mape", UplinkState::Waiting) && house.node->settled(); },
                                      seconds(5)))
        << "seed " << seed;
    ASSERT_TRUE(house.leaves_nothing()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace michi::sim

// What a probe's verdict means for traffic (docs/decisions/0013): a dead uplink is passed over like a lost one, its
// addresses and routes stay, and the last road is never cut.

#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using model::Health;
using Names = std::vector<std::string>;

Names chosen(const House& house, std::size_t line = 0, Family family = Family::V4) {
  Names names;
  for (const auto& id : house.selector.choices(family).at(line).usable) names.push_back(id.name);
  return names;
}

std::uint64_t moves(const House& house, const std::string& name, Family family = Family::V4) {
  const auto& all = house.selector.moves(family);
  const auto at = all.find(name);
  return at == all.end() ? 0 : at->second;
}

bool preferred(const House& house, std::string_view lan, std::string_view of) {
  for (const auto& want : house.derived().advertisements)
    for (const auto& each : want.prefixes)
      if (want.lan == lan && each.prefix == prefix(of)) return each.preferred_until != Instant{};
  ADD_FAILURE() << of << " is not advertised on " << lan;
  return false;
}

TEST(Health, ADeadUplinkIsLeftAtOnceItsFlowsMoveAndItsTableStays) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  const auto before = house.derived();
  house.judge("isp", Health::Dead);
  EXPECT_EQ(chosen(house), Names{"lte"});
  EXPECT_EQ(moves(house, "isp"), 1U);
  const auto after = house.derived();
  EXPECT_EQ(after.routes, before.routes);
  EXPECT_EQ(after.addresses, before.addresses);
  EXPECT_EQ(after.rules, before.rules);
  house.tell();
  EXPECT_EQ(moves(house, "isp"), 1U);
}

TEST(Health, TheFamiliesAreJudgedApart) {
  House house;
  house.policy({"isp", "lte"});
  house.dual_stack();
  house.judge("isp", Health::Dead, false, true);
  EXPECT_EQ(chosen(house), Names{"isp"});
  EXPECT_EQ(chosen(house, 0, Family::V6), Names{"lte"});
  EXPECT_EQ(moves(house, "isp"), 0U);
  EXPECT_EQ(moves(house, "isp", Family::V6), 1U);
}

TEST(Health, WhatIsGoodAgainIsTakenAfterReturnAfter) {
  House house;
  house.policy({"isp", "lte"}).return_after = seconds(10);
  house.all_up();
  house.judge("isp", Health::Dead);
  house.now += minutes(1);
  house.judge("isp", Health::Good);
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.selector.on_deadline(house.now + seconds(10) - milliseconds(1));
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.selector.on_deadline(house.now + seconds(10));
  EXPECT_EQ(chosen(house), Names{"isp"});
}

TEST(Health, WhenAllAreDeadTheBestIsTriedAndNothingMoves) {
  House house;
  house.policy({"isp", "lte"}).otherwise = model::Otherwise::Unreachable;
  house.all_up();
  house.judge("lte", Health::Dead);
  EXPECT_EQ(moves(house, "lte"), 1U);
  house.judge("isp", Health::Dead);
  EXPECT_EQ(chosen(house), Names{"isp"});
  EXPECT_TRUE(house.selector.choices(Family::V4)[0].despite);
  EXPECT_EQ(moves(house, "isp"), 0U);
  house.judge("lte", Health::Good);
  EXPECT_EQ(chosen(house), Names{"lte"}) << "at once: what is dead has no claim to stay";
  EXPECT_EQ(moves(house, "isp"), 1U) << "now there is another road";
}

TEST(Health, AnUplinkThatIsLostIsNotTriedForBeingDead) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  house.judge("isp", Health::Dead);
  house.judge("lte", Health::Dead);
  house.down("isp");
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.down("lte");
  EXPECT_EQ(chosen(house), Names{});
}

TEST(Health, ABalancingLineSharesAmongTheLivingOrElseAmongAll) {
  House house;
  house.policy({"isp", "lte"}).mode = model::PolicyMode::Balance;
  house.all_up();
  house.judge("isp", Health::Dead);
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.judge("lte", Health::Dead);
  EXPECT_EQ(chosen(house), (Names{"isp", "lte"}));
}

TEST(Health, ALineForOneUplinkPassesOnWhereALaterOneHasALivingRoad) {
  House house;
  auto& mail = house.policy({"isp"});
  mail.protocol = model::Protocol::Tcp;
  mail.ports = {{25, 25}};
  house.policy({"isp", "lte"});
  house.all_up();
  house.judge("isp", Health::Dead);
  EXPECT_EQ(chosen(house, 0), Names{});
  EXPECT_EQ(chosen(house, 1), Names{"lte"});
  house.judge("lte", Health::Dead);
  EXPECT_EQ(chosen(house, 0), Names{"isp"});
}

TEST(Health, ALineThatPassesNothingOnKeepsItsOnlyUplinkAndItsFlows) {
  House house;
  house.policy({"isp"}).otherwise = model::Otherwise::Unreachable;
  house.policy({"lte"});
  house.all_up();
  house.judge("isp", Health::Dead);
  EXPECT_EQ(chosen(house, 0), Names{"isp"});
  EXPECT_EQ(moves(house, "isp"), 0U) << "they have nowhere to go";
}

TEST(Health, AClosedNetworkIsNotLeftForTheInternet) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  const auto before = house.derived();
  house.judge("flets", Health::Dead);
  EXPECT_EQ(house.derived().routes, before.routes);
  EXPECT_EQ(house.derived().resolver, before.resolver);
  EXPECT_EQ(moves(house, "flets"), 0U);
}

TEST(Health, APrefixBehindADeadUplinkIsDeprecatedUnlessItIsTheLastOrTheLansOwn) {
  House house;
  house.policy({"isp", "lte"});
  house.dual_stack();
  house.judge("isp", Health::Dead);
  EXPECT_FALSE(preferred(house, "home", "2001:db8:100:1::/64"));
  EXPECT_TRUE(preferred(house, "home", "2001:db8:200:1::/64"));
  EXPECT_TRUE(preferred(house, "dmz", "2001:db8:100:0::/64")) << "a LAN of isp has no other";
  house.judge("lte", Health::Dead);
  EXPECT_TRUE(preferred(house, "home", "2001:db8:100:1::/64"));
  EXPECT_TRUE(preferred(house, "home", "2001:db8:200:1::/64"));
}

TEST(Health, HostsWithAnAddressOfADeadUplinkAreTranslatedIntoALivingOne) {
  House house;
  house.policy({"isp", "lte"});
  house.dual_stack();
  EXPECT_EQ(house.derived().firewall.elements.at("policy-1-own").size(), 2U);
  house.judge("isp", Health::Dead);
  const auto left = house.derived().firewall.elements.at("policy-1-own");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_NE(left.begin()->find("flow-lte"), std::string::npos);
  house.judge("lte", Health::Dead);
  EXPECT_EQ(house.derived().firewall.elements.at("policy-1-own").size(), 2U);
}

TEST(Health, ResolversBehindADeadUplinkAreNotAskedWhileOthersAnswer) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  house.judge("isp", Health::Dead);
  EXPECT_EQ(dnsmasq_servers(house.derived().resolver), "server=/flets/198.51.100.53@flets\nserver=198.51.100.53@lte\n");
  house.judge("lte", Health::Dead);
  EXPECT_EQ(dnsmasq_servers(house.derived().resolver),
            "server=/flets/198.51.100.53@flets\nserver=198.51.100.53@isp\nserver=198.51.100.53@lte\n");
}

TEST(Health, WhyTellsOfTheVerdict) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  const FlowQuery query{.destination = *parse_address("192.0.2.10"),
                        .source = *parse_address("192.168.10.5"),
                        .arrives_on = {},
                        .protocol = model::Protocol::Tcp,
                        .port = 80};
  const auto says = [&](std::string_view words) {
    const auto answer = explain(house.inputs(), query);
    return std::ranges::any_of(answer.reasons,
                               [&](const auto& reason) { return reason.find(words) != std::string::npos; });
  };
  house.judge("isp", Health::Dead);
  EXPECT_EQ(explain(house.inputs(), query).uplink, "lte");
  EXPECT_TRUE(says("isp is judged dead by its probe: nothing beyond answers"));
  house.judge("lte", Health::Dead);
  EXPECT_EQ(explain(house.inputs(), query).uplink, "isp");
  EXPECT_TRUE(says("every uplink of policy 1 is judged dead, and there is no other road"));
}

}  // namespace
}  // namespace michi::policy

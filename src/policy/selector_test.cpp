#include <gtest/gtest.h>

#include <cmath>

#include "kit/typical_house.hpp"
#include "policy/slots.hpp"

namespace michi::policy {
namespace {

using namespace testing;

std::vector<std::string> chosen(const House& house, std::size_t line = 0) {
  std::vector<std::string> names;
  for (const auto& id : house.selector.choices(Family::V4).at(line).usable) names.push_back(id.name);
  return names;
}
using Names = std::vector<std::string>;

TEST(Selector, TakesTheFirstUsableUplinkAndLeavesALostOneAtOnce) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  EXPECT_EQ(chosen(house), Names{"isp"});
  house.down("isp");
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.down("lte");
  EXPECT_EQ(chosen(house), Names{});
}

TEST(Selector, GoesBackOnlyAfterReturnAfter) {
  House house;
  house.policy({"isp", "lte"}).return_after = seconds(10);
  house.all_up();
  house.down("isp");
  house.now += seconds(5);
  house.up("isp", "198.51.100.1");
  EXPECT_EQ(chosen(house), Names{"lte"});
  ASSERT_EQ(house.selector.next_deadline(), house.now + seconds(10));
  house.selector.on_deadline(house.now + seconds(10) - milliseconds(1));
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.selector.on_deadline(house.now + seconds(10));
  EXPECT_EQ(chosen(house), Names{"isp"});
  EXPECT_FALSE(house.selector.next_deadline());
}

TEST(Selector, AFlapStartsReturnAfterAnew) {
  House house;
  house.policy({"isp", "lte"}).return_after = seconds(10);
  house.all_up();
  house.down("isp");
  house.up("isp", "198.51.100.1");
  house.now += seconds(9);
  house.down("isp");
  house.up("isp", "198.51.100.1");
  house.now += seconds(9);
  house.selector.on_deadline(house.now);
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.selector.on_deadline(house.now + seconds(1));
  EXPECT_EQ(chosen(house), Names{"isp"});
}

TEST(Selector, TakesWhatComesBackAtOnceWhenNothingElseIsUsable) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  house.down("isp");
  house.down("lte");
  house.up("isp", "198.51.100.1");
  EXPECT_EQ(chosen(house), Names{"isp"});
}

TEST(Selector, AtStartTheBetterUplinkIsTakenAsSoonAsItIsUp) {
  House house;
  house.policy({"isp", "lte"});
  house.configure();
  house.up("lte", "100.64.0.7");
  EXPECT_EQ(chosen(house), Names{"lte"});
  house.up("isp", "198.51.100.1");
  EXPECT_EQ(chosen(house), Names{"isp"});
}

TEST(Selector, BalancingUsesAllThatAreUsable) {
  House house;
  house.policy({"isp", "lte"}).mode = model::PolicyMode::Balance;
  house.all_up();
  EXPECT_EQ(chosen(house), (Names{"isp", "lte"}));
  house.down("isp");
  EXPECT_EQ(chosen(house), Names{"lte"});
}

TEST(Selector, AClosedNetworkCarriesNothingButNamedDestinations) {
  House house;
  house.policy({"flets"});
  house.policy({"flets"}).to = {prefix("10.20.0.0/16")};
  house.all_up();
  EXPECT_EQ(chosen(house, 0), Names{});
  EXPECT_EQ(chosen(house, 1), Names{"flets"});
}

TEST(Selector, ReloadKeepsTheChoiceOfAnUnchangedLine) {
  House house;
  house.policy({"isp", "lte"}).return_after = seconds(10);
  house.all_up();
  house.down("isp");
  house.up("isp", "198.51.100.1");
  house.configure();
  EXPECT_EQ(chosen(house), Names{"lte"});
  EXPECT_EQ(house.selector.next_deadline(), house.now + seconds(10));
}

TEST(Selector, CountsAMoveWhenAnUplinkIsLostOrItsAddressChanges) {
  House house;
  house.policy({"isp", "lte"});
  house.all_up();
  EXPECT_FALSE(house.selector.moves(Family::V4).contains("isp"));
  house.down("isp");
  EXPECT_EQ(house.selector.moves(Family::V4).at("isp"), 1U);
  house.up("isp", "198.51.100.1");
  EXPECT_EQ(house.selector.moves(Family::V4).at("isp"), 1U) << "the same address: its flows go on";
  house.up("isp", "198.51.100.2");
  EXPECT_EQ(house.selector.moves(Family::V4).at("isp"), 2U);
  EXPECT_FALSE(house.selector.moves(Family::V4).contains("lte"));
  EXPECT_EQ(house.derived().flows_to_move, (std::map<model::FlowsOf, std::uint64_t>{{{0x02000000, Family::V4}, 2}}));
}

TEST(Selector, TheEndOfIpv6LeavesIpv4FlowsAlone) {
  House house;
  house.policy({"isp"});
  house.configure();
  house.facts["isp"].v6 = model::Ipv6Facts{*parse_ipv6("fe80::1"), *parse_ipv6("fe80::2")};
  house.up("isp", "198.51.100.1");
  house.facts["isp"].v6.reset();
  house.tell();
  EXPECT_FALSE(house.selector.moves(Family::V4).contains("isp"));
}

TEST(Selector, APrefixThatIsLostOrAnotherMovesIpv6FlowsOnlyAndOneMoreMovesNone) {
  House house;
  house.policy({"isp", "lte"});
  house.dual_stack();
  house.delegate("isp", "2001:db8:101::/56");
  EXPECT_FALSE(house.selector.moves(Family::V6).contains("isp")) << "the first one is still there";
  std::erase_if(house.facts["isp"].prefixes, [](const auto& p) { return p.prefix == prefix("2001:db8:100::/56"); });
  house.tell();
  EXPECT_EQ(house.selector.moves(Family::V6).at("isp"), 1U);
  house.facts["isp"].v6.reset();
  house.tell();
  EXPECT_EQ(house.selector.moves(Family::V6).at("isp"), 2U);
  EXPECT_FALSE(house.selector.moves(Family::V4).contains("isp"));
  EXPECT_EQ(house.selector.choices(Family::V6).at(0).usable, std::vector{model::UplinkId{"lte"}});
  EXPECT_EQ(house.selector.choices(Family::V4).at(0).usable, std::vector{model::UplinkId{"isp"}});
  EXPECT_EQ(house.derived().flows_to_move, (std::map<model::FlowsOf, std::uint64_t>{{{0x02000000, Family::V6}, 2}}));
}

TEST(Selector, FlowsOfAnEarlierRunMoveOnlyIfTheAddressIsAnother) {
  for (const char* address : {"198.51.100.1", "198.51.100.9"}) {
    House house;
    house.policy({"isp"});
    house.numbers = {{"isp", 1}};
    house.selector.adopt({{"isp", prefix("198.51.100.1/32")}, {"lan0", prefix("192.168.10.1/24")}});
    house.configure();
    house.up("isp", address);
    EXPECT_EQ(house.selector.moves(Family::V4).contains("isp"), std::string_view(address) == "198.51.100.9");
  }
}

std::map<std::string, int> count(const std::vector<std::string>& slots) {
  std::map<std::string, int> counted;
  for (const auto& name : slots) ++counted[name];
  return counted;
}

TEST(Slots, FollowTheWeights) {
  House house;
  auto& line = house.policy({"isp", "lte"});  // weights 3 and 1 of the uplinks
  EXPECT_EQ(count(share_slots(line, house.config, line.use)), (std::map<std::string, int>{{"isp", 45}, {"lte", 15}}));
  line.weights = {{"isp", 1}, {"lte", 2}};
  EXPECT_EQ(count(share_slots(line, house.config, line.use)), (std::map<std::string, int>{{"isp", 20}, {"lte", 40}}));
  line.weights = {{"isp", 1000}, {"lte", 1}};
  EXPECT_EQ(count(share_slots(line, house.config, line.use)).at("lte"), 1);
  line.weights = {{"isp", 1}, {"lte", 0}};
  EXPECT_EQ(count(share_slots(line, house.config, line.use)), (std::map<std::string, int>{{"isp", 60}}));
}

TEST(Slots, OfALostUplinkAreSharedAndTheOthersKeepTheirOwn) {
  House house;
  house.uplink("cat", 1454).weight = 2;
  auto& line = house.policy({"isp", "lte", "cat"});
  const auto all = share_slots(line, house.config, line.use);
  const auto without = share_slots(line, house.config, {{"isp"}, {"cat"}});
  ASSERT_EQ(all.size(), kSlots);
  ASSERT_EQ(without.size(), kSlots);
  for (std::size_t i = 0; i < kSlots; ++i) EXPECT_TRUE(all[i] == "lte" || without[i] == all[i]) << i;
  EXPECT_FALSE(holds(without, std::string("lte")));
  EXPECT_TRUE(share_slots(line, house.config, {}).empty());
}

TEST(Slots, WithoutAnyWeightTheUsableShareAlike) {
  House house;
  auto& line = house.policy({"isp", "lte"});
  line.weights = {{"isp", 0}, {"lte", 0}};
  EXPECT_EQ(count(share_slots(line, house.config, line.use)), (std::map<std::string, int>{{"isp", 30}, {"lte", 30}}));
}

}  // namespace
}  // namespace michi::policy

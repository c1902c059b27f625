// Which session frames of LAN clients cross.

#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;

model::NftTable of(const House& house, const std::vector<model::PassedSession>& sessions) {
  auto inputs = house.inputs();
  inputs.passed = sessions;
  return derive(inputs).pass_through;
}

House passing() {
  House house;
  house.usual_lines().all_up();
  house.config.lines.push_back({.interface = "wan0", .pass_through = {"home"}});
  return house;
}

const model::PassedSession kConsole{.line = "wan0",
                                    .lan = "lan0",
                                    .client = *parse_mac("02:00:00:00:00:05"),
                                    .concentrator = *parse_mac("02:00:00:00:00:ac"),
                                    .session_id = 0x12};

TEST(PassThrough, WithoutTheKeyThereIsNoTable) {
  House house;
  house.usual_lines().all_up();
  EXPECT_EQ(of(house, {kConsole}), model::NftTable{});
}

TEST(PassThrough, OnlyFramesOfConfirmedSessionsAreCarriedBothWays) {
  const auto table = of(passing(), {kConsole});
  EXPECT_EQ(table.structure,
            "  set up-0-home { typeof ether saddr . ether daddr . @ll,128,16; counter; }\n"
            "  set down-0-home { typeof ether saddr . ether daddr . @ll,128,16; counter; }\n"
            "  chain from-0 {\n"
            "    type filter hook ingress device \"lan0\" priority 0; policy accept;\n"
            "    ether type 0x8864 ether saddr . ether daddr . @ll,128,16 @up-0-home fwd to \"wan0\"\n"
            "  }\n"
            "  chain from-1 {\n"
            "    type filter hook ingress device \"wan0\" priority 0; policy accept;\n"
            "    ether type 0x8864 ether saddr . ether daddr . @ll,128,16 @down-0-home fwd to \"lan0\"\n"
            "  }\n");
  EXPECT_EQ(table.elements.at("up-0-home"), std::set<std::string>{"02:00:00:00:00:05 . 02:00:00:00:00:ac . 0x0012"});
  EXPECT_EQ(table.elements.at("down-0-home"), std::set<std::string>{"02:00:00:00:00:ac . 02:00:00:00:00:05 . 0x0012"});
}

TEST(PassThrough, ASessionsComingAndGoingIsAChangeOfElementsAlone) {
  const auto without = of(passing(), {}), with = of(passing(), {kConsole});
  EXPECT_EQ(without.structure, with.structure);
  EXPECT_NE(without, with);
}

TEST(PassThrough, ASessionOfAnotherLanOrAnotherLineIsNotCarried) {
  auto other_lan = kConsole, other_line = kConsole;
  other_lan.lan = "lan1";
  other_line.line = "wan1";
  EXPECT_EQ(of(passing(), {other_lan, other_line}), of(passing(), {}));
}

TEST(PassThrough, AnInterfaceThatIsNotThereIsNotNamed) {
  auto house = passing();
  house.surroundings.links.erase("lan0");
  EXPECT_EQ(of(house, {kConsole}), model::NftTable{});
}

}  // namespace
}  // namespace michi::policy

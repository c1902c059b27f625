// An IPv4 address that is shared port by port: what is translated, published, guarded and explained, from one value.

#include <gtest/gtest.h>

#include "kit/carried_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using model::Protocol;
using Elements = std::set<std::string>;

CarriedHouse& published(CarriedHouse& house) {
  house.publish({"mape", "isp"}, Protocol::Tcp, {443, 443}, model::ToHost{ipv4("192.168.10.5"), 443});
  house.publish({"mape"}, Protocol::Tcp, {4928, 4928}, model::ToHost{ipv4("192.168.10.5"), 80});
  house.publish({"mape"}, Protocol::Udp, {4940, 4950}, model::ToLocal{});
  house.all_up();
  return house;
}

Explanation ask(const House& house, std::string_view destination, std::uint16_t port, std::string_view in = "",
                Protocol protocol = Protocol::Tcp) {
  FlowQuery query;
  query.destination = *parse_address(destination);
  query.source = *parse_address(in.empty() ? "192.168.10.5" : "203.0.113.200");
  query.arrives_on = in;
  query.protocol = protocol;
  query.port = port;
  return explain(house.inputs(), query);
}

TEST(PortSets, NewFlowsBecomeTheAddressAndAPortOfTheSet) {
  CarriedHouse house;
  const auto table = house.all_up().derived().firewall;
  EXPECT_EQ(table.elements.at("source"),
            (Elements{"\"flets\" : 100.100.0.3", "\"isp\" : 198.51.100.1", "\"lte\" : 100.64.0.7"}))
      << "the shared address is nowhere given without its ports";
  EXPECT_EQ(table.elements.at("port-sets"), Elements{"\"mape\" : goto ports-mape"});
  const auto& slots = table.elements.at("ports-mape");
  EXPECT_EQ(slots.size(), 315U);
  EXPECT_TRUE(slots.contains("0 : 192.0.2.1 . 4928-4943"));
  EXPECT_TRUE(slots.contains("1 : 192.0.2.1 . 9024-9039"));
  EXPECT_TRUE(slots.contains("314 : 192.0.2.1 . 4928-4943"));
  EXPECT_TRUE(
      table.structure.contains("meta l4proto { tcp, udp, icmp } snat ip to numgen inc mod 315 map @ports-mape"));
}

TEST(PortSets, TheGuardHoldsTheSetThatTranslationUses) {
  CarriedHouse house;
  const auto table = house.all_up().derived().firewall;
  const Elements ours = {"192.0.2.1 . 4928-4943", "192.0.2.1 . 9024-9039"};
  EXPECT_EQ(table.elements.at("shared-ports"), ours);
  EXPECT_EQ(table.elements.at("shared-ids"), ours);
  EXPECT_EQ(table.elements.at("shared"), Elements{"192.0.2.1"});
  const auto guard = table.structure.find("chain guard {");
  EXPECT_LT(table.structure.find("goto guard-ports", guard), table.structure.find("@own accept", guard));
}

TEST(PortSets, AnotherSetChangesElementsOnlyAndSoDoesAWholeAddress) {
  CarriedHouse house;
  const auto before = house.all_up().derived().firewall;
  house.facts["mape"].ports = model::PortSet({{1024, 1087}});
  EXPECT_EQ(house.derived().firewall.structure, before.structure);
  house.facts["mape"].ports.reset();
  const auto whole = house.derived().firewall;
  EXPECT_EQ(whole.structure, before.structure);
  EXPECT_TRUE(whole.elements.at("source").contains("\"mape\" : 192.0.2.1"));
  for (const char* set : {"shared", "shared-ports", "shared-ids", "port-sets", "ports-mape"})
    EXPECT_TRUE(whole.elements.at(set).empty()) << set;
  house.facts["mape"].ports = model::PortSet();
  EXPECT_TRUE(house.derived().firewall.elements.at("ports-mape").empty()) << "no port: nothing can leave";
  EXPECT_TRUE(house.derived().firewall.elements.at("shared").contains("192.0.2.1"));
}

TEST(PortSets, AHouseWithoutASharedAddressHasNothingOfThem) {
  House house;
  const auto table = house.usual_lines().all_up().derived().firewall;
  for (const char* word : {"port-sets", "shared", "guard-ports", "encapsulated"})
    EXPECT_FALSE(table.structure.contains(word)) << word;
}

TEST(PortSets, AKindThatDoesNotSaySoIsGuardedAllTheSame) {
  House house;
  house.usual_lines().all_up();
  house.facts["isp"].ports = model::PortSet({{1024, 1087}});
  const auto table = house.derived().firewall;
  EXPECT_FALSE(table.elements.at("source").contains("\"isp\" : 198.51.100.1"));
  EXPECT_TRUE(table.structure.contains("goto guard-ports"));
}

TEST(PortSets, APortOfOthersIsNotPublished) {
  CarriedHouse house;
  const auto table = published(house).derived().firewall;
  EXPECT_EQ(table.elements.at("publish-1"), Elements{"198.51.100.1"});
  EXPECT_EQ(table.elements.at("publish-2"), Elements{"192.0.2.1"});
  EXPECT_EQ(table.elements.at("publish-3"), Elements{"192.0.2.1"}) << "a part of the range is ours";
  const std::string rule = "ip daddr @shared meta l4proto { tcp, udp } ip daddr . th dport != @shared-ports return";
  EXPECT_TRUE(table.structure.contains("chain published {\n    " + rule));
  EXPECT_TRUE(table.structure.contains("chain published-in {\n    " + rule));
}

TEST(PortSets, WarningsNameThePortAndTheNearestOfOurs) {
  CarriedHouse house;
  published(house);
  std::set<std::string> found;
  for (const auto& event : warnings(house.inputs()))
    if (event.code == "publish.foreign-port") found.insert(event.uplink + ": " + event.text);
  EXPECT_EQ(found, (std::set<std::string>{
                       "mape: publish 1 on mape: 443 is not one of mape's 32 ports; the nearest are 4928-4943",
                       "mape: publish 3 on mape: not all of 4940-4950 are of mape's 32 ports; the nearest are "
                       "4928-4943"}));
}

TEST(PortSets, WhySaysWhetherAPortIsOurs) {
  CarriedHouse house;
  published(house);
  const auto open = ask(house, "192.0.2.1", 4928, "mape");
  EXPECT_EQ(open.verdict, Explanation::Verdict::Published);
  EXPECT_EQ(open.uplink, "mape");
  EXPECT_EQ(open.carried_by, "hikari");
  const auto closed = ask(house, "192.0.2.1", 443, "mape");
  EXPECT_EQ(closed.verdict, Explanation::Verdict::Unreachable);
  EXPECT_TRUE(holds(closed.reasons, "443 is not one of mape's 32 ports; the nearest are 4928-4943"));
  EXPECT_EQ(ask(house, "192.0.2.1", 4940, "mape", Protocol::Udp).verdict, Explanation::Verdict::Local);
  EXPECT_EQ(ask(house, "192.0.2.1", 4950, "mape", Protocol::Udp).verdict, Explanation::Verdict::Unreachable);
  EXPECT_EQ(ask(house, "198.51.100.1", 443, "isp").verdict, Explanation::Verdict::Published);
  const auto inside = ask(house, "192.0.2.1", 443);
  EXPECT_TRUE(holds(inside.reasons, "443 is not one of mape's 32 ports; the nearest are 4928-4943")) << "from a LAN";
}

TEST(PortSets, WhySaysWhatASourceBecomes) {
  CarriedHouse house;
  published(house);
  const auto answer = ask(house, "198.51.100.77", 80);
  EXPECT_EQ(answer.translated_source, "192.0.2.1");
  EXPECT_TRUE(holds(answer.reasons, "with one of mape's 32 ports"));
}

}  // namespace
}  // namespace michi::policy

// An uplink that stands on another: what it has on that one's device, and what it is without it.

#include <gtest/gtest.h>

#include "kit/carried_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using Verdict = Explanation::Verdict;

constexpr const char* kOuter = "2001:db8:300::c000:201";

Explanation ask(const House& house, std::string_view destination, std::string_view source = "192.168.10.5") {
  FlowQuery query;
  query.destination = *parse_address(destination);
  query.source = *parse_address(source);
  query.protocol = model::Protocol::Tcp;
  query.port = 80;
  return explain(house.inputs(), query);
}

bool stands(const model::Desired& desired, std::string_view device, std::string_view address) {
  return std::ranges::any_of(desired.addresses, [&](const model::AddressEntry& entry) {
    return entry.device == device && entry.address == prefix(address);
  });
}
std::size_t count(const model::Desired& desired, std::string_view address) {
  return static_cast<std::size_t>(std::ranges::count_if(
      desired.addresses, [&](const model::AddressEntry& entry) { return entry.address == prefix(address); }));
}
bool has_rule(const model::Desired& desired, std::string_view from, std::uint32_t table) {
  return std::ranges::any_of(desired.rules,
                             [&](const auto& rule) { return rule.from == prefix(from) && rule.table == table; });
}

TEST(Underlay, TheOuterAddressStandsOnTheParentsDeviceAndIsItsOwn) {
  CarriedHouse house;
  house.all_up();
  house.facts["mape"].outer.push_back({ipv6("2001:db8:400::1"), ipv6("2001:db8:ffff::1")});  // of no prefix it has
  const auto desired = house.derived();
  const auto inputs = house.inputs();
  const View view(inputs);
  for (const std::string outer : {kOuter, "2001:db8:400::1"}) {
    EXPECT_TRUE(stands(desired, "wan1", outer + "/128")) << outer;
    EXPECT_EQ(count(desired, outer + "/128"), 1U) << outer;
    EXPECT_TRUE(has_rule(desired, outer + "/128", model::kTableBase + house.numbers.at("hikari"))) << "law 4";
    EXPECT_TRUE(view.owns(*view.find("hikari"), ipv6(outer))) << outer;
    EXPECT_FALSE(view.owns(*view.find("mape"), ipv6(outer))) << outer;
  }
  EXPECT_EQ(desired.firewall.elements.at("own6"),
            (std::set<std::string>{"\"wan1\" . 2001:db8:300::/56", "\"wan1\" . 2001:db8:400::1/128"}));
}

TEST(Underlay, AnAddressThatTheParentHasAnywayStandsOnce) {
  CarriedHouse house;
  house.all_up();
  const auto own = std::string("2001:db8:300:ff::1");
  house.facts["mape"].outer = {{ipv6(own), ipv6("2001:db8:ffff::1")}, {ipv6(own), ipv6("2001:db8:ffff::2")}};
  house.tell();
  const auto desired = house.derived();
  EXPECT_EQ(count(desired, own + "/128"), 1U);
  EXPECT_EQ(desired.firewall.elements.at("encapsulated").size(), 2U);
  EXPECT_EQ(desired.firewall.elements.at("outer").size(), 1U);
}

TEST(Underlay, EncapsulatedPacketsAreAcceptedFromTheRemoteOnly) {
  CarriedHouse house;
  auto& outer = house.all_up().facts["mape"].outer;
  outer.push_back({ipv6(kOuter), ipv6("2001:db8:fff0::9"), 44});
  const auto table = house.derived().firewall;
  EXPECT_EQ(table.elements.at("encapsulated"),
            (std::set<std::string>{"\"wan1\" . 2001:db8:ffff::1/128 . 2001:db8:300::c000:201",
                                   "\"wan1\" . 2001:db8:fff0::/44 . 2001:db8:300::c000:201"}));
  EXPECT_TRUE(table.structure.contains("meta l4proto 4 iifname . ip6 saddr . ip6 daddr @encapsulated accept"));
  EXPECT_FALSE(House().usual_lines().all_up().derived().firewall.structure.contains("l4proto 4"));
}

TEST(Underlay, NothingOfTheChildStaysOnAParentWithoutIpv6) {
  CarriedHouse house;
  house.all_up();
  house.down("hikari");
  const auto desired = house.derived();
  EXPECT_EQ(count(desired, std::string(kOuter) + "/128"), 0U);
  EXPECT_TRUE(desired.firewall.elements.at("encapsulated").empty());
  EXPECT_TRUE(desired.firewall.elements.at("outer").empty());
}

TEST(Underlay, AChildIsUsableAsLongAsItsParentHasIpv6) {
  CarriedHouse house;
  house.all_up();
  EXPECT_TRUE(View(house.inputs()).find("mape")->usable.v4);
  EXPECT_EQ(ask(house, "192.0.2.10").uplink, "mape");
  const auto moves =
      house.selector.moves(Family::V4).contains("mape") ? house.selector.moves(Family::V4).at("mape") : 0;
  house.down("hikari");
  EXPECT_FALSE(View(house.inputs()).find("mape")->usable.v4);
  EXPECT_EQ(house.selector.moves(Family::V4).at("mape"), moves + 1) << "its flows choose again in the same turn";
  EXPECT_EQ(ask(house, "192.0.2.10").uplink, "isp");
  house.config.uplinks.erase(
      std::ranges::find(house.config.uplinks, model::UplinkId{"hikari"}, &model::UplinkConfig::id));
  house.configure();
  EXPECT_FALSE(View(house.inputs()).find("mape")->usable.v4) << "a parent that is not there";
}

TEST(Underlay, UplinksInACircleAreNotUsableAndEnd) {
  CarriedHouse house;
  house.all_up();
  house.of("hikari").over = model::OnUplink{{"mape"}};
  house.of("hikari").kind = TunnelKeys{};
  house.configure();
  const auto inputs = house.inputs();
  const View view(inputs);
  EXPECT_FALSE(view.find("mape")->usable.v4);
  EXPECT_FALSE(view.find("mape")->dead(Family::V4));
  house.derived();
  EXPECT_NE(ask(house, "192.0.2.10").uplink, "mape");
}

TEST(Underlay, WhyNamesBothLevels) {
  CarriedHouse house;
  house.all_up();
  const auto answer = ask(house, "192.0.2.10");
  EXPECT_EQ(answer.uplink, "mape");
  EXPECT_EQ(answer.carried_by, "hikari");
  EXPECT_TRUE(holds(answer.reasons, "mape is carried by hikari"));
  EXPECT_EQ(ask(house, "192.0.2.10", "192.168.10.5").translated_source, "192.0.2.1");
  house.config.policies.front().use = {{"isp"}};
  house.configure();
  EXPECT_EQ(ask(house, "192.0.2.10").carried_by, "") << "isp stands on a line";
}

TEST(Underlay, WhyOfAChildWithoutItsParentNamesTheParentsReason) {
  CarriedHouse house;
  house.all_up();
  house.down("hikari");
  house.facts["hikari"].reason = model::Reason::NoRouter;
  EXPECT_TRUE(holds(ask(house, "192.0.2.10").reasons, "mape is carried by hikari, and hikari is waiting (no-router)"));
  house.down("mape");
  house.facts["mape"].reason = model::Reason::NoAnswer;
  EXPECT_TRUE(holds(ask(house, "192.0.2.10").reasons,
                    "mape is waiting (no-answer); it is carried by hikari, and hikari is waiting (no-router)"));
}

TEST(Underlay, AChildOfADeadParentIsPassedOverAndNotJudgedItself) {
  CarriedHouse house;
  house.all_up();
  house.judge("mape", model::Health::Good, true, false);
  house.judge("hikari", model::Health::Dead, false, true);
  EXPECT_EQ(house.selector.choices(Family::V4).front().usable, (std::vector<model::UplinkId>{{"isp"}}));
  const auto answer = ask(house, "192.0.2.10");
  EXPECT_EQ(answer.uplink, "isp");
  EXPECT_TRUE(holds(answer.reasons,
                    "mape is carried by hikari, and hikari is judged dead by its probe: nothing beyond answers"));
  house.judge("hikari", model::Health::Good);
  house.now += seconds(11);
  house.selector.on_deadline(house.now);
  EXPECT_EQ(house.selector.choices(Family::V4).front().usable, (std::vector<model::UplinkId>{{"mape"}}));
}

TEST(Underlay, FlowsMoveWithTheInnerSourceAndNotWithTheOuter) {
  CarriedHouse house;
  house.all_up();
  const auto moved = [&](auto change) {
    const auto before = house.selector.moves(Family::V4);
    change(house.facts["mape"]);
    house.tell();
    return house.selector.moves(Family::V4) != before;
  };
  EXPECT_FALSE(moved([](auto& facts) { facts.outer.front().address = ipv6("2001:db8:300::c000:2ff"); }));
  EXPECT_FALSE(moved([](auto& facts) { facts.outer.clear(); }));
  EXPECT_TRUE(moved([](auto& facts) { facts.ports = model::PortSet({{4928, 4943}}); })) << "one range is lost";
  EXPECT_FALSE(moved([](auto& facts) { facts.ports = model::PortSet({{4928, 4943}, {5952, 5967}}); })) << "one comes";
  EXPECT_TRUE(moved([](auto& facts) { facts.v4->local = ipv4("192.0.2.2"); }));
  EXPECT_FALSE(moved([](auto& facts) { facts.ports.reset(); })) << "all of them now";
  EXPECT_TRUE(moved([](auto& facts) { facts.ports = model::PortSet({{4928, 4943}}); }));
}

TEST(Underlay, AnOuterAddressThatChangesMovesNoFlowOfTheParent) {
  CarriedHouse house;
  house.all_up();
  const auto before = house.selector.moves(Family::V6);
  house.facts["mape"].outer.front().address = ipv6("2001:db8:300::c000:2ff");
  house.tell();
  EXPECT_EQ(house.selector.moves(Family::V6), before);
}

TEST(Underlay, AfterARestartPortsAreNotKnownAndFlowsStay) {
  CarriedHouse house;
  house.selector.configure(std::make_shared<const model::Config>(house.config), house.now);
  house.selector.adopt({{"mape", prefix("192.0.2.1/32")}});
  house.all_up();
  EXPECT_FALSE(house.selector.moves(Family::V4).contains("mape"));
}

TEST(Underlay, WithoutAnInterfaceNothingIsMistakenForEthernet) {
  CarriedHouse house;
  house.surroundings.links[""].kind = "veth";
  EXPECT_FALSE(house.all_up().derived().links_up.contains(""));
  house.surroundings.links.erase("");
  house.facts["mape"].v4->length = 24;
  const auto desired = house.derived();
  EXPECT_FALSE(desired.links_up.contains(""));
  EXPECT_TRUE(stands(desired, "mape", "192.0.2.1/32"));
  EXPECT_FALSE(desired.firewall.elements.at("outside").contains("\"\""));
  EXPECT_TRUE(desired.firewall.elements.at("outside").contains("\"mape\""));
  for (const auto& want : desired.sysctls) EXPECT_FALSE(want.path.contains("//")) << want.path;
  for (const auto& want : desired.proxies) EXPECT_FALSE(want.device.empty());
  for (const auto& route : desired.routes) {
    const bool is_child = route.device.view() == "mape";
    EXPECT_TRUE(!is_child || (route.mtu == 0 && !route.gateway)) << "the device has the right MTU, and no next hop";
  }
  const auto device = std::ranges::find(desired.devices, "mape", &model::DeviceWant::name);
  ASSERT_NE(device, desired.devices.end());
  EXPECT_EQ(device->mtu, 1460U);
  EXPECT_TRUE(desired.firewall.elements.at("mss4").contains("\"mape\" : 1420"));
}

TEST(Underlay, AChildWithoutADeviceOfItsOwnIsNoUplinkAtAll) {
  CarriedHouse house;
  house.all_up();
  house.of("mape").kind = model::IpoeConfig{};
  house.configure();
  EXPECT_EQ(View(house.inputs()).find("mape"), nullptr);
  EXPECT_FALSE(View(house.inputs()).named(""));
}

TEST(Underlay, TheRoutersOwnFlowsInIpv6AreNotCutToAnUplinkWithoutIt) {
  CarriedHouse house;
  house.all_up();
  house.of("mape").mtu = house.facts["mape"].mtu = 1400;
  PerFamily<std::uint32_t> mtu;
  for (const auto& route : house.derived().routes)
    if (route.table == model::kTableSelf && route.metric == 100) mtu[route.to.family()] = route.mtu;
  EXPECT_EQ(mtu.v4, 1400U);
  EXPECT_EQ(mtu.v6, 1454U);
}

}  // namespace
}  // namespace michi::policy

// The routing law's invariants on Desired, whatever is up or down.

#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using model::RouteType;

bool has(const model::Desired& desired, const model::RuleEntry& rule) { return holds(desired.rules, rule); }

const model::RouteEntry* route(const model::Desired& desired, std::uint32_t table, std::string_view to,
                               std::uint32_t metric) {
  auto at = std::ranges::find_if(desired.routes, [&](const model::RouteEntry& r) {
    return r.table == table && r.to == prefix(to) && r.metric == metric;
  });
  return at == desired.routes.end() ? nullptr : &*at;
}

template <class Law>
void for_all_states(Law law) {
  const std::vector<std::pair<std::string, std::string>> uplinks = {
      {"isp", "198.51.100.1"}, {"lte", "100.64.0.7"}, {"flets", "100.100.0.3"}};
  for (unsigned state = 0; state < 8; ++state) {
    House house;
    house.usual_lines().configure();
    for (std::size_t i = 0; i < uplinks.size(); ++i)
      if ((state >> i & 1U) != 0) house.up(uplinks[i].first, uplinks[i].second);
    SCOPED_TRACE(state);
    law(house, house.derived());
  }
}

TEST(RoutingLaw, EveryUplinkTableEndsInUnreachable) {
  for_all_states([](const House& house, const model::Desired& desired) {
    for (const auto& [name, number] : house.numbers) {
      const auto* end = route(desired, model::kTableBase + number, "0.0.0.0/0", 4096);
      ASSERT_NE(end, nullptr) << name;
      EXPECT_EQ(end->type, RouteType::Unreachable);
      EXPECT_NE(route(desired, model::kTableBase + number, "::/0", 4096), nullptr);
    }
  });
}

TEST(RoutingLaw, ClosedPrefixesLeadToTheirUplinkOrNowhere) {
  for_all_states([](const House& house, const model::Desired& desired) {
    const bool up = house.facts.contains("flets");
    for (const char* to : {"220.210.194.0/25", "123.107.190.0/24"}) {
      ASSERT_NE(route(desired, model::kTableClosed, to, 4096), nullptr);
      const auto* way = route(desired, model::kTableClosed, to, 100);
      ASSERT_EQ(way != nullptr, up);
      if (way == nullptr) continue;
      EXPECT_EQ(way->device, "flets");
      EXPECT_EQ(way->source, Address(house.config.global.router_address));
    }
    for (const auto& entry : desired.routes)
      EXPECT_TRUE(entry.table != model::kTableClosed || entry.device.empty() || entry.device == "flets");
  });
}

TEST(RoutingLaw, DefaultOfAnUplinkIsThereWhenItIsUsableAndHasNoSource) {
  for_all_states([](const House& house, const model::Desired& desired) {
    for (const auto& [name, number] : house.numbers) {
      const auto* way = route(desired, model::kTableBase + number, "0.0.0.0/0", 100);
      ASSERT_EQ(way != nullptr, house.facts.contains(name)) << name;
      EXPECT_TRUE(way == nullptr || !way->source);
    }
  });
}

TEST(RoutingLaw, RoutersOwnDefaultCarriesTheInternalSourceAndTheSmallestMtu) {
  for_all_states([](const House& house, const model::Desired& desired) {
    const auto* way = route(desired, model::kTableSelf, "0.0.0.0/0", 100);
    ASSERT_NE(way, nullptr);
    EXPECT_EQ(way->device, model::kSelfDevice);
    EXPECT_EQ(way->source, Address(house.config.global.router_address));
    EXPECT_EQ(way->mtu, 1454U);
  });
}

TEST(RoutingLaw, NothingLeavesTheBandAndNoIpv4FallsThrough) {
  for_all_states([](const House&, const model::Desired& desired) {
    const model::RuleEntry* last = nullptr;
    for (const auto& rule : desired.rules) {
      EXPECT_GE(rule.priority, model::kPriorityFirst);
      EXPECT_LE(rule.priority, model::kPriorityLast);
      if (rule.family == Family::V4 && (last == nullptr || rule.priority > last->priority)) last = &rule;
    }
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->action, model::RuleAction::Unreachable);
    EXPECT_FALSE(last->from || !last->oif.empty() || !last->iif.empty() || last->mark_mask != 0);
  });
}

TEST(RoutingLaw, Ipv6ThatIsNoUplinksBusinessStaysWithMain) {
  for_all_states([](const House&, const model::Desired& desired) {
    for (const auto& rule : desired.rules) {
      if (rule.family != Family::V6 || rule.suppress_prefix_length || rule.table == model::kTableClosed) continue;
      EXPECT_TRUE(rule.mark_mask != 0 || !rule.oif.empty() || rule.from) << rule.priority;
    }
  });
}

TEST(RoutingLaw, LawsStandInTheirOrder) {
  House house;
  const auto desired = house.usual_lines().all_up().derived();
  auto priority = [&](auto selector) {
    for (const auto& rule : desired.rules)
      if (rule.family == Family::V4 && selector(rule)) return rule.priority;
    return 0U;
  };
  const auto law1 = priority([](const auto& r) { return r.suppress_prefix_length == 0U; });
  const auto law2 = priority([](const auto& r) { return r.mark == model::kMarkMain; });
  const auto law2b = priority([](const auto& r) { return r.from == prefix("10.9.0.2/32"); });
  const auto law3 = priority([](const auto& r) { return r.oif == "isp"; });
  const auto law4 = priority([](const auto& r) { return r.from == prefix("198.51.100.1/32"); });
  const auto law5 = priority([](const auto& r) { return r.table == model::kTableClosed; });
  const auto law7 = priority([](const auto& r) { return r.mark == 2U << 24; });
  const auto law8 = priority([](const auto& r) { return r.iif == "lo"; });
  const std::vector order = {law1, law2, law2b, law3, law4, law5, law7, law8};
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(std::ranges::adjacent_find(order), order.end());
  EXPECT_GT(law1, 0U);
}

TEST(RoutingLaw, InterfacesTheFileDoesNotNameUseMainAndNothingElse) {
  House house;
  house.surroundings.addresses.insert({"wan0", prefix("192.168.1.2/24")});
  const auto desired = house.usual_lines().all_up().derived();
  model::RuleEntry rule{.priority = 20110, .table = 254, .from = prefix("10.9.0.2/32")};
  EXPECT_TRUE(has(desired, rule));
  model::RuleEntry end{.priority = 20111, .action = model::RuleAction::Unreachable, .from = prefix("10.9.0.2/32")};
  EXPECT_TRUE(has(desired, end));
  for (const auto& any : desired.rules) {
    EXPECT_NE(any.from, prefix("192.168.1.2/32")) << "wan0 is named by the file";
    EXPECT_NE(any.from, prefix("127.0.0.1/32"));
  }
  EXPECT_FALSE(desired.firewall.elements.at("named").contains("\"mgmt0\""));
}

TEST(RoutingLaw, ClosedTableIsOneRuleForThousandsOfPrefixes) {
  House house;
  auto& flets = house.config.uplinks.front();
  for (std::uint32_t i = 0; i < 10000; ++i) flets.routes.push_back({Ipv4{0x0a000000U + (i << 8)}, 24});
  const auto desired = house.usual_lines().all_up().derived();
  EXPECT_EQ(std::ranges::count(desired.rules, model::kTableClosed, &model::RuleEntry::table), 2);  // one a family
  EXPECT_EQ(std::ranges::count(desired.routes, model::kTableClosed, &model::RouteEntry::table), 2 * 10002);
}

TEST(Derive, AHeldDuplicateHasNeitherAddressNorRouteNorRule) {
  House house;
  house.usual_lines().configure();
  house.up("isp", "198.51.100.1");
  house.up("lte", "198.51.100.1");
  const auto desired = house.derived();
  EXPECT_EQ(duplicate_addresses(house.config, house.facts), std::vector{model::UplinkId{"lte"}});
  EXPECT_FALSE(holds(desired.addresses, model::AddressEntry{"lte", prefix("198.51.100.1/32")}));
  EXPECT_TRUE(holds(desired.addresses, model::AddressEntry{"isp", prefix("198.51.100.1/32")}));
  EXPECT_EQ(route(desired, model::kTableBase + house.numbers.at("lte"), "0.0.0.0/0", 100), nullptr);
  EXPECT_EQ(desired.firewall.elements.at("source"), std::set<std::string>{"\"isp\" : 198.51.100.1"});
}

TEST(Derive, TheSamePeerOnTwoUplinksIsNothingSpecial) {
  House house;
  const auto desired = house.usual_lines().all_up().derived();  // one peer address for all three
  for (const auto& address : desired.addresses)
    if (address.device == "isp" || address.device == "lte") {
      EXPECT_EQ(address.address.length, 32);
      EXPECT_TRUE(address.no_prefix_route);
    }
}

TEST(Derive, AddressesAndOwnRuleStayWhileARenegotiatingSessionIsAttached) {
  House house;
  house.usual_lines().all_up();
  house.facts["isp"].state = model::UplinkState::Connecting;
  house.tell();
  const auto desired = house.derived();
  EXPECT_TRUE(holds(desired.addresses, model::AddressEntry{"isp", prefix("198.51.100.1/32")}));
  EXPECT_EQ(route(desired, model::kTableBase + house.numbers.at("isp"), "0.0.0.0/0", 100), nullptr);
}

TEST(Derive, LanAddressesHaveTheirPrefixRouteAndNamedInterfacesAreBroughtUp) {
  House house;
  auto desired = house.usual_lines().all_up().derived();
  EXPECT_TRUE(holds(desired.addresses, model::AddressEntry{"lan0", prefix("192.168.10.1/24"), false}));
  EXPECT_EQ(desired.links_up, (std::set<std::string>{"lan0", "lan1", "wan0"}));
  house.surroundings.links.erase("lan0");
  desired = house.derived();
  EXPECT_FALSE(holds(desired.addresses, model::AddressEntry{"lan0", prefix("192.168.10.1/24"), false}));
}

TEST(Derive, ForwardingIsRaisedOnlyAfterTheFirewallStands) {
  House house;
  const auto desired = house.all_up().derived();
  for (const auto& want : desired.sysctls) EXPECT_EQ(want.after_firewall, want.path == "net/ipv4/ip_forward");
}

TEST(Derive, ArpIsKeptApartOnlyWhereLanAndWanShareAWire) {
  House house;
  auto paths = [&] {
    std::set<std::string> found;
    for (const auto& want : house.derived().sysctls) found.insert(want.path);
    return found;
  };
  house.all_up();
  EXPECT_FALSE(paths().contains("net/ipv4/conf/wan0/arp_ignore"));
  house.config.lans.front().interface = "wan0";
  EXPECT_TRUE(paths().contains("net/ipv4/conf/wan0/arp_ignore"));
}

TEST(Derive, AnInterfaceOfSomebodyElsesWithAnUplinksNameIsLeftAlone) {
  House house;
  house.usual_lines().all_up();
  house.link("lte", "wireguard");
  const auto desired = house.derived();
  EXPECT_FALSE(holds(desired.devices, std::string("lte"), &model::DeviceWant::name));
  EXPECT_FALSE(desired.firewall.elements.at("uplinks").contains("\"lte\""));
  house.link("lte", "tun");
  EXPECT_TRUE(holds(house.derived().devices, std::string("lte"), &model::DeviceWant::name));
}

TEST(Derive, TheSameInputsGiveTheSameText) {
  House house, again;
  const auto one = house.usual_lines().all_up().derived();
  const auto two = again.usual_lines().all_up().derived();
  EXPECT_EQ(one.firewall, two.firewall);
  EXPECT_EQ(one.rules, two.rules);
  EXPECT_EQ(one.routes, two.routes);
}

TEST(Numbers, AreKeptByNameAndNotReusedWhileOthersAreFree) {
  House house;
  house.numbers = {{"isp", 7}, {"gone", 1}};
  const auto given = assign_numbers(house.config, house.numbers);
  EXPECT_EQ(given.at("isp"), 7);
  EXPECT_EQ(given.at("flets"), 2);
  EXPECT_EQ(given.at("lte"), 3);
  EXPECT_FALSE(given.contains("gone"));
}

TEST(Numbers, AreRecoveredFromTheKernelsRules) {
  House house;
  house.numbers = {{"isp", 7}, {"lte", 250}};
  house.all_up();
  const auto desired = house.derived();
  EXPECT_EQ(recover_numbers({desired.rules.begin(), desired.rules.end()}), house.numbers);
}

TEST(Numbers, ADamagedStoreGivesNoNumberTwice) {
  House house;
  const auto given = assign_numbers(house.config, {{"isp", 5}, {"lte", 5}, {"flets", 0}});
  std::set<int> distinct;
  for (const auto& [name, number] : given) distinct.insert(number);
  EXPECT_EQ(distinct.size(), 3U);
  EXPECT_FALSE(distinct.contains(0));
}

TEST(Carriage, AutoTakesTheFirstPlaneThatCanAndANameTheOneItNames) {
  House house;
  house.all_up();
  const auto planes_of = [&](const model::Desired& desired) {
    std::map<std::string, std::string> found;
    for (const auto& attach : desired.attaches) found[attach.uplink.name] = attach.plane;
    return found;
  };
  for (auto& [name, fact] : house.facts) fact.session.emplace();
  house.planes = {{"helper", true, false}, {"fast", false, true}, {"tun", true, true}};
  std::ranges::find(house.config.uplinks, model::UplinkId{"isp"}, &model::UplinkConfig::id)->plane =
      model::PlaneKind::Tun;
  EXPECT_EQ(planes_of(house.derived()),
            (std::map<std::string, std::string>{{"flets", "fast"}, {"isp", "tun"}, {"lte", "fast"}}));
  house.planes = {{"fast", false, true}};
  EXPECT_EQ(planes_of(house.derived()).at("isp"), "") << "asked for by name, and not there";
}

TEST(Carriage, TheInternalDeviceIsNoSessionsDevice) {
  House house;
  house.all_up();
  for (const auto& device : house.derived().devices)
    EXPECT_EQ(std::holds_alternative<model::InternalDevice>(device.what), device.name == model::kSelfDevice)
        << device.name;
}

}  // namespace
}  // namespace michi::policy

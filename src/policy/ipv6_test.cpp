// A prefix per uplink: subnets, addresses, rules, routes and the roads that follow from them.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using model::RouteType;

const model::RouteEntry* route(const model::Desired& desired, std::uint32_t table, std::string_view to,
                               std::uint32_t metric) {
  auto at = std::ranges::find_if(desired.routes, [&](const model::RouteEntry& r) {
    return r.table == table && r.to == prefix(to) && r.metric == metric;
  });
  return at == desired.routes.end() ? nullptr : &*at;
}

std::set<std::string> addresses(const model::Desired& desired, std::string_view device) {
  std::set<std::string> found;
  for (const auto& entry : desired.addresses)
    if (entry.device == device && entry.address.family() == Family::V6) found.insert(to_text(entry.address));
  return found;
}

std::set<std::string> rules6(const model::Desired& desired, std::uint32_t priority) {
  std::set<std::string> found;
  for (const auto& rule : desired.rules) {
    if (rule.family != Family::V6 || rule.priority != priority) continue;
    EXPECT_TRUE(rule.from);
    EXPECT_EQ(rule.mark, 0U);
    found.insert(fmt::format("{} {:#x} {}", to_text(*rule.from), rule.mark_mask, rule.table));
  }
  return found;
}

using Words = std::set<std::string>;

TEST(Delegation, IsDividedIntoSubnetsTheLastIsOurOwn) {
  const Delegation wide{.prefix = prefix("2001:db8:100::/56")};
  EXPECT_EQ(wide.subnet(0), prefix("2001:db8:100::/64"));
  EXPECT_EQ(wide.subnet(254), prefix("2001:db8:100:fe::/64"));
  EXPECT_FALSE(wide.subnet(255)) << "michi's own";
  EXPECT_EQ(wide.reserved(), prefix("2001:db8:100:ff::/64"));
  EXPECT_EQ(wide.device_address(), ipv6("2001:db8:100:ff::1"));
  EXPECT_EQ(wide.self_address(), ipv6("2001:db8:100:ff::2"));
  const Delegation single{.prefix = prefix("2001:db8:1:2::/64")};
  EXPECT_EQ(single.subnet(0), prefix("2001:db8:1:2::/64"));
  EXPECT_FALSE(single.subnet(1));
  EXPECT_FALSE(single.reserved());
  EXPECT_EQ(single.device_address(), ipv6("2001:db8:1:2::6d69:1"));
  EXPECT_EQ(single.self_address(), ipv6("2001:db8:1:2::6d69:2"));
  const Delegation pair{.prefix = prefix("2001:db8::/63")};
  EXPECT_EQ(pair.subnet(0), prefix("2001:db8::/64"));
  EXPECT_FALSE(pair.subnet(1));
  EXPECT_EQ(Delegation{.prefix = prefix("fd00:1::/32")}.reserved(), prefix("fd00:1:ffff:ffff::/64"));
}

TEST(Prefixes, ThatOverlapBelongToTheFirstAndAConfirmedOneComesBeforeARememberedOne) {
  House house;
  house.configure();
  house.delegate("isp", "2001:db8:100::/56");
  house.delegate("lte", "2001:db8:100:80::/60");
  auto held = hold_prefixes(house.config, house.facts);
  EXPECT_EQ(held.held.at("isp").size(), 1U);
  EXPECT_TRUE(held.held.at("lte").empty());
  EXPECT_EQ(held.refused, (std::vector{std::pair(model::UplinkId{"lte"}, prefix("2001:db8:100:80::/60"))}));
  house.down6("isp");
  held = hold_prefixes(house.config, house.facts);
  EXPECT_TRUE(held.held.at("isp").empty());
  EXPECT_EQ(held.held.at("lte").size(), 1U);
}

TEST(Prefixes, NobodysAndTooWideOnesAreNotTaken) {
  for (const char* bad : {"fe80::/48", "ff00::/32", "::/48", "2000::/3", "2001:db8::/96", "::ffff:0:0/64"}) {
    House house;
    house.dual_stack();
    house.delegate("lte", bad);
    house.facts["lte"].prefixes.resize(1);
    house.tell();
    for (const auto& entry : house.derived().routes) EXPECT_NE(entry.to, prefix(bad).canonical()) << bad;
    EXPECT_EQ(hold_prefixes(house.config, house.facts).refused.size(), 1U) << bad;
  }
}

TEST(Ipv6, AddressesStandOnTheUplinkTheInternalDeviceAndEveryLan) {
  House house;
  house.config.lans.front().hosts = {ipv6("::1"), ipv6("::53")};
  const auto desired = house.usual_lines().dual_stack().derived();
  EXPECT_EQ(addresses(desired, "isp"), (Words{"2001:db8:100:ff::1/128", "fe80::1/128"}));
  EXPECT_EQ(addresses(desired, "michi0"), (Words{"2001:db8:100:ff::2/128", "2001:db8:200:f::2/128"}));
  EXPECT_EQ(addresses(desired, "lan0"),
            (Words{"2001:db8:100:1::1/64", "2001:db8:100:1::53/64", "2001:db8:200:1::1/64", "2001:db8:200:1::53/64"}));
  EXPECT_EQ(addresses(desired, "lan1"), (Words{"2001:db8:100::1/64"})) << "it belongs to isp";
  for (const auto& entry : desired.addresses) EXPECT_TRUE(entry.device != "lan0" || !entry.no_prefix_route);
}

TEST(Ipv6, ARememberedPrefixKeepsItsAddressesAndRules) {
  House house;
  house.usual_lines().dual_stack().down("isp");
  const auto desired = house.derived();
  EXPECT_TRUE(addresses(desired, "lan0").contains("2001:db8:100:1::1/64"));
  EXPECT_EQ(rules6(desired, 20500),
            (Words{"2001:db8:100::/56 0xff000000 20002", "2001:db8:200::/60 0xff000000 20003"}));
  EXPECT_EQ(rules6(desired, 20490),
            (Words{"2001:db8:100:ff::2/128 0xff000000 20251", "2001:db8:200:f::2/128 0xff000000 20251"}));
  EXPECT_NE(route(desired, 254, "2001:db8:100::/56", 4096), nullptr);
  EXPECT_EQ(route(desired, 20002, "::/0", 100), nullptr);
  EXPECT_FALSE(holds(desired.firewall.elements.at("own6"), std::string("\"isp\" . 2001:db8:100::/56")));
}

TEST(Ipv6, RoutesHaveANextHopAndASourceThatIsTheirOwn) {
  House house;
  house.config.uplinks.front().routes.push_back(prefix("2001:db8:f::/48"));  // flets
  house.usual_lines().dual_stack().delegate("flets", "2001:db8:f:1::/64");
  const auto desired = house.derived();
  const auto* isp = route(desired, 20002, "::/0", 100);
  ASSERT_NE(isp, nullptr);
  EXPECT_EQ(isp->device, "isp");
  EXPECT_EQ(isp->gateway, Address(ipv6("fe80::2")));
  EXPECT_EQ(isp->source, Address(ipv6("2001:db8:100:ff::1")));
  const auto* closed = route(desired, model::kTableClosed, "2001:db8:f::/48", 100);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->source, Address(ipv6("2001:db8:f:1::6d69:1")));
  for (const char* delegated : {"2001:db8:100::/56", "2001:db8:200::/60"}) {
    const auto* end = route(desired, 254, delegated, 4096);
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(end->type, RouteType::Unreachable);
  }
  house.facts["isp"].v6->peer = {};
  const auto lost = house.derived();
  EXPECT_FALSE(route(lost, 20002, "::/0", 100)->gateway) << "nobody is known there";
}

TEST(Ipv6, RoutersOwnSourceIsOfTheUplinkThatItsFlowsTake) {
  House house;
  house.usual_lines().dual_stack();
  auto source = [&] {
    const auto desired = house.derived();
    const auto* way = route(desired, model::kTableSelf, "::/0", 100);
    return way == nullptr || !way->source ? "" : to_text(*way->source);
  };
  EXPECT_EQ(source(), "2001:db8:100:ff::2");
  house.down("isp");
  EXPECT_EQ(source(), "2001:db8:200:f::2");
  house.down("lte");
  EXPECT_EQ(source(), "") << "refused at once";
  EXPECT_NE(route(house.derived(), model::kTableSelf, "::/0", 4096), nullptr);
}

TEST(Ipv6, WithoutAPrefixMainKeepsItsSay) {
  House house;
  house.usual_lines().all_up();
  house.facts["isp"].v6 = model::Ipv6Facts{ipv6("fe80::1"), ipv6("fe80::2")};
  house.tell();
  auto desired = house.derived();
  EXPECT_EQ(desired.firewall.elements.at("forwarded"), (Words{"ipv4 : goto policy-lan"}));
  EXPECT_EQ(route(desired, model::kTableSelf, "::/0", 4096), nullptr);
  EXPECT_FALSE(holds(desired.sysctls, std::string("net/ipv6/conf/all/forwarding"), &model::SysctlWant::path));
  const auto structure = desired.firewall.structure;
  house.delegate("isp", "2001:db8:100::/56");
  desired = house.derived();
  EXPECT_EQ(desired.firewall.structure, structure);
  EXPECT_EQ(desired.firewall.elements.at("forwarded"), (Words{"ipv4 : goto policy-lan", "ipv6 : goto policy-lan"}));
  const auto last = std::ranges::max_element(
      desired.rules, {}, [](const model::RuleEntry& rule) { return rule.family == Family::V6 ? rule.priority : 0; });
  EXPECT_EQ(last->priority, 20990U);
  EXPECT_EQ(last->action, model::RuleAction::Unreachable);
}

TEST(Ipv6, ALineNamesTheRoadsAndTheSourceSaysWhichOfThem) {
  House house;
  house.policy({"lte", "isp"});
  house.dual_stack();
  const auto table = house.derived().firewall;
  EXPECT_EQ(table.elements.at("policy-1-own"),
            (Words{"2001:db8:100::/56 : goto flow-isp", "2001:db8:200::/60 : goto flow-lte"}));
  EXPECT_EQ(table.elements.at("policy-1"), (Words{"ipv4 : goto flow-lte", "ipv6 : goto flow-lte"}));
  EXPECT_LT(table.structure.find("ip6 saddr vmap @policy-1-own"),
            table.structure.find("meta nfproto vmap @policy-1\n"));
  house.down("lte");
  const auto after = house.derived().firewall;
  EXPECT_EQ(after.elements.at("policy-1-own"), (Words{"2001:db8:100::/56 : goto flow-isp"}));
  EXPECT_EQ(after.structure, table.structure);
}

TEST(Ipv6, WhatAnUplinkDoesNotOwnBecomesPartOfItsReservedSubnet) {
  House house;
  house.usual_lines().all_up();
  house.delegate("isp", "2001:db8:100::/56");
  house.delegate("lte", "2001:db8:200::/64");
  const auto elements = house.derived().firewall.elements;
  EXPECT_EQ(elements.at("translation"), (Words{"\"isp\" : goto translate-isp"}));
  EXPECT_EQ(elements.at("prefix-isp"), (Words{"::/0 : 2001:db8:100:ff::/64"}));
  EXPECT_EQ(elements.at("source6"), (Words{"\"lte\" : 2001:db8:200::6d69:1"}));
  EXPECT_EQ(elements.at("own6"), (Words{"\"isp\" . 2001:db8:100::/56", "\"lte\" . 2001:db8:200::/64"}));
  EXPECT_EQ(elements.at("open6"), (Words{"\"isp\"", "\"lte\""}));
}

TEST(Ipv6, TheOnlySubnetOfAnUplinkGoesToTheFirstLanThatAdvertises) {
  House house;
  house.configure();
  house.delegate("lte", "2001:db8:200::/64");
  house.config.lans.back().uplink.reset();  // dmz has number 0
  EXPECT_TRUE(addresses(house.derived(), "lan1").contains("2001:db8:200::1/64"));
  EXPECT_FALSE(addresses(house.derived(), "lan0").contains("2001:db8:200::1/64"));
  house.config.lans.back().advertise = false;
  EXPECT_TRUE(addresses(house.derived(), "lan0").contains("2001:db8:200::1/64"));
}

TEST(Ipv6, AHostlessPrefixOfTheLineItselfIsForNoLan) {
  House house;
  house.usual_lines().all_up();
  auto& facts = house.facts["isp"];
  facts.v6 = model::Ipv6Facts{ipv6("fe80::1"), ipv6("fe80::2"), {ipv6("2001:db8:5::77")}};
  facts.prefixes = {{.prefix = prefix("2001:db8:5::/64"), .confirmed = true, .on_link = true}};
  house.tell();
  const auto desired = house.derived();
  EXPECT_EQ(addresses(desired, "lan0"), Words{});
  EXPECT_EQ(route(desired, 254, "2001:db8:5::/64", 4096), nullptr);
  EXPECT_EQ(desired.firewall.elements.at("source6"), (Words{"\"isp\" : 2001:db8:5::77"}));
  EXPECT_EQ(desired.firewall.elements.at("own6"), (Words{"\"isp\" . 2001:db8:5::77/128"}));
  EXPECT_TRUE(holds(
      desired.rules,
      model::RuleEntry{.family = Family::V6, .priority = 20300, .table = 20002, .from = prefix("2001:db8:5::77/128")}));
}

TEST(Ipv6, AnEthernetUplinkIsItsInterface) {
  House house;
  auto& line = house.uplink("net", 1500);
  line.kind = model::IpoeConfig{};
  line.over = model::OnLine{"wan1"};
  house.link("wan1", "");
  house.usual_lines().all_up();
  auto& facts = house.facts["net"];
  facts.id.name = "net";
  facts.state = model::UplinkState::Up;
  facts.attached = true;
  facts.v4 = model::Ipv4Facts{ipv4("192.0.2.17"), {}, {ipv4("192.0.2.53")}, 28, ipv4("192.0.2.30")};
  house.delegate("net", "2001:db8:300::/56");
  facts.v6->mtu = 1460;
  const auto desired = house.derived();
  EXPECT_FALSE(holds(desired.devices, std::string("net"), &model::DeviceWant::name));
  EXPECT_TRUE(holds(desired.addresses, model::AddressEntry{"wan1", prefix("192.0.2.17/28"), false}));
  EXPECT_EQ(addresses(desired, "wan1"), (Words{"2001:db8:300:ff::1/128"})) << "the kernel has its own link-local one";
  const auto* way4 = route(desired, 20004, "0.0.0.0/0", 100);
  ASSERT_NE(way4, nullptr);
  EXPECT_EQ(way4->device, "wan1");
  EXPECT_EQ(way4->gateway, Address(ipv4("192.0.2.30")));
  EXPECT_EQ(way4->mtu, 0U);
  EXPECT_EQ(route(desired, 20004, "::/0", 100)->mtu, 1460U);
  EXPECT_TRUE(desired.firewall.elements.at("arrival").contains("\"wan1\" : goto arrive-net"));
  EXPECT_TRUE(desired.firewall.elements.at("source").contains("\"wan1\" : 192.0.2.17"));
  EXPECT_TRUE(desired.firewall.elements.at("outside").contains("\"wan1\""));
  EXPECT_TRUE(holds(desired.resolver.servers, model::ResolverServer{ipv4("192.0.2.53"), "wan1"}));
  for (const auto& attach : desired.attaches) EXPECT_NE(attach.uplink.name, "net");
  EXPECT_EQ(recover_numbers({desired.rules.begin(), desired.rules.end()}, house.config), house.numbers);
}

TEST(Ipv6, InterfacesOfOthersGoOnListeningToRouters) {
  House house;
  const auto desired = house.usual_lines().dual_stack().derived();
  auto want = [&](std::string_view path) {
    auto at = std::ranges::find(desired.sysctls, path, &model::SysctlWant::path);
    return at == desired.sysctls.end() ? model::SysctlWant{} : *at;
  };
  EXPECT_TRUE(want("net/ipv6/conf/mgmt0/accept_ra").only_on_hosts);
  EXPECT_EQ(want("net/ipv6/conf/mgmt0/accept_ra").value, "2");
  EXPECT_EQ(want("net/ipv6/conf/lan0/accept_ra").value, "0");
  EXPECT_TRUE(want("net/ipv6/conf/all/forwarding").after_firewall);
  EXPECT_TRUE(want("net/ipv6/conf/all/forwarding").restore);
}

TEST(Ipv6, NameServersOfALeaseAreAskedThroughTheirUplink) {
  House house;
  house.usual_lines().dual_stack();
  house.facts["isp"].v6->dns = {ipv6("2001:db8:100:53::1")};
  const model::ResolverServer server{ipv6("2001:db8:100:53::1"), "isp"};
  EXPECT_TRUE(holds(house.derived().resolver.servers, server));
  house.facts["isp"].prefixes.clear();
  house.tell();
  EXPECT_FALSE(holds(house.derived().resolver.servers, server)) << "no address to ask from";
}

// Whatever is up, whatever the host chose: it leaves as somebody the uplink owns, or not at all.
TEST(Ipv6, NoSourceLeavesAnUplinkThatIsNotItsOwn) {
  const std::vector<std::string> sources = {"2001:db8:100:1::5", "2001:db8:200:1::5", "fd00:1:2:3::5", "2001:db8:9::5"};
  for (unsigned state = 0; state < 64; ++state) {
    House house;
    auto& balance = house.policy({"isp", "lte"});
    balance.mode = model::PolicyMode::Balance;
    balance.protocol = model::Protocol::Udp;
    house.policy({"lte"}).protocol = model::Protocol::Icmp;
    house.usual_lines().configure();
    if ((state & 1U) != 0) house.delegate("isp", (state & 2U) != 0 ? "2001:db8:100::/56" : "2001:db8:100:1::/64");
    if ((state & 4U) != 0) house.delegate("lte", (state & 8U) != 0 ? "2001:db8:200::/60" : "2001:db8:200:1::/64");
    if ((state & 16U) != 0) house.down6("isp");
    if ((state & 32U) != 0) house.facts["lte"].prefixes.clear();
    house.tell();
    const auto own = house.derived().firewall.elements.at("own6");
    for (const auto& source : sources)
      for (auto protocol : {model::Protocol::Tcp, model::Protocol::Udp, model::Protocol::Icmp}) {
        FlowQuery query;
        query.destination = ipv6("2001:db8:ffff::1");
        query.source = ipv6(source);
        query.arrives_on = "lan0";
        query.protocol = protocol;
        query.port = 80;
        const auto answer = explain(house.inputs(), query);
        if (answer.verdict != Explanation::Verdict::Uplink) continue;
        ASSERT_FALSE(answer.translated_source.empty()) << source;
        const auto leaves = *parse_address(answer.translated_source);
        const auto is_own = std::ranges::any_of(own, [&](const std::string& element) {
          const auto device = fmt::format("\"{}\" . ", answer.device);
          return element.starts_with(device) && prefix(element.substr(device.size())).contains(leaves);
        });
        EXPECT_TRUE(is_own) << "state " << state << ": " << source << " by " << answer.device << " as "
                            << answer.translated_source;
      }
  }
}

}  // namespace
}  // namespace michi::policy

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kit/typical_house.hpp"
#include "policy/match.hpp"
#include "policy/policies.hpp"
#include "policy/slots.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using Verdict = Explanation::Verdict;

FlowQuery to(std::string_view destination, std::string_view source = "", std::uint16_t port = 80,
             model::Protocol protocol = model::Protocol::Tcp) {
  FlowQuery query;
  query.destination = *parse_address(destination);
  if (!source.empty()) query.source = *parse_address(source);
  query.protocol = protocol;
  query.port = port;
  return query;
}

Explanation ask(const House& house, const FlowQuery& query) { return explain(house.inputs(), query); }

TEST(Explain, ALanHostTakesThePolicysUplinkAndItsAddress) {
  House house;
  house.usual_lines().all_up();
  const auto answer = ask(house, to("192.0.2.10", "192.168.10.5"));
  EXPECT_EQ(answer.verdict, Verdict::Uplink);
  EXPECT_EQ(answer.uplink, "isp");
  EXPECT_EQ(answer.translated_source, "198.51.100.1");
  EXPECT_EQ(answer.law, "7 policy 2");
}

TEST(Explain, MailIsUnreachableWhileItsLineIsDownAndTheWebFallsOver) {
  House house;
  house.usual_lines().all_up().down("isp");
  EXPECT_EQ(ask(house, to("192.0.2.10", "192.168.10.5", 25)).verdict, Verdict::Unreachable);
  EXPECT_EQ(ask(house, to("192.0.2.10", "192.168.10.5", 80)).uplink, "lte");
  EXPECT_EQ(ask(house, to("192.0.2.10", "", 25)).uplink, "lte") << "the line is for the LAN only";
}

TEST(Explain, AClosedNetworkIsReachedByItsUplinkOrNotAtAll) {
  House house;
  house.usual_lines().all_up();
  auto answer = ask(house, to("220.210.194.10", "192.168.10.5"));
  EXPECT_EQ(answer.uplink, "flets");
  EXPECT_EQ(answer.law, "5 closed network");
  EXPECT_EQ(answer.rule, "220.210.194.0/25 of uplink flets");
  EXPECT_EQ(ask(house, to("220.210.194.200", "192.168.10.5")).uplink, "isp") << "outside the /25";
  house.down("flets");
  answer = ask(house, to("220.210.194.10", "192.168.10.5"));
  EXPECT_EQ(answer.verdict, Verdict::Unreachable);
}

TEST(Explain, ABoundFlowLeavesByTheUplinkOfItsAddress) {
  House house;
  house.usual_lines().all_up();
  const auto answer = ask(house, to("192.0.2.10", "100.64.0.7"));
  EXPECT_EQ(answer.uplink, "lte");
  EXPECT_EQ(answer.law, "4 an uplink's own address");
}

TEST(Explain, InterfacesOutsideTheFileUseMain) {
  House house;
  house.usual_lines().all_up();
  auto query = to("192.0.2.10", "10.77.0.1");
  query.arrives_on = "mgmt0";
  EXPECT_EQ(ask(house, query).verdict, Verdict::Main);
  EXPECT_EQ(ask(house, to("10.77.0.1", "10.9.0.2")).law, "2 interface not in the file");
  EXPECT_EQ(ask(house, to("10.9.0.1", "192.168.10.5")).law, "1 more specific route");
}

TEST(Explain, ARoutedBlockKeepsItsSource) {
  House house;
  house.usual_lines().all_up();
  auto answer = ask(house, to("192.0.2.10", "203.0.113.2"));
  EXPECT_EQ(answer.uplink, "isp");
  EXPECT_EQ(answer.translated_source, "203.0.113.2");
  EXPECT_EQ(ask(house, to("220.210.194.10", "203.0.113.2")).translated_source, "100.100.0.3");
  house.down("isp");
  EXPECT_EQ(ask(house, to("192.0.2.10", "203.0.113.2")).verdict, Verdict::Unreachable);
}

TEST(Explain, PublishedServicesAreFoundFromOutsideAndInside) {
  House house;
  house.usual_lines();
  house.publish({"isp"}, model::Protocol::Tcp, {8000, 8002}, model::ToHost{ipv4("192.168.10.5"), 80});
  house.all_up();
  auto outside = to("198.51.100.1", "192.0.2.10", 443);
  auto answer = ask(house, outside);
  EXPECT_EQ(answer.verdict, Verdict::Published);
  EXPECT_EQ(answer.uplink, "isp");
  EXPECT_EQ(answer.rule, "publish 1");
  EXPECT_EQ(ask(house, to("198.51.100.1", "192.168.10.6", 443)).verdict, Verdict::Published);
  outside.port = 444;
  EXPECT_EQ(ask(house, outside).law, "default-deny");
  outside.port = 8002;
  EXPECT_TRUE(holds(ask(house, outside).reasons, std::string("leads to 192.168.10.5:82")));
  EXPECT_EQ(ask(house, to("100.64.0.7", "192.0.2.10", 22)).verdict, Verdict::Local);
  EXPECT_EQ(ask(house, to("100.64.0.7", "8.8.8.8", 22)).law, "default-deny") << "not an allowed source";
}

TEST(Explain, AnUnknownSourceIsAskedFor) {
  House house;
  house.usual_lines().all_up();
  const auto answer = ask(house, to("192.0.2.10", "172.20.0.1"));
  EXPECT_EQ(answer.verdict, Verdict::Unreachable);
  EXPECT_EQ(answer.law, "unknown source");
}

model::RouteEntry in_main(std::string_view to, std::string_view device) {
  return {.table = 254,
          .to = prefix(to),
          .type = device.empty() ? model::RouteType::Unreachable : model::RouteType::Unicast,
          .device = std::string(device)};
}

TEST(Explain, RoutesOfMainThroughAGatewayAreLaw1AndItsDefaultIsNot) {
  House house;
  house.usual_lines().all_up();
  house.surroundings.main_routes = {in_main("10.50.0.0/16", "mgmt0"), in_main("0.0.0.0/0", "mgmt0")};
  const auto answer = ask(house, to("10.50.1.1", "192.168.10.5"));
  EXPECT_EQ(answer.law, "1 more specific route");
  EXPECT_EQ(answer.device, "mgmt0");
  EXPECT_EQ(ask(house, to("192.0.2.10", "192.168.10.5")).uplink, "isp");
  EXPECT_EQ(ask(house, to("192.0.2.10", "10.50.1.1")).law, "2 interface not in the file") << "found from its source";
  house.surroundings.main_routes.push_back(in_main("10.50.7.0/24", ""));
  EXPECT_EQ(ask(house, to("10.50.7.1", "192.168.10.5")).verdict, Verdict::Unreachable);
}

TEST(Explain, Law2NamesTheDeviceOrSaysThatMainHasNoWay) {
  House house;
  house.usual_lines().all_up();
  house.surroundings.main_asked = true;
  EXPECT_EQ(ask(house, to("192.0.2.10", "10.9.0.2")).verdict, Verdict::Unreachable);
  house.surroundings.main_routes = {in_main("0.0.0.0/0", "mgmt0")};
  const auto answer = ask(house, to("192.0.2.10", "10.9.0.2"));
  EXPECT_EQ(answer.verdict, Verdict::Main);
  EXPECT_EQ(answer.device, "mgmt0");
  EXPECT_EQ(ask(house, to("2001:db8::1")).device, "") << "IPv4's default is not IPv6's";
}

TEST(Explain, WhatIsNoFlowIsSaidSo) {
  House house;
  house.usual_lines().all_up();
  EXPECT_EQ(ask(house, to("0.0.0.0")).law, "no destination");
  EXPECT_EQ(ask(house, to("::")).law, "no destination");
  EXPECT_EQ(ask(house, to("192.0.2.10", "0.0.0.0")).uplink, "isp") << "a socket that is not bound";
  EXPECT_EQ(ask(house, to("224.0.0.251", "192.168.10.5")).law, "group address");
  auto query = to("192.0.2.10", "192.168.10.5");
  query.arrives_on = "lan7";
  EXPECT_EQ(ask(house, query).law, "unknown interface");
  house.surroundings.links.erase("lan0");
  query.arrives_on = "lan0";
  EXPECT_EQ(ask(house, query).uplink, "isp") << "named in the file: the law holds for it when it comes";
}

TEST(Explain, Ipv6IsMainsUnlessItIsClosed) {
  House house;
  house.config.uplinks.front().routes.push_back(prefix("2001:db8:1::/48"));
  house.usual_lines().all_up();
  EXPECT_EQ(ask(house, to("2001:db8::1")).verdict, Verdict::Main);
  EXPECT_EQ(ask(house, to("2001:db8:1::1")).law, "5 closed network");
  EXPECT_EQ(ask(house, to("2001:db8:1::1")).verdict, Verdict::Unreachable);
  EXPECT_EQ(ask(house, to("ff02::1")).verdict, Verdict::Local);
}

TEST(Explain, Ipv6TakesTheUplinkOfItsSourceIfTheLineNamesIt) {
  House house;
  auto& mail = house.policy({"lte"});
  mail.protocol = model::Protocol::Tcp;
  mail.ports = {{25, 25}};
  house.usual_lines().dual_stack();
  auto answer = ask(house, to("2001:db8::1", "2001:db8:200:1::5"));
  EXPECT_EQ(answer.uplink, "lte") << "though the line prefers isp";
  EXPECT_EQ(answer.translated_source, "2001:db8:200:1::5");
  EXPECT_EQ(answer.law, "7 policy 3");
  answer = ask(house, to("2001:db8::1", "2001:db8:100:1::5", 25));
  EXPECT_EQ(answer.uplink, "lte") << "the line names lte only";
  EXPECT_EQ(answer.translated_source, "2001:db8:200:f::5");
  EXPECT_TRUE(holds(answer.reasons, std::string("translated into 2001:db8:200:f::/64")));
}

TEST(Explain, Ipv6OfALostUplinkIsTranslatedByTheNext) {
  House house;
  house.usual_lines().dual_stack().down("isp");
  auto answer = ask(house, to("2001:db8::1", "2001:db8:100:1::5"));
  EXPECT_EQ(answer.uplink, "lte");
  EXPECT_EQ(answer.translated_source, "2001:db8:200:f::5");
  house.down("lte");
  answer = ask(house, to("2001:db8::1", "2001:db8:100:1::5"));
  EXPECT_EQ(answer.verdict, Verdict::Unreachable);
  EXPECT_EQ(answer.law, "8 rest");
}

TEST(Explain, TheRoutersOwnIpv6IsLaw4BoundLaw6OnALanAndPolicyOtherwise) {
  House house;
  house.usual_lines().dual_stack();
  EXPECT_EQ(ask(house, to("2001:db8::1", "2001:db8:200:f::1")).law, "4 an uplink's own address");
  const auto lan = ask(house, to("2001:db8::1", "2001:db8:200:1::1"));
  EXPECT_EQ(lan.law, "6 an uplink's prefix");
  EXPECT_EQ(lan.uplink, "lte");
  const auto unbound = ask(house, to("2001:db8::1"));
  EXPECT_EQ(unbound.law, "7 policy 2");
  EXPECT_EQ(unbound.uplink, "isp");
  EXPECT_EQ(unbound.translated_source, "2001:db8:100:ff::2");
  house.down("isp");
  EXPECT_EQ(ask(house, to("2001:db8::1")).translated_source, "2001:db8:200:f::2");
}

TEST(Explain, Ipv6InsideAPrefixIsALansOrNobodys) {
  House house;
  house.usual_lines().dual_stack();
  EXPECT_EQ(ask(house, to("2001:db8:200:1::9", "2001:db8:100:1::5")).device, "lan0");
  EXPECT_EQ(ask(house, to("2001:db8:200:1::1", "2001:db8:100:1::5")).verdict, Verdict::Local);
  const auto nobody = ask(house, to("2001:db8:100:77::9", "2001:db8:100:1::5"));
  EXPECT_EQ(nobody.verdict, Verdict::Unreachable);
  EXPECT_EQ(nobody.rule, "unreachable 2001:db8:100::/56");
  auto outside = to("2001:db8:100:1::5", "2001:db8::1", 443);
  outside.arrives_on = "isp";
  EXPECT_EQ(ask(house, outside).law, "default-deny");
  outside.protocol = model::Protocol::Icmp;
  EXPECT_EQ(ask(house, outside).device, "lan0") << "echo passes";
}

TEST(Explain, TheHashIsTheKernels) {
  // Read off Linux 6.18 with nft 1.0.6: `meta mark set jhash … mod 60 seed 0x436441a` on packets with
  // these addresses.
  House house;
  auto& line = house.policy({"isp", "lte"});
  line.mode = model::PolicyMode::Balance;
  line.label = "policy 3";
  EXPECT_EQ(hash_seed(line), 0x0436441aU);
  EXPECT_EQ(slot_of(line, ipv4("192.168.10.5"), ipv4("192.0.2.10")), 0x28U);
  EXPECT_EQ(slot_of(line, ipv4("192.168.10.6"), ipv4("192.0.2.10")), 0x23U);
  line.sticky = model::Sticky::SourceDestination;
  EXPECT_EQ(slot_of(line, ipv4("192.168.10.5"), ipv4("192.0.2.10")), 0x27U);
  const auto host = *parse_ipv6("2001:db8:100:1::5"), peer = *parse_ipv6("2001:db8:ffff::1");
  EXPECT_EQ(slot_of(line, host, peer), 0x1eU);
  line.sticky = model::Sticky::Source;
  EXPECT_EQ(slot_of(line, host, peer), 0x19U);
  line.sticky = model::Sticky::None;
  EXPECT_FALSE(slot_of(line, ipv4("192.168.10.5"), ipv4("192.0.2.10")));
}

TEST(Explain, ABalancedFlowNamesItsUplinkOrAllThatMayCarryIt) {
  House house;
  auto& line = house.policy({"isp", "lte"});
  line.mode = model::PolicyMode::Balance;
  house.all_up();
  std::map<std::string, int> counted;
  for (int host = 2; host < 250; ++host)
    ++counted[ask(house, to("192.0.2.10", fmt::format("192.168.10.{}", host))).uplink];
  EXPECT_GT(counted["isp"], 2 * counted["lte"]);
  EXPECT_GT(counted["lte"], 20);
  house.config.policies.front().sticky = model::Sticky::None;
  const auto drawn = ask(house, to("192.0.2.10", "192.168.10.5"));
  EXPECT_EQ(drawn.candidates, (std::vector<std::string>{"isp", "lte"}));
}

std::set<std::string> codes(const House& house) {
  std::set<std::string> found;
  for (const auto& event : warnings(house.inputs())) found.insert(event.code);
  return found;
}

TEST(Warnings, AHealthyHouseHasNone) {
  House house;
  house.usual_lines().all_up();
  house.surroundings.sysctls["net/ipv4/conf/all/rp_filter"] = "2";
  house.surroundings.foreign_rules = {{.priority = 32766, .table = 254}};
  EXPECT_EQ(codes(house), std::set<std::string>{});
}

TEST(Warnings, NameWhatOutsideBreaksMichi) {
  House house;
  house.usual_lines().all_up();
  house.surroundings.sysctls["net/ipv4/conf/all/rp_filter"] = "1";
  house.surroundings.foreign_rules = {{.priority = 5210, .table = 52, .mark = 0x80000, .mark_mask = 0xff0000},
                                      {.priority = 30000, .table = 9, .mark = 0x1000000, .mark_mask = 0x1000000}};
  house.surroundings.foreign_chains = {{"ip", "filter", "FORWARD", "forward", "drop"}};
  house.link("lte", "veth");
  house.surroundings.links.erase("lan1");
  house.config.lans.front().addresses.push_back(prefix("220.210.194.1/24"));
  house.up("flets", "198.51.100.1");
  EXPECT_EQ(codes(house), (std::set<std::string>{"host.foreign-chain", "host.mark-overlap", "host.rp-filter",
                                                 "host.rule-before", "lan.no-interface", "lan.overlaps-closed",
                                                 "uplink.device-taken", "uplink.duplicate-address"}));
}

}  // namespace
}  // namespace michi::policy

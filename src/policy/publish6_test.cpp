// Published services over IPv6, and policy lines that name an uplink's prefix: what opens, what follows the prefix,
// what explain() says of it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kit/typical_house.hpp"
#include "policy/match.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using Verdict = Explanation::Verdict;
using Words = std::set<std::string>;

Words elements(const House& house, const std::string& set) { return house.derived().firewall.elements.at(set); }

FlowQuery arriving(std::string_view on, std::string_view destination, std::uint16_t port,
                   std::string_view source = "2001:db8:ffff::9") {
  FlowQuery query;
  query.destination = *parse_address(destination);
  query.source = *parse_address(source);
  query.arrives_on = on;
  query.protocol = model::Protocol::Tcp;
  query.port = port;
  return query;
}

Explanation ask(const House& house, const FlowQuery& query) { return explain(house.inputs(), query); }

std::string reasons(const Explanation& answer) { return fmt::format("{}", fmt::join(answer.reasons, "; ")); }

Words warned(const House& house) {
  Words found;
  for (const auto& event : warnings(house.inputs()))
    if (event.code == "publish.closed") found.insert(event.text);
  return found;
}

void devices(House& house) {
  for (const char* name : {"isp", "lte", "flets"}) house.link(name, "tun");
}

/// Web at host ::10 of the LAN, on both uplinks.
House& web(House& house) {
  devices(house);
  house.publish6({"isp", "lte"}, model::Protocol::Tcp, {443, 443}, model::ToHost6{ipv6("::10"), "home"});
  return house.dual_stack();
}

TEST(Publish6, AHostIsReachedAtItsAddressOfEachUplinksPrefix) {
  House house;
  web(house);
  EXPECT_EQ(elements(house, "publish-1-v6"), (Words{"2001:db8:100:1::10", "2001:db8:200:1::10"}));
  const auto answer = ask(house, arriving("lte", "2001:db8:200:1::10", 443));
  EXPECT_EQ(answer.verdict, Verdict::Published);
  EXPECT_EQ(answer.uplink, "lte");
  EXPECT_EQ(answer.device, "lan0");
  EXPECT_EQ(answer.rule, "publish 1");
  EXPECT_EQ(reasons(answer), "arrives on lte; leads to [2001:db8:200:1::10]:443; answers leave by lte");
  EXPECT_EQ(ask(house, arriving("lte", "2001:db8:200:1::10", 80)).law, "default-deny");
  EXPECT_EQ(ask(house, arriving("lte", "2001:db8:200:1::11", 443)).law, "default-deny");
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:200:1::10", 443)).law, "default-deny") << "not by another's road";
}

TEST(Publish6, ARenumberedPrefixOpensTheNewAddressAndClosesTheOldByElementsAlone) {
  House house;
  web(house);
  const auto before = house.derived().firewall;
  house.down6("isp");
  house.delegate("isp", "2001:db8:300::/56");
  const auto after = house.derived().firewall;
  EXPECT_EQ(after.structure, before.structure);
  EXPECT_EQ(after.elements.at("publish-1-v6"), (Words{"2001:db8:300:1::10", "2001:db8:200:1::10"}));
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:300:1::10", 443)).verdict, Verdict::Published);
  const auto old = ask(house, arriving("isp", "2001:db8:100:1::10", 443));
  EXPECT_EQ(old.law, "default-deny");
  EXPECT_TRUE(holds(old.reasons, std::string("publish 1 is at 2001:db8:300:1::10 here"))) << reasons(old);
}

TEST(Publish6, NothingIsOpenWhileThePrefixIsOnlyRememberedAndWhySaysSo) {
  House house;
  web(house).down6("isp");
  EXPECT_EQ(elements(house, "publish-1-v6"), Words{"2001:db8:200:1::10"});
  const auto answer = ask(house, arriving("isp", "2001:db8:100:1::10", 443));
  EXPECT_EQ(answer.law, "default-deny");
  EXPECT_TRUE(reasons(answer).contains("publish 1 opens nothing here: isp is up")) << reasons(answer);
  EXPECT_EQ(warned(house), Words{}) << "that the uplink is down is told elsewhere";
}

TEST(Publish6, WhereHostsAreTranslatedNothingOpensAndStatusWarns) {
  House house;
  house.config.lans.back().uplink.reset();  // dmz has subnet 0 and thus the single /64
  house.publish6({"isp", "lte"}, model::Protocol::Tcp, {443, 443}, model::ToHost6{ipv6("::10"), "home"});
  house.configure();
  house.delegate("isp", "2001:db8:100::/56");
  house.delegate("lte", "2001:db8:200::/64");
  EXPECT_EQ(elements(house, "publish-1-v6"), Words{"2001:db8:100:1::10"});
  EXPECT_EQ(warned(house),
            Words{"publish 1 opens nothing over IPv6 on lte: lan.home has no /64 of 2001:db8:200::/64 of lte"});
  house.facts["lte"].prefixes.clear();
  house.facts["lte"].v6->addresses = {ipv6("2001:db8:5::77")};
  house.tell();
  EXPECT_EQ(warned(house),
            Words{"publish 1 opens nothing over IPv6 on lte: lte has no delegated prefix, hosts are translated there"});
}

TEST(Publish6, AFixedAddressIsOpenOnTheUplinkWhosePrefixHoldsIt) {
  House house;
  house.publish6({"isp", "lte"}, model::Protocol::Tcp, {80, 81}, model::ToHost6{ipv6("2001:db8:200:1::10"), ""});
  house.dual_stack();
  EXPECT_EQ(elements(house, "publish-1-v6"), Words{"2001:db8:200:1::10"});
  EXPECT_EQ(warned(house), Words{});
  EXPECT_EQ(ask(house, arriving("lte", "2001:db8:200:1::10", 81)).verdict, Verdict::Published);
  house.facts["lte"].prefixes.clear();
  house.delegate("lte", "2001:db8:300::/60");
  EXPECT_EQ(elements(house, "publish-1-v6"), Words{});
  EXPECT_TRUE(
      warned(house).contains("publish 1 opens nothing over IPv6 on lte: 2001:db8:200:1::10 is not of a prefix of lte"));
}

TEST(Publish6, AHostOfARoutedBlockIsReachedThere) {
  House house;
  house.config.lans.back().addresses.push_back(prefix("2001:db8:b10c::1/64"));
  house.publish6({"isp"}, model::Protocol::Tcp, {80, 80}, model::ToHost6{ipv6("::7"), "dmz"});
  house.dual_stack();
  EXPECT_EQ(elements(house, "publish-1-v6"), (Words{"2001:db8:100::7", "2001:db8:b10c::7"}));
}

TEST(Publish6, TheRouterAnswersAtTheAddressOfEachUplink) {
  House house;
  devices(house);
  house.publish6({"isp", "lte"}, model::Protocol::Udp, {53, 53}, model::ToSelf{5353});
  house.publish6({"lte"}, model::Protocol::Tcp, {22, 22}, model::ToLocal{});
  house.publish6({"isp"}, model::Protocol::Tcp, {80, 80}, model::ToHost6{ipv6("::53"), "home"});
  house.config.lans.front().hosts = {ipv6("::1"), ipv6("::53")};
  house.usual_lines().dual_stack();
  EXPECT_EQ(elements(house, "publish-1-v6"), (Words{"2001:db8:100:ff::1", "2001:db8:200:f::1"}));
  EXPECT_EQ(elements(house, "inner6"),
            (Words{"2001:db8:100:ff::1 : 2001:db8:100:ff::2", "2001:db8:200:f::1 : 2001:db8:100:ff::2"}));
  const auto text = house.derived().firewall.structure;
  EXPECT_TRUE(text.contains("ip6 daddr @publish-1-v6 udp dport 53 dnat ip6 to ip6 daddr map @inner6:5353\n"));
  EXPECT_TRUE(
      text.contains("  chain published-in {\n    iifname . ct original ip6 daddr != @own6 return\n"
                    "    ct original ip6 daddr @publish-1-v6 meta l4proto udp ct original proto-dst 53 udp dport "
                    "5353 accept\n    ip6 daddr @publish-2-v6 tcp dport 22 accept\n"
                    "    ip6 daddr @publish-3-v6 tcp dport 80 accept\n"))
      << text;
  auto dns = arriving("lte", "2001:db8:200:f::1", 53);
  dns.protocol = model::Protocol::Udp;
  EXPECT_EQ(reasons(ask(house, dns)), "arrives on lte; leads to [2001:db8:100:ff::2]:5353; answers leave by lte");
  EXPECT_EQ(ask(house, arriving("lte", "2001:db8:200:f::1", 22)).verdict, Verdict::Local);
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:100:ff::1", 22)).law, "default-deny");
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:100:1::53", 80)).verdict, Verdict::Local);
}

TEST(Publish6, InAClosedNetworkTheRouterAnswersFromItsAddressThere) {
  House house;
  house.config.uplinks.front().routes.push_back(prefix("2001:db8:f::/48"));  // flets
  house.publish6({"flets"}, model::Protocol::Udp, {53, 53}, model::ToSelf{53});
  house.dual_stack().delegate("flets", "2001:db8:f:1::/64");
  EXPECT_EQ(elements(house, "inner6"), Words{"2001:db8:f:1::6d69:1 : 2001:db8:f:1::6d69:1"});
}

TEST(Publish6, OnlyAllowedSourcesComeInAndNobodyWhenNoneIsOfThisFamily) {
  House house;
  auto& line = house.publish6({"isp"}, model::Protocol::Tcp, {80, 80}, model::ToHost6{ipv6("::10"), "home"});
  line.allow = {prefix("2001:db8:9::/48"), prefix("192.0.2.0/24")};
  house.dual_stack();
  EXPECT_TRUE(house.derived().firewall.structure.contains(
      "ip6 daddr @publish-1-v6 ip6 saddr 2001:db8:9::/48 tcp dport 80 accept"));
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:100:1::10", 80, "2001:db8:9::5")).verdict, Verdict::Published);
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:100:1::10", 80)).law, "default-deny");
  house.config.publishes.front().allow = {prefix("192.0.2.0/24")};
  EXPECT_EQ(elements(house, "publish-1-v6"), Words{});
  EXPECT_FALSE(house.derived().firewall.structure.contains("@publish-1-v6"));
  EXPECT_EQ(ask(house, arriving("isp", "2001:db8:100:1::10", 80, "2001:db8:9::5")).law, "default-deny");
}

TEST(Publish6, FromInsideAHostIsAskedItself) {
  House house;
  web(house);
  auto inside = arriving("", "2001:db8:200:1::10", 443, "2001:db8:100:1::5");
  EXPECT_EQ(ask(house, inside).law, "1 more specific route");
  inside.source = *parse_address("2001:db8:100::5");  // another LAN
  EXPECT_EQ(ask(house, inside).device, "lan0");
}

TEST(Publish6, BothFamiliesOfOneLineAreOpenedAndIpv4AloneHasNoRulesOfIpv6) {
  House house;
  house.usual_lines().dual_stack();
  const auto text = house.derived().firewall.structure;
  for (const char* word : {"publish-1-v6", "inner6", "ct original ip6"}) EXPECT_FALSE(text.contains(word)) << word;
  house.config.publishes.front().to6 = model::ToHost6{ipv6("::5"), "home"};
  EXPECT_EQ(elements(house, "publish-1"), (Words{"100.64.0.7", "198.51.100.1"}));
  EXPECT_EQ(elements(house, "publish-1-v6"), (Words{"2001:db8:100:1::5", "2001:db8:200:1::5"}));
}

/// Hosts with an address of lte's prefix go by lte or not at all.
House& by_prefix(House& house) {
  auto& line = house.policy({"lte"});
  line.from = model::FromPrefix{{"lte"}};
  line.otherwise = model::Otherwise::Unreachable;
  return house.usual_lines().dual_stack();
}

TEST(PrefixPolicy, MatchesWhateverThePrefixIsNow) {
  House house;
  by_prefix(house);
  const auto before = house.derived().firewall;
  EXPECT_TRUE(before.structure.contains("    ip6 saddr @delegated-lte jump policy-1\n"));
  EXPECT_EQ(before.elements.at("delegated-lte"), Words{"2001:db8:200::/60"});
  const auto from = [](std::string_view source) { return arriving("", "2001:db8:ffff::1", 80, source); };
  EXPECT_EQ(ask(house, from("2001:db8:200:1::5")).law, "7 policy 1");
  EXPECT_EQ(ask(house, from("2001:db8:100:1::5")).law, "7 policy 3");
  house.facts["lte"].prefixes.clear();
  house.delegate("lte", "2001:db8:300::/60");
  EXPECT_EQ(house.derived().firewall.structure, before.structure);
  EXPECT_EQ(elements(house, "delegated-lte"), Words{"2001:db8:300::/60"});
  EXPECT_EQ(ask(house, from("2001:db8:300:1::5")).law, "7 policy 1");
}

TEST(PrefixPolicy, HoldsWhileHostsMayHaveAddressesOfItAndMatchesNothingAfterwards) {
  House house;
  by_prefix(house).down6("lte");
  const auto query = arriving("lan0", "2001:db8:ffff::1", 80, "2001:db8:200:1::5");
  EXPECT_EQ(ask(house, query).verdict, Verdict::Unreachable) << "not by isp, translated";
  house.facts["lte"].prefixes.clear();
  house.tell();
  EXPECT_EQ(elements(house, "delegated-lte"), Words{});
  EXPECT_EQ(ask(house, query).law, "7 policy 3");
  EXPECT_EQ(ask(house, arriving("lan0", "192.0.2.1", 80, "192.168.10.5")).law, "7 policy 3") << "IPv4 is not concerned";
}

TEST(PrefixPolicy, DestinationsMayBeALinesOwnNetwork) {
  House house;
  auto& line = house.policy({"flets"});
  line.to_prefixes = {{"flets"}};
  line.to = {prefix("192.0.2.0/24"), prefix("2001:db8:7::/48")};
  line.protocol = model::Protocol::Tcp;
  house.usual_lines().dual_stack().delegate("flets", "2001:db8:f00::/64");
  house.facts["flets"].prefixes.push_back({.prefix = prefix("2001:db8:f01::/64"), .confirmed = true, .on_link = true});
  house.tell();
  EXPECT_EQ(elements(house, "delegated-flets"), (Words{"2001:db8:f00::/64", "2001:db8:f01::/64"}));
  const auto text = house.derived().firewall.structure;
  for (const char* rule : {"ip daddr 192.0.2.0/24 meta l4proto tcp jump policy-1\n",
                           "ip6 daddr 2001:db8:7::/48 meta l4proto tcp jump policy-1\n",
                           "ip6 daddr @delegated-flets meta l4proto tcp jump policy-1\n"})
    EXPECT_TRUE(text.contains(rule)) << rule;
  // It names destinations, so an uplink without default-route may carry it.
  EXPECT_EQ(ask(house, arriving("lan0", "2001:db8:f01::1", 80, "2001:db8:100:1::5")).uplink, "flets");
  EXPECT_EQ(ask(house, arriving("lan0", "2001:db8:f02::1", 80, "2001:db8:100:1::5")).uplink, "isp");
}

}  // namespace
}  // namespace michi::policy

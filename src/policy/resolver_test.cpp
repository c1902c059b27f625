#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;

TEST(Resolver, ClosedNamesGoToTheirNetworkAndOthersToWhatIsUp) {
  House house;
  house.usual_lines().all_up();
  EXPECT_EQ(dnsmasq_servers(house.derived().resolver),
            "server=/flets/198.51.100.53@flets\nserver=198.51.100.53@isp\nserver=198.51.100.53@lte\n");
  house.down("isp");
  house.down("flets");
  EXPECT_EQ(dnsmasq_servers(house.derived().resolver), "server=/flets/\nserver=198.51.100.53@lte\n");
}

TEST(Resolver, AClosedNetworkWithoutNamesIsNeverAsked) {
  House house;
  house.config.uplinks.front().dns.domains.clear();
  house.all_up();
  for (const auto& server : house.derived().resolver.servers) EXPECT_NE(server.device, "flets");
}

TEST(Resolver, TheFileMayReplaceOrRefuseThePeersServers) {
  House house;
  auto& isp = house.config.uplinks[1];
  ASSERT_EQ(isp.id.name, "isp");
  isp.dns.source = model::DnsSource::List;
  isp.dns.servers = {ipv4("9.9.9.9")};
  house.config.uplinks[2].dns.source = model::DnsSource::None;
  house.all_up();
  EXPECT_EQ(dnsmasq_servers(house.derived().resolver), "server=/flets/198.51.100.53@flets\nserver=9.9.9.9@isp\n");
}

TEST(Resolver, FallbackServersAreAskedOnlyWhenNobodyElseKnowsAllNames) {
  House house;
  house.config.global.fallback_dns = {ipv4("1.1.1.1")};
  house.all_up();
  EXPECT_FALSE(dnsmasq_servers(house.derived().resolver).contains("1.1.1.1"));
  house.down("isp");
  house.down("lte");
  EXPECT_EQ(dnsmasq_servers(house.derived().resolver), "server=/flets/198.51.100.53@flets\nserver=1.1.1.1\n");
}

TEST(Resolver, DnsmasqServesTheLansOnly) {
  House house;
  auto text = dnsmasq_config(house.config, "/run/michi");
  EXPECT_TRUE(text.contains("interface=lan0\n"));
  EXPECT_TRUE(text.contains("dhcp-range=set:home,192.168.10.100,192.168.10.199,255.255.255.0,43200\n"));
  EXPECT_TRUE(text.contains("servers-file=/run/michi/dnsmasq.servers\n"));
  EXPECT_TRUE(text.contains("no-dhcpv4-interface=lan1\n"));
  EXPECT_TRUE(text.contains("except-interface=lo\n")) << "port 53 of loopback may be somebody else's";
  EXPECT_FALSE(text.contains("wan0"));
  house.config.global.resolv_conf = model::ResolvConf::Local;
  EXPECT_FALSE(dnsmasq_config(house.config, "/run/michi").contains("except-interface=lo"));
}

TEST(Resolver, HostsAskForServersByStatelessDhcp6AndDnsmasqAdvertisesNoRouter) {
  House house;
  auto& lans = house.config.lans;
  ASSERT_TRUE(lans[0].dhcp && !lans[1].dhcp);
  lans[0].domain = "home.example";
  const auto text = dnsmasq_config(house.config, "/run/michi");
  EXPECT_TRUE(text.contains("\ndhcp-range=::,static\n"));
  EXPECT_TRUE(text.contains("dhcp-option=tag:lan0,option6:dns-server,[fe80::]\n"));
  EXPECT_TRUE(text.contains("dhcp-option=tag:lan0,option6:domain-search,home.example\n"));
  EXPECT_TRUE(text.contains("no-dhcpv4-interface=lan1\n")) << "no addresses there, but servers";
  EXPECT_FALSE(text.contains("enable-ra") || text.contains(",ra-"));
  for (auto& lan : lans) lan.advertise = false;
  const auto without = dnsmasq_config(house.config, "/run/michi");
  EXPECT_FALSE(without.contains("option6") || without.contains("dhcp-range=::"));
  EXPECT_TRUE(without.contains("no-dhcpv6-interface=lan0\n"));
  EXPECT_TRUE(without.contains("no-dhcp-interface=lan1\n"));
}

TEST(Resolver, DnsmasqAnswersNoNamesWhereNoLanWantsThem) {
  House house;
  for (auto& lan : house.config.lans) lan.dns = false;
  const auto text = dnsmasq_config(house.config, "/run/michi");
  EXPECT_TRUE(text.contains("port=0\n"));
  EXPECT_TRUE(text.contains("dhcp-option=tag:home,option:dns-server\n"));
}

}  // namespace
}  // namespace michi::policy

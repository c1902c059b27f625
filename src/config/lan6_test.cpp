// IPv6 of inner networks: numbers, hosts and addresses of the house's own.

#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

constexpr std::string_view kUplink = "uplink.isp = { interface = \"wan0\", user = \"u\" }\n";

std::string said_of(std::string_view lans) {
  const auto result = load(std::string(kUplink) + std::string(lans), "m", {});
  return result ? "" : result.error().front().code;
}

TEST(Lan6, WithoutANumberALanHasItsPlaceInTheOrderOfNames) {
  const auto result = load(std::string(kUplink) +
                               "[lan.work]\ninterface = \"lan1\"\naddress = \"10.1.0.1/24\"\n"
                               "[lan.home]\ninterface = \"lan0\"\naddress = \"10.2.0.1/24\"\nula = \"auto\"\n",
                           "m", {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->config.find_lan("work")->subnet, 1);
  EXPECT_EQ(result->config.find_lan("home")->subnet, 0);
  EXPECT_EQ(result->config.find_lan("home")->ula, model::UlaKind::Auto);
  EXPECT_EQ(result->config.find_lan("home")->hosts, std::vector{*parse_ipv6("::1")});
  EXPECT_TRUE(result->config.find_lan("home")->advertise);
}

TEST(Lan6, TwoLansDoNotShareANumber) {
  EXPECT_EQ(said_of("[lan.work]\ninterface = \"lan1\"\naddress = \"10.1.0.1/24\"\nsubnet = 0\n"
                    "[lan.home]\ninterface = \"lan0\"\naddress = \"10.2.0.1/24\"\n"),
            "same-subnet");
}

TEST(Lan6, HostsAreHalvesAndOwnPrefixesAreUniqueLocal) {
  const std::string lan = "[lan.home]\ninterface = \"lan0\"\naddress = \"10.2.0.1/24\"\n";
  for (const char* bad : {"hosts = \"2001:db8::53\"\n", "hosts = \"::\"\n", "hosts = \"53\"\n",
                          "ula = \"2001:db8::/64\"\n", "ula = \"fd00::/48\"\n", "ula = \"fd00::1/64\"\n"})
    EXPECT_EQ(said_of(lan + bad), "bad-value") << bad;
}

}  // namespace
}  // namespace michi::config

// An uplink's prefix by its name: in policies, and where published services are over IPv6.

#include <gtest/gtest.h>

#include "config/difference.hpp"
#include "config/load.hpp"

namespace michi::config {
namespace {

/// Eleven lines; what a test adds starts on line 12.
constexpr std::string_view kHouse =
    "[uplink.isp]\ninterface = \"wan0\"\nuser = \"u\"\n[uplink.office]\ninterface = \"wan0\"\nuser = \"u\"\n"
    "ipv6 = false\nstart = true\n[lan.home]\ninterface = \"lan0\"\naddress = \"192.168.10.1/24\"\n";
constexpr std::string_view kGuests = "[lan.guests]\ninterface = \"lan1\"\naddress = \"192.168.20.1/24\"\n";

std::string words(const std::string& lines) {
  const auto result = load(std::string(kHouse) + lines + "\n", "m", {});
  std::string out;
  for (const Diagnostic& diagnostic : result ? result->warnings : result.error())
    if (diagnostic.severity != Severity::Note) out += to_text(diagnostic) + "\n";
  return out;
}

std::vector<std::string> read(const std::string& lines) {
  const auto result = load(std::string(kHouse) + lines + "\n", "m", {});
  std::vector<std::string> out;
  if (!result) return {to_text(result.error().front())};
  for (const auto& publish : result->config.publishes) out.push_back(describe(publish));
  for (const auto& policy : result->config.policies) out.push_back(describe(policy));
  out.pop_back();  // the implied one
  return out;
}

std::string publish(const std::string& lines) { return "[[publish]]\nuplink = \"isp\"\nport = 443\n" + lines; }

using Texts = std::vector<std::string>;

TEST(Publish6, ATargetIsAHostByIdentifierOrAddressTheRouterOrLocal) {
  EXPECT_EQ(read(publish("to6 = \"::10\"\n") + publish("to6 = \"[::11]:443\"\n") +
                 publish("to6 = \"2001:db8:1::10\"\n") + publish("to6 = \"self:8443\"\n")),
            (Texts{"tcp 443 of isp over IPv6 to ::10 of lan.home", "tcp 443 of isp over IPv6 to ::11 of lan.home",
                   "tcp 443 of isp over IPv6 to 2001:db8:1::10", "tcp 443 of isp over IPv6 to self:8443"}));
  EXPECT_EQ(read(publish("to = \"192.168.10.5:8443\"\nto6 = \"local\"\nallow = [\"2001:db8::/32\", \"192.0.2.1\"]")),
            Texts{"tcp 443 of isp to 192.168.10.5:8443 over IPv6 to local for 2001:db8::/32,192.0.2.1/32"});
}

TEST(Publish6, TheLanIsThatOfTheIpv4HostOrTheOnlyOneOrIsAskedFor) {
  const std::string guests(kGuests);
  EXPECT_EQ(read(guests + publish("to = \"192.168.20.5\"\nto6 = \"::5\"")),
            Texts{"tcp 443 of isp to 192.168.20.5:443 over IPv6 to ::5 of lan.guests"});
  EXPECT_EQ(read(guests + publish("to6 = \"::5\"\nlan = \"guests\"")),
            Texts{"tcp 443 of isp over IPv6 to ::5 of lan.guests"});
  EXPECT_EQ(words(guests + publish("to6 = \"::5\"")),
            "m:15:1: error: publish 1 has no lan; write lan = \"guests\": ::5 is the last half of an address there\n");
  EXPECT_EQ(words(publish("to6 = \"::5\"\nlan = \"hoem\"")),
            "m:16:7: error: lan: there is no \"hoem\"; did you mean \"home\"?\n");
  EXPECT_EQ(words(publish("to6 = \"self\"\nlan = \"home\"")),
            "m:16:7: error: lan: this target is in no need of it; leave it out\n");
  EXPECT_EQ(words(publish("to = \"self\"\nlan = \"home\"")),
            "m:16:7: error: lan: it says where to6 is, and there is no to6\n");
}

TEST(Publish6, WrongTargetsAreNamedWithWhatIsMeant) {
  EXPECT_EQ(words(publish("to6 = \"[::10]:8443\"")),
            "m:15:7: error: to6: port 8443 is not the published 443; hosts are not translated over IPv6: let the "
            "service listen there\n");
  EXPECT_EQ(words(publish("to6 = \"192.168.10.5\"")),
            "m:15:7: error: to6: \"192.168.10.5\" is not a target; one of \"::10\", \"2001:db8::10\", \"self:443\", "
            "\"local\"\n");
  EXPECT_EQ(words(publish("to = \"[::10]:443\"")),
            "m:15:6: error: to: \"[::10]:443\" is an IPv6 target; write to6 = \"::10\"\n");
  for (const char* bad : {"fe80::1", "fd00::1", "ff02::1", "::"})
    EXPECT_EQ(words(publish("to6 = \"" + std::string(bad) + "\"")),
              "m:15:7: error: to6: \"" + std::string(bad) +
                  "\" is no address the internet could ask for; as in \"::10\": a host with this last half of its "
                  "address\n");
  for (const char* bad : {"[::10", "::10]", "[self]x", "self:0", "[::10]:0", "[::10]:65536", "", ":", "[]"})
    EXPECT_NE(words(publish("to6 = \"" + std::string(bad) + "\"")).find("is not a target"), std::string::npos) << bad;
  EXPECT_EQ(words(publish("to6 = \"::10\"\naddress = \"203.0.113.2\"")),
            "m:16:11: error: address: this is an IPv4 address, and there is no to; over IPv6 to6 says which address is "
            "asked for\n");
}

TEST(Publish6, AnUplinkMayBeNamedForItsPrefixAlone) {
  EXPECT_EQ(read("[[publish]]\nuplink = [\"office\", \"prefix.isp\"]\nport = 80\nto = \"192.168.10.5\"\nto6 = \"::5\""),
            Texts{"tcp 80 of prefix.isp,office to 192.168.10.5:80 over IPv6 to ::5 of lan.home"});
  EXPECT_EQ(words("[[publish]]\nuplink = \"prefix.ips\"\nport = 80\nto6 = \"::5\""),
            "m:13:10: error: uplink: there is no uplink \"prefix.ips\"; did you mean \"prefix.isp\"?\n");
  EXPECT_EQ(
      words("[[publish]]\nuplink = \"prefix.isp\"\nport = 80\nto = \"self\""),
      "m:13:10: error: uplink: \"prefix.isp\" is for IPv6, and there is no to6; write \"isp\", or to6 = \"::10\"\n");
  EXPECT_EQ(
      words("[[publish]]\nuplink = \"prefix.isp\"\nport = 80\nto = \"self\"\nto6 = \"self\""),
      "m:15:6: error: to: an IPv4 target, and only prefixes are named; write uplink = \"isp\", or leave it out\n");
  EXPECT_EQ(words("[[publish]]\nuplink = [\"isp\", \"prefix.isp\"]\nport = 80\nto6 = \"self\""),
            "m:13:18: error: uplink: \"isp\" stands here twice\n");
}

TEST(Publish6, AFamilyThatCannotComeIsWarnedOf) {
  EXPECT_EQ(words("[[publish]]\nuplink = \"office\"\nport = 80\nto6 = \"::5\""),
            "m:13:10: warning: publish 1: uplink \"office\" has ipv6 = false: nothing opens there over IPv6\n");
  EXPECT_EQ(words(publish("to6 = \"::10\"\nallow = \"192.0.2.0/24\"")),
            "m:16:9: warning: publish 1: no IPv6 prefix is allowed: over IPv6 nobody is let in\n");
  EXPECT_EQ(words("[uplink.six]\ninterface = \"wan0\"\nuser = \"u\"\nipv4 = false\n[[publish]]\nuplink = "
                  "\"six\"\nport = 1\nto = \"local\""),
            "m:17:10: warning: publish 1: uplink \"six\" has ipv4 = false: nothing opens there over IPv4\n");
}

TEST(Publish6, HostsOfALanOfOneUplinkHaveNoAddressOfAnother) {
  EXPECT_EQ(words("[lan.dmz]\ninterface = \"lan2\"\naddress = \"203.0.113.1/29\"\nuplink = \"office\"\nnat = false\n" +
                  publish("to6 = \"::5\"\nlan = \"dmz\"")),
            "m:20:7: error: publish 1: [lan.dmz] belongs to uplink \"office\", its hosts have no address of \"isp\"\n");
}

TEST(Publish6, EveryHostHasThePortAtItsOwnAddressButTheRouterHasItOnce) {
  EXPECT_EQ(words(publish("to6 = \"::5\"\n") + publish("to6 = \"::6\"\n") + publish("to6 = \"self\"\n") +
                  publish("to = \"self\"")),
            "");
  EXPECT_EQ(words(publish("to6 = \"local\"\n") + publish("to6 = \"self:80\"")),
            "m:16:1: error: publish 1 and publish 2 both take tcp port 443 of uplink \"isp\"\n");
}

TEST(PrefixNames, APolicyFollowsAnUplinksPrefix) {
  EXPECT_EQ(read("[[policy]]\nfrom = \"prefix.isp\"\nuse = \"isp\"\n"
                 "[[policy]]\nto = [\"prefix.isp\", \"192.0.2.0/24\", \"prefix.isp\"]\nuse = \"office\""),
            (Texts{"from prefix.isp, use isp, return-after 10s",
                   "to 192.0.2.0/24, to prefix.isp, use office, return-after 10s"}));
}

TEST(PrefixNames, OfNobodyAreRefusedWithTheNearest) {
  EXPECT_EQ(words("[[policy]]\nfrom = \"prefix.ips\"\nto = \"prefix.isq\"\nuse = \"isp\""),
            "m:13:8: error: from: there is no uplink \"prefix.ips\"; did you mean \"prefix.isp\"?\n"
            "m:14:6: error: to: there is no uplink \"prefix.isq\"; did you mean \"prefix.isp\"?\n");
  EXPECT_EQ(words("[[policy]]\nfrom = \"isp\"\nuse = \"isp\""),
            "m:13:8: error: from: \"isp\" is not known; write \"prefix.isp\"\n");
}

TEST(PrefixNames, WhatCanNeverMatchIsWarnedOf) {
  EXPECT_EQ(words("[[policy]]\nfrom = \"prefix.isp\"\nto = \"192.0.2.0/24\"\nuse = \"isp\""),
            "m:14:6: warning: policy 1 never matches: from and to are not of one family\n");
  EXPECT_EQ(words("[[policy]]\nfrom = \"192.168.10.5\"\nto = \"prefix.isp\"\nuse = \"isp\""),
            "m:14:6: warning: policy 1 never matches: from and to are not of one family\n");
  EXPECT_EQ(words("[[policy]]\nfrom = \"prefix.office\"\nuse = \"isp\""),
            "m:13:8: warning: policy 1: uplink \"office\" has ipv6 = false, and so no prefix: nothing matches\n");
}

}  // namespace
}  // namespace michi::config

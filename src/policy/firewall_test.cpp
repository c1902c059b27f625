// The table `inet michi` as text: its golden form, what moves and what stays, and the kernel's own
// opinion of it where this test may make a network namespace.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kit/carried_house.hpp"
#include "policy/nft.hpp"
#include "policy/policies.hpp"

namespace michi::policy {
namespace {

using namespace testing;

std::string whole(const model::NftTable& table) {
  std::string text = "table inet michi {\n" + table.structure + "}\n";
  for (const auto& [set, members] : table.elements)
    if (!members.empty()) text += fmt::format("add element inet michi {} {{ {} }}\n", set, fmt::join(members, ", "));
  return text;
}

std::string change(const model::NftTable& before, const model::NftTable& after) {
  std::string text;
  auto minus = [&](const model::NftTable& a, const model::NftTable& b, const char* verb) {
    for (const auto& [set, members] : a.elements)
      for (const auto& member : members)
        if (!b.elements.at(set).contains(member))
          text += fmt::format("{} element inet michi {} {{ {} }}\n", verb, set, member);
  };
  minus(before, after, "delete");
  minus(after, before, "add");
  return text;
}

/// Every kind of line the file can have.
House& everything(House& house) {
  auto& balance = house.policy({"isp", "lte"});
  balance.mode = model::PolicyMode::Balance;
  balance.to = {prefix("192.0.2.0/24"), prefix("192.0.2.128/25"), prefix("2001:db8::/32")};
  auto& pair = house.policy({"isp", "lte"});
  pair.mode = model::PolicyMode::Balance;
  pair.sticky = model::Sticky::SourceDestination;
  pair.protocol = model::Protocol::Udp;
  auto& draw = house.policy({"isp", "lte"});
  draw.mode = model::PolicyMode::Balance;
  draw.sticky = model::Sticky::None;
  draw.from = prefix("192.168.10.64/26");
  auto& self = house.policy({"lte", "isp"});
  self.from = model::FromSelf{};
  self.ports = {{53, 53}, {50, 60}};
  house.policy({"lte"}).protocol = model::Protocol::Icmp;
  house.publish({"isp"}, model::Protocol::Tcp, {8000, 8002}, model::ToHost{ipv4("192.168.10.5"), 80});
  house.publish({"isp"}, model::Protocol::Any, {5000, 5001}, model::ToHost{ipv4("192.168.10.5"), 0});
  house.publish({"isp"}, model::Protocol::Icmp, {}, model::ToSelf{});
  house.publish({"isp"}, model::Protocol::Any, {}, model::ToHost{ipv4("203.0.113.3"), 0}).address = ipv4("203.0.113.3");
  house.publish({"isp"}, model::Protocol::Tcp, {80, 80}, model::ToHost{ipv4("203.0.113.2"), 80}).address =
      ipv4("203.0.113.2");
  house.publish({"isp", "lte"}, model::Protocol::Tcp, {443, 443}, model::ToHost{ipv4("192.168.10.6"), 443}).to6 =
      model::ToHost6{ipv6("::6"), "home"};
  house.publish6({"lte"}, model::Protocol::Tcp, {8000, 8002}, model::ToSelf{80}).allow = {prefix("2001:db8:9::/48")};
  house.publish6({"isp"}, model::Protocol::Any, {53, 53}, model::ToSelf{});
  house.publish6({"isp"}, model::Protocol::Tcp, {22, 22}, model::ToLocal{});
  auto& prefixes = house.policy({"isp"});
  prefixes.from = model::FromPrefix{{"isp"}};
  prefixes.to_prefixes = {{"lte"}, {"flets"}};
  return house.usual_lines();
}

TEST(Firewall, GoldenText) {
  House house;
  const auto text = whole(everything(house).dual_stack().derived().firewall);
  const std::string path = MICHI_VECTORS "/policy/typical.nft";
  if (std::getenv("MICHI_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::stringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, golden.str()) << "after a wanted change: MICHI_WRITE_GOLDEN=1 policy_test, and read the diff";
}

TEST(Firewall, WhatIsUpAndWhatAddressItHasChangesElementsOnly) {
  House house;
  everything(house).configure();
  const auto structure = house.derived().firewall.structure;
  house.up("isp", "198.51.100.1");
  EXPECT_EQ(house.derived().firewall.structure, structure);
  house.up("lte", "100.64.0.7");
  house.up("isp", "198.51.100.77");
  house.facts["isp"].mtu = 1400;
  house.surroundings.addresses.insert({"mgmt1", prefix("10.10.0.1/24")});
  EXPECT_EQ(house.derived().firewall.structure, structure);
  EXPECT_EQ(house.derived().firewall.elements.at("mss4"),
            (std::set<std::string>{"\"flets\" : 1414", "\"isp\" : 1360", "\"lte\" : 1452"}));
}

TEST(Firewall, EveryDeclaredSetHasElementsListedAndTheOtherWayRound) {
  House house;
  const auto table = everything(house).all_up().derived().firewall;
  for (const auto& [set, members] : table.elements) {
    const bool declared = table.structure.contains(fmt::format("  set {} {{", set)) ||
                          table.structure.contains(fmt::format("  map {} {{", set));
    EXPECT_TRUE(declared) << set;
  }
  std::istringstream lines(table.structure);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  set ") && !line.starts_with("  map ")) continue;
    if (line.contains("flags dynamic")) continue;  // filled by packets
    EXPECT_TRUE(table.elements.contains(line.substr(6, line.find(' ', 6) - 6))) << line;
  }
}

TEST(Firewall, OnlyOwnSourcesMayLeaveAnUplink) {
  House house;
  const auto desired = everything(house).all_up().derived();
  EXPECT_EQ(desired.firewall.elements.at("own"),
            (std::set<std::string>{"\"flets\" . 100.100.0.3/32", "\"isp\" . 198.51.100.1/32",
                                   "\"isp\" . 203.0.113.0/29", "\"lte\" . 100.64.0.7/32"}));
  house.facts["isp"].session = model::SessionRecord{};
  for (const auto& attach : house.derived().attaches)
    EXPECT_EQ(attach.own_sources, (std::vector{prefix("198.51.100.1/32"), prefix("203.0.113.0/29")}));
}

TEST(Firewall, ARoutedBlockIsNotTranslatedByItsOwnUplinkOnly) {
  House house;
  const auto table = house.usual_lines().all_up().derived().firewall;
  EXPECT_EQ(table.elements.at("routed"), std::set<std::string>{"\"isp\" . 203.0.113.0/29"});
  EXPECT_EQ(table.elements.at("lan-dmz"), std::set<std::string>{"ipv4 : goto flow-isp"});
}

TEST(Firewall, ALanOfAnUplinkGoesNowhereElse) {
  House house;
  house.usual_lines().all_up().down("isp");
  const auto table = house.derived().firewall;
  EXPECT_TRUE(table.elements.at("lan-dmz").empty());
  EXPECT_TRUE(table.structure.contains("chain lan-dmz {\n    meta nfproto vmap @lan-dmz\n    goto nowhere\n"));
}

TEST(Firewall, ForeignBitsOfMarksAreKept) {
  House house;
  const auto table = house.usual_lines().all_up().derived().firewall;
  std::istringstream lines(table.structure);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find("mark set");
    EXPECT_TRUE(at == std::string::npos || line.substr(at).contains("mark & 0x00ffffff")) << line;
  }
  house.config.global.mark_mask = 0x0000ff00;
  const auto other = house.derived();
  EXPECT_TRUE(other.firewall.structure.contains("meta mark set meta mark & 0xffff00ff | 0x00000200"));
  EXPECT_TRUE(other.firewall.elements.at("known").contains("0x00000200 : goto restore-isp"));
}

TEST(Firewall, PublishedAddressesFollowTheSessions) {
  House house;
  house.usual_lines().configure();
  EXPECT_TRUE(house.derived().firewall.elements.at("publish-1").empty());
  house.up("isp", "198.51.100.1");
  house.up("lte", "100.64.0.7");
  EXPECT_EQ(house.derived().firewall.elements.at("publish-1"), (std::set<std::string>{"100.64.0.7", "198.51.100.1"}));
}

TEST(Firewall, TheKernelTakesTheTextAndEveryChangeOfElements) {
  if (geteuid() != 0 || std::system("unshare -n nft list ruleset >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "needs root, nft and a network namespace";
  const auto directory = std::filesystem::temp_directory_path() / fmt::format("michi-policy-{}", getpid());
  std::filesystem::create_directories(directory);
  CarriedHouse house;
  everything(house).configure();
  model::NftTable before = house.derived().firewall;
  std::ofstream(directory / "0.nft") << whole(before);
  std::string script = "set -e\nnft -f 0.nft\n";
  int step = 0;
  auto next = [&] {
    const auto after = house.derived().firewall;
    const auto name = fmt::format("{}.nft", ++step);
    std::ofstream(directory / name) << change(before, after);
    script += "nft -f " + name + "\n";
    before = after;
  };
  house.up("isp", "198.51.100.1");
  next();
  house.up("lte", "100.64.0.7");
  next();
  house.up("isp", "198.51.100.77");
  next();
  house.up("flets", "100.100.0.3");
  next();
  house.down("isp");
  next();
  house.down("lte");
  next();
  house.up("lte", "100.64.0.8");
  next();
  // IPv6: two delegations, one renumbered into the range around it, a line with one /64, a session that ends.
  house.delegate("isp", "2001:db8:100::/56");
  next();
  house.delegate("lte", "2001:db8:200::/64");
  next();
  house.facts["isp"].prefixes.clear();
  house.delegate("isp", "2001:db8:100::/48");
  next();
  house.down6("lte");
  next();
  house.facts["isp"].prefixes.clear();
  house.delegate("isp", "2001:db8:100::/60");
  next();
  house.down6("isp");
  next();
  house.delegate("lte", "2001:db8:200::/64");
  next();
  // An uplink on another, whose address is shared: another set of ports, a whole address, a parent that is lost.
  house.all_up();
  next();
  house.facts["mape"].ports = model::PortSet({{1024, 1087}, {4928, 4935}});
  next();
  house.facts["mape"].ports.reset();
  next();
  house.facts["mape"].ports = model::PortSet({{4928, 4943}});
  house.facts["mape"].outer.push_back({ipv6("2001:db8:300::c000:201"), ipv6("2001:db8:fff0::"), 44});
  next();
  house.down("hikari");
  next();
  house.all_up();
  next();
  // Step by step or at once: the same table.
  std::ofstream(directory / "fresh.nft") << "delete table inet michi\n" << whole(before);
  script +=
      "list() { nft -s list table inet michi | tr -s ',\\t ' '\\n' | sort; }\n"
      "list > stepped\nnft -f fresh.nft\nlist > at-once\ncmp stepped at-once\n";
  std::ofstream(directory / "run.sh") << script;
  EXPECT_EQ(std::system(fmt::format("cd {} && unshare -n sh run.sh", directory.string()).c_str()), 0);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace michi::policy

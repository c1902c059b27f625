#include <gtest/gtest.h>

#include "reconcile/firewall.hpp"

namespace michi::reconcile {
namespace {

model::NftTable small() {
  return {.structure = "set wan { type ifname; }\nmap nat { type mark : ipv4_addr; }\n",
          .elements = {{"wan", {"\"isp\""}}, {"nat", {"0x1 : 192.0.2.1"}}}};
}

TEST(FirewallText, AnUnknownTableIsReplacedWholeInOneText) {
  EXPECT_EQ(firewall_text(std::nullopt, small()),
            "add table inet michi\n"
            "delete table inet michi\n"
            "table inet michi {\n"
            "set wan { type ifname; }\n"
            "map nat { type mark : ipv4_addr; }\n"
            "}\n"
            "add element inet michi nat { 0x1 : 192.0.2.1 }\n"
            "add element inet michi wan { \"isp\" }\n");
}

TEST(FirewallText, MembersAloneChangeByDeltaAndDeletionsComeFirst) {
  auto after = small();
  after.elements["nat"] = {"0x1 : 192.0.2.9", "0x2 : 198.51.100.1"};
  after.elements["wan"] = {"\"isp\"", "\"lte\""};
  EXPECT_EQ(firewall_text(small(), after),
            "delete element inet michi nat { 0x1 : 192.0.2.1 }\n"
            "add element inet michi nat { 0x1 : 192.0.2.9, 0x2 : 198.51.100.1 }\n"
            "add element inet michi wan { \"lte\" }\n");
}

TEST(FirewallText, ASetThatIsNotMentionedAnyMoreIsEmptied) {
  auto after = small();
  after.elements.erase("wan");
  EXPECT_EQ(firewall_text(small(), after), "delete element inet michi wan { \"isp\" }\n");
}

TEST(FirewallText, AChangeOfStructureReplacesTheTable) {
  auto after = small();
  after.structure += "chain input { }\n";
  EXPECT_TRUE(firewall_text(small(), after).starts_with("add table inet michi\ndelete table inet michi\n"));
}

TEST(FirewallText, TheSameTableNeedsNothingAndNoTableARemoval) {
  EXPECT_EQ(firewall_text(small(), small()), "");
  EXPECT_EQ(firewall_text(small(), {}), firewall_removal());
  EXPECT_EQ(firewall_text(model::NftTable{}, {}), "");
}

TEST(FirewallHash, TellsMemberFromSetAndSetFromSet) {
  model::NftTable a{.structure = "x", .elements = {{"s", {"a", "b"}}}};
  model::NftTable b{.structure = "x", .elements = {{"s", {"a"}}, {"b", {}}}};
  EXPECT_NE(hash_of(a), hash_of(b));
  EXPECT_EQ(hash_of(a), hash_of(a));
}

}  // namespace
}  // namespace michi::reconcile

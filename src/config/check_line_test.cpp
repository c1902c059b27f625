// What kinds of uplinks may say, and what two of one interface must not be.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

std::string errors(const std::string& text) {
  const auto result = load(text, "m", Environment{});
  std::string out;
  if (!result)
    for (const Diagnostic& diagnostic : result.error()) out += to_text(diagnostic) + "\n";
  return out;
}

std::string uplink(const std::string& name, const std::string& kind, const std::string& more = "") {
  return "[uplink." + name + "]\nkind = \"" + kind + "\"\ninterface = \"wan0\"\n" + more + "\n";
}

const std::string kStatic = "address = \"203.0.113.2/29\"\ngateway = \"203.0.113.1\"\n";

TEST(Kinds, KeysOfAnotherKindAreRefusedWithTheKindTheyBelongTo) {
  EXPECT_EQ(errors(uplink("a", "ipoe", "user = \"u\"")),
            "m:4:8: error: user: this is a key of kind = \"pppoe\"; remove it: nobody is asked for a name on such a "
            "line\n");
  EXPECT_EQ(errors(uplink("a", "ipoe", "gateway = \"192.0.2.1\"")),
            "m:4:11: error: gateway: this is a key of kind = \"static\"; remove it\n");
  EXPECT_EQ(errors(uplink("a", "static", kStatic + "dhcp = { release = true }")),
            "m:6:8: error: dhcp: this is a key of kind = \"ipoe\"; remove it\n");
  EXPECT_NE(errors(uplink("a", "pppoe", "user = \"u\"\nclosed = true")).find("\"ipoe\" or \"static\""),
            std::string::npos);
}

TEST(Kinds, WhatIsNotThereYetSaysSo) {
  EXPECT_EQ(errors(uplink("a", "ds-lite", "user = \"u\"")),
            "m:2:8: error: kind: \"ds-lite\" is not available yet in this version; one of \"pppoe\", \"ipoe\" and "
            "\"static\"\n");
  EXPECT_EQ(errors(uplink("a", "x", "user = \"u\"")),
            "m:2:8: error: kind: \"x\" is not known; one of \"pppoe\", \"ipoe\" and \"static\"\n");
}

TEST(Kinds, ALineNeedsNoUserAndNoPassword) { EXPECT_EQ(errors(uplink("a", "ipoe")), ""); }

TEST(Static, NeedsAnAddressAndANeighbourAsGateway) {
  EXPECT_EQ(errors(uplink("a", "static", kStatic)), "");
  EXPECT_EQ(errors(uplink("a", "static")),
            "m:1:1: error: [uplink.a] has no address; write address, address6 or prefix\n");
  EXPECT_NE(errors(uplink("a", "static", "address = \"203.0.113.2/29\"")).find("has no gateway and"),
            std::string::npos);
  EXPECT_NE(errors(uplink("a", "static", "address = \"203.0.113.2\"")).find("not an address with its length"),
            std::string::npos);
  EXPECT_NE(errors(uplink("a", "static", "address = \"203.0.113.2/29\"\ngateway = \"203.0.113.9\""))
                .find("is not another address of 203.0.113.0/29"),
            std::string::npos);
  EXPECT_EQ(errors(uplink("a", "static", "address6 = \"2001:db8::2/64\"\ngateway6 = \"fe80::1\"")), "");
  EXPECT_NE(errors(uplink("a", "static", "prefix = \"2001:db8::/56\"")).find("has no gateway6"), std::string::npos);
  EXPECT_NE(errors(uplink("a", "static", kStatic + "prefix = \"10.0.0.0/8\"")).find("is not an IPv6 prefix"),
            std::string::npos);
}

TEST(NeighbourProxy, IsForLinesWithASlash64OfTheirOwnAlone) {
  const std::string six = "address6 = \"2001:db8::2/64\"\ngateway6 = \"fe80::1\"\n";
  EXPECT_EQ(errors(uplink("a", "ipoe", "neighbour-proxy = false")), "");
  EXPECT_EQ(errors(uplink("a", "static", six + "neighbour-proxy = true")), "");
  EXPECT_EQ(errors(uplink("a", "static", six + "neighbour-proxy = true\nprefix = \"2001:db8:1::/56\"")),
            "m:6:19: error: [uplink.a] has no /64 of its own alone that a LAN could share; write address6 with /64 and "
            "no prefix, or leave neighbour-proxy out\n");
  EXPECT_NE(errors(uplink("a", "static", kStatic + "neighbour-proxy = true")).find("has no /64"), std::string::npos);
  EXPECT_EQ(errors(uplink("a", "static", kStatic + "neighbour-proxy = false")), "");
  EXPECT_NE(errors(uplink("a", "pppoe", "user = \"u\"\nneighbour-proxy = true")).find("\"ipoe\" or \"static\""),
            std::string::npos);
  EXPECT_NE(errors(uplink("a", "ipoe", "neighbour-proxy = \"auto\"")).find("neighbour-proxy"), std::string::npos);
}

TEST(TwoLines, CannotBeOneInterface) {
  EXPECT_NE(errors(uplink("a", "ipoe") + uplink("b", "static", kStatic)).find("are both the interface wan0 itself"),
            std::string::npos);
  EXPECT_EQ(errors(uplink("a", "ipoe") + uplink("b", "pppoe", "user = \"u\"")), "");
}

TEST(ALine, SharesItsInterfaceWithNoLan) {
  const std::string lan = "[lan.home]\ninterface = \"wan0\"\naddress = \"192.168.1.1/24\"\n";
  EXPECT_NE(errors(uplink("a", "ipoe") + lan).find("is the interface of [lan.home]"), std::string::npos);
  EXPECT_EQ(errors(uplink("a", "pppoe", "user = \"u\"") + lan), "");
}

}  // namespace
}  // namespace michi::config

#include "dataplane/source_guard.hpp"

#include <gtest/gtest.h>

#include "dataplane/frame.hpp"
#include "dataplane/test_packets.hpp"

namespace michi::dataplane {
namespace {

using test::Packet;

TEST(SourceGuard, LetsOnlyItsOwnPrefixesPass) {
  const std::vector<Prefix> own = {*parse_prefix("192.0.2.10"), *parse_prefix("203.0.113.9/29"),
                                   *parse_prefix("fe80::1"), *parse_prefix("2001:db8:0:100::/60")};
  const SourceGuard guard(own);
  const auto allowed = [&](const char* source, const char* destination) {
    const ByteVec packet = test::make({.source = source, .destination = destination});
    return guard.allows(packet, view_ip(packet)->family);
  };
  EXPECT_TRUE(allowed("192.0.2.10", "198.51.100.1"));
  EXPECT_FALSE(allowed("192.0.2.11", "198.51.100.1"));
  EXPECT_TRUE(allowed("203.0.113.15", "198.51.100.1"));
  EXPECT_FALSE(allowed("203.0.113.16", "198.51.100.1"));
  EXPECT_TRUE(allowed("fe80::1", "fe80::2"));
  EXPECT_FALSE(allowed("fe80::3", "fe80::2"));
  EXPECT_TRUE(allowed("2001:db8:0:10f::9", "2001:db8:1::1"));
  EXPECT_FALSE(allowed("2001:db8:0:110::9", "2001:db8:1::1"));
  const SourceGuard nobody(std::vector<Prefix>{});
  const ByteVec packet = test::make({});
  EXPECT_FALSE(nobody.allows(packet, Family::V4));
}

TEST(SourceGuard, ADefaultPrefixAllowsItsFamilyOnly) {
  const SourceGuard guard(std::vector<Prefix>{Prefix::everything(Family::V4)});
  const ByteVec four = test::make({});
  const ByteVec six = test::make({.source = "2001:db8::1", .destination = "2001:db8::2"});
  EXPECT_TRUE(guard.allows(four, Family::V4));
  EXPECT_FALSE(guard.allows(six, Family::V6));
}

}  // namespace
}  // namespace michi::dataplane

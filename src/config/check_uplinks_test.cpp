// How many uplinks there are, and what two of one wire must not share.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

std::string uplink(const std::string& name, const std::string& more) {
  return "[uplink." + name + "]\ninterface = \"wan0\"\nuser = \"u\"\n" + more + "\n";
}

/// Not the notes.
std::string errors(const std::string& text) {
  const auto result = load(text, "m", Environment{});
  std::string out;
  if (!result)
    for (const Diagnostic& diagnostic : result.error()) out += to_text(diagnostic) + "\n";
  return out;
}

TEST(NoUplink, IsProbablyNotMeant) {
  const auto result = load("", "m", Environment{});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->warnings.size(), 1U);
  EXPECT_EQ(to_text(result->warnings[0]), "m: warning: there is no uplink in this file; [uplink.NAME] makes one");
}

TEST(TwoUplinks, OfOneAddressNeedHostUniqsOfTheirOwn) {
  const std::string uniq = "host-uniq = \"0a0b\"\n", mac = "mac = \"02:00:00:00:00:01\"\n";
  EXPECT_EQ(errors(uplink("biz", uniq) + uplink("isp", uniq)),
            "m:9:13: error: [uplink.biz] and [uplink.isp] have the same host-uniq 0a0b on wan0 with the same MAC "
            "address, so neither knows its own offers; leave host-uniq out of one of them, or give one a mac of its "
            "own\n");
  EXPECT_NE(errors(uplink("biz", mac + uniq) + uplink("isp", mac + uniq)).find("have the same host-uniq"),
            std::string::npos);
}

TEST(TwoUplinks, MayHaveOneHostUniqOnAddressesOrWiresOfTheirOwn) {
  const std::string uniq = "host-uniq = \"0a0b\"\n", mac = "mac = \"02:00:00:00:00:01\"\n";
  EXPECT_EQ(errors(uplink("biz", uniq) + uplink("isp", mac + uniq)), "");
  EXPECT_EQ(errors(uplink("biz", uniq) + uplink("isp", "host-uniq = \"0a0c\"\n")), "");
  EXPECT_EQ(errors(uplink("biz", "") + uplink("isp", "")), "");
  std::string other_wire = uplink("isp", uniq);
  other_wire.replace(other_wire.find("wan0"), 4, "wan1");
  EXPECT_EQ(errors(uplink("biz", uniq) + other_wire), "");
}

}  // namespace
}  // namespace michi::config

// What is said of a wrong `dhcp6` of an uplink, in its full wording, and what is taken from a right one.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

Result<Loaded, std::vector<Diagnostic>> read(std::string_view dhcp6) {
  return load("[uplink.isp]\ninterface = \"wan0\"\nuser = \"u\"\ndhcp6 = " + std::string(dhcp6) + "\n", "m", {});
}

std::string words(std::string_view dhcp6) {
  const auto result = read(dhcp6);
  std::string out;
  if (!result)
    for (const Diagnostic& diagnostic : result.error()) out += to_text(diagnostic) + "\n";
  return out;
}

TEST(Dhcp6, AHintIsAPrefixWithRoomForALan) {
  for (const char* hint : {"2001:db8::1/56", "10.0.0.0/8", "::/65", "::/8", "56"})
    EXPECT_EQ(words("{ hint = \"" + std::string(hint) + "\" }"),
              "m:4:18: error: hint: \"" + std::string(hint) +
                  "\" is not an IPv6 prefix of 16 to 64 bits; \"::/56\" asks for a length alone\n");
  EXPECT_EQ(words("{ hint = \"2001:db8::/48\" }"), "");
}

TEST(Dhcp6, ADuidIsAKindOrItsBytes) {
  for (const char* duid : {"mac", "0003", "xy"})
    EXPECT_EQ(words("{ duid = \"" + std::string(duid) + "\" }"),
              "m:4:18: error: duid: \"" + std::string(duid) +
                  "\" is neither a kind of DUID nor 3 to 130 bytes in hexadecimal; one of \"link-layer\", "
                  "\"link-layer-time\", \"uuid\", or as in \"00:03:00:01:02:00:00:00:00:01\"\n");
  using model::DuidKind;
  for (const auto& [text, kind] : {std::pair{"link-layer", DuidKind::LinkLayer},
                                   {"link-layer-time", DuidKind::LinkLayerTime},
                                   {"uuid", DuidKind::Uuid},
                                   {"00:03:00", DuidKind::Bytes}}) {
    const auto result = read("{ duid = \"" + std::string(text) + "\" }");
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(result->config.uplinks[0].delegation.duid, kind) << text;
  }
}

TEST(Dhcp6, AnIaidOfNoughtIsOne) {
  EXPECT_EQ(read("{ iaid = 0 }")->config.uplinks[0].delegation.iaid, 0U);
  EXPECT_EQ(read("{ }")->config.uplinks[0].delegation.iaid, std::nullopt);
  EXPECT_EQ(words("{ iaid = -1 }"), "m:4:18: error: iaid: -1 is out of range; 0 to 4294967295\n");
}

}  // namespace
}  // namespace michi::config

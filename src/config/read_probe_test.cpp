// What is said of a wrong `probe` of an uplink, in its full wording, and what is taken from a right one.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

Result<Loaded, std::vector<Diagnostic>> read(const std::string& line, const std::string& kind = "ipoe") {
  const std::string user = kind == "pppoe" ? "user = \"u\"\n" : "";
  return load("[uplink.isp]\nkind = \"" + kind + "\"\ninterface = \"wan0\"\n" + user + line + "\n", "m", {});
}

std::string words(const std::string& line, const std::string& kind = "ipoe") {
  const auto result = read(line, kind);
  std::string out;
  for (const Diagnostic& diagnostic : result ? result->warnings : result.error()) out += to_text(diagnostic) + "\n";
  return out;
}

model::ProbeConfig taken(const std::string& line, const std::string& kind = "ipoe") {
  const auto result = read(line, kind);
  EXPECT_TRUE(result) << line;
  return result ? result->config.uplinks.at(0).probe : model::ProbeConfig{};
}

TEST(Probe, IsOnForLinesAndOffForSessionsUnlessWritten) {
  EXPECT_TRUE(taken("").on);
  EXPECT_TRUE(taken("").targets.empty());
  EXPECT_FALSE(taken("probe = false").on);
  EXPECT_FALSE(taken("", "pppoe").on);
  EXPECT_TRUE(taken("probe = true", "pppoe").on);
  EXPECT_TRUE(taken("probe = {}", "pppoe").on);
}

TEST(Probe, TakesTargetsAndTimes) {
  const auto probe =
      taken(R"(probe = { targets = ["192.0.2.53", "2001:db8::53"], interval = "500ms", failures = 4, recovery = 9 })");
  EXPECT_EQ(probe.targets, (std::vector{*parse_address("192.0.2.53"), *parse_address("2001:db8::53")}));
  EXPECT_EQ(probe.interval, milliseconds(500));
  EXPECT_EQ(probe.failures, 4U);
  EXPECT_EQ(probe.recovery, 9U);
  EXPECT_EQ(taken(R"(probe = { targets = "192.0.2.53" })").targets.size(), 1U);
}

TEST(Probe, ATargetIsAHostBeyondTheLine) {
  for (const std::string bad : {"dns.example", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1",
                                "fe80::1", "ff02::1", "192.0.2.0/24"})
    EXPECT_EQ(
        words("probe = { targets = [\"" + bad + "\"] }"),
        "m:4:22: error: targets: \"" + bad +
            "\" is not the address of a host beyond the line; as in \"192.0.2.53\"; the next hop is asked without "
            "being named\n");
}

TEST(Probe, TargetsAreFewAndDifferent) {
  EXPECT_EQ(words(R"(probe = { targets = ["192.0.2.53", "192.0.2.53"] })"),
            "m:4:36: error: targets: \"192.0.2.53\" stands here twice\n");
  EXPECT_EQ(
      words(R"(probe = { targets = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", )"
            R"("192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10"] })"),
      "m:4:126: error: targets: more than 8 addresses; two or three of different owners say as much\n");
}

TEST(Probe, OtherKindsOfValuesAndUnknownKeysAreTold) {
  EXPECT_EQ(words("probe = \"1s\""),
            "m:4:9: error: probe must be true, false or a table, not a string; as in { targets = [\"192.0.2.53\"] }\n");
  EXPECT_EQ(words("probe = { target = \"192.0.2.53\" }"),
            "m:4:11: error: unknown key \"target\" in probe of [uplink.isp]; did you mean \"targets\"?\n");
  EXPECT_EQ(words("probe = { interval = \"50ms\" }"),
            "m:4:22: error: interval: \"50ms\" is out of range; 100ms to 10m\n");
  EXPECT_EQ(words("probe = { failures = 0 }"), "m:4:22: error: failures: 0 is out of range; 1 to 100\n");
}

TEST(Probe, ATargetOfAFamilyTheUplinkDoesNotHaveIsWarnedOf) {
  EXPECT_EQ(words("ipv6 = false\nprobe = { targets = [\"2001:db8::53\"] }"),
            "m:5:21: warning: target 2001:db8::53 of [uplink.isp] is never asked: the uplink has no IPv6\n");
}

}  // namespace
}  // namespace michi::config

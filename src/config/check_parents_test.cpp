// Uplinks on uplinks, with a kind that the product does not have: what `over` may say, and what stands on what.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "config/difference.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"
#include "kit/toy_kind.hpp"

namespace michi::config {
namespace {

auto load_with_toy(const std::string& text) { return load(text, "m", Environment{.kinds = kit::kinds_with_toy()}); }

std::string words(const std::string& text) {
  const auto result = load_with_toy(text);
  std::string out;
  for (const Diagnostic& diagnostic : result ? result->warnings : result.error())
    if (diagnostic.severity != Severity::Note) out += to_text(diagnostic) + "\n";
  return out;
}

model::Config config_of(const std::string& text) {
  const auto result = load_with_toy(text);
  if (result) return result->config;
  ADD_FAILURE() << to_text(result.error().front());
  return {};
}

const std::string kIsp = "[uplink.isp]\ninterface = \"wan0\"\nuser = \"u\"\n";

std::string toy(const std::string& name, const std::string& more) {
  return "[uplink." + name + "]\nkind = \"toy\"\ndevice = \"ttyS0\"\n" + more + "\n";
}
std::string over(const std::string& name, const std::string& parent) { return toy(name, "over = \"" + parent + "\""); }

TEST(AnUplinkOnAnUplink, IsReadWithItsOwnKeysAndStandsOnItsParent) {
  const auto config = config_of(kIsp + toy("top", "over = \"isp\"\nbaud = 9600\nmss = 1300"));
  const auto& top = config.uplinks.at(1);
  EXPECT_EQ(top.kind, model::KindConfig(kit::ToyConfig{"ttyS0", 9600}));
  EXPECT_EQ(top.over, model::Underlay(model::OnUplink{{"isp"}}));
  EXPECT_EQ(top.mtu, kit::ToyConfig::kTraits.default_mtu);
  EXPECT_EQ(top.mss, 1300);
  EXPECT_EQ(top.interface(), "");
  EXPECT_EQ(top.device(), "top");
}

TEST(AnUplinkOnAnUplink, IsOfTheLineOfItsParentAndNoSessionOfItsContract) {
  const std::string line = "[line.wan0]\nsessions = 1\n";
  EXPECT_EQ(words(line + kIsp + over("top", "isp")), "");
  const auto config = config_of(line + kIsp + over("top", "isp"));
  const auto& top = config.uplinks.at(1);
  ASSERT_EQ(top.id.name, "top");
  EXPECT_EQ(config.line_of(top), "wan0");
  EXPECT_EQ(config.find_line(config.line_of(top)), &config.lines.at(0));
  EXPECT_EQ(config.uplinks_on("wan0"), (std::vector{&config.uplinks[0], &config.uplinks[1]}));
  EXPECT_EQ(config.sessions_on("wan0"), 1U);
  EXPECT_TRUE(config.uplinks_on("").empty());
  EXPECT_EQ(config.find_line("wan1"), nullptr);
}

TEST(AnUplinkOnAnUplink, NamesOneThatIsThere) {
  EXPECT_EQ(words(kIsp + over("top", "ips")),
            "m:7:8: error: over: there is no uplink \"ips\"; did you mean \"isp\"?\n");
  EXPECT_EQ(words(kIsp + over("top", "zzzzzz")), "m:7:8: error: over: there is no uplink \"zzzzzz\"\n");
  EXPECT_EQ(words(kIsp + over("top", "")),
            "m:7:8: error: over: the name is empty; name the uplink that carries this one\n");
  EXPECT_EQ(words(kIsp + toy("top", "over = [\"isp\"]")),
            "m:7:8: error: over must be a string, not a list; write over = \"isp\"\n");
}

TEST(AnUplinkOnAnUplink, HasNoLineOfItsOwn) {
  EXPECT_EQ(words(kIsp + toy("top", "")), "m:4:1: error: [uplink.top] has no over; write over = \"isp\"\n");
  EXPECT_EQ(words(kIsp + toy("top", "over = \"isp\"\ninterface = \"wan0\"")),
            "m:8:13: error: interface: an uplink of kind = \"toy\" stands on another uplink, not on a line; remove it: "
            "over names the uplink\n");
  EXPECT_EQ(words(kIsp + toy("top", "interface = \"wan0\"")),
            "m:7:13: error: interface: an uplink of kind = \"toy\" stands on another uplink, not on a line; write "
            "over = \"isp\"\n");
  EXPECT_EQ(words(kIsp + toy("top", "over = \"isp\"\nmac = \"02:00:00:00:00:01\"\nuser = \"u\"")),
            "m:8:7: error: mac: this is a key of kind = \"pppoe\"; remove it\n"
            "m:9:8: error: user: this is a key of kind = \"pppoe\"; remove it\n");
}

TEST(AnUplinkOnAnUplink, GivesItsKeysNoMeaningElsewhere) {
  EXPECT_EQ(words(kIsp + "baud = 9600\nover = \"isp\""),
            "m:4:8: error: baud: this is a key of kind = \"toy\"; remove it\n"
            "m:5:8: error: over: an uplink of kind = \"pppoe\" stands on a line, not on another uplink; remove it: "
            "interface names the line\n");
  EXPECT_EQ(words("[uplink.top]\nkind = \"toy\"\nover = \"isp\"\nbaud = 1\n" + kIsp),
            "m:1:1: error: [uplink.top] has no device; write device = \"ttyS0\"\n"
            "m:4:8: error: baud: 1 is out of range; 300 to 4000000\n");
  EXPECT_EQ(words(kIsp + toy("top", "over = \"isp\"\nbaud = 4000000")),
            "m:8:8: warning: [uplink.top] is fast for a toy\n");
}

TEST(Circles, AreNamedOnce) {
  EXPECT_EQ(words(over("a", "a")),
            "m:4:8: error: [uplink.a] stands on itself: a → a; name the uplink that carries this one\n");
  EXPECT_EQ(words(over("b", "a") + over("a", "b")),
            "m:8:8: error: uplinks stand on each other in a circle: a → b → a; one of them must stand on a line\n");
  EXPECT_EQ(words(over("c", "a") + over("a", "b") + over("b", "c") + over("aa", "a")),
            "m:8:8: error: uplinks stand on each other in a circle: a → b → c → a; one of them must stand on a line\n");
}

TEST(Chains, EndAtTwo) {
  EXPECT_EQ(words(kIsp + over("a", "isp") + over("b", "isp")), "");
  EXPECT_EQ(words(kIsp + over("a", "isp") + over("b", "a") + over("c", "b")),
            "m:11:8: error: three uplinks stand on each other: b → a → isp; at most two: one on a line, and one on "
            "that\n");
  EXPECT_EQ(words(over("a", "nobody") + over("b", "a")), "m:4:8: error: over: there is no uplink \"nobody\"\n");
}

TEST(AnUplinkOnAnUplink, IsTheSameInEveryOrderOfTables) {
  std::vector<std::string> blocks = {kIsp,
                                     over("b", "isp"),
                                     over("a", "isp"),
                                     over("z", "fix"),
                                     "[uplink.fix]\nkind = \"static\"\ninterface = \"wan1\"\naddress = "
                                     "\"203.0.113.2/29\"\ngateway = \"203.0.113.1\"\n",
                                     "[line.wan0]\nsessions = 1\n"};
  auto all = [&] {
    std::string text;
    for (const std::string& block : blocks) text += block;
    return config_of(text);
  };
  const model::Config first = all();
  std::mt19937 seeded(7);
  for (int round = 0; round < 100; ++round) {
    std::ranges::shuffle(blocks, seeded);
    const model::Config other = all();
    ASSERT_EQ(to_text(other, kit::kinds_with_toy()), to_text(first, kit::kinds_with_toy()));
    ASSERT_TRUE(differences(first, other, kit::kinds_with_toy()).empty());
  }
}

TEST(AnUplinkOnAnUplink, IsPartOfWhatAReloadTells) {
  const std::string other = "[uplink.b]\ninterface = \"wan1\"\nuser = \"u\"\n";
  const auto before = config_of(kIsp + other + toy("top", "over = \"isp\"\nbaud = 9600"));
  EXPECT_EQ(to_text(differences(before, config_of(kIsp + other + toy("top", "over = \"b\"\nbaud = 1200")),
                                kit::kinds_with_toy())),
            "uplink top changes: over: isp → b; baud: 9600 → 1200\n");
  EXPECT_EQ(to_text(before, kit::kinds_with_toy()).find("  over = isp\n") == std::string::npos, false);
}

TEST(AnUplinkOnAnUplink, NeedsNoPasswordWhereItsKindHasNone) {
  const auto config = config_of(kIsp + over("top", "isp"));
  const auto secrets = load_secrets("isp = \"p\"\ntop = \"p\"\n", "s", &config);
  ASSERT_TRUE(secrets);
  ASSERT_EQ(secrets->warnings.size(), 1U);
  EXPECT_EQ(to_text(secrets->warnings[0]), "s:2:1: warning: [uplink.top] needs no password; remove it");
}

}  // namespace
}  // namespace michi::config

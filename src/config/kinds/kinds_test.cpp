// The table of kinds: which keys belong to which, and what a key in the wrong place is told.
#include "config/kinds/kinds.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "config/difference.hpp"
#include "config/load.hpp"
#include "config/section.hpp"
#include "kit/toy_kind.hpp"

namespace michi::config {
namespace {

std::string words(const std::string& text, std::span<const KindReader> kinds = standard_kinds()) {
  const auto result = load(text, "m", Environment{.kinds = kinds});
  std::string out;
  for (const Diagnostic& diagnostic : result ? result->warnings : result.error())
    if (diagnostic.severity != Severity::Note) out += to_text(diagnostic) + "\n";
  return out;
}

const std::string kPppoe = "[uplink.a]\ninterface = \"wan0\"\nkind = \"pppoe\"\nuser = \"u\"\n";
const std::string kIpoe = "[uplink.a]\ninterface = \"wan0\"\nkind = \"ipoe\"\n#\n";
const std::string kStatic =
    "[uplink.a]\ninterface = \"wan0\"\nkind = \"static\"\naddress6 = \"2001:db8::2/64\"\ngateway6 = \"fe80::1\"\n";

TEST(Kinds, EveryKeyThatNotAllTakeBelongsToThese) {
  const std::map<std::string, std::string> belongs = {{"user", "\"pppoe\""},
                                                      {"ac-name", "\"pppoe\""},
                                                      {"prefer-acs", "\"pppoe\""},
                                                      {"service-name", "\"pppoe\""},
                                                      {"host-uniq", "\"pppoe\""},
                                                      {"accept-missing-host-uniq", "\"pppoe\""},
                                                      {"auth", "\"pppoe\""},
                                                      {"plane", "\"pppoe\""},
                                                      {"echo", "\"pppoe\""},
                                                      {"grace", "\"pppoe\""},
                                                      {"retry", "\"pppoe\""},
                                                      {"mac", "\"pppoe\""},
                                                      {"connect-timeout", "\"pppoe\" or \"ipoe\""},
                                                      {"ipv4", "\"pppoe\" or \"ipoe\""},
                                                      {"ipv6", "\"pppoe\" or \"ipoe\""},
                                                      {"dhcp6", "\"pppoe\" or \"ipoe\""},
                                                      {"address", "\"pppoe\" or \"static\""},
                                                      {"dhcp", "\"ipoe\""},
                                                      {"closed", "\"ipoe\" or \"static\""},
                                                      {"neighbour-proxy", "\"ipoe\" or \"static\""},
                                                      {"gateway", "\"static\""},
                                                      {"address6", "\"static\""},
                                                      {"gateway6", "\"static\""},
                                                      {"prefix", "\"static\""}};
  std::map<std::string, std::string> found;
  for (const KindReader& kind : standard_kinds())
    for (const std::string& key : keys_of(kind)) found[key] = kinds_with(standard_kinds(), key);
  EXPECT_EQ(found, belongs);
  EXPECT_EQ(kinds_with(standard_kinds(), "mtu"), "");
}

TEST(Kinds, AskForTheSameKeysWhateverTheTableHolds) {
  for (const KindReader& kind : kit::kinds_with_toy()) {
    const std::vector<std::string> keys = keys_of(kind);
    for (const Kind value : {Kind::Text, Kind::Integer, Kind::Flag, Kind::List, Kind::Table}) {
      Node table;
      for (const std::string& key : keys) table.entries.emplace_back(key, Position{}, Node{}).value.kind = value;
      std::ranges::sort(table.entries, {}, &Entry::key);
      Report report("");
      Reading reading{report, {}, {}};
      Section section(reading, table, "uplink", "uplink.a", "[uplink.a]");
      model::UplinkConfig uplink;
      kind.read(section, uplink);
      EXPECT_EQ(section.known(), keys) << kind.traits->name;
      EXPECT_EQ(&uplink.traits(), kind.traits);
    }
  }
}

TEST(Kinds, TheFirstIsThatOfAnUplinkThatDoesNotSay) {
  EXPECT_EQ(standard_kinds().front().traits, &model::default_kind().traits());
  EXPECT_EQ(model::UplinkConfig{}.mtu, model::default_kind().traits().default_mtu);
}

TEST(Kinds, AKeyOfAnotherKindIsNotRead) {
  EXPECT_EQ(words(kIpoe + "user = 5\nmac = 7\naddress = true\nplane = \"ebpf\"\nretry = 1\ngateway = 0"),
            "m:5:8: error: user: this is a key of kind = \"pppoe\"; remove it: nobody is asked for a name on such a "
            "line\n"
            "m:6:7: error: mac: this is a key of kind = \"pppoe\"; give the interface itself another address (ip link "
            "set DEV address …)\n"
            "m:7:11: error: address: this is a key of kind = \"pppoe\" or \"static\"; the network gives the address; "
            "kind = \"static\" for one of your own\n"
            "m:8:9: error: plane: this is a key of kind = \"pppoe\"; remove it\n"
            "m:9:9: error: retry: this is a key of kind = \"pppoe\"; remove it\n"
            "m:10:11: error: gateway: this is a key of kind = \"static\"; remove it\n");
  EXPECT_EQ(words(kPppoe + "dhcp = { x = 1 }\nclosed = 5\nprefix = \"x\""),
            "m:5:8: error: dhcp: this is a key of kind = \"ipoe\"; remove it\n"
            "m:6:10: error: closed: this is a key of kind = \"ipoe\" or \"static\"; remove it\n"
            "m:7:10: error: prefix: this is a key of kind = \"static\"; remove it\n");
  EXPECT_EQ(words(kStatic + "dhcp6 = {}\nconnect-timeout = \"30s\"\nipv4 = true\nmac = \"02:00:00:00:00:01\""),
            "m:6:9: error: dhcp6: this is a key of kind = \"pppoe\" or \"ipoe\"; remove it\n"
            "m:7:19: error: connect-timeout: this is a key of kind = \"pppoe\" or \"ipoe\"; remove it\n"
            "m:8:8: error: ipv4: this is a key of kind = \"pppoe\" or \"ipoe\"; remove it\n"
            "m:9:7: error: mac: this is a key of kind = \"pppoe\"; give the interface itself another address (ip link "
            "set DEV address …)\n");
}

TEST(Kinds, OneThatIsNotThereIsTheOnlyFindingOfItsUplink) {
  EXPECT_EQ(words("[uplink.a]\nkind = \"statc\"\ninterface = \"wan0\"\naddress = \"203.0.113.2/29\"\ngateway = "
                  "\"203.0.113.1\"\n[line.wan0]\nsessions = 1"),
            "m:2:8: error: kind: \"statc\" is not known; one of \"pppoe\", \"ipoe\" and \"static\"\n");
  EXPECT_EQ(words("[uplink.a]\nkind = \"ds-lite\"\nover = \"isp\"\nmtuu = 1"),
            "m:2:8: error: kind: \"ds-lite\" is not available yet in this version; one of \"pppoe\", \"ipoe\" and "
            "\"static\"\n"
            "m:4:1: error: unknown key \"mtuu\" in [uplink.a]; did you mean \"mtu\"?\n");
  EXPECT_EQ(words("[uplink.a]\nkind = \"dhcp\""),
            "m:2:8: error: kind: \"dhcp\" is not available yet in this version; kind = \"ipoe\" asks for addresses by "
            "DHCP\n");
  EXPECT_EQ(words("[uplink.a]\nkind = \"x\"", kit::kinds_with_toy()),
            "m:2:8: error: kind: \"x\" is not known; one of \"pppoe\", \"ipoe\", \"static\" and \"toy\"\n");
}

TEST(Kinds, NoneOfTheProductStandsOnAnotherUplink) {
  const std::string isp = "[uplink.isp]\ninterface = \"wan1\"\nuser = \"u\"\n";
  EXPECT_EQ(words(kPppoe + "over = \"isp\"\n" + isp),
            "m:5:8: error: over: an uplink of kind = \"pppoe\" stands on a line, not on another uplink; remove it: "
            "interface names the line\n");
  EXPECT_EQ(words(kIpoe + "over = 5\n" + isp),
            "m:5:8: error: over: an uplink of kind = \"ipoe\" stands on a line, not on another uplink; remove it: "
            "interface names the line\n");
  EXPECT_EQ(words(kStatic + "over = \"a\"\n"),
            "m:6:8: error: over: an uplink of kind = \"static\" stands on a line, not on another uplink; remove it: "
            "interface names the line\n");
  EXPECT_EQ(words("[uplink.b]\nuser = \"u\"\nover = \"isp\"\n" + isp),
            "m:3:8: error: over: an uplink of kind = \"pppoe\" stands on a line, not on another uplink; write "
            "interface = \"wan0\"\n");
  EXPECT_FALSE(known_keys().contains("uplink.over"));
}

model::Config config_of(const std::string& text, std::span<const KindReader> kinds = standard_kinds()) {
  const auto result = load(text, "m", Environment{.kinds = kinds});
  if (result) return result->config;
  ADD_FAILURE() << to_text(result.error().front());
  return {};
}

TEST(Difference, OfTwoKindsIsWhatTheFileSays) {
  const auto pppoe = config_of(kPppoe + "address = \"192.0.2.1\"\necho = { failures = 5 }"), fixed = config_of(kStatic);
  EXPECT_EQ(to_text(differences(pppoe, fixed)),
            "uplink a changes: kind: pppoe → static; mtu: 1492 → 1500; probe: false → true; probe.interval: (none) → "
            "1s; probe.failures: (none) → 3; probe.recovery: (none) → 3; user: u → (none); address: 192.0.2.1 → "
            "(none); echo.failures: 5 → (none); address6: (none) → 2001:db8::2/64; gateway6: (none) → fe80::1\n");
  EXPECT_EQ(to_text(differences(pppoe, config_of(kPppoe + "address = \"192.0.2.1\"\nac-name = \"x\""))),
            "uplink a changes: ac-name: (none) → x; echo.failures: 5 → 3\n");
}

}  // namespace
}  // namespace michi::config

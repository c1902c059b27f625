// Routes files, secrets, single values and the difference of two configurations.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "config/difference.hpp"
#include "config/load.hpp"
#include "config/routes_file.hpp"
#include "config/secrets.hpp"
#include "config/values.hpp"

namespace michi::config {
namespace {

std::string words_of(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += to_text(diagnostic) + "\n";
  return out;
}

TEST(RoutesFile, ReadsTheNineNetworksOfFletsSquareAsRedHatWroteThem) {
  std::ifstream file(MICHI_VECTORS "/flets_square_routes.csv");
  std::string line;
  std::getline(file, line);  // the head
  std::string text = "# date: 2005-02-01\n";
  std::set<Prefix> expected;
  while (std::getline(file, line)) {
    const std::size_t comma = line.find(',');
    text += line.substr(0, comma) + "\n";
    expected.insert(parse_prefix(line.substr(comma + 1, line.find(',', comma + 1) - comma - 1)).value());
  }
  const RoutesFile routes = read_routes_file(text, "flets");
  EXPECT_EQ(words_of(routes.diagnostics), "");
  EXPECT_EQ(routes.prefixes.size(), 9U);
  EXPECT_EQ(routes.prefixes, std::vector(expected.begin(), expected.end()));
  EXPECT_EQ(routes.date, "2005-02-01");
}

TEST(RoutesFile, AcceptsBlanksCommentsLineEndsOfWindowsAndBothFamilies) {
  const RoutesFile routes = read_routes_file(
      "\xef\xbb\xbf# list\r\ndate: 2026-03-04\r\n\r\n\t 10.0.0.0/8 # the plant\r\n2001:db8::/32\r\n192.0.2.1\nppp1 "
      "host 192.0.2.7",
      "r");
  EXPECT_EQ(words_of(routes.diagnostics), "");
  EXPECT_EQ(routes.date, "2026-03-04");
  std::string text;
  for (const Prefix& prefix : routes.prefixes) text += michi::to_text(prefix) + " ";
  EXPECT_EQ(text, "10.0.0.0/8 192.0.2.1/32 192.0.2.7/32 2001:db8::/32 ");
}

TEST(RoutesFile, SaysWhichLineIsWrong) {
  EXPECT_EQ(
      words_of(read_routes_file("10.0.0.0/8\n  ppp0 net 10.0.0.0 netmask 255.0.255.0\n10.0.0.0/33\n", "r").diagnostics),
      "r:2:3: error: \"ppp0 net 10.0.0.0 netmask 255.0.255.0\" is not a prefix; one line each, as in 192.0.2.0/24 "
      "or: pppx net 192.0.2.0 netmask 255.255.255.0\n"
      "r:3:1: error: \"10.0.0.0/33\" is not a prefix; one line each, as in 192.0.2.0/24 or: pppx net 192.0.2.0 "
      "netmask 255.255.255.0\n");
}

TEST(RoutesFile, IsBounded) {
  std::string text;
  for (std::size_t i = 0; i < kMostRoutes + 10; ++i)
    text += fmt::format("10.{}.{}.{}\n", i >> 16, i >> 8 & 255, i & 255);
  EXPECT_EQ(words_of(read_routes_file(text, "r").diagnostics), "r:100001:1: error: more than 100000 prefixes\n");
  EXPECT_EQ(read_routes_file(std::string(kLargestRoutesFile + 1, '#'), "r").diagnostics.at(0).code, "too-large");
}

model::Config config_of(std::string_view text) {
  auto result = load(text, "m", {});
  if (result) return std::move(result->config);
  ADD_FAILURE() << words_of(result.error());
  return {};
}

TEST(Secrets, BelongToUplinksByName) {
  const auto result = load_secrets("# top\nisp = \"pass\\\"word\"\n\"flets\" = 'guest'\n", "s", nullptr);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->secrets.at("isp").same_as(Secret("pass\"word")));
  EXPECT_TRUE(result->secrets.at("flets").same_as(Secret("guest")));
  EXPECT_TRUE(result->warnings.empty());
}

TEST(Secrets, AreComparedWithTheUplinks) {
  const model::Config config =
      config_of("uplink.isp = { interface = \"w\", user = \"u\" }\nuplink.b = { interface = \"w\", user = \"u\" }\n");
  const auto result = load_secrets("ips = \"hunter2\"\nb = \"\"\n", "s", &config);
  ASSERT_TRUE(result);
  EXPECT_EQ(words_of(result->warnings),
            "s: warning: [uplink.isp] has no password here; write isp = \"…\"\n"
            "s:1:1: warning: there is no uplink \"ips\"; did you mean \"isp\"?\n"
            "s:2:5: warning: the password of \"b\" is empty\n");
}

TEST(Secrets, AreNeverQuotedWhateverIsWrong) {
  for (std::string_view text : {"isp = hunter2\n", "isp = \"hunter2\n", "isp = \"hunter2\" hunter2\n",
                                "isp = [\"hunter2\"]\n", "isp = { a = \"hunter2\" }\n", "[isp]\na = \"hunter2\"\n",
                                "isp = \"hunter2\\q\"\n", "isp = 7777777\n", "isp = \"hunter2\xff\"\n"}) {
    const auto result = load_secrets(text, "s", nullptr);
    ASSERT_FALSE(result) << text;
    const std::string words = words_of(result.error());
    EXPECT_EQ(words.find("hunter2"), std::string::npos) << words;
    EXPECT_EQ(words.find("7777777"), std::string::npos) << words;
    EXPECT_EQ(words.substr(0, 2), "s:") << words;
  }
  EXPECT_EQ(words_of(load_secrets("isp = hunter2\n", "s", nullptr).error()),
            "s:1:7: error: not valid TOML here; one line per uplink: name = \"password\"\n");
  EXPECT_EQ(words_of(load_secrets("isp = 5\n[b]\n", "s", nullptr).error()),
            "s:1:7: error: the password of \"isp\" must be a string; put it in quotes\n"
            "s:2:2: error: \"b\" is a table; this file is flat; write name = \"password\"\n");
  EXPECT_EQ(words_of(load_secrets("isp = \"" + std::string(256, 'x') + "\"\n", "s", nullptr).error()),
            "s:1:7: error: the password of \"isp\" is too long; at most 255 bytes\n");
}

TEST(Secrets, AreAcceptedOnlyFromAFileThatOthersCannotRead) {
  struct Case {
    SecretsFileStatus status;
    bool good;
  };
  for (const Case& c : {Case{{0600, "michi", "michi"}, true},
                        {{0400, "michi", "users"}, true},
                        {{0600, "root", "root"}, true},
                        {{0640, "root", "michi"}, true},
                        {{0440, "root", "michi"}, true},
                        {{0640, "root", "root"}, false},
                        {{0640, "michi", "michi"}, false},
                        {{0660, "root", "michi"}, false},
                        {{0644, "root", "michi"}, false},
                        {{0600, "bob", "bob"}, false},
                        {{0601, "root", "root"}, false}}) {
    EXPECT_EQ(!check_secrets_status(c.status, "s"), c.good)
        << c.status.owner << ":" << c.status.group << " " << c.status.mode;
  }
  EXPECT_EQ(
      to_text(*check_secrets_status({0644, "root", "root"}, "/etc/michi/secrets.toml")),
      "/etc/michi/secrets.toml: error: passwords in a file of root:root with mode 0644 are refused; chown root:michi "
      "/etc/michi/secrets.toml && chmod 0640 /etc/michi/secrets.toml");
}

TEST(Values, DurationsAreReadBackAsTheyAreWritten) {
  for (std::string_view text : {"0s", "1ms", "300ms", "10s", "5m", "12h", "1d", "1m30s", "1d2h3m4s5ms"}) {
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_EQ(to_text(*parse_duration(text)), text);
  }
  EXPECT_EQ(parse_duration("90s"), minutes(1) + seconds(30));
  for (std::string_view text : {"", "10", "s", "10 s", "-1s", "+1s", "1.5s", "1S", "1s1s", "1s1m", "1w", "99999999999s",
                                "367d", "100000000d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Values, PortsAndNames) {
  EXPECT_EQ(parse_ports("8000-8100"), (model::PortRange{8000, 8100}));
  for (std::string_view text : {"", "0", "65536", "1-", "-1", "2-1", "1-2-3", " 1", "0x10"})
    EXPECT_FALSE(parse_ports(text)) << text;
  for (std::string_view text : {"isp", "a", "a-1", "abcdefghijklmno"}) EXPECT_TRUE(is_name(text)) << text;
  for (std::string_view text : {"", "1a", "-a", "A", "a_b", "abcdefghijklmnop", "é"})
    EXPECT_FALSE(is_name(text)) << text;
  EXPECT_EQ(nearest_name("9-Büro_Ost.2"), "bro-ost-2");
  for (std::string_view text : {"flets", "example.jp", "_dns.example"}) EXPECT_TRUE(is_domain(text)) << text;
  for (std::string_view text : {"", ".", "a..b", "a.", "a b", "a/b"}) EXPECT_FALSE(is_domain(text)) << text;
}

TEST(Difference, TellsWhatAReloadChanges) {
  const std::string before = R"(
uplink.isp = { interface = "wan0", user = "u", mtu = 1454 }
uplink.old = { interface = "wan0", user = "u" }
uplink.flets = { interface = "wan0", user = "u", routes = ["10.0.0.0/8", "10.1.0.0/16"] }
lan.home = { interface = "lan0", address = "192.168.10.1/24" }
line.wan0 = { sessions = 5 }
policy = [{ proto = "tcp", use = "isp" }, { proto = "udp", use = "isp" }, { use = "isp" }]
publish = [{ uplink = "isp", port = 80, to = "self" }]
)";
  const std::string after = R"(
router.padi-burst = 3
uplink.isp = { interface = "wan0", user = "u", mtu = 1492, echo = { interval = "5s" } }
uplink.lte = { interface = "wan0", user = "u" }
uplink.flets = { interface = "wan0", user = "u", routes = ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8", "13.0.0.0/8", "14.0.0.0/8"] }
lan.home = { interface = "lan0", address = "192.168.10.1/24", dns = false }
line.wan0 = { sessions = 5 }
policy = [{ proto = "udp", use = "isp" }, { proto = "tcp", use = "isp" }, { use = "isp" }]
publish = [{ uplink = "isp", port = 81, to = "self" }]
)";
  EXPECT_EQ(to_text(differences(config_of(before), config_of(after))), R"(router changes: padi-burst: 1 → 3
uplink flets changes: routes: added 4 (11.0.0.0/8, 12.0.0.0/8, 13.0.0.0/8, …) removed 1 (10.1.0.0/16), now 5
uplink isp changes: mtu: 1454 → 1492; echo.interval: 10s → 5s
uplink old is removed
uplink lte is added
lan home changes: dns: true → false
policy changes: another order
publish is removed: tcp 80 of isp to self:80
publish is added: tcp 81 of isp to self:81
)");
  EXPECT_TRUE(differences(config_of(before), config_of("\n\n" + before)).empty());
}

}  // namespace
}  // namespace michi::config

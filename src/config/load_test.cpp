#include "config/load.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "config/difference.hpp"
#include "kit/configs.hpp"

namespace michi::config {
namespace {

using FilesOfTest = std::map<std::string, std::string>;

Environment with_files(FilesOfTest files) {
  Environment environment;
  environment.read_file = [files = std::move(files)](const std::string& path) -> Result<std::string, std::string> {
    auto found = files.find(path);
    if (found == files.end()) return Fault<std::string>("no such file");
    return found->second;
  };
  return environment;
}

std::string words_of(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += to_text(diagnostic) + "\n";
  return out;
}

Loaded loaded(std::string_view text, const Environment& environment = {}) {
  auto result = load(text, "/etc/michi/michi.toml", environment);
  if (result) return std::move(*result);
  ADD_FAILURE() << words_of(result.error());
  return {};
}

constexpr std::string_view kEveryKey = R"(
[router]
address = "192.0.0.9"
mark-mask = 0xff000000
resolv-conf = "local"
fallback-dns = ["192.0.2.53", "2001:db8::53"]
hooks-dir = "/srv/hooks"
hook-timeout = "5s"
padi-burst = 4
padi-interval = "1500ms"
repair = false
[control]
others-may-look = true
[line.wan0]
sessions = 5
pass-through = ["home"]
[uplink.isp]
kind = "pppoe"
interface = "wan0"
mac = "02:00:00:00:00:01"
start = false
user = "user@example.jp"
ac-name = "BRAS-1"
prefer-acs = ["BRAS-2", "BRAS-3"]
service-name = "internet"
host-uniq = "00 11 aa"
accept-missing-host-uniq = true
auth = ["pap", "chap-md5"]
ipv4 = true
ipv6 = false
dhcp6 = { prefix = false, address = true, hint = "::/56", duid = "00:03:00:01:02:00:00:00:00:01", iaid = 7, release = true }
address = "203.0.113.5"
mtu = 1454
mss = 1400
default-route = false
routes = ["198.51.100.0/24"]
routes-file = "isp.routes"
dns = { servers = ["192.0.2.1"], domains = ["flets", ".example.jp."] }
weight = 3
nat = false
plane = "tun"
echo = { interval = "20s", failures = 4, one-way = "90s" }
connect-timeout = "1m30s"
grace = "0s"
retry = { min = "500ms", max = "5m" }
probe = { targets = ["192.0.2.53", "198.51.100.53"], interval = "2s", failures = 5, recovery = 2 }
[lan.home]
interface = "lan0"
address = ["192.168.10.1/24", "2001:db8:1::1/64"]
uplink = "isp"
nat = false
dhcp = { first = "192.168.10.100", last = "192.168.10.199", lease = "1h" }
dns = false
domain = "home.arpa"
subnet = 7
advertise = false
hosts = ["::53", "::1"]
ula = "fd12:3456:789a:7::/64"
[[policy]]
name = "mail"
from = "lan.home"
proto = "tcp"
port = [25, "8000-8100"]
to = "198.51.100.0/24"
use = ["isp"]
mode = "balance"
sticky = "source-destination"
weights = { isp = 7 }
otherwise = "unreachable"
return-after = "1m"
[[publish]]
uplink = "isp"
proto = "udp"
port = "5000-5010"
address = "203.0.113.6"
to = "192.168.10.5:6000"
to6 = "::10"
lan = "home"
allow = ["192.0.2.0/24"]
)";

TEST(Load, EveryKeyReachesItsField) {
  const Loaded result = loaded(kEveryKey, with_files({{"/etc/michi/isp.routes", "# date: 2005-02-01\n10.9.0.0/16\n"}}));
  EXPECT_EQ(to_text(result.config), R"(router
  address = 192.0.0.9
  mark-mask = 0xff000000
  resolv-conf = local
  fallback-dns = 192.0.2.53,2001:db8::53
  hooks-dir = /srv/hooks
  hook-timeout = 5s
  padi-burst = 4
  padi-interval = 1s500ms
  repair = false
  others-may-look = true
line wan0
  sessions = 5
  pass-through = home
uplink isp
  kind = pppoe
  interface = wan0
  mac = 02:00:00:00:00:01
  start = false
  ipv4 = true
  ipv6 = false
  dhcp6.prefix = false
  dhcp6.address = true
  dhcp6.hint = ::/56
  dhcp6.duid = 00030001020000000001
  dhcp6.iaid = 7
  dhcp6.release = true
  mtu = 1454
  mss = 1400
  default-route = false
  routes = 10.9.0.0/16,198.51.100.0/24
  routes-file = /etc/michi/isp.routes
  routes-date = 2005-02-01
  dns.servers = 192.0.2.1
  dns.domains = flets,example.jp
  weight = 3
  nat = false
  plane = tun
  connect-timeout = 1m30s
  probe = true
  probe.targets = 192.0.2.53,198.51.100.53
  probe.interval = 2s
  probe.failures = 5
  probe.recovery = 2
  ac-name = BRAS-1
  prefer-acs = BRAS-2,BRAS-3
  service-name = internet
  host-uniq = 0011aa
  accept-missing-host-uniq = true
  user = user@example.jp
  auth = pap,chap-md5
  address = 203.0.113.5
  echo.interval = 20s
  echo.failures = 4
  echo.one-way = 1m30s
  grace = 0s
  retry.min = 500ms
  retry.max = 5m
lan home
  interface = lan0
  address = 192.168.10.1/24,2001:db8:1::1/64
  uplink = isp
  nat = false
  dhcp.first = 192.168.10.100
  dhcp.last = 192.168.10.199
  dhcp.lease = 1h
  dns = false
  domain = home.arpa
  subnet = 7
  advertise = false
  hosts = ::1,::53
  ula = fd12:3456:789a:7::/64
policy mail: from lan.home, tcp 25,8000-8100, to 198.51.100.0/24, use isp, balance, sticky source-destination, weight isp=7, otherwise unreachable, return-after 1m
publish udp 5000-5010 of isp at 203.0.113.6 to 192.168.10.5:6000 over IPv6 to ::10 of lan.home for 192.0.2.0/24
)");
  EXPECT_EQ(result.routes_files, std::vector<std::string>{"/etc/michi/isp.routes"});
}

constexpr std::string_view kEveryKeyOfLines = R"(
[uplink.hgw]
kind = "ipoe"
interface = "wan0"
ipv4 = true
closed = false
neighbour-proxy = true
dhcp = { host-name = "router", client-id = "ff00000001", vendor-class = "michi", release = true }
[uplink.fix]
kind = "static"
interface = "wan1"
address = "203.0.113.2/29"
gateway = "203.0.113.1"
address6 = "2001:db8::2/64"
gateway6 = "fe80::1"
prefix = "2001:db8:100::/56"
)";

TEST(Load, UplinksThatAreTheInterfaceThemselves) {
  const Loaded result = loaded(kEveryKeyOfLines);
  ASSERT_EQ(result.config.uplinks.size(), 2U);
  const auto& fix = result.config.uplinks[0];
  ASSERT_TRUE(fix.kind.is<model::StaticConfig>());
  EXPECT_EQ(fix.kind.as<model::StaticConfig>(), (model::StaticConfig{*parse_prefix("203.0.113.2/29"),
                                                                     *parse_ipv4("203.0.113.1"),
                                                                     *parse_prefix("2001:db8::2/64"),
                                                                     *parse_ipv6("fe80::1"),
                                                                     {*parse_prefix("2001:db8:100::/56")}}));
  const auto& hgw = result.config.uplinks[1];
  EXPECT_EQ(hgw.kind.as<model::IpoeConfig>().dhcp,
            (model::Dhcp4Config{"router", *from_hex("ff00000001"), "michi", true}));
  EXPECT_EQ(hgw.closed, std::optional(false));
  EXPECT_EQ(hgw.neighbour_proxy, std::optional(true));
}

TEST(Load, TheSampleOfEveryKeyNamesEveryKey) {
  for (const std::string& key : known_keys()) {
    const std::string last = key.substr(key.rfind('.') + 1);
    if (last == "vlan" || last == "pcp") continue;  // reserved for later: always an error
    EXPECT_NE((std::string(kEveryKey) += kEveryKeyOfLines).find(last), std::string::npos) << key;
  }
}

TEST(Load, ShortestUplinkGetsTheDefaultsOfTheModel) {
  const Loaded result = loaded("[uplink.isp]\ninterface = \"wan0\"\nuser = \"u\"\n");
  ASSERT_EQ(result.config.uplinks.size(), 1U);
  model::UplinkConfig expected;
  expected.id.name = "isp";
  expected.over = model::OnLine{"wan0"};
  kit::ppp(expected).user = "u";
  EXPECT_EQ(result.config.uplinks[0], expected);
  EXPECT_EQ(words_of(result.warnings), "");
}

TEST(Load, TargetsOfPublishedPortsMayNameTheRouterOrTheUplinksOwnAddress) {
  const Loaded result = loaded(R"(
uplink.isp = { interface = "wan0", user = "u" }
lan.home = { interface = "lan0", address = "192.168.10.1/24" }
[[publish]]
uplink = "isp"
port = 53
to = "self:5353"
[[publish]]
uplink = "isp"
port = 80
to = "local"
[[publish]]
uplink = "isp"
port = "81-82"
to = "192.168.10.7"
)");
  ASSERT_EQ(result.config.publishes.size(), 3U);
  EXPECT_EQ(describe(result.config.publishes[0]), "tcp 53 of isp to self:5353");
  EXPECT_EQ(describe(result.config.publishes[1]), "tcp 80 of isp to local");
  EXPECT_EQ(describe(result.config.publishes[2]), "tcp 81-82 of isp to 192.168.10.7:81");
}

TEST(Load, TheSamePortMayBePublishedOnEachAddressOfABlock) {
  const Loaded result = loaded(R"(
uplink.isp = { interface = "wan0", user = "u" }
lan.dmz = { interface = "lan0", address = "203.0.113.1/29", uplink = "isp", nat = false }
publish = [{ uplink = "isp", port = 80, to = "self" }, { uplink = "isp", port = 80, address = "203.0.113.2", to = "203.0.113.2" },
           { uplink = "isp", port = 80, proto = "udp", to = "self" }]
)");
  EXPECT_EQ(result.config.publishes.size(), 3U);
  EXPECT_EQ(words_of(result.warnings), "");
}

TEST(Load, PoliciesAndPublishesKnowTheirLineAndPlace) {
  const Loaded result = loaded(
      "uplink.isp = { interface = \"w\", user = \"u\" }\n[[policy]]\nproto = \"tcp\"\nuse = \"isp\"\n[[policy]]\nuse = "
      "\"isp\"\n[[publish]]\nuplink = \"isp\"\nport = 1\nto = \"self\"\n");
  EXPECT_EQ(result.config.policies.at(0).file_line, 2);
  EXPECT_EQ(result.config.policies.at(1).file_line, 5);
  EXPECT_EQ(result.config.policies.at(1).index, 1U);
  EXPECT_EQ(result.config.policies.at(1).label, "policy 2");
  EXPECT_EQ(result.config.publishes.at(0).file_line, 7);
}

TEST(Load, PolicySourcesMayBeALanAnAddressAPrefixOrTheRouter) {
  const Loaded result = loaded(R"(
uplink.isp = { interface = "wan0", user = "u" }
lan.home = { interface = "lan0", address = "192.168.10.1/24" }
policy = [{ from = "lan.home", use = "isp" }, { from = "192.168.10.9", use = "isp" },
          { from = "192.168.10.0/28", use = "isp" }, { from = "self", proto = "icmp", use = "isp" }]
)");
  std::string words;
  for (const auto& policy : result.config.policies) words += describe(policy) + "\n";
  EXPECT_EQ(words, R"(from lan.home, use isp, return-after 10s
from 192.168.10.9/32, use isp, return-after 10s
from 192.168.10.0/28, use isp, return-after 10s
from self, icmp, use isp, return-after 10s
use isp, return-after 10s
)");
}

TEST(Load, TheImpliedPolicyOrdersByWeightThenNameAndSaysSo) {
  const Loaded result = loaded(R"(
uplink.b = { interface = "wan0", user = "u" }
uplink.a = { interface = "wan0", user = "u" }
uplink.heavy = { interface = "wan0", user = "u", weight = 5 }
uplink.closed = { interface = "wan0", user = "u", default-route = false, routes = ["10.0.0.0/8"] }
)");
  ASSERT_EQ(result.config.policies.size(), 1U);
  EXPECT_EQ(describe(result.config.policies[0]), "use heavy,a,b, return-after 10s");
  EXPECT_EQ(
      words_of(result.warnings),
      "/etc/michi/michi.toml: note: no [[policy]] without conditions: the last one is use = heavy, a, b, by weight "
      "and name; write it to choose another order\n");
}

TEST(Load, AnUnconditionalPolicyIsTheLastWord) {
  const Loaded result = loaded("uplink.a = { interface = \"w\", user = \"u\" }\n[[policy]]\nuse = \"a\"\n");
  EXPECT_EQ(result.config.policies.size(), 1U);
}

TEST(Load, OrderOfTablesHasNoMeaning) {
  std::vector<std::string> blocks = {"[router]\npadi-burst = 3\n",
                                     "[control]\nothers-may-look = true\n",
                                     "[line.wan0]\nsessions = 9\n",
                                     "[line.wan1]\nsessions = 2\n",
                                     "[uplink.c]\ninterface = \"wan0\"\nuser = \"c\"\nweight = 2\n",
                                     "[uplink.a]\nuser = \"a\"\ninterface = \"wan1\"\n",
                                     "[uplink.b]\ninterface = \"wan0\"\nuser = \"b\"\n",
                                     "[lan.y]\ninterface = \"l0\"\naddress = \"10.0.0.1/24\"\n",
                                     "[lan.x]\ninterface = \"l1\"\naddress = \"10.0.1.1/24\"\n",
                                     "[[policy]]\nfrom = \"lan.x\"\nuse = [\"b\", \"a\"]\n",
                                     "[[publish]]\nuplink = [\"b\", \"a\"]\nport = 1\nto = \"self\"\n"};
  auto all = [&] {
    std::string text;
    for (const std::string& block : blocks) text += block;
    return loaded(text).config;
  };
  const model::Config first = all();
  std::mt19937 seeded(7);
  for (int round = 0; round < 200; ++round) {
    std::ranges::shuffle(blocks, seeded);
    const model::Config other = all();
    ASSERT_EQ(to_text(other), to_text(first));
    ASSERT_TRUE(differences(first, other).empty());
  }
}

TEST(Load, ALanMayBePartOfTheClosedNetworkItIsRoutedTo) {
  const std::string text = R"(
uplink.corp = { interface = "wan0", user = "u", routes = ["10.0.0.0/8"] }
lan.office = { interface = "lan0", address = "10.1.2.1/24", nat = false, uplink = "corp" }
)";
  EXPECT_TRUE(load(text, "m", {}).has_value());
}

TEST(Load, TenThousandPrefixesComeFromAFileOfTheirOwn) {
  std::string routes = "# date: 2026-01-02\n";
  for (int i = 0; i < 10'000; ++i) routes += fmt::format("10.{}.{}.0/24\n", i / 256, i % 256);
  const Loaded result =
      loaded("uplink.c = { interface = \"w\", user = \"u\", routes-file = \"/r\" }\n", with_files({{"/r", routes}}));
  EXPECT_EQ(result.config.uplinks.at(0).routes.size(), 10'000U);
  EXPECT_EQ(result.config.uplinks.at(0).routes_date, "2026-01-02");
}

}  // namespace
}  // namespace michi::config

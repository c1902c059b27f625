// Every finding in its full wording: the golden texts of the loader.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

constexpr std::string_view kHead =
    "[uplink.isp]\ninterface = \"wan0\"\nuser = \"u\"\n";  // three lines; what a test adds starts on line 4
constexpr std::string_view kLan = "[lan.home]\ninterface = \"lan0\"\naddress = \"192.168.10.1/24\"\n";

std::string words(std::string_view text) {
  Environment environment;
  environment.foreign_devices = {"eth9"};
  environment.read_file = [](const std::string& path) -> Result<std::string, std::string> {
    if (path == "bad.routes") return "10.0.0.0/8\nrubbish\n10.1.0.1/16\n0.0.0.0/0\n10.0.0.0/8\ndate: soon\n";
    if (path == "empty.routes") return "# nothing\n";
    return Fault<std::string>("no such file");
  };
  const auto result = load(text, "m", environment);
  std::string out;
  for (const Diagnostic& diagnostic : result ? result->warnings : result.error()) out += to_text(diagnostic) + "\n";
  return out;
}

/// What is said of lines added to a good uplink.
std::string uplink(const std::string& lines) { return words(std::string(kHead) + lines + "\n"); }
std::string beside_uplink(const std::string& lines) { return words(std::string(kHead) + lines + "\n"); }
std::string beside_lan(const std::string& lines) {
  return words(std::string(kHead) + std::string(kLan) + lines + "\n");
}

TEST(Findings, TheFirstSyntaxErrorStandsAlone) {
  EXPECT_EQ(words("[uplink.isp\nmtu = 1\nx"), "m:1:12: error: syntax error in table header: expected ']', saw '\\n'\n");
  EXPECT_EQ(uplink("mtu = 1454\nmtu = 1492"),
            "m:5:7: error: syntax error in key-value pair: cannot redefine existing integer 'mtu'\n");
}

TEST(Findings, AllSemanticOnesComeAtOnceAndInOrder) {
  EXPECT_EQ(uplink("mtuu = 1\nmtu = 1\nstart = 1"),
            "m:4:1: error: unknown key \"mtuu\" in [uplink.isp]; did you mean \"mtu\"?\n"
            "m:5:7: error: mtu: 1 is out of range; 576 to 1500\n"
            "m:6:9: error: start must be true or false, not a whole number; without quotes\n");
}

TEST(Findings, UnknownKeysAreNamedWithTheirNearest) {
  EXPECT_EQ(words("[uplnk.isp]\n"),
            "m:1:2: error: unknown key \"uplnk\" at the top of the file; did you mean \"uplink\"?\n");
  EXPECT_EQ(uplink("default_route = true"),
            "m:4:1: error: unknown key \"default_route\" in [uplink.isp]; did you mean \"default-route\"?\n");
  EXPECT_EQ(uplink("echo = { intervall = \"1s\" }"),
            "m:4:10: error: unknown key \"intervall\" in echo of [uplink.isp]; did you mean \"interval\"?\n");
  EXPECT_EQ(uplink("password = \"x\""),
            "m:4:1: error: unknown key \"password\" in [uplink.isp]; passwords stand in secrets.toml: name = "
            "\"password\"\n");
  EXPECT_EQ(uplink("zzzzzz = 1"), "m:4:1: error: unknown key \"zzzzzz\" in [uplink.isp]\n");
}

TEST(Findings, MissingKeysAreShownWithAnExample) {
  EXPECT_EQ(words("[uplink.isp]\n"),
            "m:1:1: error: [uplink.isp] has no interface; write interface = \"wan0\"\n"
            "m:1:1: error: [uplink.isp] has no user; write user = \"name@example.jp\"\n");
  EXPECT_EQ(words("[lan.a]\n"),
            "m:1:1: error: [lan.a] has no interface; write interface = \"lan0\"\n"
            "m:1:1: error: [lan.a] has no address; write address = \"192.168.10.1/24\"\n");
  EXPECT_EQ(beside_uplink("[[policy]]"), "m:4:1: error: policy 1 has no use; write use = [\"isp\"]\n");
  EXPECT_EQ(beside_uplink("[[publish]]\nuplink = \"isp\""),
            "m:4:1: error: publish 1 has no port; write port = 443\n"
            "m:4:1: error: publish 1 has no to; write to = \"192.168.10.5:443\", \"self:443\" or \"local\"; or to6 = "
            "\"::10\"\n");
  EXPECT_EQ(beside_lan("dhcp = { first = \"192.168.10.7\" }"),
            "m:7:8: error: dhcp of [lan.home] has no last; write last = \"192.168.10.100\"\n");
}

TEST(Findings, ValuesOfTheWrongKind) {
  EXPECT_EQ(uplink("mtu = \"1454\""), "m:4:7: error: mtu must be a whole number, not a string; without quotes\n");
  EXPECT_EQ(uplink("mtu = \"big\""), "m:4:7: error: mtu must be a whole number, not a string; write mtu = 576\n");
  EXPECT_EQ(words("[uplink.isp]\ninterface = 3\nuser = \"u\"\n"),
            "m:2:13: error: interface must be a string, not a whole number; write interface = \"…\"\n");
  EXPECT_EQ(uplink("weight = 1.5"), "m:4:10: error: weight must be a whole number, not a fraction; write weight = 1\n");
  EXPECT_EQ(uplink("ac-name = 5"),
            "m:4:11: error: ac-name must be a string, not a whole number; write ac-name = \"…\"\n");
  EXPECT_EQ(uplink("routes = [5]"),
            "m:4:11: error: routes must be a list of strings, not a whole number; write routes = [\"192.0.2.0/24\"]\n");
  EXPECT_EQ(
      uplink("echo = 10"),
      "m:4:8: error: echo must be a table, not a whole number; write echo = { interval = \"10s\", failures = 3 }\n");
  EXPECT_EQ(uplink("grace = 10"), "m:4:9: error: grace needs a unit; write grace = \"10s\" for seconds\n");
  EXPECT_EQ(uplink("grace = true"),
            "m:4:9: error: grace must be a duration, not true or false; write grace = \"10s\"\n");
  EXPECT_EQ(words("router = 1\nuplink = 2\n"),
            "m:1:1: error: router must be a table, not a whole number; write [router]\n"
            "m:2:1: error: uplink must be tables with names, not a whole number; write [uplink.NAME]\n");
  EXPECT_EQ(words("[uplink]\nuser = \"u\"\n"),
            "m:2:1: error: [uplink] holds tables with names, and \"user\" is a string; write [uplink.NAME] above it\n");
  EXPECT_EQ(words("[policy]\n"),
            "m:1:2: error: policy must be a list of tables, not a table; write [[policy]] with two brackets\n");
}

TEST(Findings, Durations) {
  EXPECT_EQ(uplink("grace = \"ten\""),
            "m:4:9: error: grace: \"ten\" is not a duration; write \"300ms\", \"10s\", \"5m\", \"12h\" or \"1d\"\n");
  EXPECT_EQ(uplink("connect-timeout = \"1ms\""),
            "m:4:19: error: connect-timeout: \"1ms\" is out of range; 1s to 10m\n");
  EXPECT_EQ(uplink("retry = { min = \"2m\", max = \"1m\" }"), "m:4:29: error: max: 1m is less than min, 2m\n");
}

TEST(Findings, WhatIsNotThereYetSaysSo) {
  EXPECT_EQ(uplink("plane = \"ebpf\""),
            "m:4:9: error: plane: \"ebpf\" is not available yet in this version; write \"auto\" or \"tun\"\n");
  EXPECT_EQ(
      uplink("vlan = 100"),
      "m:4:8: error: vlan is not available yet in this version: michi does not make VLAN interfaces; make the VLAN "
      "interface with your network configuration and write interface = \"wan0.100\"\n");
  EXPECT_EQ(uplink("pcp = 5"),
            "m:4:7: error: pcp is not available yet in this version: michi does not make VLAN interfaces; set the "
            "priority on the VLAN interface, with ip link's egress-qos-map, and name that interface\n");
  EXPECT_EQ(words("[router]\nmark-mask = 0xff\n"),
            "m:2:13: error: mark-mask: 0x000000ff is not available yet in this version; write 0xff000000 or leave it "
            "out: michi's marks take the top eight bits\n");
}

TEST(Findings, SingleValuesOfAnUplink) {
  EXPECT_EQ(uplink("mac = \"01:00:5e:00:00:01\""),
            "m:4:7: error: mac: \"01:00:5e:00:00:01\" is not the address of a host; as in \"02:00:00:00:00:01\"\n");
  EXPECT_EQ(uplink("host-uniq = \"xyz\""),
            "m:4:13: error: host-uniq: \"xyz\" is not 1 to 64 bytes in hexadecimal; leave it out: michi takes random "
            "bytes\n");
  EXPECT_EQ(uplink("auth = [\"chap\"]"), "m:4:9: error: auth: \"chap\" is not known; write \"chap-md5\"\n");
  EXPECT_EQ(uplink("auth = [\"eap\"]"),
            "m:4:9: error: auth: \"eap\" is not known; one of \"pap\", \"chap-md5\", \"mschapv2\"\n");
  EXPECT_EQ(uplink("auth = [\"pap\", \"pap\"]"), "m:4:16: error: auth: \"pap\" stands here twice\n");
  EXPECT_EQ(uplink("auth = []"), "m:4:8: error: auth: the list is empty; leave auth out for chap-md5 and mschapv2\n");
  EXPECT_EQ(uplink("address = \"224.0.0.1\""), "m:4:11: error: address: \"224.0.0.1\" is not an IPv4 host address\n");
  EXPECT_EQ(uplink("ac-name = \"a\\u0007\""), "m:4:11: error: ac-name: control characters are not allowed\n");
  EXPECT_EQ(uplink("weight = 0"), "m:4:10: error: weight: 0 is out of range; 1 to 1000\n");
  EXPECT_EQ(uplink("dns = { servers = \"pear\" }"),
            "m:4:19: error: servers: \"pear\" is not known; one of \"peer\", \"none\", or a list of addresses\n");
  EXPECT_EQ(uplink("dns = { servers = [] }"),
            "m:4:19: error: servers: the list is empty; write \"none\" for no servers\n");
  EXPECT_EQ(uplink("dns = { servers = [\"x\"] }"),
            "m:4:20: error: servers: \"x\" is not an address; as in \"192.0.2.53\"\n");
  EXPECT_EQ(uplink("dns = { domains = [\"a b\"] }"),
            "m:4:20: error: domains: \"a b\" is not a domain name; as in \"flets\" or \"example.jp\"\n");
  EXPECT_EQ(words("[uplink.isp]\ninterface = \"a/b\"\nuser = \"\"\n"),
            "m:2:13: error: interface: \"a/b\" cannot be an interface; 1 to 15 characters, as ip link shows it\n"
            "m:3:8: error: user: the name is empty; as in \"name@example.jp\"\n");
}

TEST(Findings, RoutesOfClosedNetworks) {
  EXPECT_EQ(
      uplink("routes = [\"10.0.0.1/8\", \"x\", \"0.0.0.0/0\"]"),
      "m:4:11: error: routes: \"10.0.0.1/8\" has bits set beyond its length; write \"10.0.0.0/8\" for the network "
      "or \"10.0.0.1\" for the host\n"
      "m:4:25: error: routes: \"x\" is neither an address nor a prefix; as in \"192.0.2.0/24\"\n"
      "m:4:30: error: routes: 0.0.0.0/0 would close the whole internet; default-route = true is what lets an "
      "uplink carry everything else\n");
  EXPECT_EQ(uplink("routes-file = \"none.routes\""),
            "m:4:15: error: routes-file \"none.routes\" cannot be read: no such file\n");
  EXPECT_EQ(uplink("routes-file = \"empty.routes\""),
            "m:4:15: warning: routes-file \"empty.routes\" holds no prefix\n");
  EXPECT_EQ(uplink("routes-file = \"bad.routes\""),
            "bad.routes:2:1: error: \"rubbish\" is not a prefix; one line each, as in 192.0.2.0/24 or: pppx net "
            "192.0.2.0 netmask 255.255.255.0\n"
            "bad.routes:3:1: error: \"10.1.0.1/16\" has bits set beyond its length; write 10.1.0.0/16\n"
            "bad.routes:4:1: error: \"0.0.0.0/0\" would close the whole internet\n"
            "bad.routes:5:1: warning: 10.0.0.0/8 stands here twice\n"
            "bad.routes:6:1: warning: \"soon\" is not a date; write date: YYYY-MM-DD\n");
  EXPECT_EQ(
      beside_lan("[uplink.b]\ninterface = \"wan1\"\nuser = \"u\"\nroutes = [\"192.168.0.0/16\", \"192.0.0.0/28\"]"),
      "m:10:10: error: the closed prefix 192.0.0.0/28 of [uplink.b] holds the router's internal address 192.0.0.8; "
      "change router.address\n"
      "m:10:10: error: the closed prefix 192.168.0.0/16 of [uplink.b] overlaps 192.168.10.0/24 of [lan.home]; hosts "
      "of that LAN would be cut off\n");
  EXPECT_EQ(
      uplink("routes = [\"10.0.0.0/8\"]\n[uplink.b]\ninterface = \"wan1\"\nuser = \"u\"\nroutes = [\"10.0.0.0/8\"]"),
      "m:4:10: error: the closed prefix 10.0.0.0/8 is in both [uplink.b] and [uplink.isp]; a closed prefix belongs "
      "to one uplink\n");
  EXPECT_EQ(uplink("ipv6 = false\nroutes = [\"2001:db8::/32\"]"),
            "m:5:10: warning: [uplink.isp] closes IPv6 prefixes with ipv6 = false: they stay unreachable\n");
}

TEST(Findings, NamesOfUplinksAndLans) {
  EXPECT_EQ(
      words("[uplink.Flets_A]\ninterface = \"wan0\"\nuser = \"u\"\n"),
      "m:1:1: error: \"Flets_A\" cannot be the name of an uplink; a lower-case letter, then up to 14 of a-z 0-9 -, "
      "as in \"flets-a\"\n");
  EXPECT_EQ(words("[uplink.michi0]\ninterface = \"wan0\"\nuser = \"u\"\n"),
            "m:1:1: error: \"michi0\" cannot be the name of an uplink: it is reserved; the session's device takes the "
            "uplink's name; choose another\n");
  EXPECT_EQ(words("[uplink.eth9]\ninterface = \"wan0\"\nuser = \"u\"\n"),
            "m:1:1: error: \"eth9\" cannot be the name of an uplink: it is an interface that exists already; the "
            "session's device takes the uplink's name; choose another\n");
  EXPECT_EQ(
      words("[uplink.wan0]\ninterface = \"wan0\"\nuser = \"u\"\n"),
      "m:1:1: error: \"wan0\" cannot be the name of an uplink: it is the interface of [uplink.wan0]; the session's "
      "device takes the uplink's name; choose another\n");
  EXPECT_EQ(
      beside_uplink("[lan.a]\ninterface = \"isp\"\naddress = \"10.0.0.1/24\""),
      "m:1:1: error: \"isp\" cannot be the name of an uplink: it is the interface of [lan.a]; the session's device "
      "takes the uplink's name; choose another\n");
  EXPECT_EQ(beside_uplink("[lan.9]\ninterface = \"lan0\"\naddress = \"10.0.0.1/24\""),
            "m:4:1: error: \"9\" cannot be the name of a lan; a lower-case letter, then up to 14 of a-z 0-9 -\n");
}

TEST(Findings, UplinksThatCannotWork) {
  EXPECT_EQ(uplink("ipv4 = false\nipv6 = false"),
            "m:1:1: error: [uplink.isp] has neither IPv4 nor IPv6; leave ipv4 or ipv6 at true\n");
  EXPECT_EQ(uplink("ipv4 = false\naddress = \"192.0.2.1\""),
            "m:5:11: warning: [uplink.isp] asks for an IPv4 address with ipv4 = false\n");
  EXPECT_EQ(
      uplink("mtu = 1500"),
      "m:4:7: warning: mtu 1500 needs RFC 4638 at the provider and an MTU of 1508 on wan0; michi falls back to 1492 "
      "when the path does not carry it\n");
  EXPECT_EQ(uplink("mtu = 1454\nmss = 1460"),
            "m:5:7: warning: mss 1460 does not fit into mtu 1454; at most 1414, or leave it out\n");
  EXPECT_EQ(uplink("default-route = false"),
            "m:1:1: warning: nothing goes through [uplink.isp]: default-route is false and it has no routes, no policy "
            "and no publish; write routes or routes-file, or name it in a [[policy]]\n");
  EXPECT_EQ(uplink("dns = { servers = \"none\", domains = [\"flets\"] }"),
            "m:4:7: warning: [uplink.isp] names domains but no servers for them; write servers = \"peer\" or a list\n");
  EXPECT_EQ(
      uplink("address = \"192.0.2.1\"\n[uplink.b]\ninterface = \"wan0\"\nuser = \"u\"\naddress = \"192.0.2.1\"\n"
             "default-route = false\nroutes = [\"10.0.0.0/8\"]"),
      "m:4:11: warning: [uplink.b] and [uplink.isp] ask for the same address 192.0.2.1; the second one to get it is "
      "held\n");
}

TEST(Findings, LinesAndTheirContracts) {
  EXPECT_EQ(beside_uplink("[uplink.b]\ninterface = \"wan0\"\nuser = \"u\"\ndefault-route = false\nroutes = "
                          "[\"10.0.0.0/8\"]\n[line.wan0]\nsessions = 1"),
            "m:10:12: warning: 2 uplinks on wan0, whose contract allows 1; the provider refuses the others\n");
  EXPECT_EQ(beside_uplink("[line.wna0]\nsessions = 1"),
            "m:4:1: warning: no uplink has the interface of [line.wna0]; did you mean \"wan0\"?\n");
}

TEST(Findings, AddressesOfLans) {
  EXPECT_EQ(beside_uplink("[lan.a]\ninterface = \"lan0\"\naddress = \"10.0.0.0/24\""),
            "m:6:11: error: address: \"10.0.0.0/24\" is the network, not a host in it; write the router's own address "
            "with the length, as in \"192.168.10.1/24\"\n");
  EXPECT_EQ(beside_uplink("[lan.a]\ninterface = \"lan0\"\naddress = \"10.0.0.1\""),
            "m:6:11: error: address: \"10.0.0.1\" is not an address with a length; the router's own address in this "
            "network, as in \"192.168.10.1/24\"\n");
  EXPECT_EQ(beside_lan("[lan.b]\ninterface = \"lan1\"\naddress = \"192.168.10.1/25\""),
            "m:6:11: error: [lan.home] has the address 192.168.10.1, and so has [lan.b]\n");
  EXPECT_EQ(beside_lan("[lan.b]\ninterface = \"lan1\"\naddress = \"192.168.0.1/16\""),
            "m:6:11: error: 192.168.0.0/16 of [lan.b] and 192.168.10.0/24 of [lan.home] overlap\n");
  EXPECT_EQ(beside_lan("[lan.b]\ninterface = \"lan0\"\naddress = \"10.0.0.1/24\""),
            "m:5:13: error: [lan.b] and [lan.home] have the same interface lan0; one LAN may have several: address = "
            "[\"…\", \"…\"]\n");
  EXPECT_EQ(beside_uplink("[lan.a]\ninterface = \"lan0\"\naddress = \"192.0.0.8/29\""),
            "m:6:11: error: address: \"192.0.0.8/29\" is the network, not a host in it; write the router's own address "
            "with the length, as in \"192.168.10.1/24\"\n");
  EXPECT_EQ(beside_uplink("[lan.a]\ninterface = \"lan0\"\naddress = \"192.0.0.8/24\""),
            "m:6:11: error: [lan.a] has the router's internal address 192.0.0.8; change it, or router.address\n");
  EXPECT_EQ(
      beside_uplink("[lan.a]\ninterface = \"wan0\"\naddress = \"10.0.0.1/24\""),
      "m:5:13: warning: [lan.a] and [uplink.isp] share the interface wan0; right only if PPPoE and the LAN are meant "
      "to share one wire\n");
}

TEST(Findings, DhcpRangesOfLans) {
  EXPECT_EQ(beside_lan("dhcp = { first = \"192.168.10.9\", last = \"192.168.10.2\" }"),
            "m:7:8: error: dhcp of [lan.home]: 192.168.10.9 comes after 192.168.10.2\n");
  EXPECT_EQ(beside_lan("dhcp = { first = \"192.168.11.1\", last = \"192.168.11.2\" }"),
            "m:7:8: error: dhcp of [lan.home]: 192.168.11.1 to 192.168.11.2 is not inside its address; inside "
            "192.168.10.0/24\n");
  EXPECT_EQ(beside_lan("dhcp = { first = \"192.168.10.1\", last = \"192.168.10.2\" }"),
            "m:7:8: warning: dhcp of [lan.home]: the range holds the router's own address 192.168.10.1\n");
}

TEST(Findings, RoutedBlocks) {
  EXPECT_EQ(beside_lan("uplink = \"ips\""),
            "m:7:10: error: uplink: there is no uplink \"ips\"; did you mean \"isp\"?\n");
  EXPECT_EQ(beside_lan("uplink = \"isp\""),
            "m:7:10: warning: [lan.home] belongs to uplink \"isp\" and is still translated; write nat = false for a "
            "routed block\n");
  EXPECT_EQ(
      beside_lan("nat = false"),
      "m:7:7: warning: [lan.home] is not translated and belongs to no uplink: nothing of it can leave; write uplink "
      "= \"…\" for a routed block, or nat = true\n");
  EXPECT_EQ(
      beside_lan("nat = false\nuplink = \"isp\""),
      "m:6:11: warning: [lan.home] has a private address and leaves untranslated; right only in a closed network\n");
}

TEST(Findings, ConditionsOfPolicies) {
  EXPECT_EQ(beside_lan("[[policy]]\nfrom = \"lan.hme\"\nuse = \"ips\""),
            "m:8:8: error: from: there is no \"lan.hme\"; did you mean \"lan.home\"?\n"
            "m:9:7: error: use: there is no uplink \"ips\"; did you mean \"isp\"?\n");
  EXPECT_EQ(beside_lan("[[policy]]\nfrom = \"home\"\nuse = \"isp\""),
            "m:8:8: error: from: \"home\" is not known; write \"lan.home\"\n");
  EXPECT_EQ(beside_lan("[[policy]]\nfrom = \"nowhere\"\nuse = \"isp\""),
            "m:8:8: error: from: \"nowhere\" is not known; one of \"lan.NAME\", \"prefix.NAME\", an address, a prefix, "
            "\"self\"; leave it "
            "out for all\n");
  EXPECT_EQ(beside_uplink("[[policy]]\nport = [80, 0, \"9-8\"]\nproto = \"icmp\"\nuse = []"),
            "m:5:8: error: port: only TCP and UDP have ports; write proto = \"tcp\" or \"udp\"\n"
            "m:5:13: error: port: 0 is not a port; 1 to 65535, or a range as in \"8000-8100\"\n"
            "m:5:16: error: port: \"9-8\" is not a port; 1 to 65535, or a range as in \"8000-8100\"\n"
            "m:7:7: error: use: the list is empty; name one uplink or more\n");
  EXPECT_EQ(beside_uplink("[[policy]]\nproto = \"sctp\"\nport = []\nto = []\nuse = [\"isp\", \"isp\"]"),
            "m:5:9: error: proto: \"sctp\" is not known; one of \"any\", \"tcp\", \"udp\", \"icmp\"\n"
            "m:6:8: error: port: the list is empty; leave it out for all ports\n"
            "m:7:6: error: to: the list is empty; leave it out for all destinations\n"
            "m:8:15: error: use: \"isp\" stands here twice\n");
  EXPECT_EQ(beside_uplink("[[policy]]\nfrom = \"10.0.0.1\"\nto = \"2001:db8::/32\"\nuse = \"isp\""),
            "m:6:6: warning: policy 1 never matches: from and to are not of one family\n");
}

TEST(Findings, WaysOfPolicies) {
  EXPECT_EQ(
      beside_uplink("[[policy]]\nuse = \"isp\"\nmode = \"ecmp\"\nsticky = \"x\"\notherwise = \"drop\""),
      "m:6:8: error: mode: \"ecmp\" is not known; one of \"failover\", \"balance\"\n"
      "m:7:10: error: sticky: \"x\" is not known; one of \"none\", \"source\", \"source-destination\"\n"
      "m:7:10: warning: policy 1: sticky means nothing with mode = \"failover\"; write mode = \"balance\", or leave "
      "it out\n"
      "m:8:13: error: otherwise: \"drop\" is not known; one of \"next\", \"unreachable\"\n");
  EXPECT_EQ(beside_uplink("[uplink.b]\ninterface = \"wan0\"\nuser = \"u\"\n[[policy]]\nuse = \"isp\"\nmode = "
                          "\"balance\"\nweights = { isp = 0, b = 1, c = 1 }"),
            "m:10:19: error: weights: the weight of \"isp\" must be 1 to 1000\n"
            "m:10:22: error: weights: \"b\" is not among those of use\n"
            "m:10:29: error: weights: there is no uplink \"c\"; did you mean \"b\"?\n");
  EXPECT_EQ(
      beside_uplink("[[policy]]\nuse = \"isp\"\nweights = { isp = 2 }"),
      "m:6:11: warning: policy 1: weights mean nothing with mode = \"failover\"; write mode = \"balance\", or leave "
      "them out\n");
  EXPECT_EQ(
      beside_uplink("[[policy]]\nname = \"all\"\nuse = \"isp\"\n[[policy]]\nproto = \"tcp\"\nuse = \"isp\""),
      "m:7:1: warning: policy 2 stands after all, which has no conditions: it is used only while none of isp is up; "
      "first match wins; put it before\n");
  EXPECT_EQ(beside_uplink("[[policy]]\nuse = \"ips\"\n[[policy]]\nuse = \"isp\""),
            "m:5:7: error: use: there is no uplink \"ips\"; did you mean \"isp\"?\n");
  EXPECT_EQ(
      beside_uplink("[[policy]]\notherwise = \"unreachable\"\nuse = \"isp\"\n[[policy]]\nuse = \"isp\""),
      "m:7:1: warning: policy 2 stands after policy 1, which has no conditions: it is never used; first match wins; "
      "put it before\n");
}

TEST(Findings, PublishedPorts) {
  EXPECT_EQ(
      beside_lan("[[publish]]\nuplink = \"isp\"\nproto = \"icmp\"\nport = 65536\nto = \"192.168.10.5:0\"\nallow = []"),
      "m:9:9: error: proto: \"icmp\" cannot be published; one of \"tcp\", \"udp\"; write two [[publish]] for both\n"
      "m:10:8: error: port: 65536 is not a port; 1 to 65535, or a range as in \"8000-8100\"\n"
      "m:11:6: error: to: \"192.168.10.5:0\" is not a target; one of \"192.168.10.5:443\", \"self:443\", "
      "\"local\"\n"
      "m:12:9: error: allow: the list is empty; leave it out to allow everyone\n");
  EXPECT_EQ(beside_lan("[[publish]]\nuplink = \"isp\"\nport = \"10-20\"\nto = \"192.168.10.5:65530\""),
            "m:10:6: error: to: the range 10-20 does not fit behind port 65530\n");
  EXPECT_EQ(beside_lan("[[publish]]\nuplink = \"isp\"\nport = \"10-20\"\nto = \"local\"\n[[publish]]\nuplink = "
                       "[\"isp\"]\nport = \"15-30\"\nto = \"self\""),
            "m:11:1: error: publish 1 and publish 2 both take tcp port 15-20 of uplink \"isp\"\n");
  EXPECT_EQ(
      beside_lan("[[publish]]\nuplink = \"isp\"\nport = 1\nto = \"10.9.9.9\"\n[[publish]]\nuplink = \"isp\"\nport "
                 "= 2\nto = \"192.168.10.1\""),
      "m:10:6: warning: publish 1: 10.9.9.9 is in no LAN of this file\n"
      "m:14:6: warning: publish 2: 192.168.10.1 is the router's own address in [lan.home]; write to = \"self:2\"\n");
  EXPECT_EQ(
      beside_lan("[[publish]]\nuplink = \"isp\"\nport = 1\nto = \"self\"\naddress = \"192.168.10.7\""),
      "m:11:11: warning: publish 1: 192.168.10.7 is an address of [lan.home], which no provider routes; the LAN host "
      "goes into to = \"…\"\n");
  EXPECT_EQ(
      beside_uplink("[uplink.b]\ninterface = \"wan0\"\nuser = \"u\"\n[lan.dmz]\ninterface = \"lan1\"\naddress = "
                    "\"203.0.113.1/29\"\nnat = false\nuplink = \"b\"\n[[policy]]\nuse = \"b\"\n[[publish]]\nuplink = "
                    "\"isp\"\nport = 1\nto = \"self\"\naddress = \"203.0.113.2\""),
      "m:18:11: error: publish 1: 203.0.113.2 is of the block of uplink \"b\", not of \"isp\"\n");
}

TEST(Findings, TheRouterTable) {
  EXPECT_EQ(words("[router]\nresolv-conf = \"yes\"\nfallback-dns = \"x\"\nhooks-dir = \"hooks\"\n"),
            "m:2:15: error: resolv-conf: \"yes\" is not known; one of \"leave\", \"local\"\n"
            "m:3:16: error: fallback-dns: \"x\" is not an address; as in \"192.0.2.53\"\n"
            "m:4:13: error: hooks-dir: \"hooks\" is not an absolute path; as in \"/etc/michi/hooks.d\"\n");
}

TEST(Findings, MoreThanTwoHundredAreOnlyCounted) {
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "zzzzzz" + std::to_string(i) + " = 1\n";
  const auto result = load(std::string(kHead) + lines, "m", {});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().size(), 201U);
  EXPECT_EQ(to_text(result.error().back()), "m: error: 100 more findings are not shown; repair these first");
}

TEST(Findings, TooManyTablesAreRefusedBeforeTheyAreCompared) {
  std::string text;
  for (int i = 0; i < 251; ++i) text += "[uplink.u" + std::to_string(i) + "]\n";
  EXPECT_EQ(words(text), "m:1:2: error: 251 tables of uplink; at most 250\n");
}

}  // namespace
}  // namespace michi::config

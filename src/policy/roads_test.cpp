// What explain() says beside what a kernel does: the desired state of a house is put into a network
// namespace with `ip` and `nft`, and hosts ask servers behind both uplinks from whom they heard.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;

constexpr std::string_view kServer = "2001:db8:ffff::1";

std::string family(Family family) { return family == Family::V4 ? "-4" : "-6"; }

std::string command(const model::AddressEntry& entry) {
  return fmt::format("ip {} addr add {} dev {}{}{}\n", family(entry.address.family()), to_text(entry.address),
                     entry.device, entry.address.family() == Family::V6 ? " nodad" : "",
                     entry.no_prefix_route ? " noprefixroute" : "");
}

std::string command(const model::RouteEntry& route) {
  std::string text = fmt::format("ip {} route add {}{} table {} metric {} proto 109", family(route.to.family()),
                                 route.type == model::RouteType::Unreachable ? "unreachable " : "", to_text(route.to),
                                 route.table, route.metric);
  if (route.gateway) text += fmt::format(" via {}", to_text(*route.gateway));
  if (!route.device.empty()) text += fmt::format(" dev {}", route.device.view());
  if (route.source) text += fmt::format(" src {}", to_text(*route.source));
  if (route.mtu != 0) text += fmt::format(" mtu {}", route.mtu);
  return text + "\n";
}

std::string command(const model::RuleEntry& rule) {
  std::string text = fmt::format("ip {} rule add pref {}", family(rule.family), rule.priority);
  if (rule.from) text += fmt::format(" from {}", to_text(*rule.from));
  if (!rule.iif.empty()) text += fmt::format(" iif {}", rule.iif);
  if (!rule.oif.empty()) text += fmt::format(" oif {}", rule.oif);
  if (rule.mark_mask != 0) text += fmt::format(" fwmark {:#x}/{:#x}", rule.mark, rule.mark_mask);
  text += rule.action == model::RuleAction::Lookup ? fmt::format(" lookup {}", rule.table) : " unreachable";
  if (rule.suppress_prefix_length) text += fmt::format(" suppress_prefixlength {}", *rule.suppress_prefix_length);
  return text + "\n";
}

std::string whole(const model::NftTable& table) {
  std::string text = "table inet michi {\n" + table.structure + "}\n";
  for (const auto& [set, members] : table.elements)
    if (!members.empty()) text += fmt::format("add element inet michi {} {{ {} }}\n", set, fmt::join(members, ", "));
  return text;
}

constexpr std::string_view kWires = R"(set -e
trap 'kill $(jobs -p) 2>/dev/null' EXIT
mount -t tmpfs none /run
mkdir -p /run/netns
ip link set lo up
for name in isp lte lan0; do
  ip netns add far-$name
  ip link add $name type veth peer name eth0 netns far-$name
  ip link set $name addrgenmode none
  ip -n far-$name link set eth0 addrgenmode none
  ip link set $name up
  ip -n far-$name link set lo up
  ip -n far-$name link set eth0 up
done
ip netns add nowhere
ip link add michi0 type veth peer name eth0 netns nowhere
ip link set michi0 addrgenmode none
ip link set michi0 up
ip addr add fe80::1/64 dev lan0 nodad
for name in isp lte; do
  ip -n far-$name addr add fe80::2/64 dev eth0 nodad
  ip -n far-$name addr add 2001:db8:ffff::1/128 dev lo nodad
  ip -n far-$name route add default via fe80::1 dev eth0
done
for address in 2001:db8:100:1::5 2001:db8:200:1::5 fd00:1:2:3::5; do
  ip -n far-lan0 addr add $address/64 dev eth0 nodad
done
ip -n far-lan0 route add default via fe80::1 dev eth0
)";

// Routes change between connect() and the first packet: the kernel looks again, with the source it has chosen.
constexpr std::string_view kPython = R"(import os, socket, sys
role, rest = sys.argv[1], sys.argv[2:]
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
if role == "serve":
    sockets = [s, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)]
    for each, port in zip(sockets, (80, 25)): each.bind(("2001:db8:ffff::1", port))
    open("/run/" + rest[0], "w").close()
    import select
    while True:
        for each in select.select(sockets, [], [])[0]:
            data, peer = each.recvfrom(100)
            each.sendto((rest[0] + " " + peer[0]).encode(), peer)
if rest[0]: s.bind((rest[0], 0))
s.settimeout(3)
try:
    s.connect(("2001:db8:ffff::1", int(rest[1])))
    os.system("ip -6 route add unreachable 2001:db8:dead::/48 table 20251 && ip -6 route del unreachable 2001:db8:dead::/48 table 20251")
    s.send(b"who am I?")
    print(s.recv(100).decode())
except OSError:
    print("nobody")
)";

struct Question {
  std::string who;  // "lan0": a host there; empty: the router
  std::string source;
  std::uint16_t port;
};

std::string expected(const House& house, const Question& question) {
  FlowQuery query;
  query.destination = ipv6(kServer);
  if (!question.source.empty()) query.source = ipv6(question.source);
  query.arrives_on = question.who;
  query.protocol = model::Protocol::Udp;
  query.port = question.port;
  const auto answer = explain(house.inputs(), query);
  return answer.verdict == Explanation::Verdict::Uplink ? answer.uplink + " " + answer.translated_source : "nobody";
}

void put(House& house, const std::filesystem::path& directory, const std::vector<Question>& questions) {
  const auto desired = house.derived();
  std::ofstream script(directory / "run.sh");
  script << kWires;
  for (const auto& entry : desired.addresses)
    if (entry.device != "flets" && entry.device != "lan1") script << command(entry);
  script << "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\nnft -f table.nft\n";
  for (const auto& route : desired.routes)
    if (!(route.device == "flets")) script << command(route);
  for (const auto& rule : desired.rules) script << command(rule);
  for (const char* far : {"isp", "lte"})
    script << fmt::format("ip netns exec far-{0} /usr/bin/python3 talk.py serve {0} &\n", far);
  script << "until test -e /run/isp && test -e /run/lte; do :; done\n";
  for (const auto& question : questions)
    script << fmt::format("{}/usr/bin/python3 talk.py ask '{}' {}\n",
                          question.who.empty() ? "" : "ip netns exec far-" + question.who + " ", question.source,
                          question.port);
  script << "nft list counter inet michi leaks | grep -o 'packets [0-9]*'\n";
  std::ofstream(directory / "table.nft") << whole(desired.firewall);
  std::ofstream(directory / "talk.py") << kPython;
}

TEST(Roads, TheKernelDoesWhatExplainSays) {
  if (geteuid() != 0 || std::system("unshare -nm nft list ruleset >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "needs root, nft and namespaces";
  const std::vector<Question> questions = {{"lan0", "2001:db8:100:1::5", 80},
                                           {"lan0", "2001:db8:200:1::5", 80},
                                           {"lan0", "fd00:1:2:3::5", 80},
                                           {"lan0", "2001:db8:100:1::5", 25},
                                           {"lan0", "2001:db8:200:1::5", 25},
                                           {"", "", 80},
                                           {"", "", 25},
                                           {"", "2001:db8:100:ff::1", 80},
                                           {"", "2001:db8:200:f::1", 25},
                                           {"", "2001:db8:200:1::1", 80},
                                           {"", "2001:db8:100:1::1", 25}};
  for (const std::string lost : {"", "isp", "lte"}) {
    House house;
    auto& mail = house.policy({"lte"});
    mail.protocol = model::Protocol::Udp;
    mail.ports = {{25, 25}};
    house.policy({"isp", "lte"});
    house.config.lans.front().ula = model::UlaKind::Fixed;
    house.config.lans.front().ula_prefix = prefix("fd00:1:2:3::/64");
    house.dual_stack();
    if (!lost.empty()) house.down6(lost);
    const auto directory = std::filesystem::temp_directory_path() / fmt::format("michi-roads-{}", getpid());
    std::filesystem::create_directories(directory);
    put(house, directory, questions);
    std::string wanted;
    for (const auto& question : questions) wanted += expected(house, question) + "\n";
    const auto status =
        std::system(fmt::format("cd {} && unshare -nm bash run.sh > heard 2> errors", directory.string()).c_str());
    std::stringstream heard, errors;
    heard << std::ifstream(directory / "heard").rdbuf();
    errors << std::ifstream(directory / "errors").rdbuf();
    EXPECT_EQ(status, 0) << errors.str();
    EXPECT_EQ(heard.str(), wanted + "packets 0\n") << "without " << lost;
    std::filesystem::remove_all(directory);
  }
}

}  // namespace
}  // namespace michi::policy

#pragma once
// For tests: a house with two ISPs and a closed network on one wire, a LAN, a routed block and a
// management port the file does not name.

#include <memory>

#include "policy/view.hpp"

namespace michi::policy::testing {

inline Prefix prefix(std::string_view text) { return parse_prefix(text).value(); }
inline Ipv6 ipv6(std::string_view text) { return parse_ipv6(text).value(); }
inline Ipv4 ipv4(std::string_view text) { return parse_ipv4(text).value(); }
inline Instant at(Duration since_boot) { return Instant{since_boot}; }

struct House {
  model::Config config;
  Numbers numbers;
  AllFacts facts;
  Selector selector;
  Surroundings surroundings;
  Instant now = at(seconds(100));
  std::optional<Prefix> ula;
  std::vector<model::Neighbour> neighbours;
  std::vector<model::PlaneFacts> planes{{"tun", true, true}};

  House() {
    uplink("isp", 1454).weight = 3;
    uplink("lte", 1492);
    auto& flets = uplink("flets", 1454);
    flets.default_route = false;
    flets.routes = {prefix("220.210.194.0/25"), prefix("123.107.190.0/24")};
    flets.dns.domains = {"flets"};
    auto& home = config.lans.emplace_back();
    home.name = "home";
    home.interface = "lan0";
    home.addresses = {prefix("192.168.10.1/24")};
    home.dhcp = model::DhcpRange{ipv4("192.168.10.100"), ipv4("192.168.10.199"), hours(12)};
    home.domain = "home.example";
    home.subnet = 1;
    auto& dmz = config.lans.emplace_back();
    dmz.name = "dmz";
    dmz.interface = "lan1";
    dmz.addresses = {prefix("203.0.113.1/29")};
    dmz.uplink = model::UplinkId{"isp"};
    dmz.nat = false;
    for (const char* name : {"wan0", "lan0", "lan1", "mgmt0"}) link(name, "veth");
    surroundings.addresses = {{"mgmt0", prefix("10.9.0.2/24")}, {"lo", prefix("127.0.0.1/8")}};
  }

  model::UplinkConfig& uplink(const std::string& name, std::uint16_t mtu) {
    auto& added = config.uplinks.emplace_back();
    added.id.name = name;
    added.over = model::OnLine{"wan0"};
    added.mtu = mtu;
    std::ranges::sort(config.uplinks, {}, &model::UplinkConfig::id);
    return *std::ranges::find(config.uplinks, model::UplinkId{name}, &model::UplinkConfig::id);
  }
  void link(const std::string& name, const std::string& kind) {
    auto& added = surroundings.links[name];
    added.name = name;
    added.kind = kind;
    added.up = added.carrier = true;
  }

  model::PolicyConfig& policy(std::vector<std::string> use) {
    auto& line = config.policies.emplace_back();
    line.index = config.policies.size() - 1;
    line.label = "policy " + std::to_string(line.index + 1);
    for (auto& name : use) line.use.push_back({std::move(name)});
    return line;
  }
  model::PublishConfig& publish(std::vector<std::string> uplinks, model::Protocol protocol, model::PortRange ports,
                                model::PublishTarget to) {
    auto& line = config.publishes.emplace_back();
    line.index = config.publishes.size() - 1;
    for (auto& name : uplinks) line.uplinks.push_back({std::move(name)});
    line.uplinks6 = line.uplinks;
    line.protocol = protocol;
    line.ports = ports;
    line.to = to;
    return line;
  }

  model::PublishConfig& publish6(std::vector<std::string> uplinks, model::Protocol protocol, model::PortRange ports,
                                 model::PublishTarget6 to) {
    auto& line = publish(std::move(uplinks), protocol, ports, model::ToLocal{});
    line.to.reset();
    line.to6 = std::move(to);
    return line;
  }

  /// Mail by isp or not at all; everything else isp, then lte. Web, DNS and SSH are published.
  House& usual_lines() {
    auto& mail = policy({"isp"});
    mail.from = model::FromLan{"home"};
    mail.protocol = model::Protocol::Tcp;
    mail.ports = {{25, 25}, {465, 465}, {587, 587}};
    mail.otherwise = model::Otherwise::Unreachable;
    policy({"isp", "lte"});
    publish({"isp", "lte"}, model::Protocol::Tcp, {443, 443}, model::ToHost{ipv4("192.168.10.5"), 443});
    publish({"isp", "lte"}, model::Protocol::Udp, {53, 53}, model::ToSelf{53});
    publish({"lte"}, model::Protocol::Tcp, {22, 22}, model::ToLocal{}).allow = {prefix("192.0.2.0/24")};
    return *this;
  }

  void configure() {
    numbers = assign_numbers(config, numbers);
    selector.configure(std::make_shared<const model::Config>(config), now);
    tell();
  }
  void tell() { selector.on_facts(facts, now); }
  void up(const std::string& name, std::string_view address) {
    auto& fact = facts[name];
    fact.id.name = name;
    fact.state = model::UplinkState::Up;
    fact.attached = true;
    fact.v4 = model::Ipv4Facts{ipv4(address), ipv4("198.51.100.254"), {ipv4("198.51.100.53")}};
    tell();
  }
  /// A delegation that the network has confirmed, beside whatever the uplink has.
  void delegate(const std::string& name, std::string_view text, Duration valid = hours(4)) {
    auto& fact = facts[name];
    fact.id.name = name;
    fact.state = model::UplinkState::Up;
    fact.attached = true;
    if (!fact.v6) fact.v6 = model::Ipv6Facts{*parse_ipv6("fe80::1"), *parse_ipv6("fe80::2")};
    std::erase_if(fact.prefixes, [&](const auto& known) { return known.prefix == prefix(text); });
    fact.prefixes.insert(
        fact.prefixes.begin(),
        {.prefix = prefix(text), .preferred_until = now + valid / 2, .valid_until = now + valid, .confirmed = true});
    tell();
  }
  /// A line that is its interface itself, with one /64 for itself and the LANs, and an address of it.
  void share(const std::string& name, std::string_view text, std::string_view own) {
    auto& uplink = *std::ranges::find(config.uplinks, model::UplinkId{name}, &model::UplinkConfig::id);
    uplink.kind = model::IpoeConfig{};
    uplink.over = model::OnLine{"wan1"};
    uplink.mtu = 1500;
    configure();
    delegate(name, text);
    auto& fact = facts[name];
    fact.prefixes.front().on_link = fact.prefixes.front().shared = true;
    fact.v6->addresses = {ipv6(own)};
    tell();
  }
  /// The session's end: its prefixes are remembered.
  void down6(const std::string& name) {
    auto& fact = facts[name];
    fact.v6.reset();
    for (auto& known : fact.prefixes) known.confirmed = false;
    tell();
  }
  void down(const std::string& name) {
    auto& fact = facts[name];
    fact.state = model::UplinkState::Waiting;
    fact.attached = false;
    fact.v4.reset();
    down6(name);
  }
  void judge(const std::string& name, model::Health verdict, bool v4 = true, bool v6 = true) {
    const model::HealthFacts found{verdict, verdict == model::Health::Dead ? "nothing beyond answers" : ""};
    if (v4) facts[name].health.v4 = found;
    if (v6) facts[name].health.v6 = found;
    tell();
  }
  /// Two ISPs with a delegation each.
  House& dual_stack() {
    all_up();
    delegate("isp", "2001:db8:100::/56");
    delegate("lte", "2001:db8:200::/60");
    return *this;
  }
  House& all_up() {
    configure();
    up("isp", "198.51.100.1");
    up("lte", "100.64.0.7");
    up("flets", "100.100.0.3");
    return *this;
  }

  Inputs inputs() const { return {config, numbers, facts, selector, surroundings, ula, neighbours, {}, planes}; }
  model::Desired derived() const { return derive(inputs()); }
};

}  // namespace michi::policy::testing

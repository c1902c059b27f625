#include "desired.hpp"

#include <fmt/format.h>

namespace michi::kit {

model::AddressEntry address(const std::string& device, const std::string& prefix) {
  return {.device = device, .address = *parse_prefix(prefix), .no_prefix_route = true};
}

model::RouteEntry route(std::uint32_t table, const std::string& to, const std::string& device) {
  model::RouteEntry entry;
  entry.table = table;
  entry.to = *parse_prefix(to);
  entry.device = device;
  return entry;
}

model::RouteEntry unreachable(std::uint32_t table, const std::string& to) {
  auto entry = route(table, to, "");
  entry.metric = 4096;
  entry.type = model::RouteType::Unreachable;
  return entry;
}

model::RuleEntry rule(std::uint32_t priority, std::uint32_t table) {
  model::RuleEntry entry;
  entry.priority = priority;
  entry.table = table;
  return entry;
}

model::Desired one_uplink(const std::string& name, unsigned number) {
  model::Desired want;
  const auto table = model::kTableBase + number;
  const std::string own = fmt::format("192.0.2.{}", number);
  want.devices.push_back({.name = name, .mtu = 1454, .up = true});
  model::AttachWant session;
  session.uplink = {name};
  session.device = name;
  session.carriage = model::EthernetSession{
      .interface = "wan0", .local = {}, .peer = {}, .session_id = static_cast<std::uint16_t>(number)};
  session.plane = "tun";
  session.mtu = 1454;
  session.ipv4 = true;
  session.own_sources = {*parse_prefix(own)};
  want.attaches.push_back(session);
  want.addresses.push_back(address(name, own + "/32"));
  auto way = route(table, "0.0.0.0/0", name);
  way.source = parse_address(own);
  want.routes = {way, unreachable(table, "0.0.0.0/0")};
  auto bound = rule(20003, table);
  bound.oif = name;
  auto replying = rule(20004, table);
  replying.from = parse_prefix(own);
  want.rules = {bound, replying};
  want.firewall.structure = "set wan { type ifname; }\nmap nat { type mark : ipv4_addr; }\n";
  want.firewall.elements["wan"] = {'"' + name + '"'};
  want.firewall.elements["nat"] = {fmt::format("{:#x} : {}", number << model::kMarkShift, own)};
  want.sysctls = {
      {.path = "net/ipv4/conf/" + name + "/rp_filter", .value = "0", .after_firewall = false, .restore = false},
      {.path = "net/ipv4/ip_forward", .value = "1", .after_firewall = true, .restore = true}};
  return want;
}

model::Desired together(const std::vector<model::Desired>& parts) {
  model::Desired all;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const auto& part : parts) {
    append(all.devices, part.devices);
    append(all.attaches, part.attaches);
    append(all.addresses, part.addresses);
    append(all.routes, part.routes);
    append(all.rules, part.rules);
    append(all.sysctls, part.sysctls);
    all.links_up.insert(part.links_up.begin(), part.links_up.end());
    all.firewall.structure = part.firewall.structure;
    for (const auto& [set, members] : part.firewall.elements) {
      all.firewall.elements[set].insert(members.begin(), members.end());
    }
  }
  return all;
}

}  // namespace michi::kit

// Who is asked for names, and dnsmasq's two files as text.

#include "policy/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

/// Servers behind an uplink that is judged dead are not asked while another answers for all names.
void leave_out_dead(const View& view, std::vector<model::ResolverServer>& servers) {
  const auto behind_dead = [&](const model::ResolverServer& one) {
    const auto* uplink = view.find_device(one.device);
    return one.domains.empty() && uplink != nullptr && uplink->passed_over[one.server.family()];
  };
  const bool another = std::ranges::any_of(
      servers, [&](const model::ResolverServer& one) { return one.domains.empty() && !behind_dead(one); });
  if (another) std::erase_if(servers, behind_dead);
}

}  // namespace

model::ResolverWant derive_resolver(const View& view) {
  model::ResolverWant want;
  bool for_all_names = false;
  for (const auto& uplink : view.uplinks()) {
    const auto& dns = uplink.config->dns;
    // A closed network answers for its own names only (R14, R112).
    if (dns.domains.empty() && !uplink.config->default_route) continue;
    std::vector<Address> servers;
    if (dns.source == model::DnsSource::List) servers = dns.servers;
    if (dns.source == model::DnsSource::Peer && uplink.facts != nullptr) {
      const auto& facts = *uplink.facts;
      if (facts.v4) servers.insert(servers.end(), facts.v4->dns.begin(), facts.v4->dns.end());
      if (facts.v6) servers.insert(servers.end(), facts.v6->dns.begin(), facts.v6->dns.end());
    }
    for (const auto& server : servers) {
      if (!uplink.carries(server.family())) continue;
      want.servers.push_back({.server = server, .device = uplink.device(), .domains = dns.domains});
      for_all_names = for_all_names || dns.domains.empty();
    }
  }
  leave_out_dead(view, want.servers);
  for (const auto& uplink : view.uplinks())
    want.unanswered.insert(uplink.config->dns.domains.begin(), uplink.config->dns.domains.end());
  for (const auto& server : want.servers)
    for (const auto& domain : server.domains) want.unanswered.erase(domain);
  if (for_all_names) return want;
  for (const auto& server : view.config().global.fallback_dns)
    want.servers.push_back({.server = server, .device = "", .domains = {}});
  return want;
}

namespace {

std::string netmask(std::uint8_t length) {
  return to_text(Ipv4{length == 0 ? 0U : ~std::uint32_t{0} << (32 - length)});
}

const Prefix* address_of(const model::LanConfig& lan, const model::DhcpRange& range) {
  auto at = std::ranges::find_if(lan.addresses, [&](const Prefix& address) { return address.contains(range.first); });
  return at == lan.addresses.end() ? nullptr : &*at;
}

/// DNS servers and domains for hosts that ask by stateless DHCPv6 (RFC 8415 §18.2.6).
bool answers_dhcp6(const model::LanConfig& lan) { return lan.dns && lan.advertise; }

std::string lan_text(const model::LanConfig& lan) {
  std::string text = fmt::format("\n# lan.{}\ninterface={}\n", lan.name, lan.interface);
  if (!lan.domain.empty()) {
    text += fmt::format("local=/{}/\n", lan.domain);
    for (const auto& address : lan.addresses)
      text += fmt::format("domain={},{}\n", lan.domain, to_text(address.canonical()));
  }
  const Prefix* address = lan.dhcp ? address_of(lan, *lan.dhcp) : nullptr;
  if (answers_dhcp6(lan)) {
    // A link-local server outlives every prefix.
    text += fmt::format("dhcp-option=tag:{},option6:dns-server,[fe80::]\n", lan.interface);
    if (!lan.domain.empty())
      text += fmt::format("dhcp-option=tag:{},option6:domain-search,{}\n", lan.interface, lan.domain);
    if (address == nullptr) return text + fmt::format("no-dhcpv4-interface={}\n", lan.interface);
  } else {
    if (address == nullptr) return text + fmt::format("no-dhcp-interface={}\n", lan.interface);
    text += fmt::format("no-dhcpv6-interface={}\n", lan.interface);
  }
  text += fmt::format("dhcp-range=set:{},{},{},{},{}\n", lan.name, to_text(lan.dhcp->first), to_text(lan.dhcp->last),
                      netmask(address->length), std::chrono::duration_cast<seconds>(lan.dhcp->lease).count());
  text += fmt::format("dhcp-option=tag:{},option:router,{}\n", lan.name, to_text(address->address));
  text += lan.dns ? fmt::format("dhcp-option=tag:{},option:dns-server,{}\n", lan.name, to_text(address->address))
                  : fmt::format("dhcp-option=tag:{},option:dns-server\n", lan.name);
  return text;
}

}  // namespace

std::string dnsmasq_config(const model::Config& config, const std::string& run_directory) {
  const bool local = config.global.resolv_conf == model::ResolvConf::Local;
  const bool dns = local || std::ranges::any_of(config.lans, &model::LanConfig::dns);
  std::string text = "# Written by michi from its own file; changes here are lost.\nbind-dynamic\n";
  text += dns ? "port=53\n" : "port=0\n";
  if (!local) text += "except-interface=lo\n";
  text += "no-resolv\nno-poll\n";
  text += fmt::format("servers-file={0}/dnsmasq.servers\ndhcp-leasefile={0}/dnsmasq.leases\n", run_directory);
  text += "domain-needed\nbogus-priv\ncache-size=1000\nlocal-ttl=30\nmax-cache-ttl=3600\n";
  if (std::ranges::any_of(config.lans, [](const model::LanConfig& lan) { return lan.dhcp.has_value(); }))
    text += "dhcp-authoritative\n";
  // Answers without addresses, and sends no router advertisements of its own: those are michid's.
  if (std::ranges::any_of(config.lans, answers_dhcp6)) text += "dhcp-range=::,static\n";
  for (const auto& lan : config.lans)
    if (lan.dns || lan.dhcp) text += lan_text(lan);
  return text;
}

std::string dnsmasq_servers(const model::ResolverWant& want) {
  std::string text;
  for (const auto& domain : want.unanswered) text += fmt::format("server=/{}/\n", domain);
  for (const auto& server : want.servers) {
    std::string names;
    for (const auto& domain : server.domains) names += "/" + domain;
    if (!names.empty()) names += "/";
    text +=
        fmt::format("server={}{}{}\n", names, to_text(server.server), server.device.empty() ? "" : "@" + server.device);
  }
  return text;
}

}  // namespace michi::policy

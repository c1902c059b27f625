#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "health/checks.hpp"

namespace michi::health {

namespace {

using model::LanConfig;
using model::Verdict;

template <class T>
std::vector<std::string> texts(const std::vector<T>& values) {
  std::vector<std::string> out;
  for (const auto& value : values) out.push_back(to_text(value));
  return out;
}

std::string sentence(const DhcpServerSeen& server) {
  return fmt::format("{} ({}) offers {}, {}", to_text(server.identifier), to_text(server.mac), to_text(server.offered),
                     server.router ? "router " + to_text(*server.router) : "no router");
}

/// Where another one serves, the hosts it serves should come here.
bool leads_elsewhere(const LanConfig& lan, const DhcpServerSeen& server) {
  return server.router &&
         std::ranges::none_of(lan.addresses, [&](const Prefix& own) { return own.address == Address(*server.router); });
}

/// R108: hosts take the first answer, and half of them get the wrong router.
void dhcp_servers(const LanEvidence& lan, Findings& found) {
  if (!lan.dhcp_servers) return;
  const auto& servers = *lan.dhcp_servers;
  const std::string who = "lan." + lan.config->name;
  const auto code = "lan.dhcp-servers";
  if (servers.empty()) return found.good(code, who, "no other DHCP server answers");
  std::vector<std::string> evidence;
  for (const auto& server : servers) evidence.push_back(sentence(server));
  const auto one_of_them =
      "let one of them serve: change the other's address first, then stop its DHCP, so that no host loses its router "
      "and resolver in between";
  if (lan.config->dhcp)
    return found.wrong(Verdict::Bad, code, who, "another DHCP server answers on this LAN beside michi's",
                       std::move(evidence), one_of_them);
  if (servers.size() > 1)
    return found.wrong(Verdict::Bad, code, who, fmt::format("{} DHCP servers answer on this LAN", servers.size()),
                       std::move(evidence), one_of_them);
  if (leads_elsewhere(*lan.config, servers.front()))
    return found.wrong(Verdict::Suspect, code, who, "this LAN's DHCP server names another router than this one",
                       std::move(evidence),
                       "right if these hosts are to leave by that router; otherwise have the server name this LAN's "
                       "address here, or write dhcp for this LAN and stop the other server");
  found.good(code, who, "one DHCP server answers, not michi's, as the file wants it", std::move(evidence));
}

void foreign_routers(const LanEvidence& lan, Findings& found) {
  const std::string who = "lan." + lan.config->name;
  if (!lan.foreign_routers) return;
  if (lan.foreign_routers->empty())
    return found.good("lan.foreign-router", who, "no other IPv6 router advertises itself");
  found.wrong(
      Verdict::Suspect, "lan.foreign-router", who, "another router advertises itself on this LAN",
      texts(*lan.foreign_routers),
      "right if it is wanted (an upper router on the same wire); otherwise turn its advertisements off, or write "
      "advertise = false for this LAN");
}

/// R110: as soon as both ports are joined, the switches do not know where the address is.
void equal_addresses(const Evidence& evidence, Findings& found) {
  for (const auto& uplink : evidence.config->uplinks) {
    const auto wan = evidence.links.find(uplink.interface());
    if (wan == evidence.links.end()) continue;
    const Mac mac = uplink.mac().value_or(wan->second.mac);
    for (const auto& lan : evidence.config->lans) {
      const auto link = evidence.links.find(lan.interface);
      if (link == evidence.links.end() || lan.interface == uplink.interface() || link->second.mac != mac) continue;
      found.wrong(
          Verdict::Bad, "line.same-mac", uplink.id.name,
          fmt::format("{} and {} have the same Ethernet address", uplink.interface(), lan.interface),
          {fmt::format("{} on both", to_text(mac))},
          fmt::format("write mac = \"02:…\" for uplink {}, or change one with `ip link set {} address`: where both "
                      "reach one switch, neither works",
                      uplink.id.name, lan.interface));
    }
  }
}

/// A resolver serves its own network: asked by another route it does not answer, or answers for other customers.
void resolvers(const Evidence& evidence, Findings& found) {
  for (const auto& resolver : evidence.resolvers) {
    if (resolver.belongs_to.empty() || resolver.belongs_to == resolver.leaves_by) continue;
    found.wrong(Verdict::Suspect, "dns.wrong-uplink", resolver.belongs_to,
                fmt::format("this machine asks {}, the resolver of {}, by another route", to_text(resolver.server),
                            resolver.belongs_to),
                {fmt::format("the packets take {}", resolver.leaves_by.empty() ? "no route" : resolver.leaves_by)},
                "let michi choose the resolvers: `resolv-conf = \"local\"` in [router], and its DNS on the LANs");
  }
}

void damage(const Evidence& evidence, Findings& found) {
  if (evidence.damage.empty()) return found.good("kernel", "", "the kernel has what michi wants");
  const bool by_will = !evidence.config->global.repair;
  found.wrong(Verdict::Bad, "kernel.damage", "", "somebody changed what michi put into the kernel", evidence.damage,
              by_will ? "repair = false stands in [router]: take it out, or put it right by hand (`michi plan`)"
                      : "it is being repaired; if it comes again, `michi events` names the writer");
}

/// What status warns of is a finding here, too.
void warnings(const Evidence& evidence, Findings& found) {
  for (const auto& warning : evidence.warnings)
    found.wrong(Verdict::Suspect, warning.code, warning.uplink, warning.text, {},
                fmt::format("docs/operator/events.md explains {}", warning.code));
}

}  // namespace

void check_house(const Evidence& evidence, Findings& found) {
  for (const auto& lan : evidence.lans) {
    if (lan.config == nullptr) continue;
    dhcp_servers(lan, found);
    foreign_routers(lan, found);
  }
  equal_addresses(evidence, found);
  resolvers(evidence, found);
  damage(evidence, found);
  warnings(evidence, found);
}

}  // namespace michi::health

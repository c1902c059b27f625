#include <fmt/format.h>

#include <algorithm>

#include "health/checks.hpp"

namespace michi::health {

namespace {

using model::Verdict;

bool delegated(const UplinkEvidence& uplink) {
  return std::ranges::any_of(uplink.facts->prefixes, &model::PrefixFacts::confirmed);
}

std::string counted(const Dhcp6Evidence& dhcp6) {
  return fmt::format("{} Solicits sent, {} Advertises and {} Replies taken", dhcp6.solicits, dhcp6.advertises,
                     dhcp6.replies);
}

/// R81..R83: it is on the wire, and the client asks on. Conntrack does not know the unicast answer to a multicast.
bool not_accepted(const UplinkEvidence& uplink, Findings& found) {
  const auto& dhcp6 = *uplink.dhcp6;
  if (!dhcp6.asking || dhcp6.answers_on_wire.value_or(0) == 0 || dhcp6.advertises + dhcp6.replies > 0) return false;
  found.wrong(
      Verdict::Bad, "prefix.not-accepted", uplink.config->id.name,
      "the server's Advertise arrives and is dropped before michi hears it",
      {counted(dhcp6), fmt::format("{} answers to UDP port 546 passed the device", *dhcp6.answers_on_wire)},
      "a firewall drops UDP port 546 from fe80::/10: it is no answer that connection tracking knows. Put michi's "
      "rule back (`michi plan` shows what is missing), or accept it in the other table that drops");
  return true;
}

void refused(const UplinkEvidence& uplink, Findings& found) {
  const auto& dhcp6 = *uplink.dhcp6;
  if (!dhcp6.asking || dhcp6.refusal.empty()) return;
  const bool duid = dhcp6.duid != "ll";
  found.wrong(Verdict::Bad, duid ? "prefix.duid-refused" : "prefix.refused", uplink.config->id.name,
              "the server answers and delegates nothing",
              {fmt::format("it says: {}", dhcp6.refusal), fmt::format("client identifier of type {}", dhcp6.duid),
               counted(dhcp6)},
              duid ? "many access networks know a customer by the DUID of type LL alone: leave `duid` out"
                   : "check that the contract has IPv6 on this account, and that no other router holds its prefix");
}

/// R72..R75: until DHCPv6 has delegated it, even a fixed prefix is not forwarded.
void not_delegated(const UplinkEvidence& uplink, Findings& found) {
  const auto& facts = *uplink.facts;
  if (!facts.usable(Family::V6) || delegated(uplink) || !facts.v6->addresses.empty()) return;
  std::vector<std::string> seen = {
      fmt::format("IPv6 is open: {} to {}", to_text(facts.v6->local), to_text(facts.v6->peer))};
  for (const auto& prefix : facts.prefixes)
    seen.push_back(fmt::format("{} is remembered from earlier", to_text(prefix.prefix)));
  if (uplink.dhcp6) seen.push_back(counted(*uplink.dhcp6));
  const bool one_way = uplink.sent6.value_or(0) > 0 && uplink.received6.value_or(1) == 0;
  if (one_way) seen.push_back(fmt::format("{} IPv6 packets left, none came back", *uplink.sent6));
  if (!uplink.config->delegation.prefix)
    return found.wrong(
        Verdict::Suspect, "prefix.not-delegated", uplink.config->id.name,
        "no prefix is delegated, because none is asked for", std::move(seen),
        "the network forwards a prefix only after DHCPv6 has delegated it, also one that is printed in the "
        "contract: let michi ask for it");
  found.wrong(
      Verdict::Bad, "prefix.not-delegated", uplink.config->id.name,
      "no prefix is delegated yet: the network forwards nothing to us", std::move(seen),
      "a prefix printed in the contract is right and still not enough: it is forwarded after DHCPv6 has delegated "
      "it. Look at the DHCPv6 lines of this report and at `michi events`");
}

/// A network that gives addresses and does not lead to the internet (NGN without a provider).
void closed_only(const UplinkEvidence& uplink, Findings& found) {
  if (!uplink.closed_only) return;
  std::vector<std::string> seen;
  for (const auto& address : uplink.facts->v6->addresses) seen.push_back(to_text(address));
  for (const auto& prefix : uplink.facts->prefixes) seen.push_back(to_text(prefix.prefix));
  found.wrong(Verdict::Bad, "address.closed-only", uplink.config->id.name,
              "the only addresses are those of the access network itself, which does not reach the internet",
              std::move(seen),
              "order an IPv6 service from a provider for this line; until then write default-route = false, so that "
              "nothing waits for it");
}

/// A router upstream that advertises less than the line carries, or nonsense.
void advertised_mtu(const UplinkEvidence& uplink, Findings& found) {
  const auto& facts = *uplink.facts;
  if (!facts.v6 || facts.v6->mtu == 0 || facts.mtu == 0 || facts.v6->mtu >= facts.mtu) return;
  found.wrong(Verdict::Suspect, "path.advertised-mtu", uplink.config->id.name,
              fmt::format("the router upstream advertises an MTU of {}, the link carries {}", facts.v6->mtu, facts.mtu),
              {}, "believed for IPv6; if it is wrong, correct it there");
}

}  // namespace

void check_prefix(const Evidence&, const UplinkEvidence& uplink, Findings& found) {
  if (!uplink.config->ipv6) return;
  if (delegated(uplink)) {
    std::vector<std::string> seen;
    for (const auto& prefix : uplink.facts->prefixes)
      if (prefix.confirmed) seen.push_back(to_text(prefix.prefix));
    found.good("prefix", uplink.config->id.name, "a prefix is there", std::move(seen));
  } else if (!uplink.dhcp6 || !not_accepted(uplink, found)) {
    if (uplink.dhcp6) refused(uplink, found);
    not_delegated(uplink, found);
  }
  closed_only(uplink, found);
  advertised_mtu(uplink, found);
}

}  // namespace michi::health

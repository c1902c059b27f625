// The policy lines as chains. A line's chain looks its choice up in a map that follows the facts; a
// missing element falls through to the next line or, if the line says so, to nowhere.

#include "policy/policies.hpp"

#include <algorithm>

#include "policy/nft.hpp"
#include "policy/slots.hpp"
#include "policy/view.hpp"

namespace michi::policy {

std::string choice_name(const model::PolicyConfig& policy) { return fmt::format("policy-{}", policy.index + 1); }

bool is_hashed(const model::PolicyConfig& policy) {
  return policy.mode == model::PolicyMode::Balance && policy.use.size() > 1;
}

namespace {

std::string hashed_map(const model::PolicyConfig& policy, Family family) {
  return family == Family::V4 ? choice_name(policy) : choice_name(policy) + "-v6";
}

std::string_view word_of(Family family) { return family == Family::V4 ? "ip" : "ip6"; }

/// What decides once the line matches: for each family, as the choices of the two may differ.
std::vector<std::string> choose(const model::PolicyConfig& policy) {
  if (!is_hashed(policy)) return {fmt::format("meta nfproto vmap @{}", choice_name(policy))};
  std::vector<std::string> rules;
  for (Family family : kFamilies) {
    const auto word = word_of(family);
    const auto seed = nft::hex(hash_seed(policy));
    const auto map = hashed_map(policy, family);
    switch (policy.sticky) {
      case model::Sticky::None:
        rules.push_back(fmt::format("meta nfproto {} numgen random mod {} vmap @{}",
                                    family == Family::V4 ? "ipv4" : "ipv6", kSlots, map));
        break;
      case model::Sticky::Source:
        rules.push_back(fmt::format("jhash {} saddr mod {} seed {} vmap @{}", word, kSlots, seed, map));
        break;
      case model::Sticky::SourceDestination:
        rules.push_back(fmt::format("jhash {0} saddr . {0} daddr mod {1} seed {2} vmap @{3}", word, kSlots, seed, map));
        break;
    }
  }
  return rules;
}

bool names_a_family(const model::PolicyConfig& policy) {
  return std::holds_alternative<Prefix>(policy.from) || std::holds_alternative<model::FromPrefix>(policy.from) ||
         policy.names_destinations() || policy.protocol == model::Protocol::Icmp;
}

std::string prefixes_of(const model::UplinkId& uplink) { return "delegated-" + uplink.name; }

/// nullopt: no packet of this family can match.
std::optional<std::string> source_condition(const model::PolicyConfig& policy, Family family) {
  if (const auto* from = std::get_if<model::FromPrefix>(&policy.from)) {
    if (family == Family::V4) return std::nullopt;
    return fmt::format("ip6 saddr @{} ", prefixes_of(from->uplink));
  }
  const auto* prefix = std::get_if<Prefix>(&policy.from);
  if (prefix == nullptr) return "";
  if (prefix->family() != family) return std::nullopt;
  return fmt::format("{} saddr {} ", word_of(family), to_text(prefix->canonical()));
}

/// One of these must hold: what the file lists, and each uplink's prefixes.
std::vector<std::string> destination_conditions(const model::PolicyConfig& policy, Family family) {
  if (!policy.names_destinations()) return {""};
  std::vector<std::string> found;
  std::vector<Prefix> to;
  std::ranges::copy_if(policy.to, std::back_inserter(to), [&](const Prefix& any) { return any.family() == family; });
  if (!to.empty()) found.push_back(fmt::format("{} daddr {} ", word_of(family), nft::any_of(to)));
  if (family == Family::V6)
    for (const auto& id : policy.to_prefixes) found.push_back(fmt::format("ip6 daddr @{} ", prefixes_of(id)));
  return found;
}

std::string layer4_condition(const model::PolicyConfig& policy, Family family) {
  switch (policy.protocol) {
    case model::Protocol::Any:
      if (policy.ports.empty()) return "";
      return fmt::format("meta l4proto {{ tcp, udp }} th dport {} ", nft::any_of(policy.ports));
    case model::Protocol::Tcp:
    case model::Protocol::Udp: {
      const auto* word = policy.protocol == model::Protocol::Tcp ? "tcp" : "udp";
      return policy.ports.empty() ? fmt::format("meta l4proto {} ", word)
                                  : fmt::format("{} dport {} ", word, nft::any_of(policy.ports));
    }
    case model::Protocol::Icmp:
      return family == Family::V4 ? "meta l4proto icmp " : "meta l4proto ipv6-icmp ";
  }
  return "";
}

/// A line that says nothing of addresses is one rule for both families.
std::vector<std::string> all_conditions(const model::PolicyConfig& policy) {
  std::vector<std::string> found;
  for (Family family : kFamilies) {
    const auto from = source_condition(policy, family);
    if (!from) continue;
    for (const auto& to : destination_conditions(policy, family))
      found.push_back(*from + to + layer4_condition(policy, family));
  }
  if (!names_a_family(policy)) found.resize(1);
  return found;
}

/// Prefixes that lines name by their uplink.
void write_prefixes(const View& view, nft::Body& body, model::NftTable& table) {
  std::set<model::UplinkId> named;
  for (const auto& policy : view.config().policies) {
    if (const auto* from = std::get_if<model::FromPrefix>(&policy.from)) named.insert(from->uplink);
    named.insert(policy.to_prefixes.begin(), policy.to_prefixes.end());
  }
  for (const auto& id : named) {
    body.declare("set", prefixes_of(id), "type ipv6_addr; flags interval;");
    auto& elements = table.elements[prefixes_of(id)];
    if (const auto* uplink = view.find(id.name))
      for (const auto& prefix : View::prefixes_of(*uplink)) elements.insert(to_text(prefix));
  }
}

/// Hosts whose address belongs to an uplink of the line take that one: nothing need be translated.
void write_own(const View& view, const model::PolicyConfig& policy, nft::Body& body, model::NftTable& table) {
  const auto map = choice_name(policy) + "-own";
  body.declare("map", map, "type ipv6_addr : verdict; flags interval;");
  auto& elements = table.elements[map];
  for (const auto& [prefix, uplink] : own_sources(view, policy))
    elements.insert(fmt::format("{} : goto flow-{}", to_text(prefix), uplink->name()));
}

void write_choice(const View& view, const model::PolicyConfig& policy, Family family, model::NftTable& table) {
  auto& elements = table.elements[is_hashed(policy) ? hashed_map(policy, family) : choice_name(policy)];
  const auto usable = candidates(view, policy, family);
  if (usable.empty()) return;
  if (!is_hashed(policy)) {
    elements.insert(fmt::format("{} : goto flow-{}", family == Family::V4 ? "ipv4" : "ipv6", usable.front().name));
    return;
  }
  const auto slots = share_slots(policy, view.config(), usable);
  for (std::size_t slot = 0; slot < slots.size(); ++slot)
    elements.insert(fmt::format("{} : goto flow-{}", slot, slots[slot]));
}

void write_policy(const View& view, const model::PolicyConfig& policy, nft::Body& body, model::NftTable& table) {
  write_own(view, policy, body, table);
  const auto name = choice_name(policy);
  body.declare("map", name, is_hashed(policy) ? "typeof meta cpu : verdict;" : "type nf_proto : verdict;");
  if (is_hashed(policy)) body.declare("map", hashed_map(policy, Family::V6), "typeof meta cpu : verdict;");
  std::vector<std::string> rules = {fmt::format("ip6 saddr vmap @{}-own", name)};
  for (auto& rule : choose(policy)) rules.push_back(std::move(rule));
  if (policy.otherwise == model::Otherwise::Unreachable) rules.emplace_back("goto nowhere");
  body.chain(name, rules);
  for (Family family : kFamilies) write_choice(view, policy, family, table);
}

/// A LAN that belongs to an uplink goes nowhere else.
void write_pinned(const View& view, const model::LanConfig& lan, nft::Body& body, model::NftTable& table) {
  const auto name = fmt::format("lan-{}", lan.name);
  body.declare("map", name, "type nf_proto : verdict;");
  body.chain(name, {fmt::format("meta nfproto vmap @{}", name), "goto nowhere"});
  auto& elements = table.elements[name];
  const auto* uplink = view.find(lan.uplink->name);
  if (uplink == nullptr) return;
  if (uplink->carries(Family::V4)) elements.insert(fmt::format("ipv4 : goto flow-{}", uplink->name()));
  if (uplink->carries(Family::V6)) elements.insert(fmt::format("ipv6 : goto flow-{}", uplink->name()));
}

}  // namespace

std::vector<model::UplinkId> candidates(const View& view, const model::PolicyConfig& policy, Family family) {
  const auto& choices = view.inputs().selector.choices(family);
  std::vector<model::UplinkId> found;
  if (policy.index >= choices.size()) return found;
  for (const auto& id : choices[policy.index].usable)
    if (const auto* uplink = view.find(id.name); uplink != nullptr && uplink->carries(family)) found.push_back(id);
  return found;
}

bool takes_despite(const View& view, const model::PolicyConfig& policy, Family family) {
  const auto& choices = view.inputs().selector.choices(family);
  return policy.index < choices.size() && choices[policy.index].despite;
}

std::map<Prefix, const UplinkView*> own_sources(const View& view, const model::PolicyConfig& policy) {
  std::map<Prefix, const UplinkView*> found;
  const bool despite = takes_despite(view, policy, Family::V6);
  for (const auto& id : policy.use) {
    const auto* uplink = view.find(id.name);
    if (uplink == nullptr || !uplink->carries6) continue;
    if (uplink->dead(Family::V6) && !despite) continue;
    if (!uplink->config->default_route && !policy.names_destinations()) continue;  // a closed network
    for (const auto& delegation : uplink->prefixes)
      if (delegation.confirmed()) found.emplace(delegation.prefix, uplink);
    for (const auto& shared : uplink->shared)
      if (shared.facts->confirmed) found.emplace(shared.prefix, uplink);
  }
  return found;
}

void write_policies(const View& view, nft::Body& body, model::NftTable& table) {
  std::vector<std::string> lan_rules, self_rules;
  write_prefixes(view, body, table);
  for (const auto& lan : view.config().lans) {
    if (!lan.uplink) continue;
    write_pinned(view, lan, body, table);
    lan_rules.push_back(fmt::format("iifname \"{}\" goto lan-{}", lan.interface, lan.name));
  }
  for (const auto& policy : view.config().policies) {
    write_policy(view, policy, body, table);
    for (const auto& match : all_conditions(policy)) {
      const auto jump = fmt::format("{}jump {}", match, choice_name(policy));
      if (const auto* from = std::get_if<model::FromLan>(&policy.from)) {
        if (const auto* lan = view.config().find_lan(from->name))
          lan_rules.push_back(fmt::format("iifname \"{}\" {}", lan->interface, jump));
        continue;
      }
      if (!std::holds_alternative<model::FromSelf>(policy.from)) lan_rules.push_back(jump);
      self_rules.push_back(jump);
    }
  }
  lan_rules.emplace_back("goto nowhere");
  self_rules.emplace_back("goto nowhere");
  body.chain("policy-lan", lan_rules);
  body.chain("policy-self", self_rules);
}

}  // namespace michi::policy

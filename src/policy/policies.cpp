// The policy lines as chains. A line's chain looks its choice up in a map that follows the facts; a
// missing element falls through to the next line or, if the line says so, to nowhere.

#include <algorithm>

#include "policy/nft.hpp"

namespace michi::policy {

std::string choice_name(const model::PolicyConfig& line) { return fmt::format("policy-{}", line.index + 1); }

bool is_hashed(const model::PolicyConfig& line) {
  return line.mode == model::PolicyMode::Balance && line.use.size() > 1;
}

namespace {

std::string choose(const model::PolicyConfig& line) {
  const auto map = choice_name(line);
  if (!is_hashed(line)) return fmt::format("meta nfproto vmap @{}", map);
  switch (line.sticky) {
    case model::Sticky::None:
      return fmt::format("numgen random mod {} vmap @{}", kSlots, map);
    case model::Sticky::Source:
      return fmt::format("jhash ip saddr mod {} seed {} vmap @{}", kSlots, nft::hex(hash_seed(line)), map);
    case model::Sticky::SourceDestination:
      return fmt::format("jhash ip saddr . ip daddr mod {} seed {} vmap @{}", kSlots, nft::hex(hash_seed(line)), map);
  }
  return {};
}

/// nullopt: no IPv4 packet can match (a line for IPv6 only).
std::optional<std::string> conditions(const model::PolicyConfig& line) {
  std::string text;
  if (const auto* prefix = std::get_if<Prefix>(&line.from)) {
    if (prefix->family() != Family::V4) return std::nullopt;
    text += fmt::format("ip saddr {} ", to_text(prefix->canonical()));
  }
  if (!line.to.empty()) {
    std::vector<Prefix> v4;
    std::ranges::copy_if(line.to, std::back_inserter(v4), [](const Prefix& to) { return to.family() == Family::V4; });
    if (v4.empty()) return std::nullopt;
    text += fmt::format("ip daddr {} ", nft::any_of(v4));
  }
  switch (line.protocol) {
    case model::Protocol::Any:
      if (!line.ports.empty()) text += fmt::format("meta l4proto {{ tcp, udp }} th dport {} ", nft::any_of(line.ports));
      break;
    case model::Protocol::Tcp:
    case model::Protocol::Udp: {
      const auto* word = line.protocol == model::Protocol::Tcp ? "tcp" : "udp";
      text += line.ports.empty() ? fmt::format("meta l4proto {} ", word)
                                 : fmt::format("{} dport {} ", word, nft::any_of(line.ports));
      break;
    }
    case model::Protocol::Icmp:
      text += "meta l4proto icmp ";
      break;
  }
  return text;
}

void write_line(const View& view, const model::PolicyConfig& line, nft::Body& body, model::NftTable& table) {
  const auto map = choice_name(line);
  body.declare("map", map, is_hashed(line) ? "typeof meta cpu : verdict;" : "type nf_proto : verdict;");
  std::vector<std::string> rules = {choose(line)};
  if (line.otherwise == model::Otherwise::Unreachable) rules.emplace_back("goto nowhere");
  body.chain(map, rules);

  auto& elements = table.elements[map];
  const auto& choices = view.inputs().selector.choices(Family::V4);
  if (line.index >= choices.size()) return;
  std::vector<model::UplinkId> usable;
  for (const auto& id : choices[line.index].usable)
    if (view.find(id.name) != nullptr) usable.push_back(id);
  if (usable.empty()) return;
  if (!is_hashed(line)) {
    elements.insert(fmt::format("ipv4 : goto flow-{}", usable.front().name));
    return;
  }
  const auto slots = share_slots(line, view.config(), usable);
  for (std::size_t slot = 0; slot < slots.size(); ++slot)
    elements.insert(fmt::format("{} : goto flow-{}", slot, slots[slot]));
}

/// A LAN that belongs to an uplink goes nowhere else.
void write_pinned(const View& view, const model::LanConfig& lan, nft::Body& body, model::NftTable& table) {
  const auto name = fmt::format("lan-{}", lan.name);
  body.declare("map", name, "type nf_proto : verdict;");
  body.chain(name, {fmt::format("meta nfproto vmap @{}", name), "goto nowhere"});
  auto& elements = table.elements[name];
  const auto* uplink = view.find(lan.uplink->name);
  if (uplink != nullptr && uplink->usable4) elements.insert(fmt::format("ipv4 : goto flow-{}", uplink->name()));
}

}  // namespace

void write_policies(const View& view, nft::Body& body, model::NftTable& table) {
  std::vector<std::string> lan_rules, self_rules;
  for (const auto& lan : view.config().lans) {
    if (!lan.uplink) continue;
    write_pinned(view, lan, body, table);
    lan_rules.push_back(fmt::format("iifname \"{}\" goto lan-{}", lan.interface, lan.name));
  }
  for (const auto& line : view.config().policies) {
    write_line(view, line, body, table);
    const auto match = conditions(line);
    if (!match) continue;
    const auto jump = fmt::format("{}jump {}", *match, choice_name(line));
    if (const auto* from = std::get_if<model::FromLan>(&line.from)) {
      if (const auto* lan = view.config().find_lan(from->name))
        lan_rules.push_back(fmt::format("iifname \"{}\" {}", lan->interface, jump));
      continue;
    }
    if (!std::holds_alternative<model::FromSelf>(line.from)) lan_rules.push_back(jump);
    self_rules.push_back(jump);
  }
  lan_rules.emplace_back("goto nowhere");
  self_rules.emplace_back("goto nowhere");
  body.chain("policy-lan", lan_rules);
  body.chain("policy-self", self_rules);
}

}  // namespace michi::policy

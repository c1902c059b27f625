#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::string_view kPrefixOf = "prefix.";

/// "prefix.isp": whatever prefix the uplink has. Nothing, and a finding, where there is no such uplink.
std::optional<model::UplinkId> read_prefix_of(Draft& draft, const Word& word, const std::string& key) {
  if (!is_uplink(draft, word, key, kPrefixOf)) return std::nullopt;
  return model::UplinkId{word.text.substr(kPrefixOf.size())};
}

void read_from(Draft& draft, Section& section, model::PolicySource& into) {
  const Node* node = section.take("from", Kind::Text, "\"lan.home\"");
  if (node == nullptr) return;
  const Word word{node->text, node->at};
  if (node->text == "self") {
    into = model::FromSelf{};
  } else if (node->text.starts_with("lan.")) {
    is_lan(draft, word, "from", "lan.");
    into = model::FromLan{node->text.substr(4)};
  } else if (node->text.starts_with(kPrefixOf)) {
    if (auto uplink = read_prefix_of(draft, word, "from")) into = model::FromPrefix{std::move(*uplink)};
  } else if (parse_prefix(node->text)) {
    if (auto prefix = read_network(section, "from", word)) into = *prefix;
  } else {
    std::string suggestion =
        "one of \"lan.NAME\", \"prefix.NAME\", an address, a prefix, \"self\"; leave it out for all";
    if (draft.config.find({node->text}) != nullptr) suggestion = fmt::format("write \"prefix.{}\"", node->text);
    if (draft.config.find_lan(node->text) != nullptr) suggestion = fmt::format("write \"lan.{}\"", node->text);
    section.bad(node->at, "from", fmt::format("{} is not known", in_quotes(node->text)), std::move(suggestion));
  }
}

void read_destinations(Draft& draft, Section& section, model::PolicyConfig& policy) {
  for (const Word& word : section.words("to", "[\"192.0.2.0/24\"]")) {
    if (word.text.starts_with(kPrefixOf)) {
      auto uplink = read_prefix_of(draft, word, "to");
      if (uplink && std::ranges::find(policy.to_prefixes, *uplink) == policy.to_prefixes.end())
        policy.to_prefixes.push_back(std::move(*uplink));
    } else if (auto prefix = read_network(section, "to", word)) {
      policy.to.push_back(*prefix);
    }
  }
  if (const Node* to = section.take("to"); to != nullptr && to->kind == Kind::List && to->items.empty())
    section.bad(to->at, "to", "the list is empty", "leave it out for all destinations");
}

void read_policy_ports(Section& section, std::vector<model::PortRange>& into) {
  const Node* node = section.take("port");
  if (node == nullptr) return;
  if (node->kind != Kind::List) {
    if (auto ports = read_ports(section, "port", *node)) into.push_back(*ports);
    return;
  }
  for (const Node& item : node->items) {
    if (auto ports = read_ports(section, "port", item)) into.push_back(*ports);
  }
  if (node->items.empty()) section.bad(node->at, "port", "the list is empty", "leave it out for all ports");
}

void read_weights(Draft& draft, Section& section, model::PolicyConfig& policy) {
  const Node* node = section.take("weights", Kind::Table, "{ isp = 3 }");
  if (node == nullptr) return;
  for (const Entry& entry : node->entries) {
    if (!is_uplink(draft, {entry.key, entry.at}, "weights")) continue;
    if (std::ranges::find(policy.use, entry.key, &model::UplinkId::name) == policy.use.end()) {
      section.bad(entry.at, "weights", fmt::format("{} is not among those of use", in_quotes(entry.key)), {});
    } else if (entry.value.kind != Kind::Integer || entry.value.integer < 1 || entry.value.integer > 1000) {
      section.bad(entry.value.at, "weights", fmt::format("the weight of {} must be 1 to 1000", in_quotes(entry.key)),
                  {});
    } else {
      policy.weights[entry.key] = static_cast<unsigned>(entry.value.integer);
    }
  }
  if (policy.mode == model::PolicyMode::Failover) {
    draft.reading.report.warning(node->at, "weights-unused",
                                 fmt::format("{}: weights mean nothing with mode = \"failover\"", section.title()),
                                 "write mode = \"balance\", or leave them out");
  }
}

model::PolicyConfig read_policy(Draft& draft, Section& section) {
  model::PolicyConfig policy;
  section.text("name", policy.label, 60);
  read_from(draft, section, policy.from);
  section.choice("proto", policy.protocol, {"any", "tcp", "udp", "icmp"});
  read_policy_ports(section, policy.ports);
  if (!policy.ports.empty() && policy.protocol != model::Protocol::Tcp && policy.protocol != model::Protocol::Udp) {
    section.bad(section.place_of("port"), "port", "only TCP and UDP have ports", "write proto = \"tcp\" or \"udp\"");
  }
  read_destinations(draft, section, policy);
  policy.use = read_uplink_names(draft, section, "use");
  section.choice("mode", policy.mode, {"failover", "balance"});
  section.choice("sticky", policy.sticky, {"none", "source", "source-destination"});
  if (section.has("sticky") && policy.mode == model::PolicyMode::Failover) {
    draft.reading.report.warning(section.place_of("sticky"), "sticky-unused",
                                 fmt::format("{}: sticky means nothing with mode = \"failover\"", section.title()),
                                 "write mode = \"balance\", or leave it out");
  }
  read_weights(draft, section, policy);
  section.choice("otherwise", policy.otherwise, {"next", "unreachable"});
  section.duration("return-after", policy.return_after, Duration{}, hours(24));
  section.finish();
  return policy;
}

}  // namespace

std::string policy_path(std::size_t index) { return fmt::format("policy.{}", index); }

std::optional<model::PortRange> read_ports(Section& section, std::string_view key, const Node& node) {
  std::optional<model::PortRange> ports;
  std::string shown;
  if (node.kind == Kind::Integer) {
    shown = fmt::format("{}", node.integer);
    if (node.integer > 0) ports = parse_ports(shown);
  } else if (node.kind == Kind::Text) {
    shown = in_quotes(node.text);
    ports = parse_ports(node.text);
  } else {
    shown = name_of(node.kind);
  }
  if (!ports)
    section.bad(node.at, key, fmt::format("{} is not a port", shown), "1 to 65535, or a range as in \"8000-8100\"");
  return ports;
}

std::vector<model::UplinkId> read_uplink_names(Draft& draft, Section& section, const std::string& key,
                                               std::vector<model::UplinkId>* prefixes) {
  std::vector<model::UplinkId> out;
  if (!section.has(key)) return section.missing(key, "[\"isp\"]"), out;
  const std::vector<Word> words = section.words(key, "[\"isp\"]");
  for (const Word& word : words) {
    const bool is_prefix = prefixes != nullptr && word.text.starts_with(kPrefixOf);
    if (!is_uplink(draft, word, key, is_prefix ? kPrefixOf : "")) continue;
    const model::UplinkId id{word.text.substr(is_prefix ? kPrefixOf.size() : 0)};
    const auto stands_in = [&](const auto& list) { return std::ranges::find(list, id) != list.end(); };
    if (stands_in(out) || (prefixes != nullptr && stands_in(*prefixes))) {
      section.bad(word.at, key, fmt::format("{} stands here twice", in_quotes(id.name)), {});
    } else {
      (is_prefix ? *prefixes : out).push_back(id);
    }
  }
  const Node* node = section.take(key);
  if (node->kind == Kind::List && node->items.empty())
    section.bad(node->at, key, "the list is empty", "name one uplink or more");
  return out;
}

bool is_uplink(Draft& draft, const Word& word, const std::string& key, std::string_view before) {
  if (word.text.starts_with(before) && draft.config.find({word.text.substr(before.size())}) != nullptr) return true;
  std::vector<std::string> names;
  if (!draft.reading.report.full()) {
    for (const model::UplinkConfig& uplink : draft.config.uplinks)
      names.push_back(std::string(before) + uplink.id.name);
  }
  draft.reading.report.error(word.at, "unknown-uplink",
                             fmt::format("{}: there is no uplink {}", key, in_quotes(word.text)),
                             did_you_mean(closest(word.text, names)));
  return false;
}

bool is_lan(Draft& draft, const Word& word, const std::string& key, std::string_view before) {
  if (draft.config.find_lan(std::string_view(word.text).substr(before.size())) != nullptr) return true;
  std::vector<std::string> names;
  for (const model::LanConfig& lan : draft.config.lans) names.push_back(std::string(before) + lan.name);
  draft.reading.report.error(word.at, "unknown-lan", fmt::format("{}: there is no {}", key, in_quotes(word.text)),
                             did_you_mean(closest(word.text, names)));
  return false;
}

void read_policies(Draft& draft, const Node& document) {
  std::size_t index = 0;
  for (const Node* node : array_tables(draft, document, "policy")) {
    const std::string label = fmt::format("policy {}", index + 1);
    Section section(draft.reading, *node, "policy", policy_path(index), label);
    model::PolicyConfig policy = read_policy(draft, section);
    policy.index = index++;
    policy.file_line = node->at.line;
    if (policy.label.empty()) policy.label = label;
    draft.config.policies.push_back(std::move(policy));
  }
}

}  // namespace michi::config

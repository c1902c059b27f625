#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"

namespace michi::config {

namespace {

void read_from(Draft& draft, Section& section, model::PolicySource& into) {
  const Node* node = section.take("from", Kind::Text, "\"lan.home\"");
  if (node == nullptr) return;
  if (node->text == "self") {
    into = model::FromSelf{};
  } else if (node->text.starts_with("lan.")) {
    const std::string name = node->text.substr(4);
    if (draft.config.find_lan(name) == nullptr) {
      std::vector<std::string> names;
      for (const model::LanConfig& lan : draft.config.lans) names.push_back("lan." + lan.name);
      draft.reading.report.error(node->at, "unknown-lan", fmt::format("from: there is no {}", quoted(node->text)),
                                 did_you_mean(closest(node->text, names)));
    }
    into = model::FromLan{name};
  } else if (parse_prefix(node->text)) {
    if (auto prefix = read_network(section, "from", {node->text, node->at})) into = *prefix;
  } else {
    const bool is_lan = draft.config.find_lan(node->text) != nullptr;
    section.bad(node->at, "from", fmt::format("{} is not known", quoted(node->text)),
                is_lan ? fmt::format("write \"lan.{}\"", node->text)
                       : "one of \"lan.NAME\", an address, a prefix, \"self\"; leave it out for all");
  }
}

std::optional<model::PortRange> read_ports(Section& section, std::string_view key, const Node& node) {
  std::optional<model::PortRange> ports;
  std::string shown;
  if (node.kind == Kind::Integer) {
    shown = fmt::format("{}", node.integer);
    if (node.integer > 0) ports = parse_ports(shown);
  } else if (node.kind == Kind::Text) {
    shown = quoted(node.text);
    ports = parse_ports(node.text);
  } else {
    shown = name_of(node.kind);
  }
  if (!ports)
    section.bad(node.at, key, fmt::format("{} is not a port", shown), "1 to 65535, or a range as in \"8000-8100\"");
  return ports;
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

std::vector<model::UplinkId> read_uplink_names(Draft& draft, Section& section, const std::string& key) {
  std::vector<model::UplinkId> out;
  if (!section.has(key)) return section.missing(key, "[\"isp\"]"), out;
  const std::vector<Word> words = section.words(key, "[\"isp\"]");
  for (const Word& word : words) {
    if (!is_uplink(draft, word, key)) continue;
    if (std::ranges::find(out, word.text, &model::UplinkId::name) != out.end()) {
      section.bad(word.at, key, fmt::format("{} stands here twice", quoted(word.text)), {});
    } else {
      out.push_back({word.text});
    }
  }
  const Node* node = section.take(key);
  if (node->kind == Kind::List && node->items.empty())
    section.bad(node->at, key, "the list is empty", "name one uplink or more");
  return out;
}

void read_weights(Draft& draft, Section& section, model::PolicyConfig& policy) {
  const Node* node = section.take("weights", Kind::Table, "{ isp = 3 }");
  if (node == nullptr) return;
  for (const Entry& entry : node->entries) {
    if (!is_uplink(draft, {entry.key, entry.at}, "weights")) continue;
    if (std::ranges::find(policy.use, entry.key, &model::UplinkId::name) == policy.use.end()) {
      section.bad(entry.at, "weights", fmt::format("{} is not among those of use", quoted(entry.key)), {});
    } else if (entry.value.kind != Kind::Integer || entry.value.integer < 1 || entry.value.integer > 1000) {
      section.bad(entry.value.at, "weights", fmt::format("the weight of {} must be 1 to 1000", quoted(entry.key)), {});
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
  policy.to = section.networks("to", "[\"192.0.2.0/24\"]");
  if (const Node* to = section.take("to"); to != nullptr && to->kind == Kind::List && to->items.empty()) {
    section.bad(to->at, "to", "the list is empty", "leave it out for all destinations");
  }
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

void read_target(Section& section, model::PublishConfig& publish) {
  const Node* node = section.take("to", Kind::Text, "\"192.168.10.5:443\"");
  if (node == nullptr) {
    if (!section.has("to")) section.missing("to", "\"192.168.10.5:443\", \"self:443\" or \"local\"");
    return;
  }
  if (node->text == "local") {
    publish.to = model::ToLocal{};
    return;
  }
  const std::string_view text = node->text;
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  std::uint16_t port = publish.ports.first;
  bool good = true;
  if (colon != std::string_view::npos) {
    const auto number = parse_number(text.substr(colon + 1), 65535);
    good = number.has_value() && *number > 0;
    if (good) port = static_cast<std::uint16_t>(*number);
  }
  const std::optional<Ipv4> address = parse_ipv4(host);
  if (good && host == "self") {
    publish.to = model::ToSelf{port};
  } else if (good && address && !address->is_unspecified()) {
    publish.to = model::ToHost{*address, port};
  } else {
    section.bad(node->at, "to", fmt::format("{} is not a target", quoted(text)),
                "one of \"192.168.10.5:443\", \"self:443\", \"local\"");
    return;
  }
  if (publish.ports.last - publish.ports.first + port > 65535) {
    section.bad(node->at, "to", fmt::format("the range {} does not fit behind port {}", to_text(publish.ports), port),
                {});
  }
}

model::PublishConfig read_publish(Draft& draft, Section& section) {
  model::PublishConfig publish;
  publish.uplinks = read_uplink_names(draft, section, "uplink");
  std::ranges::sort(publish.uplinks);
  std::string protocol = "tcp";
  section.text("proto", protocol);
  if (protocol == "udp") {
    publish.protocol = model::Protocol::Udp;
  } else if (protocol != "tcp") {
    section.bad(section.place_of("proto"), "proto", fmt::format("{} cannot be published", quoted(protocol)),
                "one of \"tcp\", \"udp\"; write two [[publish]] for both");
  }
  if (const Node* port = section.take("port")) {
    if (auto ports = read_ports(section, "port", *port)) publish.ports = *ports;
  } else {
    section.missing("port", "443");
  }
  section.ipv4("address", publish.address);
  read_target(section, publish);
  publish.allow = section.networks("allow", "[\"192.0.2.0/24\"]");
  if (const Node* allow = section.take("allow");
      allow != nullptr && allow->kind == Kind::List && allow->items.empty()) {
    section.bad(allow->at, "allow", "the list is empty", "leave it out to allow everyone");
  }
  section.finish();
  return publish;
}

}  // namespace

std::string policy_path(std::size_t index) { return fmt::format("policy.{}", index); }
std::string publish_path(std::size_t index) { return fmt::format("publish.{}", index); }

bool is_uplink(Draft& draft, const Word& word, const std::string& key) {
  if (draft.config.find({word.text}) != nullptr) return true;
  std::vector<std::string> names;
  if (!draft.reading.report.full()) {
    for (const model::UplinkConfig& uplink : draft.config.uplinks) names.push_back(uplink.id.name);
  }
  draft.reading.report.error(word.at, "unknown-uplink",
                             fmt::format("{}: there is no uplink {}", key, quoted(word.text)),
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
    policy.line = node->at.line;
    if (policy.label.empty()) policy.label = label;
    draft.config.policies.push_back(std::move(policy));
  }
}

void read_publishes(Draft& draft, const Node& document) {
  std::size_t index = 0;
  for (const Node* node : array_tables(draft, document, "publish")) {
    Section section(draft.reading, *node, "publish", publish_path(index), fmt::format("publish {}", index + 1));
    model::PublishConfig publish = read_publish(draft, section);
    publish.index = index++;
    publish.line = node->at.line;
    draft.config.publishes.push_back(std::move(publish));
  }
}

}  // namespace michi::config

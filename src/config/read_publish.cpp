// Published services: where they lead in each family.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "config/draft.hpp"

namespace michi::config {

namespace {

struct Written {
  std::string host;
  std::uint16_t port = 0;
};

/// "192.168.10.5:443", "self", "::10", "[::10]:443". Without a port the published one.
std::optional<Written> read_written(std::string_view text, std::uint16_t port) {
  if (parse_ipv6(text)) return Written{std::string(text), port};
  std::size_t colon = text.rfind(':');
  if (text.ends_with(']')) colon = std::string_view::npos;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (colon == std::string_view::npos) return Written{std::string(host), port};
  const auto number = parse_number(text.substr(colon + 1), 65535);
  if (!number || *number == 0) return std::nullopt;
  return Written{std::string(host), static_cast<std::uint16_t>(*number)};
}

bool fits(Section& section, std::string_view key, const model::PublishConfig& publish, std::uint16_t port) {
  if (publish.ports.last - publish.ports.first + port <= 65535) return true;
  section.bad(section.place_of(key), key,
              fmt::format("the range {} does not fit behind port {}", to_text(publish.ports), port), {});
  return false;
}

void read_target(Section& section, model::PublishConfig& publish) {
  const Node* node = section.take("to", Kind::Text, "\"192.168.10.5:443\"");
  if (node == nullptr) return;
  if (node->text == "local") {
    publish.to = model::ToLocal{};
    return;
  }
  const auto written = read_written(node->text, publish.ports.first);
  const auto address = written ? parse_ipv4(written->host) : std::nullopt;
  if (written && written->host == "self") {
    if (fits(section, "to", publish, written->port)) publish.to = model::ToSelf{written->port};
  } else if (address && !address->is_unspecified()) {
    if (fits(section, "to", publish, written->port)) publish.to = model::ToHost{*address, written->port};
  } else if (written && parse_ipv6(written->host)) {
    section.bad(node->at, "to", fmt::format("{} is an IPv6 target", in_quotes(node->text)),
                fmt::format("write to6 = \"{}\"", written->host));
  } else {
    section.bad(node->at, "to", fmt::format("{} is not a target", in_quotes(node->text)),
                "one of \"192.168.10.5:443\", \"self:443\", \"local\"");
  }
}

/// The LAN an identifier is of: the one that is named, that of the IPv4 target, or the only one.
void read_lan_of(Draft& draft, Section& section, const model::PublishConfig& publish, model::ToHost6& host) {
  if (section.has("lan")) {
    section.text("lan", host.lan);
    if (!host.lan.empty()) is_lan(draft, {host.lan, section.place_of("lan")}, "lan");
    return;
  }
  const auto* to = publish.to ? std::get_if<model::ToHost>(&*publish.to) : nullptr;
  const model::LanConfig* lan = to == nullptr ? nullptr : lan_of(draft.config, Address(to->host));
  if (lan == nullptr && draft.config.lans.size() == 1) lan = &draft.config.lans.front();
  if (lan != nullptr) {
    host.lan = lan->name;
  } else if (draft.config.lans.empty()) {
    section.bad(section.place_of("to6"), "to6", fmt::format("there is no LAN for {} to be on", to_text(host.host)), {});
  } else {
    section.missing("lan", fmt::format("\"{}\": {} is the last half of an address there",
                                       draft.config.lans.front().name, to_text(host.host)));
  }
}

bool is_public(const Ipv6& address) {
  static const std::array<Prefix, 4> kInside = {*parse_prefix("::/8"), *parse_prefix("fc00::/7"),
                                                *parse_prefix("fe80::/10"), *parse_prefix("ff00::/8")};
  return std::ranges::none_of(kInside, [&](const Prefix& inside) { return inside.contains(Address(address)); });
}

void read_host6(Draft& draft, Section& section, model::PublishConfig& publish, const Node& node,
                const Written& written) {
  model::ToHost6 host{*parse_ipv6(written.host), {}};
  const bool is_identifier =
      host.host.interface_id() != 0 &&
      std::ranges::all_of(host.host.octets | std::views::take(8), [](auto octet) { return octet == 0; });
  if (is_identifier) {
    read_lan_of(draft, section, publish, host);
  } else if (!is_public(host.host)) {
    section.bad(node.at, "to6", fmt::format("{} is no address the internet could ask for", in_quotes(node.text)),
                "as in \"::10\": a host with this last half of its address");
    return;
  }
  if (written.port != publish.ports.first) {
    section.bad(node.at, "to6", fmt::format("port {} is not the published {}", written.port, publish.ports.first),
                "hosts are not translated over IPv6: let the service listen there");
    return;
  }
  publish.to6 = std::move(host);
}

void read_target6(Draft& draft, Section& section, model::PublishConfig& publish) {
  const Node* node = section.take("to6", Kind::Text, "\"::10\"");
  if (node == nullptr) return;
  if (node->text == "local") {
    publish.to6 = model::ToLocal{};
    return;
  }
  const auto written = read_written(node->text, publish.ports.first);
  if (written && written->host == "self") {
    if (fits(section, "to6", publish, written->port)) publish.to6 = model::ToSelf{written->port};
  } else if (written && parse_ipv6(written->host)) {
    read_host6(draft, section, publish, *node, *written);
  } else {
    section.bad(node->at, "to6", fmt::format("{} is not a target", in_quotes(node->text)),
                "one of \"::10\", \"2001:db8::10\", \"self:443\", \"local\"");
  }
}

void read_targets(Draft& draft, Section& section, model::PublishConfig& publish) {
  read_target(section, publish);
  read_target6(draft, section, publish);
  if (!section.has("to") && !section.has("to6"))
    section.missing("to", "\"192.168.10.5:443\", \"self:443\" or \"local\"; or to6 = \"::10\"");
  if (publish.address && !section.has("to"))
    section.bad(section.place_of("address"), "address", "this is an IPv4 address, and there is no to",
                "over IPv6 to6 says which address is asked for");
  const auto* host = publish.to6 ? std::get_if<model::ToHost6>(&*publish.to6) : nullptr;
  if (section.has("lan") && section.has("to6") && publish.to6 && (host == nullptr || host->lan.empty()))
    section.bad(section.place_of("lan"), "lan", "this target is in no need of it", "leave it out");
  if (section.has("lan") && !section.has("to6"))
    section.bad(section.place_of("lan"), "lan", "it says where to6 is, and there is no to6", {});
}

void read_uplinks(Draft& draft, Section& section, model::PublishConfig& publish) {
  std::vector<model::UplinkId> prefixes;
  publish.uplinks = read_uplink_names(draft, section, "uplink", &prefixes);
  std::ranges::sort(publish.uplinks);
  publish.uplinks6 = publish.uplinks;
  publish.uplinks6.insert(publish.uplinks6.end(), prefixes.begin(), prefixes.end());
  std::ranges::sort(publish.uplinks6);
  if (prefixes.empty()) return;
  const auto& first = prefixes.front().name;
  if (!section.has("to6")) {
    section.bad(section.place_of("uplink"), "uplink",
                fmt::format("\"prefix.{}\" is for IPv6, and there is no to6", first),
                fmt::format("write \"{}\", or to6 = \"::10\"", first));
  } else if (section.has("to") && publish.uplinks.empty()) {
    section.bad(section.place_of("to"), "to", "an IPv4 target, and only prefixes are named",
                fmt::format("write uplink = \"{}\", or leave it out", first));
  }
}

model::PublishConfig read_publish(Draft& draft, Section& section) {
  model::PublishConfig publish;
  read_uplinks(draft, section, publish);
  std::string protocol = "tcp";
  section.text("proto", protocol);
  if (protocol == "udp") {
    publish.protocol = model::Protocol::Udp;
  } else if (protocol != "tcp") {
    section.bad(section.place_of("proto"), "proto", fmt::format("{} cannot be published", in_quotes(protocol)),
                "one of \"tcp\", \"udp\"; write two [[publish]] for both");
  }
  if (const Node* port = section.take("port")) {
    if (auto ports = read_ports(section, "port", *port)) publish.ports = *ports;
  } else {
    section.missing("port", "443");
  }
  section.ipv4("address", publish.address);
  read_targets(draft, section, publish);
  publish.allow = section.networks("allow", "[\"192.0.2.0/24\"]");
  if (const Node* allow = section.take("allow");
      allow != nullptr && allow->kind == Kind::List && allow->items.empty()) {
    section.bad(allow->at, "allow", "the list is empty", "leave it out to allow everyone");
  }
  section.finish();
  return publish;
}

}  // namespace

std::string publish_path(std::size_t index) { return fmt::format("publish.{}", index); }

void read_publishes(Draft& draft, const Node& document) {
  std::size_t index = 0;
  for (const Node* node : array_tables(draft, document, "publish")) {
    Section section(draft.reading, *node, "publish", publish_path(index), fmt::format("publish {}", index + 1));
    model::PublishConfig publish = read_publish(draft, section);
    publish.index = index++;
    publish.file_line = node->at.line;
    draft.config.publishes.push_back(std::move(publish));
  }
}

}  // namespace michi::config

#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"
#include "config/load.hpp"
#include "config/routes_file.hpp"

namespace michi::config {

namespace {

/// Keys that the language reserves for later, each with what does the work today.
void refuse_vlan(Section& section) {
  for (std::string_view key : {"vlan", "pcp"}) {
    const Node* node = section.take(key);
    if (node == nullptr) continue;
    section.reading().report.error(
        node->at, "not-yet",
        fmt::format("{} is not available yet in this version: michi does not make VLAN interfaces", key),
        key == "vlan"
            ? "make the VLAN interface with your network configuration and write interface = \"wan0.100\""
            : "set the priority on the VLAN interface, with ip link's egress-qos-map, and name that interface");
  }
}

void read_dns(Section& uplink, model::UplinkDns& dns) {
  auto section = uplink.inner("dns", "{ servers = \"peer\" }");
  if (!section) return;
  const Node* servers = section->take("servers");
  if (servers != nullptr && servers->kind == Kind::Text && servers->text == "peer") {
    dns.source = model::DnsSource::Peer;
  } else if (servers != nullptr && servers->kind == Kind::Text && servers->text == "none") {
    dns.source = model::DnsSource::None;
  } else if (servers != nullptr && servers->kind == Kind::Text && !parse_address(servers->text)) {
    section->bad(servers->at, "servers", fmt::format("{} is not known", in_quotes(servers->text)),
                 "one of \"peer\", \"none\", or a list of addresses");
  } else if (servers != nullptr) {
    dns.source = model::DnsSource::List;
    dns.servers = section->addresses("servers", "[\"192.0.2.53\"]");
    if (servers->kind == Kind::List && servers->items.empty()) {
      section->bad(servers->at, "servers", "the list is empty", "write \"none\" for no servers");
    }
  }
  for (const Word& word : section->words("domains", "[\"flets\"]")) {
    std::string name = word.text;
    if (name.ends_with('.')) name.pop_back();
    if (name.starts_with('.')) name.erase(0, 1);
    if (is_domain(name)) {
      dns.domains.push_back(std::move(name));
    } else {
      section->bad(word.at, "domains", fmt::format("{} is not a domain name", in_quotes(word.text)),
                   "as in \"flets\" or \"example.jp\"");
    }
  }
  section->finish();
}

/// A relative path is meant from the folder of the file it stands in.
std::string beside(const std::string& file, const std::string& path) {
  const std::size_t slash = file.rfind('/');
  return path.starts_with('/') || slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

void read_routes_of_file(Draft& draft, Section& section, model::UplinkConfig& uplink, const Environment& environment) {
  std::string name;
  section.text("routes-file", name, 4000);
  if (!section.has("routes-file")) return;
  const Position at = section.place_of("routes-file");
  if (name.empty()) return section.bad(at, "routes-file", "the name is empty", "leave it out");
  uplink.routes_file = beside(draft.reading.report.file(), name);
  draft.routes_files.push_back(uplink.routes_file);
  Result<std::string, std::string> text = Fault<std::string>("no files can be read here");
  if (environment.read_file) text = environment.read_file(uplink.routes_file);
  if (!text) {
    draft.reading.report.error(
        at, "routes-file",
        fmt::format("routes-file {} cannot be read: {}", in_quotes(uplink.routes_file), text.error()));
    return;
  }
  RoutesFile routes = read_routes_file(*text, uplink.routes_file);
  for (Diagnostic& diagnostic : routes.diagnostics) draft.reading.report.add(std::move(diagnostic));
  if (routes.prefixes.empty()) {
    draft.reading.report.warning(at, "no-routes",
                                 fmt::format("routes-file {} holds no prefix", in_quotes(uplink.routes_file)));
  }
  uplink.routes.insert(uplink.routes.end(), routes.prefixes.begin(), routes.prefixes.end());
  uplink.routes_date = std::move(routes.date);
}

void read_routes(Draft& draft, Section& section, model::UplinkConfig& uplink, const Environment& environment) {
  for (const Word& word : section.words("routes", "[\"192.0.2.0/24\"]")) {
    const std::optional<Prefix> prefix = read_network(section, "routes", word);
    if (!prefix) continue;
    if (prefix->length == 0) {
      draft.reading.report.error(word.at, "closed-everything",
                                 fmt::format("routes: {} would close the whole internet", to_text(*prefix)),
                                 "default-route = true is what lets an uplink carry everything else");
    } else {
      uplink.routes.push_back(*prefix);
    }
  }
  read_routes_of_file(draft, section, uplink, environment);
  std::ranges::sort(uplink.routes);
  uplink.routes.erase(std::ranges::unique(uplink.routes).begin(), uplink.routes.end());
  uplink.routes.shrink_to_fit();
}

model::UplinkConfig read_uplink(Draft& draft, Section& section, const Environment& environment) {
  model::UplinkConfig uplink;
  const KindReader* kind = read_kind(draft, section);
  const model::Traits& traits = kind != nullptr ? *kind->traits : uplink.traits();
  uplink.mtu = traits.default_mtu;
  if (kind != nullptr) {
    read_underlay(section, traits, uplink.over);
    kind->read(section, uplink);
  } else {
    section.device("interface", uplink.over.emplace<model::OnLine>().interface);
  }
  if (!traits.stands_on_uplink) refuse_vlan(section);
  section.flag("start", uplink.start);
  section.number("mtu", uplink.mtu, 576, 1500);
  section.number("mss", uplink.mss, 536, 1460);
  section.flag("default-route", uplink.default_route);
  read_routes(draft, section, uplink, environment);
  read_dns(section, uplink.dns);
  section.number("weight", uplink.weight, 1, 1000);
  section.flag("nat", uplink.nat);
  read_probe(section, traits, uplink.probe);
  refuse_other_kinds(draft, section, kind);
  section.finish();
  return uplink;
}

}  // namespace

void read_uplinks(Draft& draft, const Node& document, const Environment& environment) {
  for (const Entry* entry : named_tables(draft, document, "uplink")) {
    Section section(draft.reading, entry->value, "uplink", "uplink." + entry->key,
                    fmt::format("[uplink.{}]", entry->key));
    model::UplinkConfig uplink = read_uplink(draft, section, environment);
    uplink.id.name = entry->key;
    draft.config.uplinks.push_back(std::move(uplink));
  }
  std::ranges::sort(draft.routes_files);
  draft.routes_files.erase(std::ranges::unique(draft.routes_files).begin(), draft.routes_files.end());
}

}  // namespace michi::config

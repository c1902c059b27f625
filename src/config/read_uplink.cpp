#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/draft.hpp"
#include "config/load.hpp"
#include "config/routes_file.hpp"

namespace michi::config {

namespace {

void read_plane(Section& section, model::PlaneKind& plane) {
  std::string name = "auto";
  section.text("plane", name);
  if (name == "auto") {
    plane = model::PlaneKind::Auto;
  } else if (name == "tun") {
    plane = model::PlaneKind::Tun;
  } else {
    const bool later = name == "ebpf" || name == "kernel";
    section.bad(section.place_of("plane"), "plane",
                fmt::format("{} is {}", in_quotes(name), later ? "not available yet in this version" : "not known"),
                "write \"auto\" or \"tun\"");
  }
}

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

void read_mac(Section& section, std::optional<Mac>& into) {
  const Node* node = section.take("mac", Kind::Text, "\"02:00:00:00:00:01\"");
  if (node == nullptr) return;
  const std::optional<Mac> mac = parse_mac(node->text);
  if (!mac || mac->is_multicast() || mac->is_zero()) {
    section.bad(node->at, "mac", fmt::format("{} is not the address of a host", in_quotes(node->text)),
                "as in \"02:00:00:00:00:01\"");
  } else {
    into = mac;
  }
}

void read_host_uniq(Section& section, std::optional<ByteVec>& into) {
  constexpr std::size_t kLongest = 64;
  const Node* node = section.take("host-uniq", Kind::Text, "\"0123456789abcdef\"");
  if (node == nullptr) return;
  std::optional<ByteVec> bytes = from_hex(node->text);
  if (!bytes || bytes->empty() || bytes->size() > kLongest) {
    section.bad(node->at, "host-uniq",
                fmt::format("{} is not 1 to {} bytes in hexadecimal", in_quotes(node->text), kLongest),
                "leave it out: michi takes random bytes");
  } else {
    into = std::move(bytes);
  }
}

void read_auth(Section& section, std::vector<model::AuthKind>& into) {
  constexpr std::array<std::pair<std::string_view, model::AuthKind>, 3> kNames = {
      {{"pap", model::AuthKind::Pap}, {"chap-md5", model::AuthKind::ChapMd5}, {"mschapv2", model::AuthKind::MsChapV2}}};
  if (!section.has("auth")) return;
  std::vector<model::AuthKind> kinds;
  const std::vector<Word> words = section.words("auth", "[\"chap-md5\", \"mschapv2\"]");
  for (const Word& word : words) {
    auto found = std::ranges::find(kNames, word.text, &std::pair<std::string_view, model::AuthKind>::first);
    if (found == kNames.end()) {
      section.bad(word.at, "auth", fmt::format("{} is not known", in_quotes(word.text)),
                  word.text == "chap" ? "write \"chap-md5\"" : "one of \"pap\", \"chap-md5\", \"mschapv2\"");
    } else if (std::ranges::find(kinds, found->second) != kinds.end()) {
      section.bad(word.at, "auth", fmt::format("{} stands here twice", in_quotes(word.text)), {});
    } else {
      kinds.push_back(found->second);
    }
  }
  if (words.empty() && section.take("auth")->kind == Kind::List) {
    section.bad(section.place_of("auth"), "auth", "the list is empty", "leave auth out for chap-md5 and mschapv2");
  }
  if (!kinds.empty()) into = std::move(kinds);
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

void read_timers(Section& section, model::UplinkConfig& uplink, model::PppConfig& ppp) {
  if (auto echo = section.inner("echo", "{ interval = \"10s\", failures = 3 }")) {
    echo->duration("interval", ppp.echo_interval, milliseconds(100), minutes(10));
    echo->number("failures", ppp.echo_failures, 1, 100);
    echo->duration("one-way", ppp.one_way, seconds(1), hours(1));
    echo->finish();
  }
  section.duration("connect-timeout", uplink.connect_timeout, seconds(1), minutes(10));
  section.duration("grace", ppp.grace, Duration{}, minutes(5));
  if (auto retry = section.inner("retry", "{ min = \"1s\", max = \"60s\" }")) {
    retry->duration("min", ppp.retry_min, milliseconds(100), hours(1));
    retry->duration("max", ppp.retry_max, milliseconds(100), hours(24));
    if (ppp.retry_max < ppp.retry_min) {
      retry->bad(retry->place_of("max"), "max",
                 fmt::format("{} is less than min, {}", to_text(ppp.retry_max), to_text(ppp.retry_min)), {});
    }
    retry->finish();
  }
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
  uplink.kind = read_kind(section);
  const bool session = uplink.kind.is<model::PppoeConfig>();
  uplink.mtu = uplink.traits().default_mtu;
  model::OnLine line;
  model::PppoeConfig pppoe;
  model::PppConfig& ppp = pppoe.ppp;
  section.device("interface", line.interface);
  if (!section.has("interface")) section.missing("interface", "\"wan0\"");
  refuse_vlan(section);
  read_mac(section, line.mac);
  uplink.over = line;
  section.flag("start", uplink.start);
  section.text("user", ppp.user);
  if (!section.has("user") && session) {
    section.missing("user", "\"name@example.jp\"");
  } else if (section.has("user") && ppp.user.empty() && section.take("user")->kind == Kind::Text) {
    section.bad(section.place_of("user"), "user", "the name is empty", "as in \"name@example.jp\"");
  }
  section.text("ac-name", pppoe.ac_name);
  for (Word& word : section.words("prefer-acs", "[\"BRAS-1\"]")) pppoe.prefer_acs.push_back(std::move(word.text));
  section.text("service-name", pppoe.service_name);
  read_host_uniq(section, pppoe.host_uniq);
  section.flag("accept-missing-host-uniq", pppoe.accept_missing_host_uniq);
  read_auth(section, ppp.auth);
  section.flag("ipv4", uplink.ipv4);
  section.flag("ipv6", uplink.ipv6);
  read_dhcp6(section, uplink.delegation);
  model::StaticConfig fixed;
  model::IpoeConfig ipoe;
  read_static(section, uplink.kind.is<model::StaticConfig>(), fixed, ppp.address);
  read_dhcp4(section, ipoe.dhcp);
  if (section.has("closed")) section.flag("closed", uplink.closed.emplace());
  if (section.has("neighbour-proxy")) section.flag("neighbour-proxy", uplink.neighbour_proxy.emplace());
  section.number("mtu", uplink.mtu, 576, 1500);
  section.number("mss", uplink.mss, 536, 1460);
  section.flag("default-route", uplink.default_route);
  read_routes(draft, section, uplink, environment);
  read_dns(section, uplink.dns);
  section.number("weight", uplink.weight, 1, 1000);
  section.flag("nat", uplink.nat);
  read_plane(section, uplink.plane);
  read_timers(section, uplink, ppp);
  read_probe(section, uplink.traits(), uplink.probe);
  refuse_other_kinds(section, uplink.kind);
  section.finish();
  if (session) uplink.kind = std::move(pppoe);
  if (uplink.kind.is<model::IpoeConfig>()) uplink.kind = std::move(ipoe);
  if (uplink.kind.is<model::StaticConfig>()) uplink.kind = std::move(fixed);
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

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::size_t kMostAddresses = 16;
constexpr std::uint32_t kOnlyMarkMask = 0xff000000;

std::optional<Section> single_table(Draft& draft, const Node& document, const std::string& kind) {
  const Entry* entry = document.find(kind);
  if (entry == nullptr) return std::nullopt;
  if (entry->value.kind == Kind::Table)
    return Section(draft.reading, entry->value, kind, kind, fmt::format("[{}]", kind));
  draft.reading.report.error(entry->at, "wrong-type",
                             fmt::format("{} must be a table, not {}", kind, name_of(entry->value.kind)),
                             fmt::format("write [{}]", kind));
  return std::nullopt;
}

void read_router(Section& section, model::GlobalConfig& global) {
  section.ipv4("address", global.router_address);
  section.number("mark-mask", global.mark_mask, 1);
  if (global.mark_mask != kOnlyMarkMask) {
    section.bad(section.place_of("mark-mask"), "mark-mask",
                fmt::format("{:#010x} is not available yet in this version", global.mark_mask),
                "write 0xff000000 or leave it out: michi's marks take the top eight bits");
    global.mark_mask = kOnlyMarkMask;
  }
  section.choice("resolv-conf", global.resolv_conf, {"leave", "local"});
  global.fallback_dns = section.addresses("fallback-dns", "[\"192.0.2.53\"]");
  section.text("hooks-dir", global.hooks_dir, 4000);
  if (!global.hooks_dir.starts_with('/')) {
    section.bad(section.place_of("hooks-dir"), "hooks-dir",
                fmt::format("{} is not an absolute path", in_quotes(global.hooks_dir)), "as in \"/etc/michi/hooks.d\"");
  }
  section.duration("hook-timeout", global.hook_timeout, seconds(1), minutes(10));
  section.number("padi-burst", global.padi_burst, 0, 1000);
  section.duration("padi-interval", global.padi_interval, milliseconds(10), minutes(1));
  section.flag("repair", global.repair);
  section.finish();
}

void read_hosts(Section& section, model::LanConfig& lan) {
  const Ipv6 first = *parse_ipv6("::1");
  lan.hosts = {first};
  for (const Word& word : section.words("hosts", "[\"::53\"]")) {
    const auto host = parse_ipv6(word.text);
    const bool good = host && host->interface_id() != 0 &&
                      std::ranges::all_of(host->octets | std::views::take(8), [](auto octet) { return octet == 0; });
    if (!good) {
      section.bad(word.at, "hosts", fmt::format("{} is not the last half of an address", in_quotes(word.text)),
                  "as in \"::53\": the router gets it in every prefix of this network");
    } else if (std::ranges::find(lan.hosts, *host) == lan.hosts.end()) {
      lan.hosts.push_back(*host);
    }
  }
}

void read_ula(Section& section, model::LanConfig& lan) {
  static const Prefix kUnique = *parse_prefix("fc00::/7");
  std::string text = "none";
  section.text("ula", text);
  if (text == "none") return;
  if (text == "auto") {
    lan.ula = model::UlaKind::Auto;
    return;
  }
  const auto prefix = parse_prefix(text);
  if (prefix && prefix->length == 64 && kUnique.contains(*prefix) && !has_host_bits(*prefix)) {
    lan.ula = model::UlaKind::Fixed;
    lan.ula_prefix = prefix;
    return;
  }
  section.bad(section.place_of("ula"), "ula", fmt::format("{} is not a unique local /64", in_quotes(text)),
              "one of \"auto\", \"none\", or as in \"fd12:3456:789a:1::/64\"");
}

/// IPv6 of an inner network. By default LANs are numbered in the order of their names.
void read_lan6(Section& section, model::LanConfig& lan, std::size_t place) {
  lan.subnet = static_cast<std::uint16_t>(place);
  section.number("subnet", lan.subnet, 0);
  section.flag("advertise", lan.advertise);
  read_hosts(section, lan);
  read_ula(section, lan);
}

}  // namespace

void read_globals(Draft& draft, const Node& document) {
  if (auto router = single_table(draft, document, "router")) read_router(*router, draft.config.global);
  if (auto control = single_table(draft, document, "control")) {
    control->flag("others-may-look", draft.config.control.others_may_look);
    control->finish();
  }
}

void read_lines(Draft& draft, const Node& document) {
  for (const Entry* entry : named_tables(draft, document, "line")) {
    Section section(draft.reading, entry->value, "line", "line." + entry->key, fmt::format("[line.{}]", entry->key));
    model::LineConfig line;
    line.interface = entry->key;
    if (!is_device_name(line.interface)) {
      section.bad(entry->at, "line", fmt::format("{} cannot be an interface", in_quotes(line.interface)),
                  "1 to 15 characters, as ip link shows it");
    }
    section.number("sessions", line.sessions, 1, 1000);
    for (const Word& word : section.words("pass-through", "[\"home\"]")) {
      if (std::ranges::find(line.pass_through, word.text) == line.pass_through.end())
        line.pass_through.push_back(word.text);
      else
        section.bad(word.at, "pass-through", fmt::format("{} stands here twice", in_quotes(word.text)), {});
      draft.reading.places.try_emplace(pass_through_path(line.interface, word.text), word.at);
    }
    section.finish();
    draft.config.lines.push_back(std::move(line));
  }
}

void read_lans(Draft& draft, const Node& document) {
  for (const Entry* entry : named_tables(draft, document, "lan")) {
    Section section(draft.reading, entry->value, "lan", "lan." + entry->key, fmt::format("[lan.{}]", entry->key));
    model::LanConfig lan;
    lan.name = entry->key;
    section.device("interface", lan.interface);
    if (!section.has("interface")) section.missing("interface", "\"lan0\"");
    for (const Word& word : section.words("address", "\"192.168.10.1/24\"")) {
      const std::optional<Prefix> prefix = parse_prefix(word.text);
      if (!prefix || word.text.find('/') == std::string::npos) {
        section.bad(word.at, "address", fmt::format("{} is not an address with a length", in_quotes(word.text)),
                    "the router's own address in this network, as in \"192.168.10.1/24\"");
      } else if (prefix->length == 0) {
        section.bad(word.at, "address", fmt::format("{} is the whole internet", in_quotes(word.text)), {});
      } else if (prefix->length < prefix->max_length() - 1 && !has_host_bits(*prefix)) {
        section.bad(word.at, "address", fmt::format("{} is the network, not a host in it", in_quotes(word.text)),
                    "write the router's own address with the length, as in \"192.168.10.1/24\"");
      } else {
        lan.addresses.push_back(*prefix);
      }
    }
    if (!section.has("address")) section.missing("address", "\"192.168.10.1/24\"");
    if (lan.addresses.size() > kMostAddresses) {
      section.bad(section.place_of("address"), "address", fmt::format("{} addresses", lan.addresses.size()),
                  fmt::format("at most {} in one LAN", kMostAddresses));
      lan.addresses.resize(kMostAddresses);
    }
    std::string uplink;
    section.text("uplink", uplink);
    if (section.has("uplink")) lan.uplink = model::UplinkId{uplink};
    section.flag("nat", lan.nat);
    if (auto dhcp = section.inner("dhcp", "{ first = \"192.168.10.100\", last = \"192.168.10.199\" }")) {
      model::DhcpRange range;
      dhcp->ipv4("first", range.first);
      dhcp->ipv4("last", range.last);
      dhcp->duration("lease", range.lease, minutes(2), hours(24 * 365));
      for (std::string_view key : {"first", "last"}) {
        if (!dhcp->has(key)) dhcp->missing(key, "\"192.168.10.100\"");
      }
      dhcp->finish();
      lan.dhcp = range;
    }
    section.flag("dns", lan.dns);
    section.text("domain", lan.domain);
    if (!lan.domain.empty() && !is_domain(lan.domain)) {
      section.bad(section.place_of("domain"), "domain", fmt::format("{} is not a domain name", in_quotes(lan.domain)),
                  {});
    }
    read_lan6(section, lan, draft.config.lans.size());
    section.finish();
    draft.config.lans.push_back(std::move(lan));
  }
}

}  // namespace michi::config

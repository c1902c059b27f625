// The keys of uplinks whose device is the interface itself, and which keys belong to which kind.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::array<std::string_view, 9> kLaterKinds = {"dhcp",   "ppp",  "mobile", "map-e", "ds-lite",
                                                         "dslite", "4in6", "ipip6",  "l2tp"};
constexpr unsigned kPppoe = 1, kIpoe = 2, kStatic = 4;

struct Belongs {
  std::string_view key;
  unsigned kinds;
};
constexpr std::array<Belongs, 24> kBelongs = {{
    {"user", kPppoe},
    {"ac-name", kPppoe},
    {"prefer-acs", kPppoe},
    {"service-name", kPppoe},
    {"host-uniq", kPppoe},
    {"accept-missing-host-uniq", kPppoe},
    {"auth", kPppoe},
    {"plane", kPppoe},
    {"echo", kPppoe},
    {"grace", kPppoe},
    {"retry", kPppoe},
    {"mac", kPppoe},
    {"connect-timeout", kPppoe | kIpoe},
    {"ipv4", kPppoe | kIpoe},
    {"ipv6", kPppoe | kIpoe},
    {"dhcp6", kPppoe | kIpoe},
    {"address", kPppoe | kStatic},
    {"dhcp", kIpoe},
    {"closed", kIpoe | kStatic},
    {"neighbour-proxy", kIpoe | kStatic},
    {"gateway", kStatic},
    {"address6", kStatic},
    {"gateway6", kStatic},
    {"prefix", kStatic},
}};

unsigned bit_of(const model::KindConfig& kind) {
  if (kind.is<model::IpoeConfig>()) return kIpoe;
  return kind.is<model::StaticConfig>() ? kStatic : kPppoe;
}

std::string kinds_text(unsigned kinds) {
  std::string out;
  for (const auto& [bit, name] : {std::pair{kPppoe, "pppoe"}, {kIpoe, "ipoe"}, {kStatic, "static"}})
    if ((kinds & bit) != 0) out += fmt::format("{}\"{}\"", out.empty() ? "" : " or ", name);
  return out;
}

/// Another station on the same wire would need a device of its own; michi uses the one there is.
std::string_view instead_of(std::string_view key) {
  if (key == "mac") return "give the interface itself another address (ip link set DEV address …)";
  if (key == "address") return "the network gives the address; kind = \"static\" for one of your own";
  if (key == "user") return "remove it: nobody is asked for a name on such a line";
  return "remove it";
}

std::optional<Prefix> read_own(Section& section, std::string_view key, Family family) {
  const std::string_view example = family == Family::V4 ? "\"203.0.113.2/29\"" : "\"2001:db8::2/64\"";
  const Node* node = section.take(key, Kind::Text, example);
  if (node == nullptr) return std::nullopt;
  const auto prefix = parse_prefix(node->text);
  if (!prefix || prefix->family() != family || node->text.find('/') == std::string::npos) {
    section.bad(node->at, key, fmt::format("{} is not an address with its length", in_quotes(node->text)),
                fmt::format("as in {}", example));
    return std::nullopt;
  }
  return prefix;
}

void read_gateway6(Section& section, std::optional<Ipv6>& into) {
  const Node* node = section.take("gateway6", Kind::Text, "\"fe80::1\"");
  if (node == nullptr) return;
  into = parse_ipv6(node->text);
  if (!into || into->is_unspecified() || into->is_multicast()) {
    into.reset();
    section.bad(node->at, "gateway6", fmt::format("{} is not the address of a router", in_quotes(node->text)),
                "as in \"fe80::1\"");
  }
}

void read_client_id(Section& section, ByteVec& into) {
  constexpr std::size_t kLongest = 255;
  const Node* node = section.take("client-id", Kind::Text, "\"01020000000001\"");
  if (node == nullptr) return;
  auto bytes = from_hex(node->text);
  if (!bytes || bytes->size() < 2 || bytes->size() > kLongest) {
    section.bad(node->at, "client-id",
                fmt::format("{} is not 2 to {} bytes in hexadecimal, its type first", in_quotes(node->text), kLongest),
                "leave it out: michi takes the interface's address");
  } else {
    into = std::move(*bytes);
  }
}

}  // namespace

model::KindConfig read_kind(Section& section) {
  std::string kind = "pppoe";
  section.text("kind", kind);
  if (kind == "pppoe") return model::PppoeConfig{};
  if (kind == "ipoe") return model::IpoeConfig{};
  if (kind == "static") return model::StaticConfig{};
  const bool later = std::ranges::find(kLaterKinds, kind) != kLaterKinds.end();
  section.bad(
      section.place_of("kind"), "kind",
      fmt::format("{} is {}", in_quotes(kind), later ? "not available yet in this version" : "not known"),
      kind == "dhcp" ? "kind = \"ipoe\" asks for addresses by DHCP" : "one of \"pppoe\", \"ipoe\" and \"static\"");
  return model::PppoeConfig{};
}

void refuse_other_kinds(Section& section, const model::KindConfig& kind) {
  for (const auto& [key, kinds] : kBelongs) {
    if ((kinds & bit_of(kind)) != 0 || !section.has(key)) continue;
    section.bad(section.place_of(key), key, fmt::format("this is a key of kind = {}", kinds_text(kinds)),
                std::string(instead_of(key)));
  }
}

void read_dhcp4(Section& uplink, model::Dhcp4Config& into) {
  auto section = uplink.inner("dhcp", "{ host-name = \"router\" }");
  if (!section) return;
  section->text("host-name", into.host_name);
  read_client_id(*section, into.client_id);
  section->text("vendor-class", into.vendor_class);
  section->flag("release", into.release);
  section->finish();
}

void read_static(Section& section, bool is_static, model::StaticConfig& fixed, std::optional<Ipv4>& wanted) {
  if (is_static)
    fixed.address = read_own(section, "address", Family::V4);
  else
    section.ipv4("address", wanted);
  section.ipv4("gateway", fixed.gateway);
  fixed.address6 = read_own(section, "address6", Family::V6);
  read_gateway6(section, fixed.gateway6);
  for (const Prefix& prefix : section.networks("prefix", "\"2001:db8:100::/56\"")) {
    if (prefix.family() == Family::V6 && prefix.length <= 64 && prefix.length >= 16)
      fixed.prefixes.push_back(prefix);
    else
      section.bad(section.place_of("prefix"), "prefix",
                  fmt::format("{} is not an IPv6 prefix of a /64 or more", to_text(prefix)),
                  "as in \"2001:db8:100::/56\"");
  }
}

}  // namespace michi::config

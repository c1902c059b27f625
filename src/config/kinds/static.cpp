// kind = "static": a line whose addresses the file says.
#include <fmt/format.h>

#include "config/kinds/kinds.hpp"
#include "config/kinds/parts.hpp"

namespace michi::config {

namespace {

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

void read_prefixes(Section& section, std::vector<Prefix>& into) {
  for (const Prefix& prefix : section.networks("prefix", "\"2001:db8:100::/56\"")) {
    if (prefix.family() == Family::V6 && prefix.length <= 64 && prefix.length >= 16)
      into.push_back(prefix);
    else
      section.bad(section.place_of("prefix"), "prefix",
                  fmt::format("{} is not an IPv6 prefix of a /64 or more", to_text(prefix)),
                  "as in \"2001:db8:100::/56\"");
  }
}

void read_static(Section& section, model::UplinkConfig& into) {
  model::StaticConfig own;
  own.address = read_own(section, "address", Family::V4);
  section.ipv4("gateway", own.gateway);
  own.address6 = read_own(section, "address6", Family::V6);
  read_gateway6(section, own.gateway6);
  read_prefixes(section, own.prefixes);
  read_ethernet(section, into);
  into.kind = std::move(own);
}

/// Without a next hop nothing but the neighbours is reached.
void check_gateway(Draft& draft, const std::string& path, const std::string& six, const std::optional<Prefix>& own,
                   const std::optional<Address>& gateway, bool needed) {
  Report& report = draft.reading.report;
  if (needed && !gateway)
    report.error(draft.reading.place(path), "missing-gateway",
                 fmt::format("[{}] has no gateway{} and carries traffic of the internet", path, six),
                 fmt::format("write gateway{}, or default-route = false", six));
  if (!gateway || !own) return;
  const bool near = own->contains(*gateway) && own->address != *gateway;
  const bool link_local = gateway->v6() != nullptr && gateway->v6()->is_link_local();
  if (near || link_local) return;
  report.error(draft.reading.place(fmt::format("{}.gateway{}", path, six)), "far-gateway",
               fmt::format("gateway{} {} of [{}] is not another address of {}", six, to_text(*gateway), path,
                           to_text(own->canonical())),
               "the gateway is a neighbour on the line");
}

/// Only the one network the line itself is can be shared; what is routed to us needs nobody to speak for it.
void check_neighbour_proxy(Draft& draft, const model::UplinkConfig& uplink, const std::string& path) {
  constexpr std::uint8_t kSharedLength = 64;
  const auto& own = uplink.kind.as<model::StaticConfig>();
  const bool can_be = own.address6 && own.address6->length == kSharedLength && own.prefixes.empty();
  if (!uplink.neighbour_proxy.value_or(false) || can_be) return;
  draft.reading.report.error(draft.reading.place(path + ".neighbour-proxy"), "nothing-to-share",
                             fmt::format("[{}] has no /64 of its own alone that a LAN could share", path),
                             "write address6 with /64 and no prefix, or leave neighbour-proxy out");
}

template <class Value>
std::optional<Address> as_address(const std::optional<Value>& value) {
  return value ? std::optional(Address(*value)) : std::nullopt;
}

void check_static(Draft& draft, const model::UplinkConfig& uplink) {
  const std::string path = "uplink." + uplink.id.name;
  const auto& own = uplink.kind.as<model::StaticConfig>();
  const bool six = own.address6 || !own.prefixes.empty();
  check_targets(draft, uplink, own.address.has_value(), six);
  if (!own.address && !six)
    draft.reading.report.error(draft.reading.place(path), "no-family", fmt::format("[{}] has no address", path),
                               "write address, address6 or prefix");
  check_gateway(draft, path, "", own.address, as_address(own.gateway), own.address && uplink.default_route);
  check_gateway(draft, path, "6", own.address6, as_address(own.gateway6), six && uplink.default_route);
  check_neighbour_proxy(draft, uplink, path);
}

Fields static_fields(const model::UplinkConfig& uplink) {
  const auto& own = uplink.kind.as<model::StaticConfig>();
  return {{"address", text_or_empty(own.address)},
          {"gateway", text_or_empty(own.gateway)},
          {"address6", text_or_empty(own.address6)},
          {"gateway6", text_or_empty(own.gateway6)},
          {"prefix", joined(own.prefixes, [](const Prefix& prefix) { return to_text(prefix); })}};
}

}  // namespace

KindReader static_kind() {
  return {.traits = &model::StaticConfig::kTraits,
          .read = read_static,
          .check = check_static,
          .fields = static_fields,
          .instead = instead_on_ethernet()};
}

}  // namespace michi::config

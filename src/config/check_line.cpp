// What uplinks whose device is the interface itself must be.
#include <fmt/format.h>

#include <map>

#include "config/draft.hpp"

namespace michi::config {

namespace {

bool is_line(const model::UplinkConfig& uplink) { return uplink.traits().carriage == model::Carriage::Interface; }

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
  const auto& fixed = uplink.kind.as<model::StaticConfig>();
  const bool can_be = fixed.address6 && fixed.address6->length == kSharedLength && fixed.prefixes.empty();
  if (!uplink.neighbour_proxy.value_or(false) || can_be) return;
  draft.reading.report.error(draft.reading.place(path + ".neighbour-proxy"), "nothing-to-share",
                             fmt::format("[{}] has no /64 of its own alone that a LAN could share", path),
                             "write address6 with /64 and no prefix, or leave neighbour-proxy out");
}

void check_static(Draft& draft, const model::UplinkConfig& uplink) {
  const std::string path = "uplink." + uplink.id.name;
  const auto& fixed = uplink.kind.as<model::StaticConfig>();
  const bool six = fixed.address6 || !fixed.prefixes.empty();
  if (!fixed.address && !six)
    draft.reading.report.error(draft.reading.place(path), "no-family", fmt::format("[{}] has no address", path),
                               "write address, address6 or prefix");
  check_gateway(draft, path, "", fixed.address, fixed.gateway ? std::optional(Address(*fixed.gateway)) : std::nullopt,
                fixed.address && uplink.default_route);
  check_gateway(draft, path, "6", fixed.address6,
                fixed.gateway6 ? std::optional(Address(*fixed.gateway6)) : std::nullopt, six && uplink.default_route);
  check_neighbour_proxy(draft, uplink, path);
}

}  // namespace

void check_line(Draft& draft, const model::UplinkConfig& uplink) {
  if (!is_line(uplink) || uplink.interface().empty()) return;
  Report& report = draft.reading.report;
  const Position at = draft.reading.place(fmt::format("uplink.{}.interface", uplink.id.name));
  for (const model::UplinkConfig& other : draft.config.uplinks) {
    if (&other == &uplink) break;
    if (!is_line(other) || other.interface() != uplink.interface()) continue;
    report.error(at, "same-interface",
                 fmt::format("[uplink.{}] and [uplink.{}] are both the interface {} itself", other.id.name,
                             uplink.id.name, uplink.interface()),
                 "one of them, or an interface each; any number of kind = \"pppoe\" may stand beside");
  }
  for (const model::LanConfig& lan : draft.config.lans) {
    if (lan.interface != uplink.interface()) continue;
    report.error(at, "lan-on-uplink",
                 fmt::format("{} is the interface of [lan.{}], and its hosts would be on the line of [uplink.{}] "
                             "themselves",
                             uplink.interface(), lan.name, uplink.id.name),
                 "put the LAN on another interface or VLAN; kind = \"pppoe\" can share one");
  }
  if (uplink.kind.is<model::StaticConfig>()) check_static(draft, uplink);
}

}  // namespace michi::config

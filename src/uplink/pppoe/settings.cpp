#include "uplink/pppoe/settings.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "wire/pppoe.hpp"

namespace michi::uplink::pppoe {
namespace {

constexpr std::uint32_t kPppoeOverhead = 8;

std::uint16_t payload_limit(const model::UplinkConfig& config, const std::optional<InterfaceFacts>& interface) {
  // RFC 4638 §6 and trap 20: a larger payload only where the interface carries it.
  const std::uint32_t room =
      interface && interface->mtu > kPppoeOverhead ? interface->mtu - kPppoeOverhead : config.mtu;
  if (config.mtu > wire::pppoe::kDefaultMaxPayload && room < config.mtu)
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(room, wire::pppoe::kDefaultMaxPayload));
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(room, config.mtu));
}

}  // namespace

Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed) {
  const auto identity = [](const model::UplinkConfig& c) {
    return std::tie(c.id, c.over, own(c).ppp.user, own(c).ac_name, own(c).service_name, own(c).host_uniq,
                    own(c).ppp.auth, c.ipv4, c.ipv6, own(c).ppp.address, c.mtu);
  };
  return secret_changed || identity(before) != identity(after) ? Applied::Redialled : Applied::InPlace;
}

Mac local_address(const model::UplinkConfig& config, const std::optional<InterfaceFacts>& interface) {
  if (const auto mac = config.mac()) return *mac;
  return interface ? interface->mac : Mac{};
}

bool carries(const InterfaceFacts& interface, std::uint16_t payload) {
  return payload == 0 || interface.mtu >= payload + kPppoeOverhead;
}

engine::pppoe::Settings discovery_settings(const model::UplinkConfig& config,
                                           const std::optional<InterfaceFacts>& interface) {
  engine::pppoe::Settings out;
  out.local = local_address(config, interface);
  out.service_name = own(config).service_name;
  out.ac_required = !own(config).ac_name.empty();
  out.ac_names = out.ac_required ? std::vector{own(config).ac_name} : own(config).prefer_acs;
  out.host_uniq = own(config).host_uniq;
  out.accept_missing_host_uniq = own(config).accept_missing_host_uniq;
  out.max_payload = std::max(payload_limit(config, interface), wire::pppoe::kDefaultMaxPayload);
  return out;
}

PppLimits limits(const model::UplinkConfig& config, const std::optional<InterfaceFacts>& interface,
                 std::uint16_t max_payload) {
  return {.grace = own(config).ppp.grace,
          .room = std::min(payload_limit(config, interface), max_payload),
          .always = wire::pppoe::kDefaultMaxPayload,
          .configured = config.mtu};
}

}  // namespace michi::uplink::pppoe

// Where published services are reached over IPv6: nothing is translated there, so the addresses follow the prefixes.

#include "policy/openings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/match.hpp"
#include "policy/prefixes.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

constexpr std::uint8_t kSubnetLength = 64;

const model::ToHost6* host_of(const model::PublishConfig& publish) {
  return publish.to6 ? std::get_if<model::ToHost6>(&*publish.to6) : nullptr;
}

bool lets_in(const model::PublishConfig& publish) {
  return publish.allow.empty() ||
         std::ranges::any_of(publish.allow, [](const Prefix& allowed) { return allowed.family() == Family::V6; });
}

std::vector<Ipv6> addresses_of_host(const View& view, const model::ToHost6& host, const UplinkView& uplink) {
  std::vector<Ipv6> found;
  if (host.lan.empty()) {
    if (view.owns(uplink, host.host)) found.push_back(host.host);
    return found;
  }
  const auto* lan = view.config().find_lan(host.lan);
  if (lan == nullptr) return found;
  const auto identifier = host.host.interface_id();
  for (const auto& subnet : view.subnets(*lan))
    if (subnet.uplink == &uplink && subnet.alive()) found.push_back(address_in(subnet.prefix, identifier));
  for (const auto& block : lan->addresses)  // routed to us
    if (block.family() == Family::V6 && block.length == kSubnetLength && view.owns(uplink, block.address))
      found.push_back(address_in(block, identifier));
  return found;
}

std::vector<Ipv6> addresses_of_router(const UplinkView& uplink) {
  std::vector<Ipv6> found = uplink.addresses6;
  for (const auto& delegation : uplink.prefixes)
    if (delegation.confirmed()) found.push_back(delegation.device_address());
  return found;
}

}  // namespace

std::vector<Opening> openings(const View& view, const model::PublishConfig& publish) {
  std::vector<Opening> found;
  if (!publish.to6 || !lets_in(publish)) return found;
  for (const auto& id : publish.uplinks6) {
    const auto* uplink = view.find(id.name);
    if (uplink == nullptr || !uplink->carries6) continue;
    const auto* host = host_of(publish);
    for (const auto& address : host != nullptr ? addresses_of_host(view, *host, *uplink) : addresses_of_router(*uplink))
      found.push_back({uplink, address});
  }
  return found;
}

std::optional<Ipv6> inner_address(const View& view, const UplinkView& uplink) {
  return uplink.config->default_route ? view.self_source6() : uplink.source6();
}

std::string why_closed(const model::PublishConfig& publish, const UplinkView& uplink) {
  if (!lets_in(publish)) return "no IPv6 prefix is allowed";
  if (!uplink.carries6) return why_not(uplink, Family::V6);
  const auto* host = host_of(publish);
  if (host == nullptr) return "";
  if (host->lan.empty()) return fmt::format("{} is not of a prefix of {}", to_text(host->host), uplink.name());
  const auto* delegation = uplink.delegation();
  if (delegation == nullptr)
    return fmt::format("{} has no delegated prefix, hosts are translated there", uplink.name());
  return fmt::format("lan.{} has no /64 of {} of {}", host->lan, to_text(delegation->prefix), uplink.name());
}

bool ends_here(const View& view, const model::PublishConfig& publish) {
  const auto* host = host_of(publish);
  if (host == nullptr) return publish.to6.has_value();
  if (host->lan.empty())
    return std::ranges::any_of(view.config().lans, [&](const model::LanConfig& lan) {
      return holds(lan.addresses, Address(host->host), &Prefix::address);
    });
  const auto* lan = view.config().find_lan(host->lan);
  return host->host.interface_id() == 1 || (lan != nullptr && holds(lan->hosts, host->host));
}

}  // namespace michi::policy

#include "policy/advertise.hpp"
#include "policy/firewall.hpp"
#include "policy/pass_through.hpp"
#include "policy/policies.hpp"
#include "policy/resolver.hpp"
#include "policy/routes.hpp"
#include "policy/rules.hpp"
#include "policy/sysctls.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

void devices(const View& view, model::Desired& desired) {
  desired.devices.push_back({.name = std::string(model::kSelfDevice), .mtu = 1500, .what = model::InternalDevice{}});
  desired.addresses.push_back(
      {.device = std::string(model::kSelfDevice), .address = Prefix::host(view.internal()), .no_prefix_route = true});
  for (const auto& uplink : view.uplinks())
    if (uplink.traits().owns_device) desired.devices.push_back({.name = uplink.name(), .mtu = uplink.mtu});
}

/// An uplink with a network around its address has that network connected, as on any Ethernet.
void uplink_addresses(const View& view, model::Desired& desired) {
  auto put = [&](std::string_view device, const Address& address) {
    desired.addresses.push_back({.device = std::string(device), .address = Prefix::host(address)});
  };
  for (const auto& uplink : view.uplinks()) {
    const bool as_host = uplink.traits().ipv4_scope == model::Ipv4Scope::Host;
    if (uplink.address && as_host) put(uplink.device(), *uplink.address);
    if (uplink.address && !as_host)
      desired.addresses.push_back({.device = uplink.device(),
                                   .address = {*uplink.address, uplink.facts->v4->length},
                                   .no_prefix_route = uplink.facts->v4->length == 32});
    if (uplink.link_local && uplink.traits().puts_link_local) put(uplink.device(), *uplink.link_local);
    for (const auto& address : uplink.device_addresses()) put(uplink.device(), address);
    for (const auto& delegation : uplink.prefixes) put(model::kSelfDevice, delegation.self_address());
  }
}

/// The plane the file names, or of those that can carry a PPPoE session the first; empty: there is none.
std::string plane_for(model::PlaneKind wish, std::span<const model::PlaneFacts> planes) {
  const auto named = [wish](const model::PlaneFacts& plane) {
    switch (wish) {
      case model::PlaneKind::Auto:
        return true;
      case model::PlaneKind::Tun:
        return plane.name == "tun";
    }
    return false;
  };
  for (const auto& plane : planes)
    if (plane.carries_ethernet_sessions && named(plane)) return plane.name;
  return "";
}

void sessions(const View& view, model::Desired& desired) {
  for (const auto& uplink : view.uplinks()) {
    if (uplink.traits().path != model::PacketPath::Plane || uplink.facts == nullptr) continue;
    if (!uplink.facts->attached || !uplink.facts->session) continue;
    const auto& session = *uplink.facts->session;
    model::AttachWant attach{.uplink = uplink.config->id,
                             .device = uplink.name(),
                             .mtu = uplink.mtu,
                             .ipv4 = uplink.facts->v4.has_value(),
                             .ipv6 = uplink.facts->v6.has_value(),
                             .own_sources = view.own(uplink),
                             .plane = plane_for(uplink.config->plane, view.inputs().planes),
                             .carriage = model::EthernetSession{.interface = session.interface,
                                                                .local = session.local,
                                                                .peer = session.peer,
                                                                .session_id = session.session_id}};
    if (uplink.link_local) attach.own_sources.push_back({*parse_address("fe80::"), 10});
    desired.attaches.push_back(std::move(attach));
  }
}

/// Interfaces that are there: up, and the LANs with the addresses the file gives them.
void named_interfaces(const View& view, model::Desired& desired) {
  const auto& links = view.inputs().surroundings.links;
  for (const auto& uplink : view.config().uplinks)
    if (!uplink.interface().empty() && links.contains(uplink.interface())) desired.links_up.insert(uplink.interface());
  for (const auto& line : view.config().lines)
    if (!line.pass_through.empty() && links.contains(line.interface)) desired.links_up.insert(line.interface);
  for (const auto& lan : view.config().lans) {
    if (!links.contains(lan.interface)) continue;
    desired.links_up.insert(lan.interface);
    for (const auto& address : lan.addresses)
      desired.addresses.push_back({.device = lan.interface, .address = address, .no_prefix_route = false});
    for (const auto& subnet : view.subnets(lan))
      for (const auto& address : View::router_addresses(lan, subnet))
        desired.addresses.push_back({.device = lan.interface, .address = {address, 64}, .no_prefix_route = false});
  }
}

}  // namespace

model::Desired derive(const Inputs& inputs) {
  const View view(inputs);
  model::Desired desired;
  devices(view, desired);
  uplink_addresses(view, desired);
  sessions(view, desired);
  named_interfaces(view, desired);
  desired.routes = derive_routes(view);
  desired.rules = derive_rules(view);
  desired.firewall = derive_firewall(view);
  desired.pass_through = derive_pass_through(view);
  desired.sysctls = derive_sysctls(view);
  desired.resolver = derive_resolver(view);
  desired.advertisements = derive_advertisements(view);
  desired.proxies = derive_proxies(view);
  desired.repair = inputs.config.global.repair;
  for (const auto& uplink : view.uplinks())
    for (Family family : kFamilies)
      if (auto at = inputs.selector.moves(family).find(uplink.name()); at != inputs.selector.moves(family).end())
        desired.flows_to_move[{view.marks().of(uplink.number), family}] = at->second;
  return desired;
}

}  // namespace michi::policy

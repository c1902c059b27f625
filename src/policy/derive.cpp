#include "policy/view.hpp"

namespace michi::policy {

namespace {

void devices(const View& view, model::Desired& desired) {
  desired.devices.push_back({.name = std::string(model::kSelfDevice), .mtu = 1500});
  desired.addresses.push_back(
      {.device = std::string(model::kSelfDevice), .address = Prefix::host(view.internal()), .no_prefix_route = true});
  for (const auto& uplink : view.uplinks()) {
    desired.devices.push_back({.name = uplink.name(), .mtu = uplink.mtu});
    if (uplink.address)
      desired.addresses.push_back({.device = uplink.name(), .address = Prefix::host(*uplink.address)});
    if (uplink.link_local)
      desired.addresses.push_back({.device = uplink.name(), .address = Prefix::host(*uplink.link_local)});
  }
}

void sessions(const View& view, model::Desired& desired) {
  for (const auto& uplink : view.uplinks()) {
    if (uplink.facts == nullptr || !uplink.facts->attached || !uplink.facts->session) continue;
    const auto& session = *uplink.facts->session;
    model::AttachWant attach{.uplink = uplink.config->id,
                             .device = uplink.name(),
                             .interface = session.interface,
                             .local = session.local,
                             .peer = session.peer,
                             .session_id = session.session_id,
                             .mtu = uplink.mtu,
                             .ipv4 = uplink.facts->v4.has_value(),
                             .ipv6 = uplink.facts->v6.has_value(),
                             .own_sources = view.own(uplink)};
    if (uplink.link_local) attach.own_sources.push_back({*parse_address("fe80::"), 10});
    desired.attaches.push_back(std::move(attach));
  }
}

/// Interfaces that are there: up, and the LANs with the addresses the file gives them.
void named_interfaces(const View& view, model::Desired& desired) {
  const auto& links = view.inputs().surroundings.links;
  for (const auto& uplink : view.config().uplinks)
    if (links.contains(uplink.interface)) desired.links_up.insert(uplink.interface);
  for (const auto& lan : view.config().lans) {
    if (!links.contains(lan.interface)) continue;
    desired.links_up.insert(lan.interface);
    for (const auto& address : lan.addresses)
      desired.addresses.push_back({.device = lan.interface, .address = address, .no_prefix_route = false});
  }
}

}  // namespace

model::Desired derive(const Inputs& inputs) {
  const View view(inputs);
  model::Desired desired;
  devices(view, desired);
  sessions(view, desired);
  named_interfaces(view, desired);
  desired.routes = derive_routes(view);
  desired.rules = derive_rules(view);
  desired.firewall = derive_firewall(view);
  desired.sysctls = derive_sysctls(view);
  desired.resolver = derive_resolver(view);
  for (const auto& uplink : view.uplinks())
    if (auto at = inputs.selector.moves().find(uplink.name()); at != inputs.selector.moves().end())
      desired.flows_to_move[view.marks().of(uplink.number)] = at->second;
  return desired;
}

}  // namespace michi::policy

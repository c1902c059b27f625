#include "runtime/lan/link_local_endpoint.hpp"

namespace michi::runtime {

std::vector<Address> addresses6_on(const std::string& device, const std::set<model::AddressEntry>& addresses) {
  std::vector<Address> found;
  auto entry = addresses.lower_bound({.device = device, .address = {}, .no_prefix_route = false});
  for (; entry != addresses.end() && entry->device == device; ++entry)
    if (entry->address.family() == Family::V6) found.push_back(entry->address.address);
  return found;
}

std::optional<LinkLocalEndpoint> endpoint_on(const std::string& device, const std::map<std::string, model::Link>& links,
                                             const std::vector<Address>& addresses,
                                             const std::optional<LinkLocalEndpoint>& before) {
  const auto link = links.find(device);
  if (link == links.end() || !link->second.up) return std::nullopt;
  std::optional<Ipv6> local;
  for (const auto& address : addresses) {
    const auto* v6 = address.v6();
    if (!v6 || !v6->is_link_local()) continue;
    if (!local || (before && before->local == *v6)) local = *v6;
  }
  if (!local) return std::nullopt;
  return LinkLocalEndpoint{
      .index = link->second.index, .mac = link->second.mac, .mtu = link->second.mtu, .local = *local};
}

}  // namespace michi::runtime

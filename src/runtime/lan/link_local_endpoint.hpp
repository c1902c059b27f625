#pragma once
// Where ICMPv6 is spoken from on a device, as the kernel shows it: the device while it is up, and a link-local
// address on it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/kernel.hpp"

namespace michi::runtime {

struct LinkLocalEndpoint {
  std::uint32_t index = 0;
  Mac mac;
  std::uint32_t mtu = 0;
  Ipv6 local;
  bool operator==(const LinkLocalEndpoint&) const = default;
};

/// The IPv6 addresses on a device.
std::vector<Address> addresses6_on(const std::string& device, const std::set<model::AddressEntry>& addresses);

/// Nothing while nobody can speak there. The address of before stays as long as it is there.
std::optional<LinkLocalEndpoint> endpoint_on(const std::string& device, const std::map<std::string, model::Link>& links,
                                             const std::vector<Address>& addresses,
                                             const std::optional<LinkLocalEndpoint>& before);

}  // namespace michi::runtime

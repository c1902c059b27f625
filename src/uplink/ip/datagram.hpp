#pragma once
// What an uplink says and hears in IPv6 on its own device, once that stands: neighbour discovery and
// DHCPv6. Users' packets are the data plane's.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/net/address.hpp"

namespace michi::uplink {

enum class Service : std::uint8_t { NeighbourDiscovery, Dhcp6 };

/// To be sent on the uplink's device.
struct Datagram {
  Service service = Service::Dhcp6;
  ByteVec bytes;
  Ipv6 destination;
  Ipv6 source;
};
/// What arrived there.
struct Heard {
  Service service = Service::Dhcp6;
  Bytes bytes;
  Ipv6 source;
  Ipv6 destination;
  std::uint8_t hop_limit = 0;
};

}  // namespace michi::uplink

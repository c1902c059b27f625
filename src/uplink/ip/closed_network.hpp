#pragma once
// Which IPv6 addresses look global and are not of the internet: those a carrier gives to every line of its
// own network, also where nobody has a contract with a provider.
//
// Known by their prefixes alone: such a network answers like any other. The operator has the last word
// (`closed` in the file).

#include <optional>
#include <string_view>
#include <vector>

#include "base/net/address.hpp"

namespace michi::uplink {

/// The closed network this address is of, in words.
std::optional<std::string_view> closed_network_of(const Address& address);

/// The closed network all of these are of; nothing where one is not, or where there are none.
std::optional<std::string_view> closed_network_of(const std::vector<Ipv6>& addresses,
                                                  const std::vector<Prefix>& prefixes);

}  // namespace michi::uplink

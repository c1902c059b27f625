#pragma once
// Arithmetic of prefixes and port ranges.

#include "policy/view.hpp"

namespace michi::policy {

/// The address with this identifier in a /64.
Ipv6 address_in(const Prefix& subnet, std::uint64_t identifier);

/// Canonical, sorted, none inside another: what an interval set of nftables takes.
std::vector<Prefix> disjoint(std::vector<Prefix> prefixes);
std::vector<model::PortRange> disjoint(std::vector<model::PortRange> ranges);

}  // namespace michi::policy

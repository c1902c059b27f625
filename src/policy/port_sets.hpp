#pragma once
// nft text for uplinks whose IPv4 address is shared with others, port by port: a source becomes the address and a
// port of the set, and nothing leaves with another one. A house without such an uplink has none of this text.

#include "policy/nft.hpp"

namespace michi::policy {

/// An uplink here has, or may come to have, such an address.
bool has_port_sets(const View& view);
/// Sets, maps and the chains they lead to. Does nothing without such an uplink.
void write_port_sets(const View& view, nft::Body& body, model::NftTable& table);

/// Of chain srcnat: new flows to their port set.
inline constexpr std::string_view kToPortSets = "oifname vmap @port-sets";
/// Of chain guard: what has a shared address must have one of its ports, too.
inline constexpr std::string_view kGuardPorts = "oifname . ip saddr @own ip saddr @shared goto guard-ports";
/// Of the published services: what is asked for at somebody else's port is not ours to answer.
inline constexpr std::string_view kForeignPort =
    "ip daddr @shared meta l4proto { tcp, udp } ip daddr . th dport != @shared-ports return";

}  // namespace michi::policy

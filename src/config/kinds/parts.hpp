#pragma once
// Keys of an uplink that several kinds take, but not all, and checks that they share. A kind that does not call
// the reader of a key does not have the key.

#include "config/draft.hpp"

namespace michi::config {

/// `mac`: its own source address on the line.
void read_mac(Section& section, model::UplinkConfig& into);
/// `plane`: who moves the packets of a session.
void read_plane(Section& section, model::UplinkConfig& into);
/// `ipv4`, `ipv6`, `dhcp6`, `connect-timeout`: what is asked for, where somebody answers.
void read_families(Section& section, model::UplinkConfig& into);
/// `closed`, `neighbour-proxy`: an Ethernet interface whose network is seen, not negotiated.
void read_ethernet(Section& section, model::UplinkConfig& into);

/// A target of the probe is asked in its own family; `has4` and `has6`: what this uplink can have.
void check_targets(Draft& draft, const model::UplinkConfig& uplink, bool has4, bool has6);

/// For kinds that are the interface itself: michi uses the station there is on the wire.
std::span<const Instead> instead_on_ethernet();

}  // namespace michi::config

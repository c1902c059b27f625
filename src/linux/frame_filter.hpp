#pragma once
// Classic BPF programs that decide in the kernel which frames reach the daemon.
//
// Frames as SOCK_RAW shows them: Ethernet header without a VLAN tag. Tested without a socket by the
// little interpreter in the unit test.

#include <linux/filter.h>

#include <vector>

#include "base/net/mac.hpp"

namespace michi::linux {

using FrameFilter = std::vector<sock_filter>;

/// Session frames (RFC 2516 §5) of every protocol but user data: IPv4, IPv6, and what a compressed
/// protocol field makes of them. Unknown ones are for PPP to reject (RFC 1661 §5.7).
FrameFilter session_control_filter();
/// Discovery and such session frames for this address, untagged or with VLAN id 0.
FrameFilter own_address_filter(const Mac& mac);

}  // namespace michi::linux

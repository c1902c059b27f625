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

/// Session frames (RFC 2516 §5) with a control protocol: 0x8000 and above (RFC 1661 §2).
FrameFilter session_control_filter();
/// Discovery and session control frames for this address, untagged or with VLAN id 0.
FrameFilter own_address_filter(const Mac& mac);

}  // namespace michi::linux

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
/// IPv4 frames of UDP to port 68, no later fragments.
FrameFilter dhcp4_filter();
/// ARP answers, probes (RFC 5227 §1.1: no sender's address) and announcements (sender and target are one); the
/// ordinary questions of a network, perhaps hundreds a second, stay outside.
FrameFilter arp_filter();
/// Discovery frames and LCP Configure-Requests for whomever, untagged or with VLAN id 0.
FrameFilter pass_through_filter();
/// Solicitations and advertisements of neighbours (RFC 4861 §4.3, §4.4) with hop limit 255, behind no other header.
FrameFilter neighbour_filter();
/// Discovery and such session frames for this address, untagged or with VLAN id 0.
FrameFilter own_address_filter(const Mac& mac);

}  // namespace michi::linux

#pragma once
// A control frame or a packet of a control protocol as one line for people: traces and transcripts.
//
// It shows what stands on the wire, with names where a name is known and bytes where not. It never
// shows a PAP password, never fails, and decides nothing; of a packet of IP it shows a page at most.

#include <string>

#include "base/bytes.hpp"

namespace michi::wire {

/// A whole Ethernet frame: of PPPoE discovery or of a session, DHCPv4 or ARP.
std::string describe_frame(Bytes frame);
/// A PPP frame: protocol field and payload.
std::string describe_ppp(Bytes frame);
/// A whole IPv4 packet: DHCP.
std::string describe_ipv4(Bytes packet);
/// A whole IPv6 packet: DHCPv6 or neighbour discovery.
std::string describe_ipv6(Bytes packet);
std::string describe_arp(Bytes payload);

/// At most a few octets of what has no names.
std::string shortened_hex(Bytes bytes);

}  // namespace michi::wire

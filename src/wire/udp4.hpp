#pragma once
// A UDP datagram in an IPv4 packet, both headers at once: what a DHCP client puts on a packet socket
// before the interface has an address.
//
// It neither fragments nor reassembles: a fragment is a fault. Checksums are built and verified; a
// UDP checksum of zero was not made (RFC 768), and one that holds the bare pseudo-header sum was left
// for a card that the packet never reached (a server on the same machine, behind a virtual device).
//
// RFC 791 §3.1, RFC 768.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "wire/fault.hpp"

namespace michi::wire::udp4 {

inline constexpr std::size_t kHeaders = 28;  // without IP options, which are never written

/// The payload is borrowed and has exactly the length the UDP header names.
struct Datagram {
  Ipv4 source;
  Ipv4 destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Bytes payload;
};

/// A whole IPv4 packet; what follows its total length is padding. WrongType: not UDP, or not IPv4.
Parsed<Datagram> parse_packet(Bytes packet);
/// Time to live 64, no options, Don't Fragment. The payload is cut to what a length field can name.
ByteVec write_packet(const Datagram& datagram);

}  // namespace michi::wire::udp4

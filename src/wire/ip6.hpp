#pragma once
// An IPv6 packet, and a UDP datagram in one: what a capture shows of conversations that a socket carried.
//
// Extension headers are not walked: a packet that has them shows the first one's number. Checksums are built,
// never verified: what is read here decides nothing.
//
// RFC 8200 §3 and §8.1, RFC 768.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "wire/fault.hpp"

namespace michi::wire::ip6 {

inline constexpr std::size_t kHeader = 40;
inline constexpr std::uint8_t kUdp = 17;

/// The payload is borrowed and has exactly the length the header names.
struct Packet {
  Ipv6 source;
  Ipv6 destination;
  std::uint8_t hop_limit = 0;
  std::uint8_t next_header = 0;
  Bytes payload;
};
struct Datagram {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Bytes payload;
};

/// A whole packet; what follows its length is padding.
Parsed<Packet> parse_packet(Bytes packet);
/// The payload is cut to what the length field can name.
ByteVec write_packet(const Packet& packet);
/// The payload of a packet whose next header is UDP.
Parsed<Datagram> parse_datagram(Bytes payload);
/// The packet that carries it.
ByteVec write_datagram(const Datagram& datagram, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit);

}  // namespace michi::wire::ip6

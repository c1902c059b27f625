#pragma once
// ARP for IPv4 over Ethernet: one packet of 28 octets, as request, reply, probe or announcement.
//
// Other hardware and protocol types are faults. It keeps no table and knows no timers; what a packet
// says about an address is its reader's business. RFC 826; RFC 5227 §1.1 (probe, announcement).

#include <cstdint>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "wire/fault.hpp"

namespace michi::wire::arp {

enum class Operation : std::uint16_t { Request = 1, Reply = 2 };

struct Packet {
  Operation operation = Operation::Request;  // any number on the wire; only these two mean something here
  Mac sender;
  Ipv4 sender_address;
  Mac target;
  Ipv4 target_address;
  auto operator<=>(const Packet&) const = default;
};

/// The payload of an Ethernet frame of type 0x0806; padding is not looked at.
Parsed<Packet> parse_packet(Bytes payload);
ByteVec write_packet(const Packet& packet);

/// "Does anybody use this?": the sender's address is 0.0.0.0, so that no cache learns from it.
Packet probe(const Mac& own, Ipv4 address);
/// "This is mine": sender and target are the same address.
Packet announcement(const Mac& own, Ipv4 address);

}  // namespace michi::wire::arp

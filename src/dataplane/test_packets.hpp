#pragma once
// Packets for tests, built octet by octet and independent of the code under test.

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/net/address.hpp"

namespace michi::dataplane::test {

/// The textbook loop of RFC 1071 §4.1, complemented.
inline std::uint16_t slow_checksum(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

inline ByteVec pattern(std::size_t size, unsigned seed = 1) {
  ByteVec out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>((i * 7 + seed * 13) & 0xff);
  return out;
}

struct Packet {
  Family family = Family::V4;
  std::uint8_t protocol = 6;
  std::string source = "192.0.2.10";
  std::string destination = "198.51.100.1";
  std::uint16_t id = 100;
  bool dont_fragment = true;
  std::uint32_t sequence = 1000;
  std::uint32_t acknowledgement = 77;
  std::uint8_t flags = 0x10;
  std::uint16_t window = 500;
  std::uint16_t source_port = 4000;
  ByteVec options = {};  // of TCP, a multiple of four octets
  ByteVec payload = {};
};

inline std::uint32_t pseudo(const Packet& p, const Address& from, const Address& to, std::size_t length) {
  Writer out;
  out.put(from.bytes()).put(to.bytes()).u32(static_cast<std::uint32_t>(length)).u32(p.protocol);
  return static_cast<std::uint16_t>(~slow_checksum(out.view()) & 0xffff);
}

inline ByteVec make(const Packet& p) {
  const Address from = *parse_address(p.source);
  const Address to = *parse_address(p.destination);
  Writer l4;
  l4.u16(p.source_port).u16(80);
  if (p.protocol == 6) {
    l4.u32(p.sequence).u32(p.acknowledgement);
    l4.u8(static_cast<std::uint8_t>((5 + p.options.size() / 4) << 4)).u8(p.flags).u16(p.window).u32(0).put(p.options);
  } else {
    l4.u16(static_cast<std::uint16_t>(8 + p.payload.size())).u16(0);
  }
  l4.put(p.payload);
  l4.patch_u16(p.protocol == 6 ? 16 : 6, slow_checksum(l4.view(), pseudo(p, from, to, l4.size())));
  Writer out;
  if (from.v4() != nullptr) {
    out.u16(0x4500).u16(static_cast<std::uint16_t>(20 + l4.size())).u16(p.id).u16(p.dont_fragment ? 0x4000 : 0);
    out.u8(64).u8(p.protocol).u16(0).put(from.bytes()).put(to.bytes());
    out.patch_u16(10, slow_checksum(out.view()));
  } else {
    out.u32(0x60000000).u16(static_cast<std::uint16_t>(l4.size())).u8(p.protocol).u8(64);
    out.put(from.bytes()).put(to.bytes());
  }
  out.put(l4.view());
  return std::move(out).take();
}

/// Leaves the checksum to "the device", as the kernel does: the pseudo-header's sum in the field.
inline void make_partial(ByteVec& packet, const Packet& p) {
  const std::size_t l4 = parse_address(p.source)->v4() != nullptr ? 20 : 40;
  const std::uint32_t sum = pseudo(p, *parse_address(p.source), *parse_address(p.destination), packet.size() - l4);
  const std::size_t field = l4 + (p.protocol == 6 ? 16 : 6);
  packet[field] = static_cast<std::byte>(sum >> 8);
  packet[field + 1] = static_cast<std::byte>(sum & 0xff);
}

/// Whether every checksum and length in the packet is right.
inline bool sound(Bytes packet) {
  const bool v4 = std::to_integer<unsigned>(packet[0]) >> 4 == 4;
  const auto word = [&](std::size_t at) {
    return std::to_integer<unsigned>(packet[at]) << 8 | std::to_integer<unsigned>(packet[at + 1]);
  };
  const std::size_t l4 = v4 ? 20 : 40;
  if (packet.size() != (v4 ? word(2) : word(4) + 40)) return false;
  if (v4 && slow_checksum(packet.first(20)) != 0) return false;
  const auto protocol = std::to_integer<std::uint8_t>(packet[v4 ? 9 : 6]);
  if (protocol != 6 && protocol != 17) return true;
  if (protocol == 17 && word(l4 + 4) != packet.size() - l4) return false;
  if (protocol == 17 && word(l4 + 6) == 0) return v4;
  Writer head;
  head.put(v4 ? packet.subspan(12, 8) : packet.subspan(8, 32));
  head.u32(static_cast<std::uint32_t>(packet.size() - l4)).u32(protocol);
  const std::uint32_t sum = ~slow_checksum(head.view()) & 0xffffu;
  return slow_checksum(packet.subspan(l4), sum) == 0;
}

}  // namespace michi::dataplane::test

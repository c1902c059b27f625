#include "wire/ip6.hpp"

#include <algorithm>

#include "base/net/checksum.hpp"

namespace michi::wire::ip6 {
namespace {

constexpr std::uint32_t kVersion = 0x60000000;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kUdpChecksum = 6;
constexpr std::size_t kMost = 0xffff;

Bytes cut(Bytes bytes, std::size_t most) { return bytes.first(std::min(bytes.size(), most)); }

}  // namespace

Parsed<Packet> parse_packet(Bytes packet) {
  if (packet.size() < kHeader) return fault(FaultCode::Truncated, packet.size());
  Reader in(packet);
  if (*in.u32() >> 28 != 6) return fault(FaultCode::WrongType, 0);
  const std::size_t length = *in.u16();
  Packet out;
  out.next_header = *in.u8();
  out.hop_limit = *in.u8();
  out.source = *Ipv6::from_bytes(*in.take(16));
  out.destination = *Ipv6::from_bytes(*in.take(16));
  if (length > in.remaining()) return fault(FaultCode::BadLength, 4);
  out.payload = *in.take(length);
  return out;
}

ByteVec write_packet(const Packet& packet) {
  const Bytes payload = cut(packet.payload, kMost);
  Writer out;
  out.u32(kVersion).u16(static_cast<std::uint16_t>(payload.size())).u8(packet.next_header).u8(packet.hop_limit);
  out.put(packet.source.bytes()).put(packet.destination.bytes()).put(payload);
  return std::move(out).take();
}

Parsed<Datagram> parse_datagram(Bytes payload) {
  if (payload.size() < kUdpHeader) return fault(FaultCode::Truncated, payload.size());
  Reader in(payload);
  Datagram out;
  out.source_port = *in.u16();
  out.destination_port = *in.u16();
  const std::size_t length = *in.u16();
  if (length < kUdpHeader || length > payload.size()) return fault(FaultCode::BadLength, 4);
  out.payload = payload.subspan(kUdpHeader, length - kUdpHeader);
  return out;
}

ByteVec write_datagram(const Datagram& datagram, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit) {
  const Bytes payload = cut(datagram.payload, kMost - kUdpHeader);
  const auto length = static_cast<std::uint16_t>(kUdpHeader + payload.size());
  Writer addresses, out;
  addresses.put(source.bytes()).put(destination.bytes());
  out.u16(datagram.source_port).u16(datagram.destination_port).u16(length).u16(0).put(payload);
  const std::uint16_t pseudo = pseudo_sum(addresses.view(), kUdp, length);
  const auto checksum = static_cast<std::uint16_t>(~ones_sum(out.view(), pseudo));
  out.patch_u16(kUdpChecksum, checksum == 0 ? 0xffff : checksum);
  return write_packet({source, destination, hop_limit, kUdp, out.view()});
}

}  // namespace michi::wire::ip6

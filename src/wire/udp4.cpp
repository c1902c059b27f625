#include "wire/udp4.hpp"

#include <algorithm>

#include "base/net/checksum.hpp"

namespace michi::wire::udp4 {
namespace {

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kAddresses = 12;  // where source and destination stand
constexpr std::size_t kIpChecksum = 10;
constexpr std::size_t kUdpChecksum = 26;  // in a packet without IP options
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTimeToLive = 64;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreOrOffset = 0x3fff;
constexpr std::uint16_t kGood = 0xffff;

std::uint16_t complement(std::uint16_t sum) { return static_cast<std::uint16_t>(~sum & 0xffff); }

}  // namespace

Parsed<Datagram> parse_packet(Bytes packet) {
  if (packet.size() < kIpHeader) return fault(FaultCode::Truncated, packet.size());
  Reader in(packet);
  const std::uint8_t version_and_length = *in.u8();
  if (version_and_length >> 4 != 4) return fault(FaultCode::WrongType, 0);
  const std::size_t header = static_cast<std::size_t>(version_and_length & 15) * 4;
  if (header < kIpHeader || header > packet.size()) return fault(FaultCode::BadLength, 0);
  in.u8();
  const std::uint16_t total = *in.u16();
  if (total < header || total > packet.size()) return fault(FaultCode::BadLength, 2);
  in.u16();
  if ((*in.u16() & kMoreOrOffset) != 0) return fault(FaultCode::BadValue, 6);
  in.u8();
  if (*in.u8() != kUdp) return fault(FaultCode::WrongType, 9);
  if (ones_sum(packet.first(header)) != kGood) return fault(FaultCode::BadValue, kIpChecksum);
  in.u16();
  Datagram out;
  out.source = Ipv4{*in.u32()};
  out.destination = Ipv4{*in.u32()};

  const Bytes body = packet.subspan(header, total - header);
  if (body.size() < kUdpHeader) return fault(FaultCode::Truncated, total);
  Reader udp(body);
  out.source_port = *udp.u16();
  out.destination_port = *udp.u16();
  const std::uint16_t length = *udp.u16();
  if (length < kUdpHeader || length > body.size()) return fault(FaultCode::BadLength, header + 4);
  const std::uint16_t checksum = *udp.u16();
  const std::uint16_t pseudo = pseudo_sum(packet.subspan(kAddresses, 8), kUdp, length);
  if (checksum != 0 && checksum != pseudo && ones_sum(body.first(length), pseudo) != kGood)
    return fault(FaultCode::BadValue, header + 6);
  out.payload = body.subspan(kUdpHeader, length - kUdpHeader);
  return out;
}

ByteVec write_packet(const Datagram& datagram) {
  const Bytes payload = datagram.payload.first(std::min(datagram.payload.size(), std::size_t{0xffff} - kHeaders));
  const auto length = static_cast<std::uint16_t>(kUdpHeader + payload.size());
  Writer out;
  out.u8(0x45).u8(0).u16(static_cast<std::uint16_t>(kIpHeader + length)).u16(0).u16(kDontFragment);
  out.u8(kTimeToLive).u8(kUdp).u16(0).u32(datagram.source.value).u32(datagram.destination.value);
  out.patch_u16(kIpChecksum, complement(ones_sum(out.view())));
  out.u16(datagram.source_port).u16(datagram.destination_port).u16(length).u16(0).put(payload);
  const std::uint16_t pseudo = pseudo_sum(out.view().subspan(kAddresses, 8), kUdp, length);
  const std::uint16_t checksum = complement(ones_sum(out.view().subspan(kIpHeader), pseudo));
  out.patch_u16(kUdpChecksum, checksum == 0 ? 0xffff : checksum);
  return std::move(out).take();
}

}  // namespace michi::wire::udp4

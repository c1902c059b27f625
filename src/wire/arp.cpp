#include "wire/arp.hpp"

#include "wire/ether.hpp"

namespace michi::wire::arp {
namespace {

constexpr std::size_t kSize = 28;
constexpr std::uint16_t kEthernet = 1;

}  // namespace

Parsed<Packet> parse_packet(Bytes payload) {
  if (payload.size() < kSize) return fault(FaultCode::Truncated, payload.size());
  Reader in(payload);
  if (*in.u16() != kEthernet) return fault(FaultCode::WrongType, 0);
  if (*in.u16() != ether::kTypeIpv4) return fault(FaultCode::WrongType, 2);
  if (*in.u8() != 6) return fault(FaultCode::BadLength, 4);
  if (*in.u8() != 4) return fault(FaultCode::BadLength, 5);
  Packet out;
  out.operation = static_cast<Operation>(*in.u16());
  out.sender = *Mac::from_bytes(*in.take(6));
  out.sender_address = Ipv4{*in.u32()};
  out.target = *Mac::from_bytes(*in.take(6));
  out.target_address = Ipv4{*in.u32()};
  return out;
}

ByteVec write_packet(const Packet& packet) {
  Writer out;
  out.u16(kEthernet).u16(ether::kTypeIpv4).u8(6).u8(4).u16(static_cast<std::uint16_t>(packet.operation));
  out.put(packet.sender.bytes()).u32(packet.sender_address.value);
  out.put(packet.target.bytes()).u32(packet.target_address.value);
  return std::move(out).take();
}

Packet probe(const Mac& own, Ipv4 address) { return {Operation::Request, own, Ipv4{}, Mac{}, address}; }

Packet announcement(const Mac& own, Ipv4 address) { return {Operation::Request, own, address, Mac{}, address}; }

}  // namespace michi::wire::arp

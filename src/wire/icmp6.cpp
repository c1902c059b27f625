#include "wire/icmp6.hpp"

#include <tuple>
#include <utility>

#include "base/net/checksum.hpp"
#include "base/overloaded.hpp"

namespace michi::wire::icmp6 {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kChecksumAt = 2;
constexpr std::uint8_t kManaged = 0x80, kOther = 0x40;
constexpr std::uint32_t kRouter = 0x80000000, kSolicited = 0x40000000, kOverride = 0x20000000;

Parsed<Options> options_of(const Reader& in) {
  auto options = parse_options(in.rest());
  if (!options) return fault(options.error().code, options.error().offset + in.offset());
  return options;
}

Parsed<Message> router_solicitation(Reader in) {
  if (!in.u32()) return fault(FaultCode::Truncated, in.offset());
  auto options = options_of(in);
  if (!options) return Fault<ParseFault>(options.error());
  return RouterSolicitation{std::move(*options)};
}

Preference preference_of(std::uint8_t flags) {
  switch (flags >> 3 & 0b11) {
    case 0b01:
      return Preference::High;
    case 0b11:
      return Preference::Low;
    default:
      return Preference::Medium;
  }
}

Parsed<Message> router_advertisement(Reader in) {
  if (in.remaining() < 12) return fault(FaultCode::Truncated, in.offset());
  RouterAdvertisement out;
  out.hop_limit = *in.u8();
  const std::uint8_t flags = *in.u8();
  out.managed = (flags & kManaged) != 0;
  out.other = (flags & kOther) != 0;
  out.lifetime = *in.u16();
  if (out.lifetime != 0) out.preference = preference_of(flags);
  out.reachable = *in.u32();
  out.retransmit = *in.u32();
  auto options = options_of(in);
  if (!options) return Fault<ParseFault>(options.error());
  out.options = std::move(*options);
  return out;
}

template <class T>
Parsed<Message> neighbor(Reader in) {
  if (in.remaining() < 20) return fault(FaultCode::Truncated, in.offset());
  const std::uint32_t flags = *in.u32();
  T out;
  if constexpr (std::is_same_v<T, NeighborAdvertisement>) {
    out.router = (flags & kRouter) != 0;
    out.solicited = (flags & kSolicited) != 0;
    out.override = (flags & kOverride) != 0;
  }
  out.target = *Ipv6::from_bytes(*in.take(16));
  if (out.target.is_multicast()) return fault(FaultCode::BadValue, in.offset() - 16);
  auto options = options_of(in);
  if (!options) return Fault<ParseFault>(options.error());
  out.options = std::move(*options);
  return out;
}

Parsed<Message> echo(Reader in, Echo::Kind kind) {
  if (in.remaining() < 4) return fault(FaultCode::Truncated, in.offset());
  Echo out{kind, *in.u16(), 0, {}};
  out.sequence = *in.u16();
  out.data = copy_of(in.rest());
  return out;
}

Writer begin(Type type) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(type)).u8(0).u16(0);
  return out;
}

ByteVec finish(Writer&& out, const Options& options) {
  for (const Option& option : options) write_option(out, option);
  return std::move(out).take();
}

ByteVec write(const RouterAdvertisement& m) {
  Writer out = begin(Type::RouterAdvertisement);
  const auto preference = m.lifetime == 0 ? 0u : static_cast<unsigned>(m.preference) << 3;
  out.u8(m.hop_limit).u8(static_cast<std::uint8_t>((m.managed ? kManaged : 0) | (m.other ? kOther : 0) | preference));
  out.u16(m.lifetime).u32(m.reachable).u32(m.retransmit);
  return finish(std::move(out), m.options);
}

ByteVec write(const NeighborAdvertisement& m) {
  Writer out = begin(Type::NeighborAdvertisement);
  out.u32((m.router ? kRouter : 0) | (m.solicited ? kSolicited : 0) | (m.override ? kOverride : 0));
  out.put(m.target.bytes());
  return finish(std::move(out), m.options);
}

ByteVec write(const NeighborSolicitation& m) {
  Writer out = begin(Type::NeighborSolicitation);
  out.u32(0).put(m.target.bytes());
  return finish(std::move(out), m.options);
}

ByteVec write(const RouterSolicitation& m) {
  Writer out = begin(Type::RouterSolicitation);
  out.u32(0);
  return finish(std::move(out), m.options);
}

ByteVec write(const Echo& m) {
  Writer out = begin(m.kind == Echo::Kind::Request ? Type::EchoRequest : Type::EchoReply);
  out.u16(m.identifier).u16(m.sequence).put(m.data);
  return std::move(out).take();
}

}  // namespace

Parsed<Message> parse_message(Bytes icmp6) {
  Reader in(icmp6);
  if (in.remaining() < kHeader) return fault(FaultCode::Truncated, in.remaining());
  const auto type = static_cast<Type>(*in.u8());
  const std::uint8_t code = *in.u8();
  std::ignore = in.u16();
  const bool known = type == Type::EchoRequest || type == Type::EchoReply ||
                     (type >= Type::RouterSolicitation && type <= Type::NeighborAdvertisement);
  if (!known) return fault(FaultCode::WrongType, 0);
  if (code != 0) return fault(FaultCode::BadValue, 1);
  switch (type) {
    case Type::RouterSolicitation:
      return router_solicitation(in);
    case Type::RouterAdvertisement:
      return router_advertisement(in);
    case Type::NeighborSolicitation:
      return neighbor<NeighborSolicitation>(in);
    case Type::NeighborAdvertisement:
      return neighbor<NeighborAdvertisement>(in);
    case Type::EchoRequest:
      return echo(in, Echo::Kind::Request);
    case Type::EchoReply:
      return echo(in, Echo::Kind::Reply);
  }
  return fault(FaultCode::WrongType, 0);
}

ByteVec write_message(const Message& message) {
  return std::visit([](const auto& m) { return write(m); }, message);
}

ByteVec write_message(const Message& message, const Ipv6& source, const Ipv6& destination) {
  ByteVec out = write_message(message);
  seal(out, source, destination);
  return out;
}

std::uint16_t checksum(const Ipv6& source, const Ipv6& destination, Bytes icmp6) {
  Writer addresses;
  addresses.put(source.bytes()).put(destination.bytes());
  return static_cast<std::uint16_t>(~ones_sum(icmp6, pseudo_sum(addresses.view(), kProtocol, icmp6.size())));
}

bool is_sealed(const Ipv6& source, const Ipv6& destination, Bytes icmp6) {
  return icmp6.size() >= kHeader && icmp6.size() <= 0xffff && checksum(source, destination, icmp6) == 0;
}

void seal(ByteVec& icmp6, const Ipv6& source, const Ipv6& destination) {
  if (icmp6.size() < kHeader) return;
  const auto put = [&](std::uint16_t value) {
    icmp6[kChecksumAt] = static_cast<std::byte>(value >> 8);
    icmp6[kChecksumAt + 1] = static_cast<std::byte>(value & 0xff);
  };
  put(0);
  put(checksum(source, destination, icmp6));
}

Ipv6 solicited_node(const Ipv6& target) {
  Ipv6 out{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}};
  for (std::size_t i = 13; i < 16; ++i) out.octets[i] = target.octets[i];
  return out;
}

std::string_view to_text(Type type) {
  switch (type) {
    case Type::EchoRequest:
      return "Echo-Request";
    case Type::EchoReply:
      return "Echo-Reply";
    case Type::RouterSolicitation:
      return "Router-Solicitation";
    case Type::RouterAdvertisement:
      return "Router-Advertisement";
    case Type::NeighborSolicitation:
      return "Neighbor-Solicitation";
    case Type::NeighborAdvertisement:
      return "Neighbor-Advertisement";
  }
  return "?";
}

}  // namespace michi::wire::icmp6

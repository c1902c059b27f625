#include "dataplane/frame.hpp"

#include <algorithm>
#include <cstring>

#include "wire/pppoe.hpp"

namespace michi::dataplane {
namespace {

constexpr std::uint16_t kPppIpv4 = 0x0021;  // RFC 1332
constexpr std::uint16_t kPppIpv6 = 0x0057;  // RFC 5072
constexpr std::size_t kIpv4Fixed = 20;
constexpr std::size_t kIpv6Fixed = 40;
constexpr std::uint8_t kIpv6Fragment = 44;

}  // namespace

std::uint16_t get_u16(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[offset]) << 8 |
                                    std::to_integer<unsigned>(bytes[offset + 1]));
}

std::uint32_t get_u32(Bytes bytes, std::size_t offset) {
  return std::uint32_t{get_u16(bytes, offset)} << 16 | get_u16(bytes, offset + 2);
}

void put_u16(std::span<std::byte> bytes, std::size_t offset, std::uint16_t value) {
  bytes[offset] = static_cast<std::byte>(value >> 8);
  bytes[offset + 1] = static_cast<std::byte>(value & 0xff);
}

void put_u32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t value) {
  put_u16(bytes, offset, static_cast<std::uint16_t>(value >> 16));
  put_u16(bytes, offset + 2, static_cast<std::uint16_t>(value & 0xffff));
}

std::size_t ChannelHash::operator()(const Channel& channel) const {
  std::uint64_t peer = 0;
  std::uint64_t local = 0;
  std::memcpy(&peer, channel.peer.octets.data(), 6);
  std::memcpy(&local, channel.local.octets.data(), 6);
  std::uint64_t mixed = (peer << 16 | channel.session_id) * 0x9e3779b97f4a7c15u;
  mixed ^= local * 0xc2b2ae3d27d4eb4fu;
  return static_cast<std::size_t>(mixed ^ mixed >> 29);
}

std::optional<IpView> view_ip(Bytes packet) {
  if (packet.size() < kIpv4Fixed) return std::nullopt;
  IpView view;
  const auto first = std::to_integer<unsigned>(packet[0]);
  if (first >> 4 == 4) {
    view.header = std::size_t{first & 0x0f} * 4;
    view.length = get_u16(packet, 2);
    view.protocol = std::to_integer<std::uint8_t>(packet[9]);
    view.fragment = (get_u16(packet, 6) & 0x3fff) != 0;  // MF or an offset
    if (view.header < kIpv4Fixed || view.length < view.header) return std::nullopt;
  } else if (first >> 4 == 6) {
    if (packet.size() < kIpv6Fixed) return std::nullopt;
    view.family = Family::V6;
    view.header = kIpv6Fixed;
    view.length = kIpv6Fixed + get_u16(packet, 4);
    view.protocol = std::to_integer<std::uint8_t>(packet[6]);
    view.fragment = view.protocol == kIpv6Fragment;
  } else {
    return std::nullopt;
  }
  if (view.length > packet.size()) return std::nullopt;
  return view;
}

Bytes source_of(Bytes packet, Family family) {
  return family == Family::V4 ? packet.subspan(12, 4) : packet.subspan(8, 16);
}

Bytes destination_of(Bytes packet, Family family) {
  return family == Family::V4 ? packet.subspan(16, 4) : packet.subspan(24, 16);
}

Bytes addresses_of(Bytes packet, Family family) {
  return family == Family::V4 ? packet.subspan(12, 8) : packet.subspan(8, 32);
}

std::optional<Channel> channel_of(Bytes frame) {
  if (frame.size() < kEncapsulation) return std::nullopt;
  Channel channel;
  std::memcpy(channel.local.octets.data(), frame.data(), 6);
  std::memcpy(channel.peer.octets.data(), frame.data() + 6, 6);
  channel.session_id = get_u16(frame, 16);
  return channel;
}

std::optional<Opened> open_frame(std::span<std::byte> frame, std::size_t limit) {
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed || framed->packet.code != wire::pppoe::Code::Session) return std::nullopt;
  const Bytes ppp = framed->packet.payload;
  if (ppp.size() < 2) return std::nullopt;
  const std::uint16_t protocol = get_u16(ppp, 0);
  if (protocol != kPppIpv4 && protocol != kPppIpv6) return std::nullopt;
  const auto view = view_ip(ppp.subspan(2));
  if (!view || view->length > limit) return std::nullopt;
  if ((view->family == Family::V4) != (protocol == kPppIpv4)) return std::nullopt;
  return Opened{{framed->header.destination, framed->header.source, framed->packet.session_id},
                view->family,
                frame.subspan(kEncapsulation, view->length)};
}

void write_encapsulation(std::span<std::byte> out, const Channel& channel, Family family, std::size_t packet_size) {
  std::memcpy(out.data(), channel.peer.octets.data(), 6);
  std::memcpy(out.data() + 6, channel.local.octets.data(), 6);
  put_u16(out, 12, wire::ether::kTypePppoeSession);
  put_u16(out, 14, 0x1100);  // VER 1, TYPE 1, CODE 0
  put_u16(out, 16, channel.session_id);
  put_u16(out, 18, static_cast<std::uint16_t>(packet_size + 2));
  put_u16(out, 20, family == Family::V4 ? kPppIpv4 : kPppIpv6);
}

}  // namespace michi::dataplane

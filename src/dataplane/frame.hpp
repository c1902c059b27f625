#pragma once
// Session data frames: an IP packet in PPP in PPPoE in Ethernet, and back.
//
// Only PPP protocols 0x0021 and 0x0057, with both octets (PFC and ACFC are never negotiated on PPPoE,
// RFC 2516 §7). Control protocols are not data and are refused here. Pure functions; RFC 2516 §4.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"

namespace michi::dataplane {

inline constexpr std::size_t kEncapsulation = 22;  // Ethernet 14, PPPoE 6, PPP protocol 2
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;

/// Both ends of a session on one wire.
struct Channel {
  Mac local;
  Mac peer;
  std::uint16_t session_id = 0;
  bool operator==(const Channel&) const = default;
};

struct ChannelHash {
  std::size_t operator()(const Channel& channel) const;
};

/// The outside of a data frame that is well formed: who it is from and for, and the packet in it.
struct Opened {
  Channel channel;  // as the receiver sees it
  Family family = Family::V4;
  std::span<std::byte> packet;  // trimmed to the length the IP header names
};

/// What an IP header says, for packets that are as long as it says (or longer).
struct IpView {
  Family family = Family::V4;
  std::uint8_t protocol = 0;  // IPv6: the first Next Header
  bool fragment = false;
  std::size_t header = 0;  // octets in front of `protocol`
  std::size_t length = 0;  // whole packet
};

std::uint16_t get_u16(Bytes bytes, std::size_t offset);
std::uint32_t get_u32(Bytes bytes, std::size_t offset);
void put_u16(std::span<std::byte> bytes, std::size_t offset, std::uint16_t value);
void put_u32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t value);

/// Empty when the header is cut short or longer than the packet.
std::optional<IpView> view_ip(Bytes packet);
Bytes source_of(Bytes packet, Family family);
Bytes destination_of(Bytes packet, Family family);
/// Source and destination in a row.
Bytes addresses_of(Bytes packet, Family family);

/// Whether a frame is session data for this (session, MACs) at all: only the addresses and session
/// id are looked at, so that faults can be counted where they belong.
std::optional<Channel> channel_of(Bytes frame);

/// The PPPoE length is trusted for the payload's end (short frames are padded), and must lie inside the
/// frame; the IP length must lie inside that. `limit` is the largest packet allowed.
std::optional<Opened> open_frame(std::span<std::byte> frame, std::size_t limit);

void write_encapsulation(std::span<std::byte> out, const Channel& channel, Family family, std::size_t packet_size);

}  // namespace michi::dataplane

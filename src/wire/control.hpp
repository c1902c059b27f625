#pragma once
// The packet and the option list that LCP, IPCP and IPv6CP share; PAP and CHAP use the packet too.
//
// Options are kept whole and in order, known or not: an Ack repeats them byte for byte and a Reject
// returns exactly what came. The packet's length is trusted, what follows is padding.
//
// RFC 1661 §5 (packets) and §6 (options).

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "wire/fault.hpp"

namespace michi::wire::control {

inline constexpr std::size_t kHeaderSize = 4;

enum class Code : std::uint8_t {
  VendorSpecific = 0,  // RFC 2153
  ConfigureRequest = 1,
  ConfigureAck = 2,
  ConfigureNak = 3,
  ConfigureReject = 4,
  TerminateRequest = 5,
  TerminateAck = 6,
  CodeReject = 7,
  // LCP only
  ProtocolReject = 8,
  EchoRequest = 9,
  EchoReply = 10,
  DiscardRequest = 11,
  Identification = 12,  // RFC 1570 §2.1
  TimeRemaining = 13    // RFC 1570 §2.2
};

/// The data is borrowed and has exactly the length the header names.
struct Packet {
  Code code{};
  std::uint8_t id = 0;
  Bytes data;
};

struct Option {
  std::uint8_t type = 0;
  ByteVec value;
  bool operator==(const Option&) const = default;
};

using Options = std::vector<Option>;

Parsed<Packet> parse_packet(Bytes information);
void write_packet(Writer& out, Code code, std::uint8_t id, Bytes data);
ByteVec write_packet(Code code, std::uint8_t id, Bytes data);

/// An option length below two or beyond the list is a fault of the whole list (RFC 1661 §5.1).
Parsed<Options> parse_options(Bytes data);
ByteVec write_options(std::span<const Option> options);

Option option_u16(std::uint8_t type, std::uint16_t value);
Option option_u32(std::uint8_t type, std::uint32_t value);
Option option_u64(std::uint8_t type, std::uint64_t value);

std::string_view to_text(Code code);

}  // namespace michi::wire::control

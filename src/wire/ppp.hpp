#pragma once
// The PPP protocol field and its numbers. Protocol field compression is never negotiated, so a one
// octet field is a fault, not a short form.
//
// RFC 1661 §2 (the field), IANA "PPP Protocol Field Assignments".

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "wire/fault.hpp"

namespace michi::wire::ppp {

enum class Protocol : std::uint16_t {
  Ipv4 = 0x0021,
  Ipv6 = 0x0057,
  Ipcp = 0x8021,
  Ipv6cp = 0x8057,
  Ccp = 0x80fd,  // never spoken here, rejected
  Lcp = 0xc021,
  Pap = 0xc023,
  Lqr = 0xc025,
  Chap = 0xc223,
  Eap = 0xc227
};

/// RFC 1661 §6.1: what a peer can receive when it names no MRU.
inline constexpr std::uint16_t kDefaultMru = 1500;
/// RFC 2516 §7: what fits into an Ethernet frame behind the PPPoE header.
inline constexpr std::uint16_t kPppoeMru = 1492;

/// Information is borrowed and may end in padding.
struct Frame {
  Protocol protocol{};
  Bytes information;
};

Parsed<Frame> parse_frame(Bytes frame);
void write_protocol(Writer& out, Protocol protocol);
ByteVec write_frame(Protocol protocol, Bytes information);

std::string_view to_text(Protocol protocol);

}  // namespace michi::wire::ppp

#pragma once
// The Ethernet II header. It knows no VLAN tags: control frames reach michi with the tag stripped,
// and a frame that still carries one has another type and is refused by its reader.
//
// IEEE 802.3 clause 3; types from RFC 2516 §4.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "wire/fault.hpp"

namespace michi::wire::ether {

inline constexpr std::size_t kHeaderSize = 14;
inline constexpr std::uint16_t kTypeIpv4 = 0x0800;  // RFC 894
inline constexpr std::uint16_t kTypeArp = 0x0806;   // RFC 826
inline constexpr std::uint16_t kTypePppoeDiscovery = 0x8863;
inline constexpr std::uint16_t kTypePppoeSession = 0x8864;

struct Header {
  Mac destination;
  Mac source;
  std::uint16_t type = 0;
  auto operator<=>(const Header&) const = default;
};

/// The payload is borrowed and may end in padding.
struct Frame {
  Header header;
  Bytes payload;
};

Parsed<Frame> parse_frame(Bytes frame);
void write_header(Writer& out, const Header& header);

}  // namespace michi::wire::ether

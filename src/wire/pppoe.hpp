#pragma once
// The PPPoE header and its discovery tags. Tags are kept whole and in order, known or not, so that
// a cookie or a Relay-Session-Id goes back unmodified.
//
// The header's length is trusted, never the frame's size: short frames are padded. Octets after
// End-Of-List are not looked at. RFC 2516 §4, §5 and appendix A; RFC 4638 §3 (PPP-Max-Payload).

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "wire/ether.hpp"
#include "wire/fault.hpp"

namespace michi::wire::pppoe {

inline constexpr std::size_t kHeaderSize = 6;
inline constexpr std::uint16_t kNoSession = 0x0000;
inline constexpr std::uint16_t kReservedSession = 0xffff;  // RFC 2516 §4
/// A PADI must leave room for a relay's tag (RFC 2516 §5.1); header included.
inline constexpr std::size_t kMaxPadi = 1484;
/// The largest PPP payload without RFC 4638.
inline constexpr std::uint16_t kDefaultMaxPayload = 1492;

enum class Code : std::uint8_t {
  Session = 0x00,  // PPP inside
  Pado = 0x07,     // an offer
  Padi = 0x09,     // who is there?
  Padr = 0x19,     // a session, please
  Pads = 0x65,     // here it is, or an error
  Padt = 0xa7      // it is over
};

enum class TagType : std::uint16_t {
  EndOfList = 0x0000,
  ServiceName = 0x0101,
  AcName = 0x0102,
  HostUniq = 0x0103,
  AcCookie = 0x0104,
  VendorSpecific = 0x0105,
  RelaySessionId = 0x0110,
  PppMaxPayload = 0x0120,  // RFC 4638
  ServiceNameError = 0x0201,
  AcSystemError = 0x0202,
  GenericError = 0x0203
};

struct Tag {
  TagType type{};
  ByteVec value;
  bool operator==(const Tag&) const = default;
};

using Tags = std::vector<Tag>;

/// One PPPoE packet; the payload is borrowed and has exactly the length the header names.
struct Packet {
  Code code = Code::Session;
  std::uint16_t session_id = 0;
  Bytes payload;
};

/// A packet with the Ethernet header it came under.
struct Framed {
  ether::Header header;
  Packet packet;
  const Tags* tags = nullptr;  // of a discovery frame, where somebody parsed them already
};

Parsed<Packet> parse_packet(Bytes after_ethernet);
/// Types 0x8863 and 0x8864 only, and never code Session under 0x8863 or another under 0x8864.
Parsed<Framed> parse_frame(Bytes whole_frame);

Parsed<Tags> parse_tags(Bytes payload);
ByteVec write_tags(std::span<const Tag> tags);

const Tag* find_tag(std::span<const Tag> tags, TagType type);
/// RFC 4638 §3: two octets, and a value below 1492 counts as absent.
std::optional<std::uint16_t> max_payload(std::span<const Tag> tags);

Tag text_tag(TagType type, std::string_view text);
Tag bytes_tag(TagType type, Bytes value);
Tag max_payload_tag(std::uint16_t value);

/// The header in front of `payload`; the length is computed.
void write_packet(Writer& out, Code code, std::uint16_t session_id, Bytes payload);
/// A whole frame; the Ethernet type follows from the code.
ByteVec write_frame(const Mac& destination, const Mac& source, Code code, std::uint16_t session_id, Bytes payload);
ByteVec write_discovery(const Mac& destination, const Mac& source, Code code, std::uint16_t session_id,
                        std::span<const Tag> tags);

std::string_view to_text(Code code);
std::string_view to_text(TagType type);

}  // namespace michi::wire::pppoe

#pragma once
// ctnetlink as values: deletion by mark or of one entry, listings, and what is asked of a listed entry. No socket.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"

struct nlmsghdr;

namespace michi::linux {

/// One request that deletes every entry of this family with (mark & mask) == mark.
ByteVec encode_delete_flows(Family family, std::uint32_t mark, std::uint32_t mask, std::uint32_t sequence);

/// How many entries there are; asks for nothing else, to see whether ctnetlink answers.
ByteVec encode_flow_count(std::uint32_t sequence);
ByteVec encode_flow_dump(Family family, std::uint32_t sequence);
/// Asks for the entry of this packet: TCP, UDP or an ICMP echo, not fragmented.
std::optional<ByteVec> encode_flow_of(Bytes packet, std::uint32_t sequence);

/// What is needed to judge an entry and to delete exactly it. Views into the message.
struct Flow {
  Family family = Family::V4;
  Address source;  // of the original direction
  std::uint32_t mark = 0;
  bool source_translated = false;
  Bytes original;  // CTA_TUPLE_ORIG
  Bytes zone, id;
};
std::optional<Flow> decode_flow(const nlmsghdr& message);
ByteVec encode_delete_flow(const Flow& flow, std::uint32_t sequence);

/// Carries an uplink's mark but left, or would leave, with a source of the inside.
bool is_untranslated(const Flow& flow, std::uint32_t mask, const std::vector<Prefix>& inside);

}  // namespace michi::linux

#pragma once
// What the three conversations of neighbour discovery have in common: the message that leaves, the
// rules by which one that came is valid at all, and a rate that a peer cannot exceed.
//
// RFC 4861 §6.1.1, §6.1.2, §7.1.1, §7.1.2 (validity).

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/time.hpp"
#include "engine/token_bucket.hpp"
#include "wire/icmp6.hpp"

namespace michi::engine::ndisc {

/// A deadline that does not come: a lifetime of all ones.
inline constexpr Instant kNever = Instant::max();

/// One to send: ICMPv6 from its type octet on, its checksum filled in for exactly these addresses.
struct Message {
  ByteVec bytes;
  Ipv6 source;
  Ipv6 destination;
  std::uint8_t hop_limit = wire::icmp6::kHopLimit;
};

Message make_message(const wire::icmp6::Message& message, const Ipv6& source, const Ipv6& destination);

/// Messages that were discarded unread.
struct Discarded {
  std::uint64_t malformed = 0;  // also a wrong checksum
  std::uint64_t forwarded = 0;  // the hop limit is not 255
  std::uint64_t invalid = 0;    // a source, destination or option that its type forbids
};

/// A valid message, or nothing and one more in `discarded`. An echo is no neighbour discovery: nothing,
/// and not counted; nor is any other type.
std::optional<wire::icmp6::Message> admit(Bytes icmp6, const Ipv6& source, const Ipv6& destination,
                                          std::uint8_t hop_limit, Discarded& discarded);

/// The instant a lifetime of the wire ends.
Instant end_of(wire::icmp6::Lifetime lifetime, Instant now);
/// Whole seconds from now until then, rounded down; never more than `most`.
wire::icmp6::Lifetime lifetime_until(Instant end, Instant now, wire::icmp6::Lifetime most);

}  // namespace michi::engine::ndisc

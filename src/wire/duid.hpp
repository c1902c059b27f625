#pragma once
// A DHCP Unique Identifier: what a DHCPv6 server knows this machine by.
//
// An opaque value: the builders make the four types of the RFC, the parser takes any octets that are
// long enough and short enough, and nobody compares more than the whole. Where it is kept so that it
// survives is the caller's business. RFC 8415 §11, RFC 6355 (DUID-UUID).

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"

namespace michi::wire {

class Duid {
 public:
  static constexpr std::size_t kMinSize = 3;    // a type and at least one octet (RFC 8415 §11.1)
  static constexpr std::size_t kMaxSize = 130;  // a type and at most 128 octets

  /// DUID-LL: the one that needs nothing but the carrier's address; NTT's networks take no other.
  static Duid link_layer(const Mac& mac);
  /// DUID-LLT; the time is in seconds since 2000-01-01 00:00 UTC, modulo 2^32.
  static Duid link_layer_time(const Mac& mac, std::uint32_t time);
  /// DUID-EN; nothing if the identifier is empty or too long.
  static std::optional<Duid> enterprise(std::uint32_t number, Bytes identifier);
  static Duid uuid(std::span<const std::byte, 16> uuid);
  static std::optional<Duid> from_bytes(Bytes bytes);

  Bytes bytes() const { return bytes_; }
  bool operator==(const Duid&) const = default;

 private:
  explicit Duid(ByteVec bytes) : bytes_(std::move(bytes)) {}

  ByteVec bytes_;
};

/// Hexadecimal digits, pairs set apart by blanks or colons if at all.
std::optional<Duid> parse_duid(std::string_view text);
std::string to_text(const Duid& duid);

}  // namespace michi::wire

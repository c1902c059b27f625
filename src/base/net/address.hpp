#pragma once
// IPv4 and IPv6 addresses, either of them, and prefixes. Host-order values inside, text at the edge.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"

namespace michi {

enum class Family : std::uint8_t { V4, V6 };

struct Ipv4 {
  std::uint32_t value = 0;  // host order

  static std::optional<Ipv4> from_bytes(Bytes four);
  std::array<std::byte, 4> bytes() const;
  bool is_unspecified() const { return value == 0; }
  auto operator<=>(const Ipv4&) const = default;
};

struct Ipv6 {
  std::array<std::uint8_t, 16> octets{};

  static std::optional<Ipv6> from_bytes(Bytes sixteen);
  /// fe80::/64 with this interface identifier (RFC 5072 §5).
  static Ipv6 link_local(std::uint64_t interface_id);
  std::uint64_t interface_id() const;
  bool is_unspecified() const { return *this == Ipv6{}; }
  bool is_link_local() const { return octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80; }
  bool is_multicast() const { return octets[0] == 0xff; }
  Bytes bytes() const { return std::as_bytes(std::span(octets)); }
  auto operator<=>(const Ipv6&) const = default;
};

/// Either family. Ordered by family first.
class Address {
 public:
  Address() : value_(Ipv4{}) {}
  Address(Ipv4 address) : value_(address) {}  // NOLINT: an IPv4 address is an address
  Address(Ipv6 address) : value_(address) {}  // NOLINT: so is an IPv6 address

  Family family() const { return std::holds_alternative<Ipv4>(value_) ? Family::V4 : Family::V6; }
  const Ipv4* v4() const { return std::get_if<Ipv4>(&value_); }
  const Ipv6* v6() const { return std::get_if<Ipv6>(&value_); }
  ByteVec bytes() const;
  auto operator<=>(const Address&) const = default;

 private:
  std::variant<Ipv4, Ipv6> value_;
};

/// An address and a length. `canonical()` clears the host bits; `contains` ignores them.
struct Prefix {
  Address address;
  std::uint8_t length = 0;

  static Prefix host(Address address);
  static Prefix everything(Family family);
  Family family() const { return address.family(); }
  std::uint8_t max_length() const { return family() == Family::V4 ? 32 : 128; }
  Prefix canonical() const;
  bool contains(const Address& other) const;
  bool contains(const Prefix& other) const { return other.length >= length && contains(other.address); }
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
  auto operator<=>(const Prefix&) const = default;
};

std::optional<Ipv4> parse_ipv4(std::string_view text);
std::optional<Ipv6> parse_ipv6(std::string_view text);
std::optional<Address> parse_address(std::string_view text);
/// "192.0.2.0/24"; a bare address is a host prefix. Host bits are kept: see canonical().
std::optional<Prefix> parse_prefix(std::string_view text);

std::string to_text(const Ipv4& address);
std::string to_text(const Ipv6& address);  // RFC 5952
std::string to_text(const Address& address);
std::string to_text(const Prefix& prefix);

}  // namespace michi

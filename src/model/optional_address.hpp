#pragma once
// An address or none, in 17 octets where std::optional<Address> takes 24: a router may hold tens of
// thousands of routes, and each of them has two.
//
// A value like std::optional<Address>, except that it gives copies.

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/net/address.hpp"

namespace michi::model {

class OptionalAddress {
 public:
  OptionalAddress() = default;
  OptionalAddress(std::nullopt_t) {}  // NOLINT: none is none
  template <std::convertible_to<Address> T>
  OptionalAddress(const T& address) {  // NOLINT: an address is one
    const Address value = address;
    kind_ = value.family() == Family::V4 ? Kind::V4 : Kind::V6;
    std::ranges::transform(value.bytes(), octets_.begin(),
                           [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  }
  template <std::convertible_to<Address> T>
  OptionalAddress(const std::optional<T>& address) {  // NOLINT: the same value
    if (address) *this = *address;
  }

  explicit operator bool() const { return kind_ != Kind::None; }
  Address operator*() const {
    const auto bytes = std::as_bytes(std::span(octets_));
    return kind_ == Kind::V4 ? Address(*Ipv4::from_bytes(bytes.first(4))) : Address(*Ipv6::from_bytes(bytes));
  }
  auto operator<=>(const OptionalAddress&) const = default;

 private:
  enum class Kind : std::uint8_t { None, V4, V6 };
  Kind kind_ = Kind::None;
  std::array<std::uint8_t, 16> octets_{};
};

}  // namespace michi::model

#pragma once
// An Ethernet address.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace michi {

struct Mac {
  std::array<std::uint8_t, 6> octets{};

  static constexpr Mac broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  static std::optional<Mac> from_bytes(Bytes six);

  bool is_multicast() const { return (octets[0] & 1) != 0; }
  bool is_zero() const { return *this == Mac{}; }
  Bytes bytes() const { return std::as_bytes(std::span(octets)); }

  auto operator<=>(const Mac&) const = default;
};

/// "00:1e:13:c2:69:c2", also with dashes.
std::optional<Mac> parse_mac(std::string_view text);
std::string to_text(const Mac& mac);

}  // namespace michi

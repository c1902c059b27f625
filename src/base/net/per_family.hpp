#pragma once
// One value for IPv4 and one for IPv6. An aggregate, indexed by the family; it knows nothing of what it holds.

#include <array>

#include "base/net/address.hpp"

namespace michi {

inline constexpr std::array kFamilies = {Family::V4, Family::V6};

template <class T>
struct PerFamily {
  T v4{}, v6{};

  constexpr T& operator[](Family family) { return family == Family::V4 ? v4 : v6; }
  constexpr const T& operator[](Family family) const { return family == Family::V4 ? v4 : v6; }
  bool operator==(const PerFamily&) const = default;
};

}  // namespace michi

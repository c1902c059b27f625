#pragma once
// The peer's own bytes. Nothing here knows michi's formats: what is judged is put together and taken
// apart octet by octet.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace michi::conformance {

using Octets = std::vector<std::uint8_t>;

inline Octets u8(unsigned value) { return {static_cast<std::uint8_t>(value)}; }
inline Octets u16(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8 & 0xff), static_cast<std::uint8_t>(value & 0xff)};
}
inline Octets u32(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16 & 0xff),
          static_cast<std::uint8_t>(value >> 8 & 0xff), static_cast<std::uint8_t>(value & 0xff)};
}
inline Octets text(std::string_view words) { return {words.begin(), words.end()}; }
inline Octets fill(std::size_t count, unsigned value = 0) { return Octets(count, static_cast<std::uint8_t>(value)); }
/// "c0 21 01"
Octets hex(std::string_view digits);
std::string to_hex(const Octets& octets);

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Octets slice(const Octets& from, std::size_t at, std::size_t count) {
  Octets out;
  for (std::size_t i = at; i < at + count && i < from.size(); ++i) out.push_back(from[i]);
  return out;
}
inline unsigned u16_at(const Octets& from, std::size_t at) {
  return at + 2 <= from.size() ? static_cast<unsigned>(from[at]) << 8 | from[at + 1] : 0;
}

}  // namespace michi::conformance

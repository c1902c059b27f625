#include "base/bytes.hpp"

#include <algorithm>

namespace michi {

bool equal(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

bool equal_in_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::byte difference{0};
  for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == std::byte{0};
}

std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<ByteVec> from_hex(std::string_view text) {
  ByteVec bytes;
  std::optional<unsigned> high;
  for (char c : text) {
    if (!high && (c == ' ' || c == ':')) continue;
    auto digit = hex_digit(c);
    if (!digit) return std::nullopt;
    if (!high) {
      high = digit;
      continue;
    }
    bytes.push_back(static_cast<std::byte>(*high << 4 | *digit));
    high.reset();
  }
  if (high) return std::nullopt;
  return bytes;
}

void Writer::patch_u16(std::size_t offset, std::uint16_t value) {
  bytes_.at(offset) = static_cast<std::byte>(value >> 8);
  bytes_.at(offset + 1) = static_cast<std::byte>(value & 0xff);
}

}  // namespace michi

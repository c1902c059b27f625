#include "base/net/checksum.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace michi {
namespace {

std::uint64_t load(const std::byte* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint64_t add_with_carry(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum + (sum < b ? 1 : 0);
}

}  // namespace

std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// Words are added as the machine loads them: a ones' complement sum does not depend on byte order,
// one swap at the end does it (RFC 1071 §2 B). Four sums in parallel break the chain of carries.
std::uint16_t ones_sum(Bytes bytes, std::uint64_t start) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::array<std::uint64_t, 4> sums{};
  while (left >= 32) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] = add_with_carry(sums[lane], load(at + 8 * lane));
    at += 32;
    left -= 32;
  }
  while (left >= 8) {
    sums[0] = add_with_carry(sums[0], load(at));
    at += 8;
    left -= 8;
  }
  if (left > 0) {
    std::uint64_t tail = 0;
    std::memcpy(&tail, at, left);
    sums[1] = add_with_carry(sums[1], tail);
  }
  std::uint64_t total = 0;
  for (const std::uint64_t sum : sums) total = add_with_carry(total, sum);
  std::uint16_t folded = fold(total);
  if constexpr (std::endian::native == std::endian::little)
    folded = static_cast<std::uint16_t>(folded << 8 | folded >> 8);
  return fold(start + folded);
}

std::uint16_t pseudo_sum(Bytes addresses, std::uint8_t protocol, std::size_t length) {
  return ones_sum(addresses, std::uint64_t{protocol} + (length >> 16) + (length & 0xffff));
}

}  // namespace michi

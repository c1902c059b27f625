#pragma once
// Random bytes for protocol use: ChaCha20 (RFC 8439 §2.3) as a keystream generator.
//
// Keyed once from the Entropy door in production and from a number in tests, so challenges,
// Host-Uniq values and magic numbers cannot be guessed by a peer and can be repeated by a test.
// Not a source of long-term keys.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace michi {

class Random {
 public:
  using Key = std::array<std::byte, 32>;

  explicit Random(const Key& key);
  static Random seeded(std::uint64_t seed);

  std::uint32_t u32();
  std::uint64_t u64();
  /// Uniform in [0, bound); 0 when the bound is 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high].
  Duration between(Duration low, Duration high);
  ByteVec bytes(std::size_t count);
  /// An independent generator; what it yields does not depend on later draws from this one.
  Random fork();

 private:
  void refill();

  std::array<std::uint32_t, 16> state_{};
  std::array<std::byte, 64> block_{};
  std::size_t used_ = 64;
};

/// One ChaCha20 block; here for its test vector.
std::array<std::byte, 64> chacha20_block(const std::array<std::uint32_t, 16>& state);

}  // namespace michi

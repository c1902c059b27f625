#include "base/random.hpp"

#include <bit>
#include <limits>

namespace michi {

namespace {

void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

std::uint32_t little_endian(const std::byte* at) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(at[i]) << (8 * i);
  return value;
}

}  // namespace

std::array<std::byte, 64> chacha20_block(const std::array<std::uint32_t, 16>& state) {
  auto x = state;
  for (int round = 0; round < 10; ++round) {
    quarter_round(x[0], x[4], x[8], x[12]);
    quarter_round(x[1], x[5], x[9], x[13]);
    quarter_round(x[2], x[6], x[10], x[14]);
    quarter_round(x[3], x[7], x[11], x[15]);
    quarter_round(x[0], x[5], x[10], x[15]);
    quarter_round(x[1], x[6], x[11], x[12]);
    quarter_round(x[2], x[7], x[8], x[13]);
    quarter_round(x[3], x[4], x[9], x[14]);
  }
  std::array<std::byte, 64> block;
  for (std::size_t i = 0; i < 16; ++i) {
    std::uint32_t word = x[i] + state[i];
    for (std::size_t k = 0; k < 4; ++k) block[4 * i + k] = static_cast<std::byte>(word >> (8 * k));
  }
  return block;
}

Random::Random(const Key& key) {
  state_[0] = 0x61707865, state_[1] = 0x3320646e, state_[2] = 0x79622d32, state_[3] = 0x6b206574;
  for (std::size_t i = 0; i < 8; ++i) state_[4 + i] = little_endian(key.data() + 4 * i);
}

Random Random::seeded(std::uint64_t seed) {
  Key key{};
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::byte>(seed >> (8 * i));
  return Random(key);
}

void Random::refill() {
  block_ = chacha20_block(state_);
  if (++state_[12] == 0) ++state_[13];
  used_ = 0;
}

ByteVec Random::bytes(std::size_t count) {
  ByteVec out;
  out.reserve(count);
  while (out.size() < count) {
    if (used_ == block_.size()) refill();
    out.push_back(block_[used_++]);
  }
  return out;
}

std::uint32_t Random::u32() {
  auto four = bytes(4);
  return little_endian(four.data());
}

std::uint64_t Random::u64() {
  const std::uint64_t high = u32();
  return high << 32 | u32();
}

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t limit = kMax - kMax % bound;
  std::uint64_t value = u64();
  while (value >= limit) value = u64();
  return value % bound;
}

Duration Random::between(Duration low, Duration high) {
  if (high <= low) return low;
  return low + Duration(static_cast<Duration::rep>(below(static_cast<std::uint64_t>((high - low).count()) + 1)));
}

Random Random::fork() {
  auto material = bytes(32);
  Key key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = material[i];
  return Random(key);
}

}  // namespace michi

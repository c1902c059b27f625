#include "dataplane/source_guard.hpp"

#include <algorithm>

#include "dataplane/frame.hpp"

namespace michi::dataplane {
namespace {

std::uint64_t get_u64(Bytes bytes, std::size_t offset) {
  return std::uint64_t{get_u32(bytes, offset)} << 32 | get_u32(bytes, offset + 4);
}

std::uint64_t mask_of(unsigned bits) { return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits); }

}  // namespace

SourceGuard::SourceGuard(std::span<const Prefix> own) {
  for (const Prefix& prefix : own) {
    const Prefix clean = prefix.canonical();
    const unsigned length = clean.length;
    if (const Ipv4* v4 = clean.address.v4()) {
      v4_.push_back({v4->value, static_cast<std::uint32_t>(mask_of(length) >> 32)});
    } else if (const Ipv6* v6 = clean.address.v6()) {
      const Bytes octets = v6->bytes();
      v6_.push_back({{get_u64(octets, 0), get_u64(octets, 8)},
                     {mask_of(std::min(length, 64u)), mask_of(length > 64 ? length - 64 : 0)}});
    }
  }
}

bool SourceGuard::allows(Bytes packet, Family family) const {
  const Bytes source = source_of(packet, family);
  if (family == Family::V4) {
    const std::uint32_t value = get_u32(source, 0);
    return std::ranges::any_of(v4_, [&](const V4& own) { return (value & own.mask) == own.value; });
  }
  const std::uint64_t high = get_u64(source, 0);
  const std::uint64_t low = get_u64(source, 8);
  return std::ranges::any_of(
      v6_, [&](const V6& own) { return (high & own.mask[0]) == own.value[0] && (low & own.mask[1]) == own.value[1]; });
}

}  // namespace michi::dataplane

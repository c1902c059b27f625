#pragma once
// The Internet checksum (RFC 1071), over pieces and with the pseudo-headers of TCP and UDP.
//
// Sums are of big-endian 16-bit words, folded, not complemented. Every piece but the last must have
// an even length.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace michi {

std::uint16_t fold(std::uint64_t sum);
std::uint16_t ones_sum(Bytes bytes, std::uint64_t start = 0);

/// The pseudo-header of RFC 9293 §3.1 / RFC 8200 §8.1. `addresses` is source and destination in a row,
/// 8 or 32 octets.
std::uint16_t pseudo_sum(Bytes addresses, std::uint8_t protocol, std::size_t length);

}  // namespace michi

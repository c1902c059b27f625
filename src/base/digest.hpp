#pragma once
// The digests that PPP authentication needs, on libgcrypt.
//
// MD5 (CHAP, RFC 1994), MD4, SHA-1 and DES-ECB (MS-CHAPv2, RFC 2759). They are what the protocols
// ask for and are used for nothing else.

#include <array>
#include <cstddef>

#include "base/bytes.hpp"

namespace michi {

using Md5 = std::array<std::byte, 16>;
using Md4 = std::array<std::byte, 16>;
using Sha1 = std::array<std::byte, 20>;
using DesBlock = std::array<std::byte, 8>;

/// The digest of the parts one after the other.
Md5 md5(std::initializer_list<Bytes> parts);
Md4 md4(std::initializer_list<Bytes> parts);
Sha1 sha1(std::initializer_list<Bytes> parts);

/// DES-ECB of one block. The key is 7 octets; parity bits are inserted (RFC 2759 §8.6).
DesBlock des_encrypt(Bytes key_of_7, Bytes block_of_8);

}  // namespace michi

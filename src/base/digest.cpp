#include "base/digest.hpp"

#include <gcrypt.h>

#include <algorithm>
#include <tuple>

#include "base/invariant.hpp"

namespace michi {

namespace {

void ready() {
  static const bool done = [] {
    gcry_check_version(nullptr);
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    return true;
  }();
  MICHI_INVARIANT(done, "libgcrypt is initialised");
}

template <std::size_t N>
std::array<std::byte, N> digest(int algorithm, std::initializer_list<Bytes> parts) {
  ready();
  gcry_md_hd_t handle = nullptr;
  MICHI_INVARIANT(gcry_md_open(&handle, algorithm, 0) == 0, "libgcrypt offers MD4, MD5 and SHA-1");
  for (Bytes part : parts) gcry_md_write(handle, part.data(), part.size());
  std::array<std::byte, N> out;
  const auto* read = reinterpret_cast<const std::byte*>(gcry_md_read(handle, algorithm));
  std::copy_n(read, N, out.begin());
  gcry_md_close(handle);
  return out;
}

}  // namespace

Md5 md5(std::initializer_list<Bytes> parts) { return digest<16>(GCRY_MD_MD5, parts); }
Md4 md4(std::initializer_list<Bytes> parts) { return digest<16>(GCRY_MD_MD4, parts); }
Sha1 sha1(std::initializer_list<Bytes> parts) { return digest<20>(GCRY_MD_SHA1, parts); }

DesBlock des_encrypt(Bytes key_of_7, Bytes block_of_8) {
  ready();
  MICHI_INVARIANT(key_of_7.size() == 7 && block_of_8.size() == 8, "DES takes 7 key octets and 8 data octets");
  std::array<unsigned char, 8> key;
  unsigned buffer = 0;
  std::size_t next = 0;
  int bits = 0;
  for (auto& octet : key) {
    while (bits < 7) buffer = buffer << 8 | std::to_integer<unsigned>(key_of_7[next++]), bits += 8;
    octet = static_cast<unsigned char>((buffer >> (bits - 7)) << 1 & 0xfe);
    bits -= 7;
  }
  gcry_cipher_hd_t handle = nullptr;
  MICHI_INVARIANT(gcry_cipher_open(&handle, GCRY_CIPHER_DES, GCRY_CIPHER_MODE_ECB, 0) == 0, "libgcrypt offers DES");
  std::ignore = gcry_cipher_setkey(handle, key.data(), key.size());  // a weak key is the password's doing
  DesBlock out;
  const auto fault = gcry_cipher_encrypt(handle, out.data(), out.size(), block_of_8.data(), block_of_8.size());
  gcry_cipher_close(handle);
  MICHI_INVARIANT(fault == 0, "DES of one block succeeds");
  return out;
}

}  // namespace michi

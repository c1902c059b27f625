#include "engine/ppp/mschapv2.hpp"

#include <algorithm>
#include <cctype>

#include "base/digest.hpp"

namespace michi::engine::ppp::mschapv2 {
namespace {

constexpr char32_t kReplacement = 0xfffd;

/// One code point, or the replacement character for what is not UTF-8.
char32_t next_code_point(Bytes& text) {
  const auto lead = std::to_integer<std::uint8_t>(text[0]);
  std::size_t more = 0;
  char32_t point = lead;
  if (lead >= 0xf0 && lead < 0xf5)
    more = 3, point = lead & 0x07u;
  else if (lead >= 0xe0 && lead < 0xf0)
    more = 2, point = lead & 0x0fu;
  else if (lead >= 0xc2 && lead < 0xe0)
    more = 1, point = lead & 0x1fu;
  else if (lead >= 0x80)
    point = kReplacement;
  text = text.subspan(1);
  for (; more > 0; --more) {
    if (text.empty() || (std::to_integer<std::uint8_t>(text[0]) & 0xc0) != 0x80) return kReplacement;
    point = point << 6 | (std::to_integer<std::uint8_t>(text[0]) & 0x3fu);
    text = text.subspan(1);
  }
  return point > 0x10ffff ? kReplacement : point;
}

void put_little_endian(ByteVec& out, char32_t unit) {
  out.push_back(static_cast<std::byte>(unit & 0xff));
  out.push_back(static_cast<std::byte>(unit >> 8 & 0xff));
}

Md4 password_hash(Bytes password) {
  ByteVec unicode;
  unicode.reserve(password.size() * 2);
  while (!password.empty()) {
    const char32_t point = next_code_point(password);
    if (point < 0x10000) {
      put_little_endian(unicode, point);
    } else {
      put_little_endian(unicode, 0xd800 + ((point - 0x10000) >> 10));
      put_little_endian(unicode, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
  const Md4 hash = md4({unicode});
  std::ranges::fill(unicode, std::byte{0});
  return hash;
}

/// RFC 2759 §8.2.
std::array<std::byte, 8> challenge_hash(Bytes authenticator_challenge, Bytes peer_challenge, Bytes user) {
  // §4: only what follows the domain's backslash is hashed.
  const auto slash = std::ranges::find(user, std::byte{'\\'});
  if (slash != user.end()) user = user.subspan(static_cast<std::size_t>(slash - user.begin()) + 1);
  const Sha1 digest = sha1({peer_challenge, authenticator_challenge, user});
  std::array<std::byte, 8> out{};
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

}  // namespace

NtResponse nt_response(Bytes authenticator_challenge, Bytes peer_challenge, Bytes user, Bytes password) {
  const auto challenge = challenge_hash(authenticator_challenge, peer_challenge, user);
  // RFC 2759 §8.5: the hash, padded to three keys of seven octets.
  std::array<std::byte, 21> keys{};
  std::ranges::copy(password_hash(password), keys.begin());
  NtResponse out{};
  for (std::size_t i = 0; i < 3; ++i) {
    const DesBlock block = des_encrypt(Bytes(keys).subspan(i * 7, 7), challenge);
    std::ranges::copy(block, out.begin() + static_cast<std::ptrdiff_t>(i * 8));
  }
  return out;
}

std::array<std::byte, 20> authenticator_response(Bytes nt_response, Bytes authenticator_challenge, Bytes peer_challenge,
                                                 Bytes user, Bytes password) {
  const Md4 hash_hash = md4({password_hash(password)});
  const Sha1 first = sha1({hash_hash, nt_response, bytes_of("Magic server to client signing constant")});
  const auto challenge = challenge_hash(authenticator_challenge, peer_challenge, user);
  return sha1({first, challenge, bytes_of("Pad to make it do more than one iteration")});
}

std::string success_text(Bytes authenticator_response, std::string_view message) {
  std::string text = "S=";
  for (const char c : to_hex(authenticator_response))
    text.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  if (!message.empty()) text.append(" M=").append(message);
  return text;
}

}  // namespace michi::engine::ppp::mschapv2

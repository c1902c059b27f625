#include "conformance/mschap.hpp"

#include <cctype>
#include <span>

#include "base/digest.hpp"

namespace michi::conformance::mschap {
namespace {

Bytes view(const Octets& octets) { return std::as_bytes(std::span(octets)); }

template <class Digest>
Octets octets_of(const Digest& digest) {
  Octets out;
  for (const std::byte byte : digest) out.push_back(std::to_integer<std::uint8_t>(byte));
  return out;
}

Octets sha(const Octets& of) { return octets_of(sha1({view(of)})); }
Octets md(const Octets& of) { return octets_of(md4({view(of)})); }

Octets password_hash(const std::string& password) {
  Octets unicode;
  for (const char c : password) unicode = unicode + u8(static_cast<unsigned char>(c)) + u8(0);
  return md(unicode);
}

Octets challenge_hash(const Octets& authenticator, const Octets& peer, const std::string& user) {
  return slice(sha(peer + authenticator + text(user)), 0, 8);
}

}  // namespace

Octets md5(const Octets& of) { return octets_of(michi::md5({view(of)})); }

Octets nt_response(const Octets& authenticator, const Octets& peer, const std::string& user,
                   const std::string& password) {
  const Octets challenge = challenge_hash(authenticator, peer, user);
  const Octets key = password_hash(password) + fill(5);
  Octets out;
  for (std::size_t i = 0; i < 3; ++i) out = out + octets_of(des_encrypt(view(slice(key, i * 7, 7)), view(challenge)));
  return out;
}

std::string authenticator_response(const Octets& nt, const Octets& authenticator, const Octets& peer,
                                   const std::string& user, const std::string& password) {
  const Octets digest =
      sha(sha(md(password_hash(password)) + nt + text("Magic server to client signing constant")) +
          challenge_hash(authenticator, peer, user) + text("Pad to make it do more than one iteration"));
  std::string out = "S=";
  for (const char c : to_hex(digest)) out.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return out;
}

}  // namespace michi::conformance::mschap

#pragma once
// The arithmetic of MS-CHAPv2: what a password answers to a pair of challenges, and what the other
// side must answer to prove that it knows the password too.
//
// RFC 2759 §8. Old digests, used because the protocol names them and for nothing else.

#include <array>
#include <string>

#include "base/bytes.hpp"

namespace michi::engine::ppp::mschapv2 {

using Challenge = std::array<std::byte, 16>;
using NtResponse = std::array<std::byte, 24>;

/// The password is UTF-8 and hashed as UTF-16 (RFC 2759 §8.3); the user goes in without a domain (§4).
NtResponse nt_response(Bytes authenticator_challenge, Bytes peer_challenge, Bytes user, Bytes password);
/// 20 octets; they are written "S=" and 40 capital hexadecimal digits (§8.7).
std::array<std::byte, 20> authenticator_response(Bytes nt_response, Bytes authenticator_challenge, Bytes peer_challenge,
                                                 Bytes user, Bytes password);
std::string success_text(Bytes authenticator_response, std::string_view message);

}  // namespace michi::engine::ppp::mschapv2

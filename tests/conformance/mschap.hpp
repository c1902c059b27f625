#pragma once
// The arithmetic of RFC 2759 §8 a second time, from the RFC's text: the judge of what michi computes.
// The digests themselves are libgcrypt's. The RFC's own vectors judge the judge.

#include <string>

#include "conformance/octets.hpp"

namespace michi::conformance::mschap {

Octets md5(const Octets& of);
Octets nt_response(const Octets& authenticator_challenge, const Octets& peer_challenge, const std::string& user,
                   const std::string& password);
/// "S=" and forty capital digits.
std::string authenticator_response(const Octets& nt_response, const Octets& authenticator_challenge,
                                   const Octets& peer_challenge, const std::string& user, const std::string& password);

}  // namespace michi::conformance::mschap

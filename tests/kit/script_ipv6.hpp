#pragma once
// What a fuzzer's script lets a network say in IPv6: answers to DHCPv6 questions and router advertisements that can
// be read, with the script's numbers in them.

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "kit/script.hpp"

namespace michi::kit {

/// A server's answer to this question; octets of the script where it is none.
ByteVec scripted_answer(Bytes question, Script& script);
ByteVec scripted_advertisement(const Ipv6& source, Script& script);

}  // namespace michi::kit

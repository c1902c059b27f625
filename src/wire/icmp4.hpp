#pragma once
// ICMP echo in IPv4, from the type octet on. Its fields are those of ICMPv6 echo, so the value is the same;
// the checksum has no pseudo header and is built and verified here.
//
// RFC 792 "Echo or Echo Reply Message", RFC 1071.

#include "base/bytes.hpp"
#include "wire/fault.hpp"
#include "wire/icmp6.hpp"

namespace michi::wire::icmp4 {

/// Another type is WrongType; another code than 0, or a wrong checksum, BadValue.
Parsed<icmp6::Echo> parse_echo(Bytes icmp);
ByteVec write_echo(const icmp6::Echo& echo);

}  // namespace michi::wire::icmp4

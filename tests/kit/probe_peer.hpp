#pragma once
// Who answers echoes: made of the questions of a probe.

#include <utility>

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "base/net/address.hpp"
#include "wire/icmp4.hpp"
#include "wire/icmp6.hpp"

namespace michi::kit {

inline wire::icmp6::Echo echo_in(Family family, Bytes message) {
  if (family == Family::V4) {
    auto echo = wire::icmp4::parse_echo(message);
    MICHI_INVARIANT(echo.has_value(), "a probe writes echoes");
    return std::move(*echo);
  }
  auto read = wire::icmp6::parse_message(message);
  MICHI_INVARIANT(read.has_value(), "a probe writes ICMPv6 messages");
  return std::get<wire::icmp6::Echo>(std::move(*read));
}

inline ByteVec written(Family family, const wire::icmp6::Echo& echo) {
  return family == Family::V4 ? wire::icmp4::write_echo(echo) : wire::icmp6::write_message(echo);
}

inline ByteVec answer_to(Family family, Bytes question) {
  auto echo = echo_in(family, question);
  echo.kind = wire::icmp6::Echo::Kind::Reply;
  return written(family, echo);
}

}  // namespace michi::kit

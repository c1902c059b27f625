#pragma once
// A fuzzer's input read as a script: small numbers, durations and frames until it runs out.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace michi::kit {

class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : in_(std::as_bytes(std::span(data, size))) {}

  bool done() const { return in_.empty(); }
  std::uint8_t u8() { return in_.u8().value_or(0); }
  std::uint16_t u16() { return in_.u16().value_or(u8()); }
  /// 0 to 65 s; small values are milliseconds.
  Duration duration() {
    const std::uint16_t value = u16();
    return value < 1000 ? Duration(milliseconds(value)) : Duration(milliseconds(value) * 10);
  }
  /// Length octet, then so many octets (or what is left).
  ByteVec bytes() {
    const std::size_t wanted = u8();
    return copy_of(*in_.take(wanted < in_.remaining() ? wanted : in_.remaining()));
  }

 private:
  Reader in_;
};

}  // namespace michi::kit

#pragma once
// What is wrong with bytes that are not what they claim to be: a code and the place.
//
// A fault is a value for counters and traces. It never reaches an operator as an error: peer
// nonsense is counted, perhaps answered, and forgotten.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace michi::wire {

enum class FaultCode : std::uint8_t {
  Truncated,   // fewer octets than the fixed part needs
  BadLength,   // a length field below its minimum or beyond its container
  BadVersion,  // PPPoE VER or TYPE is not 1
  BadValue,    // a value the format forbids
  WrongType    // a frame of another protocol
};

struct ParseFault {
  FaultCode code = FaultCode::Truncated;
  std::size_t offset = 0;
  auto operator<=>(const ParseFault&) const = default;
};

template <class T>
using Parsed = Result<T, ParseFault>;

inline Fault<ParseFault> fault(FaultCode code, std::size_t offset) {
  return Fault<ParseFault>(ParseFault{code, offset});
}

std::string_view to_text(FaultCode code);

}  // namespace michi::wire

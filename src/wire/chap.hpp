#pragma once
// CHAP packets, and the values MS-CHAPv2 puts into them. It computes nothing: digests are the
// engine's business.
//
// RFC 1994 §4, RFC 2759 §3–§6.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "wire/fault.hpp"

namespace michi::wire::chap {

enum class Code : std::uint8_t { Challenge = 1, Response = 2, Success = 3, Failure = 4 };

/// Challenge and Response: a value of any size from one octet up, and a name that may be empty.
struct Valued {
  Bytes value;
  Bytes name;
};

Parsed<Valued> parse_valued(Bytes data);
ByteVec write_valued(Bytes value, Bytes name);

inline constexpr std::size_t kMsChapV2Challenge = 16;
inline constexpr std::size_t kMsChapV2Response = 49;

/// RFC 2759 §4: peer challenge, eight reserved octets, NT response, flags.
struct MsChapV2Response {
  std::array<std::byte, 16> peer_challenge{};
  std::array<std::byte, 24> nt_response{};
};

std::optional<MsChapV2Response> parse_mschapv2_response(Bytes value);
ByteVec write_mschapv2_response(const MsChapV2Response& response);

/// RFC 2759 §5: "S=<40 hexadecimal digits> M=<message>".
struct MsChapV2Success {
  ByteVec authenticator_response;  // 20 octets
  std::string message;
};

std::optional<MsChapV2Success> parse_mschapv2_success(Bytes text);

/// RFC 2759 §6: "E=eeeeeeeeee R=r C=cc…c V=vvvvvvvvvv M=<message>"; any part may be missing.
struct MsChapV2Failure {
  unsigned error = 0;
  bool retry = false;
  std::string message;
};

MsChapV2Failure parse_mschapv2_failure(Bytes text);

}  // namespace michi::wire::chap

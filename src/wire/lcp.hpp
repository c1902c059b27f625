#pragma once
// LCP's own options and packets: MRU, Authentication-Protocol, Magic-Number, Echo, Protocol-Reject.
//
// Reading an option answers "is it well-formed"; whether a value is acceptable is the engine's
// business. RFC 1661 §6 (options), §5.7 (Protocol-Reject), §5.8 (Echo); RFC 1994 §3 and RFC 2759
// (algorithms).

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/control.hpp"
#include "wire/fault.hpp"
#include "wire/ppp.hpp"

namespace michi::wire::lcp {

enum class OptionType : std::uint8_t {
  Mru = 1,
  Accm = 2,  // Async-Control-Character-Map
  AuthenticationProtocol = 3,
  QualityProtocol = 4,
  MagicNumber = 5,
  Pfc = 7,   // Protocol-Field-Compression
  Acfc = 8,  // Address-and-Control-Field-Compression
  Mrru = 17,
  EndpointDiscriminator = 19
};

inline constexpr std::uint8_t kAlgorithmMd5 = 5;  // RFC 1994 §3
inline constexpr std::uint8_t kAlgorithmMsChapV1 = 0x80;
inline constexpr std::uint8_t kAlgorithmMsChapV2 = 0x81;  // RFC 2759 §3

/// An authentication demand as it stands on the wire; `algorithm` belongs to CHAP only.
struct Authentication {
  ppp::Protocol protocol{};
  std::optional<std::uint8_t> algorithm;
  bool operator==(const Authentication&) const = default;
};

std::optional<std::uint16_t> mru(const control::Option& option);
std::optional<std::uint32_t> magic(const control::Option& option);
std::optional<Authentication> authentication(const control::Option& option);

control::Option mru_option(std::uint16_t mru);
control::Option magic_option(std::uint32_t magic);
control::Option authentication_option(const Authentication& authentication);

/// Echo-Request, Echo-Reply and Discard-Request.
struct Echo {
  std::uint32_t magic = 0;
  Bytes data;
};

Parsed<Echo> parse_echo(Bytes data);
ByteVec write_echo(std::uint32_t magic, Bytes data);

struct ProtocolReject {
  ppp::Protocol protocol{};
  Bytes information;
};

Parsed<ProtocolReject> parse_protocol_reject(Bytes data);

}  // namespace michi::wire::lcp

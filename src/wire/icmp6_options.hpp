#pragma once
// The options of neighbour discovery messages. One that is not known here, or whose content breaks its
// own rules, is kept whole as `UnknownOption` and costs the message nothing; only a length that no
// option can have spoils the message.
//
// RFC 4861 §4.6 (link-layer addresses, prefix information, MTU), RFC 4191 §2.3 (route information),
// RFC 8106 §5 (RDNSS, DNSSL), RFC 8781 §4 (PREF64), RFC 3971 §5.3.2 (nonce, as RFC 7527 uses it).

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/time.hpp"
#include "wire/fault.hpp"

namespace michi::wire::icmp6 {

enum class OptionType : std::uint8_t {
  SourceLinkLayer = 1,
  TargetLinkLayer = 2,
  PrefixInformation = 3,
  Mtu = 5,
  Nonce = 14,
  RouteInformation = 24,
  Rdnss = 25,
  Dnssl = 31,
  CaptivePortal = 37,  // RFC 8910; not looked into
  Pref64 = 38
};

/// Lifetimes as the wire has them: whole seconds, all ones for ever.
using Lifetime = std::chrono::duration<std::uint32_t>;
inline constexpr Lifetime kInfinite{0xffffffff};
/// The largest multiple of 8 s that 13 bits hold (RFC 8781 §4).
inline constexpr Lifetime kMaxPref64Lifetime{65528};

/// Of a default router or a route. RFC 4191 §2.1: two bits, a signed number.
enum class Preference : std::uint8_t { Medium = 0b00, High = 0b01, Low = 0b11 };

struct SourceLinkLayer {
  Mac address;
  bool operator==(const SourceLinkLayer&) const = default;
};
struct TargetLinkLayer {
  Mac address;
  bool operator==(const TargetLinkLayer&) const = default;
};
struct PrefixInformation {
  Prefix prefix;  // IPv6, host bits cleared
  bool on_link = false;
  bool autonomous = false;
  Lifetime valid{};
  Lifetime preferred{};
  bool operator==(const PrefixInformation&) const = default;
};
struct Mtu {
  std::uint32_t value = 0;
  bool operator==(const Mtu&) const = default;
};
struct Nonce {
  ByteVec value;
  bool operator==(const Nonce&) const = default;
};
struct RouteInformation {
  Prefix prefix;  // IPv6, host bits cleared
  Preference preference = Preference::Medium;
  Lifetime lifetime{};
  bool operator==(const RouteInformation&) const = default;
};
struct Rdnss {
  Lifetime lifetime{};
  std::vector<Ipv6> servers;  // 1 to 127
  bool operator==(const Rdnss&) const = default;
};
struct Dnssl {
  Lifetime lifetime{};
  std::vector<std::string> domains;  // letters, digits, '-', '_' and dots between labels; no final dot
  bool operator==(const Dnssl&) const = default;
};
struct Pref64 {
  Prefix prefix;        // IPv6; length 32, 40, 48, 56, 64 or 96
  Lifetime lifetime{};  // a multiple of 8 s
  bool operator==(const Pref64&) const = default;
};
/// `value` is all that follows the length octet: 6, 14, 22 … octets.
struct UnknownOption {
  OptionType type{};
  ByteVec value;
  bool operator==(const UnknownOption&) const = default;
};

using Option = std::variant<SourceLinkLayer, TargetLinkLayer, PrefixInformation, Mtu, Nonce, RouteInformation, Rdnss,
                            Dnssl, Pref64, UnknownOption>;
using Options = std::vector<Option>;

/// Everything to the end; the offset of a fault is within `bytes`. A length of zero is a fault
/// (RFC 4861 §4.6), and so is one beyond the end.
Parsed<Options> parse_options(Bytes bytes);
/// What does not fit is cut: servers beyond 127, domains beyond 2040 octets or not writable, lifetimes
/// of PREF64 down to a multiple of 8 s. An RDNSS or DNSSL that is left with nothing is not written.
void write_option(Writer& out, const Option& option);
std::size_t written_size(const Option& option);

/// The first option of this type, or nullptr.
template <class T>
const T* find_option(const Options& options) {
  for (const Option& option : options)
    if (const T* one = std::get_if<T>(&option)) return one;
  return nullptr;
}

/// Whether a name can stand in a DNSSL: labels of 1 to 63 letters, digits, '-' and '_', 253 in all.
bool is_writable_domain(std::string_view name);

}  // namespace michi::wire::icmp6

#pragma once
// ICMPv6: neighbour discovery and echo, from the type octet on, and the checksum with its pseudo header.
//
// A reader takes any source, destination and hop limit; whether they are allowed is the engine's
// business. The checksum field is neither checked when reading nor filled in when writing: `is_sealed`
// and `seal` do that, who know the addresses.
//
// RFC 4443 §2.3 (checksum), §4 (echo); RFC 4861 §4.1 to §4.4; RFC 4191 §2.2 (preference).

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "wire/fault.hpp"
#include "wire/icmp6_options.hpp"

namespace michi::wire::icmp6 {

inline constexpr std::uint8_t kProtocol = 58;
/// What shows that no router forwarded a neighbour discovery message (RFC 4861 §3.1).
inline constexpr std::uint8_t kHopLimit = 255;
inline constexpr std::size_t kIpv6Header = 40;
inline constexpr Ipv6 kAllNodes{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
inline constexpr Ipv6 kAllRouters{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};

enum class Type : std::uint8_t {
  EchoRequest = 128,
  EchoReply = 129,
  RouterSolicitation = 133,
  RouterAdvertisement = 134,
  NeighborSolicitation = 135,
  NeighborAdvertisement = 136
};

struct RouterSolicitation {
  Options options;
  bool operator==(const RouterSolicitation&) const = default;
};
struct RouterAdvertisement {
  std::uint8_t hop_limit = 0;  // for what hosts send; 0: unspecified
  bool managed = false;        // M: addresses by DHCPv6
  bool other = false;          // O: other configuration by DHCPv6
  /// The reserved value is read as Medium, and any with a lifetime of zero (RFC 4191 §2.2).
  Preference preference = Preference::Medium;
  std::uint16_t lifetime = 0;    // as a default router, in seconds; 0: none
  std::uint32_t reachable = 0;   // in milliseconds; 0: unspecified
  std::uint32_t retransmit = 0;  // in milliseconds; 0: unspecified
  Options options;
  bool operator==(const RouterAdvertisement&) const = default;
};
struct NeighborSolicitation {
  Ipv6 target;
  Options options;
  bool operator==(const NeighborSolicitation&) const = default;
};
struct NeighborAdvertisement {
  bool router = false;
  bool solicited = false;
  bool override = false;
  Ipv6 target;
  Options options;
  bool operator==(const NeighborAdvertisement&) const = default;
};
struct Echo {
  enum class Kind : std::uint8_t { Request, Reply } kind = Kind::Request;
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
  ByteVec data;
  bool operator==(const Echo&) const = default;
};

using Message =
    std::variant<RouterSolicitation, RouterAdvertisement, NeighborSolicitation, NeighborAdvertisement, Echo>;

/// Another type is WrongType, another code than 0 BadValue (RFC 4861 §6.1, §7.1).
Parsed<Message> parse_message(Bytes icmp6);
/// With a checksum of zero.
ByteVec write_message(const Message& message);
/// Sealed for this way.
ByteVec write_message(const Message& message, const Ipv6& source, const Ipv6& destination);

/// Over the pseudo header and everything in `icmp6`, its checksum field included: 0 if that is right.
std::uint16_t checksum(const Ipv6& source, const Ipv6& destination, Bytes icmp6);
bool is_sealed(const Ipv6& source, const Ipv6& destination, Bytes icmp6);
void seal(ByteVec& icmp6, const Ipv6& source, const Ipv6& destination);

/// ff02::1:ff00:0/104 and the last 24 bits (RFC 4291 §2.7.1).
Ipv6 solicited_node(const Ipv6& target);

std::string_view to_text(Type type);

}  // namespace michi::wire::icmp6

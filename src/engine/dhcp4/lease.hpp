#pragma once
// What a DHCPv4 server grants, read from its OFFER or ACK, judged and repaired.
//
// Refused: an address nobody can have, a mask with holes, a lease of nothing. Repaired: T1 and T2 that
// do not fit the lease. Left out with a note: single parameters that make no sense. Everything is
// bounded; nothing here knows a state or a clock.
//
// RFC 2131 §4.3.1, §4.4.1, §4.4.5 (times); RFC 2132; RFC 3442; RFC 5969 §7.1.1 (kept raw); RFC 8925 §3.1.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/dhcp4_options.hpp"

namespace michi::engine::dhcp4 {

/// Counted from the first REQUEST of the exchange that granted them. renew <= rebind <= lifetime.
struct Times {
  Duration lifetime{};
  Duration renew{};   // T1
  Duration rebind{};  // T2
  auto operator<=>(const Times&) const = default;
};

struct Lease {
  Ipv4 address;
  std::uint8_t prefix_length = 32;
  std::vector<Ipv4> routers;               // best first; empty where classless routes were given
  std::vector<wire::dhcp4::Route> routes;  // a default route may be among them
  std::vector<Ipv4> dns;
  std::vector<Ipv4> ntp;
  std::string domain;
  std::optional<std::uint16_t> mtu;
  std::optional<Duration> ipv6_only_wait;  // RFC 8925; read, not acted upon
  ByteVec six_rd;                          // option 212 as it came; empty: none
  std::optional<Times> times;              // nothing: for ever
  Ipv4 server;                             // its identifier, also where renewals go
  Mac server_mac;                          // who sent the ACK on this link: the server or its relay
  std::vector<std::string> notes;          // what was repaired or left out, in words
  bool operator==(const Lease&) const = default;
};

/// Bounds that are the caller's.
struct LeaseLimits {
  std::uint16_t mtu_min = 576;  // RFC 791 §3.2: what every host must take
  std::uint16_t mtu_max = 1500;
};

inline constexpr std::size_t kMostAddresses = 8;  // of routers, resolvers, time servers each
inline constexpr std::size_t kMostRoutes = 64;
inline constexpr std::size_t kMostSixRd = 128;
/// Below this a lease is refused: it could not be renewed at a sane rate.
inline constexpr Duration kShortestLease = seconds(10);
/// Above this it is renewed as if it ended then.
inline constexpr Duration kLongestLease = hours(24 * 365);

/// The lease, or in words why it is none.
Result<Lease, std::string> read_lease(const wire::dhcp4::Message& message, const LeaseLimits& limits);

/// An address one host can have: not of 0/8, 127/8, 224/4 or 240/4.
bool is_host_address(Ipv4 address);

}  // namespace michi::engine::dhcp4

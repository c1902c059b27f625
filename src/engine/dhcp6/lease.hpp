#pragma once
// What a DHCPv6 client wants and what it has, as its caller sees it.
//
// Lifetimes are what is left at the moment of the report; the caller that stores them says at the next
// start what is left then. RFC 8415 §4.2 (lease, binding), §12 (IAID).

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/net/address.hpp"
#include "base/time.hpp"
#include "wire/dhcp6.hpp"
#include "wire/dhcp6_info.hpp"

namespace michi::engine::dhcp6 {

inline constexpr std::size_t kMostWanted = 8;  // IAs of one client
inline constexpr std::size_t kMostLeases = 8;  // of one IA
/// A lifetime without end.
inline constexpr Duration kForever = Duration::max();

/// One IA that is asked for. The IAID is the caller's and must stay the same from start to start.
struct Wanted {
  wire::dhcp6::IaType type = wire::dhcp6::IaType::Pd;
  std::uint32_t iaid = 0;
  /// In Solicit only (RFC 8415 §18.2.1, §21.22); ::/56 hints at a length alone. NTT's networks want none.
  std::optional<Prefix> hint;
  bool operator==(const Wanted&) const = default;
};

struct Lease {
  wire::dhcp6::IaType type = wire::dhcp6::IaType::Pd;
  std::uint32_t iaid = 0;
  Prefix prefix;         // an address has 128 bits
  Duration preferred{};  // 0: not for new connections
  Duration valid{};
  bool operator==(const Lease&) const = default;
};

/// Everything that is worth keeping. Given back at start only the leases count: the rest comes anew with
/// the Reply that confirms them.
struct Held {
  std::vector<Lease> leases;
  ByteVec server;       // the server's DUID
  Ipv6 server_address;  // where its Reply came from; as a rule the link-local address of the next hop
  Duration t1{};        // until Renew
  Duration t2{};        // until Rebind
  wire::dhcp6::Info info;
};

}  // namespace michi::engine::dhcp6

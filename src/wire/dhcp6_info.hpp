#pragma once
// What a DHCPv6 server tells a host besides leases: name servers, search domains, time servers, the
// AFTR, SIP servers; and, kept as octets for whoever understands them, the S46 containers and vendor
// options. An option that cannot be read counts as absent and is counted.
//
// Bounded: of every list the first few are kept. Names hold letters, digits, hyphens and underscores
// only, so that they may stand in a resolver's file.
//
// RFC 3319 (SIP servers), RFC 3646 (DNS), RFC 4075 (SNTP), RFC 5908 (NTP), RFC 6334 (AFTR name), RFC
// 7598 (S46, kept raw), RFC 8415 §10 (names), §21.17 (vendor options, kept raw).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "wire/dhcp6.hpp"

namespace michi::wire::dhcp6 {

inline constexpr std::size_t kMostAddresses = 8;  // of one kind
inline constexpr std::size_t kMostNames = 16;     // of one kind
inline constexpr std::size_t kMostRaw = 4;        // S46 containers, vendor options: of each
inline constexpr std::size_t kMostRawOctets = 1024;

struct Info {
  std::vector<Ipv6> dns;
  std::vector<std::string> domains;
  std::vector<Ipv6> sip;
  std::vector<Ipv6> sntp;
  std::vector<Ipv6> ntp;
  std::vector<Ipv6> ntp_multicast;
  std::vector<std::string> ntp_names;
  std::string aftr;            // empty: none
  std::vector<Option> s46;     // options 94 to 96 as they came
  std::vector<Option> vendor;  // option 17 as it came
  bool operator==(const Info&) const = default;
};

/// `unread` is raised by the number of options that could not be read or are beyond the bounds.
Info info_in(std::span<const Option> options, std::uint64_t& unread);
/// The other way: what a server would send.
Options info_options(const Info& info);

/// A list of addresses: a multiple of 16 octets, not empty.
Parsed<std::vector<Ipv6>> parse_addresses(Bytes value);
ByteVec write_addresses(std::span<const Ipv6> addresses);
/// Uncompressed names of RFC 1035 §3.1, one after the other, without their last dot.
Parsed<std::vector<std::string>> parse_names(Bytes value);
/// Labels beyond 63 octets are cut.
ByteVec write_names(std::span<const std::string> names);

}  // namespace michi::wire::dhcp6

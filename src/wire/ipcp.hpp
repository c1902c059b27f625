#pragma once
// IPCP's options: addresses and nothing else. Compression is recognised only to be rejected.
//
// RFC 1332 §3, RFC 1877 §1.1 and §1.3 (name servers).

#include <cstdint>
#include <optional>

#include "base/net/address.hpp"
#include "wire/control.hpp"

namespace michi::wire::ipcp {

enum class OptionType : std::uint8_t {
  IpAddresses = 1,  // deprecated by RFC 1332
  IpCompression = 2,
  IpAddress = 3,
  PrimaryDns = 129,
  PrimaryNbns = 130,
  SecondaryDns = 131,
  SecondaryNbns = 132
};

/// Every option that carries one address.
std::optional<Ipv4> address(const control::Option& option);
control::Option address_option(OptionType type, Ipv4 address);

}  // namespace michi::wire::ipcp

#pragma once
// The keys of each kind of uplink. Only config/kinds and uplink/<kind> read them; everybody else asks the traits.
// docs/operator/configuration.md owns the meaning of every key.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/time.hpp"
#include "model/kind.hpp"

namespace michi::model {

enum class AuthKind : std::uint8_t { Pap, ChapMd5, MsChapV2 };

/// PPP, whatever carries it.
struct PppConfig {
  std::string user;
  std::vector<AuthKind> auth = {AuthKind::MsChapV2, AuthKind::ChapMd5};  // Pap only when written
  std::optional<Ipv4> address{};                                         // asked for in IPCP
  Duration echo_interval = seconds(10);
  unsigned echo_failures = 3;
  Duration one_way = seconds(60);
  Duration grace = seconds(10);  // renegotiation: how long device and addresses are kept
  Duration retry_min = seconds(1);
  Duration retry_max = seconds(60);
  bool operator==(const PppConfig&) const = default;
};

struct PppoeConfig {
  PppConfig ppp{};
  std::string ac_name{};                  // required AC; empty: any
  std::vector<std::string> prefer_acs{};  // preference, then any
  std::string service_name{};
  std::optional<ByteVec> host_uniq{};
  bool accept_missing_host_uniq = false;
  bool operator==(const PppoeConfig&) const = default;

  static constexpr Traits kTraits = {.name = "pppoe"};
};

/// The kind of an uplink that does not say.
inline KindConfig default_kind() { return PppoeConfig{}; }

/// DHCPv4.
struct Dhcp4Config {
  std::string host_name{};     // empty: none is sent
  ByteVec client_id{};         // its type first; empty: from the interface's address
  std::string vendor_class{};  // empty: none is sent
  bool release = false;        // give it back when the uplink is stopped
  bool operator==(const Dhcp4Config&) const = default;
};

/// Addresses by router advertisement, DHCPv6 and DHCPv4.
struct IpoeConfig {
  Dhcp4Config dhcp{};
  bool operator==(const IpoeConfig&) const = default;

  static constexpr Traits kTraits = {.name = "ipoe",
                                     .path = PacketPath::Kernel,
                                     .address_source = AddressSource::Network,
                                     .ipv4_scope = Ipv4Scope::Network,
                                     .owns_device = false,
                                     .puts_link_local = false,
                                     .has_secret = false,
                                     .counts_as_session = false,
                                     .expects_ipv6 = true,
                                     .probed = true,
                                     .default_mtu = 1500};
};

/// Addresses as the file says, with their host bits.
struct StaticConfig {
  std::optional<Prefix> address{};
  std::optional<Ipv4> gateway{};
  std::optional<Prefix> address6{};
  std::optional<Ipv6> gateway6{};
  std::vector<Prefix> prefixes{};  // routed to us
  bool operator==(const StaticConfig&) const = default;

  static constexpr Traits kTraits = {.name = "static",
                                     .path = PacketPath::Kernel,
                                     .address_source = AddressSource::File,
                                     .ipv4_scope = Ipv4Scope::Network,
                                     .owns_device = false,
                                     .puts_link_local = false,
                                     .has_secret = false,
                                     .counts_as_session = false,
                                     .expects_ipv6 = true,
                                     .probed = true,
                                     .default_mtu = 1500};
};

}  // namespace michi::model

#pragma once
// For tests: the typical house with an uplink that stands on another one, and shares its IPv4 address port by port.

#include "kit/typical_house.hpp"

namespace michi::policy::testing {

/// A kind that no product has.
struct TunnelKeys {
  bool operator==(const TunnelKeys&) const = default;

  static constexpr model::Traits kTraits = {.name = "tunnel",
                                            .puts_link_local = false,
                                            .has_secret = false,
                                            .counts_as_session = false,
                                            .shares_address = true,
                                            .default_mtu = 1460};
};

/// mape (IPv4 only) over hikari (IPv6 only, on wan1); everything goes by mape, then isp.
struct CarriedHouse : House {
  CarriedHouse() {
    uplink("hikari", 1500).kind = model::IpoeConfig{};
    of("hikari").over = model::OnLine{"wan1"};
    of("hikari").ipv4 = false;
    uplink("mape", 1460).kind = TunnelKeys{};
    of("mape").over = model::OnUplink{{"hikari"}};
    of("mape").ipv6 = false;
    link("wan1", "veth");
    policy({"mape", "isp"});
  }

  model::UplinkConfig& of(const std::string& name) {
    return *std::ranges::find(config.uplinks, model::UplinkId{name}, &model::UplinkConfig::id);
  }

  CarriedHouse& all_up() {
    configure();
    delegate("hikari", "2001:db8:300::/56");
    auto& fact = facts["mape"];
    fact.ports = model::PortSet({{4928, 4943}, {9024, 9039}});
    fact.outer = {{ipv6("2001:db8:300::c000:201"), ipv6("2001:db8:ffff::1")}};
    fact.mtu = 1460;
    up("mape", "192.0.2.1");
    House::all_up();
    return *this;
  }
};

}  // namespace michi::policy::testing

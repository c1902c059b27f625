#pragma once
// What becomes of IPv4 sources that leave by an uplink. View makes it once; the firewall, published services, the
// guard and `why` read this value and nothing else, so that they cannot differ.

#include <optional>
#include <string>
#include <variant>

#include "base/net/address.hpp"
#include "model/config.hpp"
#include "model/ports.hpp"

namespace michi::policy {

/// The uplink has no IPv4 address now: there is nothing to become.
struct NoTranslation {};
/// This address, with any port.
struct ToAddress {
  Ipv4 address;
};
/// This address, with these ports: others have the rest of them.
struct ToPorts {
  Ipv4 address;
  model::PortSet ports;
};
using Translation = std::variant<NoTranslation, ToAddress, ToPorts>;

Translation make_translation(const std::optional<Ipv4>& address, const std::optional<model::PortSet>& ports);
/// The ports, where not all are ours.
const model::PortSet* ports_of(const Translation& translation);

/// Some port of the service can be asked for at the uplink's own address.
bool can_publish(const model::PublishConfig& publish, const Translation& translation);
/// "443 is not one of mape's 240 ports; the nearest are 4928-4943". Empty: all are.
std::string foreign_ports(const model::PortRange& wanted, const std::string& uplink, const Translation& translation);

}  // namespace michi::policy

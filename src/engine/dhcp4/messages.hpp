#pragma once
// The messages of a DHCPv4 client, by purpose. RFC 2131 table 5 as data: which field and option belongs
// into which message, and which must not.
//
// It sends nothing and remembers nothing. RFC 2131 §4.3.2, §4.4.1 to §4.4.6, table 5.

#include <cstdint>
#include <optional>

#include "base/net/address.hpp"
#include "engine/dhcp4/settings.hpp"
#include "wire/dhcp4.hpp"

namespace michi::engine::dhcp4 {

enum class Purpose : std::uint8_t {
  Discover,  // who has an address?
  Select,    // that offer, please
  Reboot,    // is this still my address?
  Renew,     // longer, please: to its server
  Rebind,    // longer, please: to every server
  Decline,   // somebody else uses it
  Release    // no longer needed
};

struct Exchange {
  std::uint32_t xid = 0;
  std::uint16_t secs = 0;
  std::optional<Ipv4> address;  // in Discover a suggestion, elsewhere what it is about
  Ipv4 server;                  // its identifier, where the purpose names one
};

wire::dhcp4::Message compose(Purpose purpose, const Settings& settings, const Exchange& exchange);

wire::dhcp4::MessageType type_of(Purpose purpose);
/// Whether the client already speaks from the address (then it stands in ciaddr).
bool speaks_from_address(Purpose purpose);

}  // namespace michi::engine::dhcp4

#pragma once
// Single DHCPv4 options as values, and values as options.
//
// A reader gives nothing where an option is absent or its value has the wrong size: both mean that the
// server said nothing usable. It never judges an address. RFC 2132; RFC 3442 (classless routes);
// RFC 4361 §6.1 (client identifier from IAID and DUID).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/dhcp4.hpp"

namespace michi::wire::dhcp4 {

/// One classless static route; a gateway of 0.0.0.0 means that the destination is on the link.
struct Route {
  Prefix destination;  // canonical
  Ipv4 gateway;
  auto operator<=>(const Route&) const = default;
};

const Option* find_option(const Options& options, OptionCode code);

std::optional<MessageType> message_type(const Options& options);
std::optional<std::uint16_t> u16_of(const Options& options, OptionCode code);
std::optional<std::uint32_t> u32_of(const Options& options, OptionCode code);
std::optional<Ipv4> address_of(const Options& options, OptionCode code);
/// At most `limit` of them; empty where the size is no multiple of four.
std::vector<Ipv4> addresses_of(const Options& options, OptionCode code, std::size_t limit);
/// At most `limit` of them; nothing if any descriptor is malformed (RFC 3442: width above 32, cut short).
std::optional<std::vector<Route>> classless_routes(const Options& options, std::size_t limit);
/// Option 15 if it is a name: labels of letters, digits, hyphens and underscores, 1 to 63 octets each, 253
/// in all. A trailing dot or NUL is dropped.
std::optional<std::string> domain_name(const Options& options);

Option address_option(OptionCode code, Ipv4 address);
Option u32_option(OptionCode code, std::uint32_t value);
Option u16_option(OptionCode code, std::uint16_t value);
Option text_option(OptionCode code, std::string_view text);
Option bytes_option(OptionCode code, Bytes value);
Option type_option(MessageType type);

/// Hardware type 1 and the address (RFC 2132 §9.14).
ByteVec client_identifier(const Mac& mac);
/// Type 255, IAID, DUID (RFC 4361 §6.1).
ByteVec client_identifier(std::uint32_t iaid, Bytes duid);

}  // namespace michi::wire::dhcp4

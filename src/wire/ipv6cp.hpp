#pragma once
// IPv6CP's one option that is spoken here: the 64-bit interface identifier.
//
// RFC 5072 §4.1; compression (RFC 5172) is recognised only to be rejected.

#include <cstdint>
#include <optional>

#include "wire/control.hpp"

namespace michi::wire::ipv6cp {

enum class OptionType : std::uint8_t { InterfaceIdentifier = 1, Compression = 2 };

std::optional<std::uint64_t> interface_id(const control::Option& option);
control::Option interface_id_option(std::uint64_t id);

}  // namespace michi::wire::ipv6cp

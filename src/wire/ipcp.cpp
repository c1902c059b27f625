#include "wire/ipcp.hpp"

namespace michi::wire::ipcp {

std::optional<Ipv4> address(const control::Option& option) {
  if (option.value.size() != 4) return std::nullopt;
  return Ipv4::from_bytes(option.value);
}

control::Option address_option(OptionType type, Ipv4 address) {
  return control::option_u32(static_cast<std::uint8_t>(type), address.value);
}

}  // namespace michi::wire::ipcp

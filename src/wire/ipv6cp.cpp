#include "wire/ipv6cp.hpp"

namespace michi::wire::ipv6cp {

std::optional<std::uint64_t> interface_id(const control::Option& option) {
  if (option.value.size() != 8) return std::nullopt;
  Reader in(option.value);
  const std::uint64_t high = *in.u32();
  return high << 32 | *in.u32();
}

control::Option interface_id_option(std::uint64_t id) {
  return control::option_u64(static_cast<std::uint8_t>(OptionType::InterfaceIdentifier), id);
}

}  // namespace michi::wire::ipv6cp

// A DHCPv6 payload as client and server read it: message, options, IAs, information. What was read is
// written back the same.
#include <cstdint>
#include <cstdlib>

#include "wire/dhcp6.hpp"
#include "wire/dhcp6_info.hpp"
#include "wire/duid.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace michi;
  namespace dhcp6 = wire::dhcp6;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  const auto message = dhcp6::parse_message(bytes);
  if (!message) return 0;
  if (!equal(dhcp6::write_message(*message), bytes)) std::abort();
  for (const auto& option : message->options) {
    if (const auto ia = dhcp6::parse_ia(option))
      if (dhcp6::parse_ia(dhcp6::ia_option(*ia)) != *ia) std::abort();
    if (const auto duid = wire::Duid::from_bytes(option.value))
      if (wire::parse_duid(wire::to_text(*duid)) != *duid) std::abort();
  }
  std::uint64_t unread = 0;
  const dhcp6::Info info = dhcp6::info_in(message->options, unread);
  std::uint64_t none = 0;
  if (dhcp6::info_in(dhcp6::info_options(info), none) != info || none != 0) std::abort();
  return 0;
}

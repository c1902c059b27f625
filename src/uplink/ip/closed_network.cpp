#include "uplink/ip/closed_network.hpp"

#include <array>

namespace michi::uplink {
namespace {

struct Closed {
  std::array<std::uint8_t, 4> first;
  std::uint8_t length;
  std::string_view name;
};

constexpr std::array<Closed, 2> kClosed = {{{{0x24, 0x08, 0, 0}, 22, "NTT East's closed network (NGN)"},
                                            {{0x20, 0x01, 0xa0, 0}, 20, "NTT West's closed network (NGN)"}}};

Prefix prefix_of(const Closed& closed) {
  Ipv6 address;
  for (std::size_t i = 0; i < closed.first.size(); ++i) address.octets[i] = closed.first[i];
  return {address, closed.length};
}

}  // namespace

std::optional<std::string_view> closed_network_of(const Address& address) {
  for (const Closed& closed : kClosed)
    if (prefix_of(closed).contains(address)) return closed.name;
  return std::nullopt;
}

std::optional<std::string_view> closed_network_of(const std::vector<Ipv6>& addresses,
                                                  const std::vector<Prefix>& prefixes) {
  std::optional<std::string_view> out;
  for (const Ipv6& address : addresses)
    if (!(out = closed_network_of(Address(address)))) return std::nullopt;
  for (const Prefix& prefix : prefixes)
    if (!(out = closed_network_of(prefix.address))) return std::nullopt;
  return out;
}

}  // namespace michi::uplink

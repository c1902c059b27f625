#include "base/net/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace michi {

std::optional<Ipv4> Ipv4::from_bytes(Bytes four) {
  if (four.size() != 4) return std::nullopt;
  return Ipv4{*Reader(four).u32()};
}

std::array<std::byte, 4> Ipv4::bytes() const {
  return {static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16 & 0xff),
          static_cast<std::byte>(value >> 8 & 0xff), static_cast<std::byte>(value & 0xff)};
}

std::optional<Ipv6> Ipv6::from_bytes(Bytes sixteen) {
  if (sixteen.size() != 16) return std::nullopt;
  Ipv6 address;
  std::memcpy(address.octets.data(), sixteen.data(), 16);
  return address;
}

Ipv6 Ipv6::link_local(std::uint64_t interface_id) {
  Ipv6 address;
  address.octets[0] = 0xfe;
  address.octets[1] = 0x80;
  for (unsigned i = 0; i < 8; ++i) address.octets[15 - i] = static_cast<std::uint8_t>(interface_id >> (8 * i));
  return address;
}

std::uint64_t Ipv6::interface_id() const {
  std::uint64_t id = 0;
  for (unsigned i = 8; i < 16; ++i) id = id << 8 | octets[i];
  return id;
}

ByteVec Address::bytes() const {
  if (const Ipv4* four = v4()) {
    auto b = four->bytes();
    return {b.begin(), b.end()};
  }
  return copy_of(v6()->bytes());
}

Prefix Prefix::host(Address address) {
  return {address, static_cast<std::uint8_t>(address.family() == Family::V4 ? 32 : 128)};
}

Prefix Prefix::everything(Family family) { return {family == Family::V4 ? Address(Ipv4{}) : Address(Ipv6{}), 0}; }

Prefix Prefix::canonical() const {
  auto bytes = address.bytes();
  for (std::size_t bit = length; bit < bytes.size() * 8; ++bit)
    bytes[bit / 8] &= ~static_cast<std::byte>(0x80u >> (bit % 8));
  if (family() == Family::V4) return {*Ipv4::from_bytes(bytes), length};
  return {*Ipv6::from_bytes(bytes), length};
}

bool Prefix::contains(const Address& other) const {
  if (other.family() != family()) return false;
  return Prefix{other, length}.canonical().address == canonical().address;
}

std::optional<Ipv4> parse_ipv4(std::string_view text) {
  in_addr raw{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &raw) != 1) return std::nullopt;
  return Ipv4{ntohl(raw.s_addr)};
}

std::optional<Ipv6> parse_ipv6(std::string_view text) {
  Ipv6 address;
  if (inet_pton(AF_INET6, std::string(text).c_str(), address.octets.data()) != 1) return std::nullopt;
  return address;
}

std::optional<Address> parse_address(std::string_view text) {
  if (auto four = parse_ipv4(text)) return Address(*four);
  if (auto six = parse_ipv6(text)) return Address(*six);
  return std::nullopt;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Prefix::host(*address);
  unsigned length = 0;
  const auto digits = text.substr(slash + 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  Prefix prefix{*address, 0};
  if (length > prefix.max_length()) return std::nullopt;
  prefix.length = static_cast<std::uint8_t>(length);
  return prefix;
}

std::string to_text(const Ipv4& address) {
  char buffer[INET_ADDRSTRLEN];
  in_addr raw{htonl(address.value)};
  return inet_ntop(AF_INET, &raw, buffer, sizeof buffer);
}

std::string to_text(const Ipv6& address) {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, address.octets.data(), buffer, sizeof buffer);
}

std::string to_text(const Address& address) { return address.v4() ? to_text(*address.v4()) : to_text(*address.v6()); }

std::string to_text(const Prefix& prefix) { return to_text(prefix.address) + "/" + std::to_string(prefix.length); }

}  // namespace michi

#include "wire/duid.hpp"

#include <utility>

namespace michi::wire {
namespace {

constexpr std::uint16_t kLinkLayerTime = 1;
constexpr std::uint16_t kEnterprise = 2;
constexpr std::uint16_t kLinkLayer = 3;
constexpr std::uint16_t kUuid = 4;
constexpr std::uint16_t kEthernet = 1;

}  // namespace

Duid Duid::link_layer(const Mac& mac) {
  Writer out;
  out.u16(kLinkLayer).u16(kEthernet).put(mac.bytes());
  return Duid(std::move(out).take());
}

Duid Duid::link_layer_time(const Mac& mac, std::uint32_t time) {
  Writer out;
  out.u16(kLinkLayerTime).u16(kEthernet).u32(time).put(mac.bytes());
  return Duid(std::move(out).take());
}

std::optional<Duid> Duid::enterprise(std::uint32_t number, Bytes identifier) {
  if (identifier.empty()) return std::nullopt;
  Writer out;
  out.u16(kEnterprise).u32(number).put(identifier);
  return from_bytes(out.view());
}

Duid Duid::uuid(std::span<const std::byte, 16> uuid) {
  Writer out;
  out.u16(kUuid).put(uuid);
  return Duid(std::move(out).take());
}

std::optional<Duid> Duid::from_bytes(Bytes bytes) {
  if (bytes.size() < kMinSize || bytes.size() > kMaxSize) return std::nullopt;
  return Duid(copy_of(bytes));
}

std::optional<Duid> parse_duid(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  return Duid::from_bytes(*bytes);
}

std::string to_text(const Duid& duid) { return to_hex(duid.bytes()); }

}  // namespace michi::wire

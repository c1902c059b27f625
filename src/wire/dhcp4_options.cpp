#include "wire/dhcp4_options.hpp"

#include <algorithm>

namespace michi::wire::dhcp4 {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;
constexpr std::uint8_t kIaidAndDuid = 255;

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestName) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!is_of_a_name(c) || ++label > kLongestLabel) {
      return false;
    }
  }
  return label != 0;
}

Option written(OptionCode code, Writer&& out) { return {code, std::move(out).take()}; }

}  // namespace

const Option* find_option(const Options& options, OptionCode code) {
  const auto there = std::ranges::find(options, code, &Option::code);
  return there == options.end() ? nullptr : &*there;
}

std::optional<MessageType> message_type(const Options& options) {
  const Option* option = find_option(options, OptionCode::MessageType);
  if (option == nullptr || option->value.size() != 1) return std::nullopt;
  return static_cast<MessageType>(option->value.front());
}

std::optional<std::uint16_t> u16_of(const Options& options, OptionCode code) {
  const Option* option = find_option(options, code);
  if (option == nullptr || option->value.size() != 2) return std::nullopt;
  return Reader(option->value).u16();
}

std::optional<std::uint32_t> u32_of(const Options& options, OptionCode code) {
  const Option* option = find_option(options, code);
  if (option == nullptr || option->value.size() != 4) return std::nullopt;
  return Reader(option->value).u32();
}

std::optional<Ipv4> address_of(const Options& options, OptionCode code) {
  if (const auto value = u32_of(options, code)) return Ipv4{*value};
  return std::nullopt;
}

std::vector<Ipv4> addresses_of(const Options& options, OptionCode code, std::size_t limit) {
  std::vector<Ipv4> out;
  const Option* option = find_option(options, code);
  if (option == nullptr || option->value.size() % 4 != 0) return out;
  Reader in(option->value);
  while (!in.empty() && out.size() < limit) out.push_back(Ipv4{*in.u32()});
  return out;
}

std::optional<std::vector<Route>> classless_routes(const Options& options, std::size_t limit) {
  const Option* option = find_option(options, OptionCode::ClasslessStaticRoute);
  if (option == nullptr || option->value.empty()) return std::nullopt;
  std::vector<Route> out;
  Reader in(option->value);
  while (!in.empty()) {
    const std::uint8_t width = *in.u8();
    if (width > 32) return std::nullopt;
    const auto significant = in.take((width + 7U) / 8);
    if (!significant) return std::nullopt;
    const auto gateway = in.u32();
    if (!gateway) return std::nullopt;
    std::array<std::byte, 4> destination{};
    std::ranges::copy(*significant, destination.begin());
    if (out.size() < limit) out.push_back({Prefix{*Ipv4::from_bytes(destination), width}.canonical(), Ipv4{*gateway}});
  }
  return out;
}

std::optional<std::string> domain_name(const Options& options) {
  const Option* option = find_option(options, OptionCode::DomainName);
  if (option == nullptr) return std::nullopt;
  std::string name = text_of(option->value);
  while (name.ends_with('\0')) name.pop_back();
  if (name.ends_with('.')) name.pop_back();
  if (!is_name(name)) return std::nullopt;
  return name;
}

Option address_option(OptionCode code, Ipv4 address) { return u32_option(code, address.value); }

Option u32_option(OptionCode code, std::uint32_t value) { return written(code, std::move(Writer().u32(value))); }

Option u16_option(OptionCode code, std::uint16_t value) { return written(code, std::move(Writer().u16(value))); }

Option text_option(OptionCode code, std::string_view text) { return {code, copy_of(bytes_of(text))}; }

Option bytes_option(OptionCode code, Bytes value) { return {code, copy_of(value)}; }

Option type_option(MessageType type) { return {OptionCode::MessageType, {static_cast<std::byte>(type)}}; }

ByteVec client_identifier(const Mac& mac) {
  Writer out;
  out.u8(1).put(mac.bytes());
  return std::move(out).take();
}

ByteVec client_identifier(std::uint32_t iaid, Bytes duid) {
  Writer out;
  out.u8(kIaidAndDuid).u32(iaid).put(duid);
  return std::move(out).take();
}

}  // namespace michi::wire::dhcp4

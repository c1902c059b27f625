#include "wire/icmp6_options.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::wire::icmp6 {
namespace {

constexpr std::size_t kHeader = 2;
constexpr std::size_t kUnit = 8;
constexpr std::size_t kMaxUnits = 255;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 253;
constexpr std::uint8_t kOnLink = 0x80, kAutonomous = 0x40;
constexpr std::uint8_t kPrefixLengthOfCode[] = {96, 64, 56, 48, 40, 32};  // RFC 8781 §4, PLC
constexpr std::size_t kPref64Octets = 12;
constexpr std::size_t kMaxServers = (kMaxUnits - 1) / 2;

Lifetime lifetime(Reader& in) { return Lifetime(*in.u32()); }

Prefix network(Bytes up_to_16, std::uint8_t length) {
  Ipv6 address;
  std::ranges::transform(up_to_16, address.octets.begin(), [](std::byte b) { return static_cast<std::uint8_t>(b); });
  return Prefix{address, length}.canonical();
}

bool in_label(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

template <class T>
std::optional<Option> link_layer(Bytes value) {
  if (value.size() != 6) return std::nullopt;
  return T{*Mac::from_bytes(value)};
}

std::optional<Option> prefix_information(Bytes value) {
  if (value.size() != 30) return std::nullopt;
  Reader in(value);
  const std::uint8_t length = *in.u8();
  const std::uint8_t flags = *in.u8();
  if (length > 128) return std::nullopt;
  PrefixInformation out;
  out.on_link = (flags & kOnLink) != 0;
  out.autonomous = (flags & kAutonomous) != 0;
  out.valid = lifetime(in);
  out.preferred = lifetime(in);
  std::ignore = in.u32();
  out.prefix = network(in.rest(), length);
  return out;
}

std::optional<Option> mtu(Bytes value) {
  if (value.size() != 6) return std::nullopt;
  return Mtu{*Reader(value.subspan(2)).u32()};
}

std::optional<Option> route_information(Bytes value) {
  Reader in(value);
  const std::uint8_t length = *in.u8();
  const auto preference = static_cast<std::uint8_t>(*in.u8() >> 3 & 0b11);
  const std::size_t octets = value.size() - 6;
  // RFC 4191 §2.3: the reserved preference makes it void.
  if (length > 128 || octets > 16 || length > octets * 8 || preference == 0b10) return std::nullopt;
  RouteInformation out;
  out.preference = static_cast<Preference>(preference);
  out.lifetime = lifetime(in);
  out.prefix = network(in.rest(), length);
  return out;
}

std::optional<Option> rdnss(Bytes value) {
  if (value.size() < 22 || (value.size() - 6) % 16 != 0) return std::nullopt;
  Reader in(value.subspan(2));
  Rdnss out{lifetime(in), {}};
  while (const auto server = in.take(16)) out.servers.push_back(*Ipv6::from_bytes(*server));
  return out;
}

/// RFC 1035 §3.1 without compression, names one after the other, then zeros.
std::optional<Option> dnssl(Bytes value) {
  if (value.size() < 14) return std::nullopt;
  Reader in(value.subspan(2));
  Dnssl out{lifetime(in), {}};
  while (!in.empty()) {
    std::string name;
    std::optional<std::uint8_t> length;
    while ((length = in.u8()).value_or(0) != 0) {
      const auto label = in.take(*length);
      if (!label || text_of(*label).find('.') != std::string::npos) return std::nullopt;
      if (!name.empty()) name += '.';
      name += text_of(*label);
    }
    if (name.empty()) break;
    if (!length || !is_writable_domain(name)) return std::nullopt;
    out.domains.push_back(std::move(name));
  }
  if (out.domains.empty() || std::ranges::any_of(in.rest(), [](std::byte b) { return b != std::byte{0}; }))
    return std::nullopt;
  return out;
}

std::optional<Option> pref64(Bytes value) {
  if (value.size() != 14) return std::nullopt;
  Reader in(value);
  const std::uint16_t scaled = *in.u16();
  const std::size_t code = scaled & 0b111;
  if (code >= std::size(kPrefixLengthOfCode)) return std::nullopt;
  return Pref64{network(in.rest(), kPrefixLengthOfCode[code]), Lifetime(scaled & ~0b111u)};
}

std::optional<Option> known(OptionType type, Bytes value) {
  switch (type) {
    case OptionType::SourceLinkLayer:
      return link_layer<SourceLinkLayer>(value);
    case OptionType::TargetLinkLayer:
      return link_layer<TargetLinkLayer>(value);
    case OptionType::PrefixInformation:
      return prefix_information(value);
    case OptionType::Mtu:
      return mtu(value);
    case OptionType::Nonce:
      return Nonce{copy_of(value)};
    case OptionType::RouteInformation:
      return route_information(value);
    case OptionType::Rdnss:
      return rdnss(value);
    case OptionType::Dnssl:
      return dnssl(value);
    case OptionType::Pref64:
      return pref64(value);
    case OptionType::CaptivePortal:
      break;
  }
  return std::nullopt;
}

/// Pads with zeros to a whole number of units; cuts what a length octet cannot say.
void close(Writer& out, OptionType type, Bytes value) {
  value = value.first(std::min(value.size(), kMaxUnits * kUnit - kHeader));
  const std::size_t units = (kHeader + value.size() + kUnit - 1) / kUnit;
  out.u8(static_cast<std::uint8_t>(type)).u8(static_cast<std::uint8_t>(units)).put(value);
  for (std::size_t i = kHeader + value.size(); i < units * kUnit; ++i) out.u8(0);
}

void write_name(Writer& out, std::string_view name) {
  while (!name.empty()) {
    const auto dot = std::min(name.find('.'), name.size());
    out.u8(static_cast<std::uint8_t>(dot)).put(bytes_of(name.substr(0, dot)));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  out.u8(0);
}

void write_dnssl(Writer& out, const Dnssl& option) {
  constexpr std::size_t kMaxValue = kMaxUnits * kUnit - kHeader;
  Writer value;
  value.u16(0).u32(option.lifetime.count());
  const std::size_t empty = value.size();
  for (const std::string& name : option.domains)
    if (is_writable_domain(name) && value.size() + name.size() + 2 <= kMaxValue) write_name(value, name);
  if (value.size() > empty) close(out, OptionType::Dnssl, value.view());
}

void write_rdnss(Writer& out, const Rdnss& option) {
  if (option.servers.empty()) return;
  Writer value;
  value.u16(0).u32(option.lifetime.count());
  for (std::size_t i = 0; i < std::min(option.servers.size(), kMaxServers); ++i) value.put(option.servers[i].bytes());
  close(out, OptionType::Rdnss, value.view());
}

void write_prefix(Writer& out, const PrefixInformation& option) {
  Writer value;
  value.u8(option.prefix.length);
  value.u8(static_cast<std::uint8_t>((option.on_link ? kOnLink : 0) | (option.autonomous ? kAutonomous : 0)));
  value.u32(option.valid.count()).u32(option.preferred.count()).u32(0).put(option.prefix.address.bytes());
  close(out, OptionType::PrefixInformation, value.view());
}

void write_route(Writer& out, const RouteInformation& option) {
  const std::size_t octets = option.prefix.length == 0 ? 0 : option.prefix.length <= 64 ? 8 : 16;
  Writer value;
  value.u8(option.prefix.length).u8(static_cast<std::uint8_t>(static_cast<unsigned>(option.preference) << 3));
  value.u32(option.lifetime.count()).put(Bytes(option.prefix.address.bytes()).first(octets));
  close(out, OptionType::RouteInformation, value.view());
}

void write_pref64(Writer& out, const Pref64& option) {
  const auto code = std::ranges::find(kPrefixLengthOfCode, option.prefix.length) - std::begin(kPrefixLengthOfCode);
  const std::uint32_t rounded = std::min(option.lifetime, kMaxPref64Lifetime).count() & ~0b111u;
  Writer value;
  value.u16(static_cast<std::uint16_t>(rounded | static_cast<std::uint32_t>(code)));
  value.put(Bytes(option.prefix.address.bytes()).first(kPref64Octets));
  close(out, OptionType::Pref64, value.view());
}

}  // namespace

bool is_writable_domain(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.' ? label == 0 : !in_label(c)) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > kMaxLabel) return false;
  }
  return label != 0;
}

Parsed<Options> parse_options(Bytes bytes) {
  Options options;
  Reader in(bytes);
  while (!in.empty()) {
    const std::size_t at = in.offset();
    if (in.remaining() < kUnit) return fault(FaultCode::Truncated, at);
    const auto type = static_cast<OptionType>(*in.u8());
    const std::size_t units = *in.u8();
    if (units == 0) return fault(FaultCode::BadLength, at + 1);
    const auto value = in.take(units * kUnit - kHeader);
    if (!value) return fault(FaultCode::BadLength, at + 1);
    if (auto option = known(type, *value))
      options.push_back(std::move(*option));
    else
      options.push_back(UnknownOption{type, copy_of(*value)});
  }
  return options;
}

void write_option(Writer& out, const Option& option) {
  std::visit(
      Overloaded{[&](const SourceLinkLayer& o) { close(out, OptionType::SourceLinkLayer, o.address.bytes()); },
                 [&](const TargetLinkLayer& o) { close(out, OptionType::TargetLinkLayer, o.address.bytes()); },
                 [&](const PrefixInformation& o) { write_prefix(out, o); },
                 [&](const Mtu& o) {
                   Writer value;
                   value.u16(0).u32(o.value);
                   close(out, OptionType::Mtu, value.view());
                 },
                 [&](const Nonce& o) { close(out, OptionType::Nonce, o.value); },
                 [&](const RouteInformation& o) { write_route(out, o); }, [&](const Rdnss& o) { write_rdnss(out, o); },
                 [&](const Dnssl& o) { write_dnssl(out, o); }, [&](const Pref64& o) { write_pref64(out, o); },
                 [&](const UnknownOption& o) { close(out, o.type, o.value); }},
      option);
}

std::size_t written_size(const Option& option) {
  Writer out;
  write_option(out, option);
  return out.size();
}

}  // namespace michi::wire::icmp6

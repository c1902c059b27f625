#include "wire/lcp.hpp"

namespace michi::wire::lcp {

std::optional<std::uint16_t> mru(const control::Option& option) {
  if (option.value.size() != 2) return std::nullopt;
  return Reader(option.value).u16();
}

std::optional<std::uint32_t> magic(const control::Option& option) {
  if (option.value.size() != 4) return std::nullopt;
  return Reader(option.value).u32();
}

std::optional<Authentication> authentication(const control::Option& option) {
  Reader in(option.value);
  const auto protocol = in.u16();
  if (!protocol) return std::nullopt;
  Authentication out{static_cast<ppp::Protocol>(*protocol), std::nullopt};
  if (out.protocol == ppp::Protocol::Chap) {
    if (in.remaining() != 1) return std::nullopt;
    out.algorithm = *in.u8();
  } else if (out.protocol == ppp::Protocol::Pap && !in.empty()) {
    return std::nullopt;
  }
  return out;
}

control::Option mru_option(std::uint16_t mru) {
  return control::option_u16(static_cast<std::uint8_t>(OptionType::Mru), mru);
}

control::Option magic_option(std::uint32_t magic) {
  return control::option_u32(static_cast<std::uint8_t>(OptionType::MagicNumber), magic);
}

control::Option authentication_option(const Authentication& authentication) {
  Writer out;
  out.u16(static_cast<std::uint16_t>(authentication.protocol));
  if (authentication.algorithm) out.u8(*authentication.algorithm);
  return {static_cast<std::uint8_t>(OptionType::AuthenticationProtocol), std::move(out).take()};
}

Parsed<Echo> parse_echo(Bytes data) {
  Reader in(data);
  const auto magic = in.u32();
  if (!magic) return fault(FaultCode::Truncated, data.size());
  return Echo{*magic, in.rest()};
}

ByteVec write_echo(std::uint32_t magic, Bytes data) {
  Writer out;
  out.u32(magic).put(data);
  return std::move(out).take();
}

Parsed<ProtocolReject> parse_protocol_reject(Bytes data) {
  Reader in(data);
  const auto protocol = in.u16();
  if (!protocol) return fault(FaultCode::Truncated, data.size());
  return ProtocolReject{static_cast<ppp::Protocol>(*protocol), in.rest()};
}

}  // namespace michi::wire::lcp

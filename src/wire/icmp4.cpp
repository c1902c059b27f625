#include "wire/icmp4.hpp"

#include <tuple>
#include <utility>

#include "base/net/checksum.hpp"

namespace michi::wire::icmp4 {
namespace {

constexpr std::uint8_t kReply = 0, kRequest = 8;
constexpr std::size_t kHeader = 8, kChecksumAt = 2;
constexpr std::uint16_t kRight = 0xffff;  // the sum of a message with its checksum

}  // namespace

Parsed<icmp6::Echo> parse_echo(Bytes icmp) {
  if (icmp.size() < kHeader) return fault(FaultCode::Truncated, icmp.size());
  Reader in(icmp);
  const std::uint8_t type = *in.u8();
  if (type != kReply && type != kRequest) return fault(FaultCode::WrongType, 0);
  if (*in.u8() != 0) return fault(FaultCode::BadValue, 1);
  if (ones_sum(icmp) != kRight) return fault(FaultCode::BadValue, kChecksumAt);
  std::ignore = in.u16();
  icmp6::Echo out;
  out.kind = type == kReply ? icmp6::Echo::Kind::Reply : icmp6::Echo::Kind::Request;
  out.identifier = *in.u16();
  out.sequence = *in.u16();
  out.data = copy_of(in.rest());
  return out;
}

ByteVec write_echo(const icmp6::Echo& echo) {
  Writer out;
  out.u8(echo.kind == icmp6::Echo::Kind::Reply ? kReply : kRequest).u8(0).u16(0);
  out.u16(echo.identifier).u16(echo.sequence).put(echo.data);
  out.patch_u16(kChecksumAt, static_cast<std::uint16_t>(~ones_sum(out.view())));
  return std::move(out).take();
}

}  // namespace michi::wire::icmp4

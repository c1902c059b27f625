#include "wire/control.hpp"

#include <algorithm>

namespace michi::wire::control {
namespace {

constexpr std::size_t kOptionHeader = 2;
constexpr std::size_t kLargestValue = 255 - kOptionHeader;

}  // namespace

Parsed<Packet> parse_packet(Bytes information) {
  if (information.size() < kHeaderSize) return fault(FaultCode::Truncated, information.size());
  Reader in(information);
  Packet out;
  out.code = static_cast<Code>(*in.u8());
  out.id = *in.u8();
  const std::uint16_t length = *in.u16();
  if (length < kHeaderSize) return fault(FaultCode::BadLength, 2);
  const auto data = in.take(length - kHeaderSize);
  if (!data) return fault(FaultCode::BadLength, 2);
  out.data = *data;
  return out;
}

void write_packet(Writer& out, Code code, std::uint8_t id, Bytes data) {
  const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(data.size() + kHeaderSize, 0xffff));
  out.u8(static_cast<std::uint8_t>(code)).u8(id).u16(length).put(data.first(length - kHeaderSize));
}

ByteVec write_packet(Code code, std::uint8_t id, Bytes data) {
  Writer out;
  write_packet(out, code, id, data);
  return std::move(out).take();
}

Parsed<Options> parse_options(Bytes data) {
  Options options;
  Reader in(data);
  while (!in.empty()) {
    const std::size_t at = in.offset();
    if (in.remaining() < kOptionHeader) return fault(FaultCode::Truncated, at);
    const std::uint8_t type = *in.u8();
    const std::uint8_t length = *in.u8();
    if (length < kOptionHeader) return fault(FaultCode::BadLength, at + 1);
    const auto value = in.take(length - kOptionHeader);
    if (!value) return fault(FaultCode::BadLength, at + 1);
    options.push_back({type, copy_of(*value)});
  }
  return options;
}

ByteVec write_options(std::span<const Option> options) {
  Writer out;
  for (const Option& option : options) {
    const std::size_t size = std::min(option.value.size(), kLargestValue);
    out.u8(option.type).u8(static_cast<std::uint8_t>(size + kOptionHeader)).put(Bytes(option.value).first(size));
  }
  return std::move(out).take();
}

Option option_u16(std::uint8_t type, std::uint16_t value) {
  Writer out;
  out.u16(value);
  return {type, std::move(out).take()};
}

Option option_u32(std::uint8_t type, std::uint32_t value) {
  Writer out;
  out.u32(value);
  return {type, std::move(out).take()};
}

Option option_u64(std::uint8_t type, std::uint64_t value) {
  Writer out;
  out.u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
  return {type, std::move(out).take()};
}

std::string_view to_text(Code code) {
  switch (code) {
    case Code::VendorSpecific:
      return "Vendor-Specific";
    case Code::ConfigureRequest:
      return "Configure-Request";
    case Code::ConfigureAck:
      return "Configure-Ack";
    case Code::ConfigureNak:
      return "Configure-Nak";
    case Code::ConfigureReject:
      return "Configure-Reject";
    case Code::TerminateRequest:
      return "Terminate-Request";
    case Code::TerminateAck:
      return "Terminate-Ack";
    case Code::CodeReject:
      return "Code-Reject";
    case Code::ProtocolReject:
      return "Protocol-Reject";
    case Code::EchoRequest:
      return "Echo-Request";
    case Code::EchoReply:
      return "Echo-Reply";
    case Code::DiscardRequest:
      return "Discard-Request";
    case Code::Identification:
      return "Identification";
    case Code::TimeRemaining:
      return "Time-Remaining";
  }
  return "?";
}

}  // namespace michi::wire::control

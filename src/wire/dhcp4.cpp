#include "wire/dhcp4.hpp"

#include <algorithm>

namespace michi::wire::dhcp4 {
namespace {

constexpr std::size_t kSnameOffset = 44;
constexpr std::size_t kFileOffset = 108;
constexpr std::size_t kLongest = 255;  // of one instance of an option
constexpr unsigned kFileHasOptions = 1;
constexpr unsigned kSnameHasOptions = 2;

Option& joined(Options& options, OptionCode code) {
  const auto there = std::ranges::find(options, code, &Option::code);
  if (there != options.end()) return *there;
  return options.emplace_back(Option{code, {}});
}

/// RFC 2132 §9.3; absent or malformed: no field carries options.
unsigned overload_of(const Options& options) {
  const auto there = std::ranges::find(options, OptionCode::Overload, &Option::code);
  if (there == options.end() || there->value.size() != 1) return 0;
  return std::to_integer<unsigned>(there->value.front()) & (kFileHasOptions | kSnameHasOptions);
}

}  // namespace

void Message::set_client(const Mac& mac) {
  chaddr = {};
  std::ranges::copy(mac.bytes(), chaddr.begin());
}

bool Message::is_for(const Mac& mac) const {
  return hardware == 1 && hardware_length == 6 && equal(Bytes(chaddr).first(6), mac.bytes());
}

Parsed<std::size_t> parse_options(Bytes field, Options& into) {
  Reader in(field);
  while (!in.empty()) {
    const std::size_t at = in.offset();
    const auto code = static_cast<OptionCode>(*in.u8());
    if (code == OptionCode::Pad) continue;
    if (code == OptionCode::End) break;
    const auto length = in.u8();
    if (!length) return fault(FaultCode::Truncated, at);
    const auto value = in.take(*length);
    if (!value) return fault(FaultCode::BadLength, at + 1);
    ByteVec& whole = joined(into, code).value;
    whole.insert(whole.end(), value->begin(), value->end());
  }
  return in.offset();
}

Parsed<Message> parse_message(Bytes payload) {
  if (payload.size() < kFixedSize + 4) return fault(FaultCode::Truncated, payload.size());
  Reader in(payload);
  Message out;
  out.op = static_cast<Op>(*in.u8());
  out.hardware = *in.u8();
  out.hardware_length = *in.u8();
  out.hops = *in.u8();
  out.xid = *in.u32();
  out.secs = *in.u16();
  out.flags = *in.u16();
  for (Ipv4* address : {&out.ciaddr, &out.yiaddr, &out.siaddr, &out.giaddr}) address->value = *in.u32();
  std::ranges::copy(*in.take(out.chaddr.size()), out.chaddr.begin());
  const Bytes sname = *in.take(out.sname.size());
  const Bytes file = *in.take(out.file.size());
  if (*in.u32() != kMagicCookie) return fault(FaultCode::BadValue, kFixedSize);

  if (const auto read = parse_options(in.rest(), out.options); !read)
    return fault(read.error().code, read.error().offset + kFixedSize + 4);
  const unsigned overload = overload_of(out.options);
  std::erase_if(out.options, [](const Option& option) { return option.code == OptionCode::Overload; });
  // RFC 3396 §7: the options field, then file, then sname are one aggregate.
  if ((overload & kFileHasOptions) != 0) {
    if (const auto read = parse_options(file, out.options); !read)
      return fault(read.error().code, read.error().offset + kFileOffset);
  } else {
    std::ranges::copy(file, out.file.begin());
  }
  if ((overload & kSnameHasOptions) != 0) {
    if (const auto read = parse_options(sname, out.options); !read)
      return fault(read.error().code, read.error().offset + kSnameOffset);
  } else {
    std::ranges::copy(sname, out.sname.begin());
  }
  // An overload option within an overloaded field means nothing (RFC 2131 §4.1).
  std::erase_if(out.options, [](const Option& option) { return option.code == OptionCode::Overload; });
  return out;
}

void write_options(Writer& out, std::span<const Option> options) {
  for (const Option& option : options) {
    Bytes left = option.value;
    do {
      const std::size_t piece = std::min(left.size(), kLongest);
      out.u8(static_cast<std::uint8_t>(option.code)).u8(static_cast<std::uint8_t>(piece)).put(left.first(piece));
      left = left.subspan(piece);
    } while (!left.empty());
  }
}

ByteVec write_message(const Message& message) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(message.op)).u8(message.hardware).u8(message.hardware_length).u8(message.hops);
  out.u32(message.xid).u16(message.secs).u16(message.flags);
  for (const Ipv4& address : {message.ciaddr, message.yiaddr, message.siaddr, message.giaddr}) out.u32(address.value);
  out.put(message.chaddr).put(message.sname).put(message.file).u32(kMagicCookie);
  write_options(out, message.options);
  out.u8(static_cast<std::uint8_t>(OptionCode::End));
  while (out.size() < kSmallest) out.u8(static_cast<std::uint8_t>(OptionCode::Pad));
  return std::move(out).take();
}

std::string_view to_text(MessageType type) {
  switch (type) {
    case MessageType::Discover:
      return "DHCPDISCOVER";
    case MessageType::Offer:
      return "DHCPOFFER";
    case MessageType::Request:
      return "DHCPREQUEST";
    case MessageType::Decline:
      return "DHCPDECLINE";
    case MessageType::Ack:
      return "DHCPACK";
    case MessageType::Nak:
      return "DHCPNAK";
    case MessageType::Release:
      return "DHCPRELEASE";
    case MessageType::Inform:
      return "DHCPINFORM";
  }
  return "?";
}

}  // namespace michi::wire::dhcp4

#include "wire/dhcp6.hpp"

#include <utility>

namespace michi::wire::dhcp6 {
namespace {

constexpr std::size_t kOptionHeader = 4;

std::optional<IaLease> parse_lease(IaType type, Bytes value) {
  Reader in(value);
  IaLease out;
  std::uint8_t length = 128;
  std::optional<Bytes> address;
  if (type == IaType::Na) address = in.take(16);
  const auto preferred = in.u32();
  const auto valid = in.u32();
  if (type == IaType::Pd) {
    const auto wanted = in.u8();
    address = in.take(16);
    if (!wanted || *wanted == 0 || *wanted > 128) return std::nullopt;
    length = *wanted;
  }
  if (!preferred || !valid || !address || *preferred > *valid) return std::nullopt;
  out.prefix = Prefix{*Ipv6::from_bytes(*address), length}.canonical();
  out.preferred = *preferred;
  out.valid = *valid;
  const auto inner = parse_options(in.rest());
  if (!inner) return std::nullopt;
  out.status = status_in(*inner);
  return out;
}

OptionCode lease_code(IaType type) { return type == IaType::Na ? OptionCode::IaAddr : OptionCode::IaPrefix; }

Option lease_option(IaType type, const IaLease& lease) {
  Writer out;
  const ByteVec address = lease.prefix.address.bytes();
  if (type == IaType::Na) out.put(address);
  out.u32(lease.preferred).u32(lease.valid);
  if (type == IaType::Pd) out.u8(lease.prefix.length).put(address);
  if (lease.status != Status{}) {
    const Option status = status_option(lease.status);
    out.put(write_options(std::span(&status, 1)));
  }
  return {lease_code(type), std::move(out).take()};
}

}  // namespace

Parsed<Message> parse_message(Bytes payload) {
  Reader in(payload);
  const auto head = in.u32();
  if (!head) return fault(FaultCode::Truncated, payload.size());
  Message out;
  out.type = static_cast<MessageType>(*head >> 24);
  if (out.type == MessageType::RelayForw || out.type == MessageType::RelayRepl) return fault(FaultCode::WrongType, 0);
  out.transaction_id = *head & kTransactionMask;
  auto options = parse_options(in.rest());
  if (!options) return fault(options.error().code, options.error().offset + in.offset());
  out.options = std::move(*options);
  return out;
}

ByteVec write_message(const Message& message) {
  Writer out;
  out.u32(static_cast<std::uint32_t>(message.type) << 24 | (message.transaction_id & kTransactionMask));
  out.put(write_options(message.options));
  return std::move(out).take();
}

Parsed<Options> parse_options(Bytes list) {
  Options out;
  Reader in(list);
  while (!in.empty()) {
    const std::size_t at = in.offset();
    if (in.remaining() < kOptionHeader) return fault(FaultCode::Truncated, at);
    const auto code = static_cast<OptionCode>(*in.u16());
    const auto value = in.take(*in.u16());
    if (!value) return fault(FaultCode::BadLength, at + 2);
    out.push_back({code, copy_of(*value)});
  }
  return out;
}

ByteVec write_options(std::span<const Option> options) {
  Writer out;
  for (const Option& option : options) {
    const auto length = static_cast<std::uint16_t>(option.value.size());
    out.u16(static_cast<std::uint16_t>(option.code)).u16(length).put(Bytes(option.value).first(length));
  }
  return std::move(out).take();
}

const Option* find_option(std::span<const Option> options, OptionCode code) {
  for (const Option& option : options)
    if (option.code == code) return &option;
  return nullptr;
}

Option bytes_option(OptionCode code, Bytes value) { return {code, copy_of(value)}; }

Option u16_option(OptionCode code, std::uint16_t value) {
  Writer out;
  out.u16(value);
  return {code, std::move(out).take()};
}

Option u32_option(OptionCode code, std::uint32_t value) {
  Writer out;
  out.u32(value);
  return {code, std::move(out).take()};
}

Option option_request(std::span<const OptionCode> codes) {
  Writer out;
  for (const OptionCode code : codes) out.u16(static_cast<std::uint16_t>(code));
  return {OptionCode::OptionRequest, std::move(out).take()};
}

std::optional<std::uint8_t> u8_value(std::span<const Option> options, OptionCode code) {
  const Option* option = find_option(options, code);
  if (option == nullptr || option->value.size() != 1) return std::nullopt;
  return Reader(option->value).u8();
}

std::optional<std::uint32_t> u32_value(std::span<const Option> options, OptionCode code) {
  const Option* option = find_option(options, code);
  if (option == nullptr || option->value.size() != 4) return std::nullopt;
  return Reader(option->value).u32();
}

Status status_in(std::span<const Option> options) {
  const Option* option = find_option(options, OptionCode::Status);
  if (option == nullptr) return {};
  Reader in(option->value);
  const auto code = in.u16();
  if (!code) return {};
  return {static_cast<StatusCode>(*code), text_of(in.rest())};
}

Option status_option(const Status& status) {
  Writer out;
  out.u16(static_cast<std::uint16_t>(status.code)).put(bytes_of(status.message));
  return {OptionCode::Status, std::move(out).take()};
}

Parsed<Ia> parse_ia(const Option& option) {
  if (option.code != OptionCode::IaNa && option.code != OptionCode::IaPd) return fault(FaultCode::WrongType, 0);
  Ia out;
  out.type = option.code == OptionCode::IaNa ? IaType::Na : IaType::Pd;
  Reader in(option.value);
  const auto iaid = in.u32();
  const auto t1 = in.u32();
  const auto t2 = in.u32();
  if (!iaid || !t1 || !t2) return fault(FaultCode::Truncated, option.value.size());
  const auto inner = parse_options(in.rest());
  if (!inner) return fault(inner.error().code, inner.error().offset + in.offset());
  out.iaid = *iaid;
  out.t1 = *t1;
  out.t2 = *t2;
  out.status = status_in(*inner);
  for (const Option& one : *inner) {
    if (one.code != lease_code(out.type)) continue;
    if (auto lease = parse_lease(out.type, one.value)) out.leases.push_back(std::move(*lease));
  }
  return out;
}

Option ia_option(const Ia& ia) {
  Writer out;
  out.u32(ia.iaid).u32(ia.t1).u32(ia.t2);
  Options inner;
  for (const IaLease& lease : ia.leases) inner.push_back(lease_option(ia.type, lease));
  if (ia.status != Status{}) inner.push_back(status_option(ia.status));
  out.put(write_options(inner));
  return {ia.type == IaType::Na ? OptionCode::IaNa : OptionCode::IaPd, std::move(out).take()};
}

std::string_view to_text(MessageType type) {
  switch (type) {
    case MessageType::Solicit:
      return "Solicit";
    case MessageType::Advertise:
      return "Advertise";
    case MessageType::Request:
      return "Request";
    case MessageType::Confirm:
      return "Confirm";
    case MessageType::Renew:
      return "Renew";
    case MessageType::Rebind:
      return "Rebind";
    case MessageType::Reply:
      return "Reply";
    case MessageType::Release:
      return "Release";
    case MessageType::Decline:
      return "Decline";
    case MessageType::Reconfigure:
      return "Reconfigure";
    case MessageType::InformationRequest:
      return "Information-request";
    case MessageType::RelayForw:
      return "Relay-forw";
    case MessageType::RelayRepl:
      return "Relay-repl";
  }
  return "?";
}

std::string_view to_text(StatusCode code) {
  switch (code) {
    case StatusCode::Success:
      return "Success";
    case StatusCode::UnspecFail:
      return "UnspecFail";
    case StatusCode::NoAddrsAvail:
      return "NoAddrsAvail";
    case StatusCode::NoBinding:
      return "NoBinding";
    case StatusCode::NotOnLink:
      return "NotOnLink";
    case StatusCode::UseMulticast:
      return "UseMulticast";
    case StatusCode::NoPrefixAvail:
      return "NoPrefixAvail";
  }
  return "?";
}

std::string_view to_text(IaType type) {
  switch (type) {
    case IaType::Na:
      return "IA_NA";
    case IaType::Pd:
      return "IA_PD";
  }
  return "?";
}

}  // namespace michi::wire::dhcp6

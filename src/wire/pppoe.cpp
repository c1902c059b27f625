#include "wire/pppoe.hpp"

namespace michi::wire::pppoe {
namespace {

constexpr std::uint8_t kVersionAndType = 0x11;
constexpr std::size_t kTagHeader = 4;

}  // namespace

Parsed<Packet> parse_packet(Bytes after_ethernet) {
  if (after_ethernet.size() < kHeaderSize) return fault(FaultCode::Truncated, after_ethernet.size());
  Reader in(after_ethernet);
  if (*in.u8() != kVersionAndType) return fault(FaultCode::BadVersion, 0);
  Packet out;
  out.code = static_cast<Code>(*in.u8());
  out.session_id = *in.u16();
  const std::uint16_t length = *in.u16();
  const auto payload = in.take(length);
  if (!payload) return fault(FaultCode::BadLength, 4);
  out.payload = *payload;
  return out;
}

Parsed<Framed> parse_frame(Bytes whole_frame) {
  const auto frame = ether::parse_frame(whole_frame);
  if (!frame) return Fault<ParseFault>(frame.error());
  const std::uint16_t type = frame->header.type;
  if (type != ether::kTypePppoeDiscovery && type != ether::kTypePppoeSession) return fault(FaultCode::WrongType, 12);
  auto packet = parse_packet(frame->payload);
  if (!packet) return fault(packet.error().code, packet.error().offset + ether::kHeaderSize);
  if ((packet->code == Code::Session) != (type == ether::kTypePppoeSession))
    return fault(FaultCode::BadValue, ether::kHeaderSize + 1);
  return Framed{frame->header, *packet};
}

Parsed<Tags> parse_tags(Bytes payload) {
  Tags tags;
  Reader in(payload);
  while (!in.empty()) {
    const std::size_t at = in.offset();
    if (in.remaining() < kTagHeader) return fault(FaultCode::Truncated, at);
    const auto type = static_cast<TagType>(*in.u16());
    const std::uint16_t length = *in.u16();
    if (type == TagType::EndOfList) break;
    const auto value = in.take(length);
    if (!value) return fault(FaultCode::BadLength, at + 2);
    tags.push_back({type, copy_of(*value)});
  }
  return tags;
}

ByteVec write_tags(std::span<const Tag> tags) {
  Writer out;
  for (const Tag& tag : tags) {
    const auto length = static_cast<std::uint16_t>(tag.value.size());
    out.u16(static_cast<std::uint16_t>(tag.type)).u16(length).put(Bytes(tag.value).first(length));
  }
  return std::move(out).take();
}

const Tag* find_tag(std::span<const Tag> tags, TagType type) {
  for (const Tag& tag : tags)
    if (tag.type == type) return &tag;
  return nullptr;
}

std::optional<std::uint16_t> max_payload(std::span<const Tag> tags) {
  const Tag* tag = find_tag(tags, TagType::PppMaxPayload);
  if (tag == nullptr || tag->value.size() != 2) return std::nullopt;
  const std::uint16_t value = *Reader(tag->value).u16();
  if (value < kDefaultMaxPayload) return std::nullopt;
  return value;
}

Tag text_tag(TagType type, std::string_view text) { return {type, copy_of(bytes_of(text))}; }

Tag bytes_tag(TagType type, Bytes value) { return {type, copy_of(value)}; }

Tag max_payload_tag(std::uint16_t value) {
  Writer out;
  out.u16(value);
  return {TagType::PppMaxPayload, std::move(out).take()};
}

void write_packet(Writer& out, Code code, std::uint16_t session_id, Bytes payload) {
  out.u8(kVersionAndType).u8(static_cast<std::uint8_t>(code)).u16(session_id);
  const auto length = static_cast<std::uint16_t>(payload.size());
  out.u16(length).put(payload.first(length));
}

ByteVec write_frame(const Mac& destination, const Mac& source, Code code, std::uint16_t session_id, Bytes payload) {
  Writer out;
  const auto type = code == Code::Session ? ether::kTypePppoeSession : ether::kTypePppoeDiscovery;
  ether::write_header(out, {destination, source, type});
  write_packet(out, code, session_id, payload);
  return std::move(out).take();
}

ByteVec write_discovery(const Mac& destination, const Mac& source, Code code, std::uint16_t session_id,
                        std::span<const Tag> tags) {
  return write_frame(destination, source, code, session_id, write_tags(tags));
}

std::string_view to_text(Code code) {
  switch (code) {
    case Code::Session:
      return "session";
    case Code::Pado:
      return "PADO";
    case Code::Padi:
      return "PADI";
    case Code::Padr:
      return "PADR";
    case Code::Pads:
      return "PADS";
    case Code::Padt:
      return "PADT";
  }
  return "?";
}

std::string_view to_text(TagType type) {
  switch (type) {
    case TagType::EndOfList:
      return "End-Of-List";
    case TagType::ServiceName:
      return "Service-Name";
    case TagType::AcName:
      return "AC-Name";
    case TagType::HostUniq:
      return "Host-Uniq";
    case TagType::AcCookie:
      return "AC-Cookie";
    case TagType::VendorSpecific:
      return "Vendor-Specific";
    case TagType::RelaySessionId:
      return "Relay-Session-Id";
    case TagType::PppMaxPayload:
      return "PPP-Max-Payload";
    case TagType::ServiceNameError:
      return "Service-Name-Error";
    case TagType::AcSystemError:
      return "AC-System-Error";
    case TagType::GenericError:
      return "Generic-Error";
  }
  return "?";
}

}  // namespace michi::wire::pppoe

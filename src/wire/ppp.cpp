#include "wire/ppp.hpp"

namespace michi::wire::ppp {

Parsed<Frame> parse_frame(Bytes frame) {
  Reader in(frame);
  const auto protocol = in.u16();
  if (!protocol) return fault(FaultCode::Truncated, frame.size());
  // RFC 1661 §2: the first octet is even, the second odd.
  if ((*protocol & 0x0100) != 0 || (*protocol & 0x0001) == 0) return fault(FaultCode::BadValue, 0);
  return Frame{static_cast<Protocol>(*protocol), in.rest()};
}

void write_protocol(Writer& out, Protocol protocol) { out.u16(static_cast<std::uint16_t>(protocol)); }

ByteVec write_frame(Protocol protocol, Bytes information) {
  Writer out;
  write_protocol(out, protocol);
  out.put(information);
  return std::move(out).take();
}

std::string_view to_text(Protocol protocol) {
  switch (protocol) {
    case Protocol::Ipv4:
      return "ipv4";
    case Protocol::Ipv6:
      return "ipv6";
    case Protocol::Ipcp:
      return "ipcp";
    case Protocol::Ipv6cp:
      return "ipv6cp";
    case Protocol::Ccp:
      return "ccp";
    case Protocol::Lcp:
      return "lcp";
    case Protocol::Pap:
      return "pap";
    case Protocol::Lqr:
      return "lqr";
    case Protocol::Chap:
      return "chap";
    case Protocol::Eap:
      return "eap";
  }
  return "?";
}

}  // namespace michi::wire::ppp

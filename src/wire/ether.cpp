#include "wire/ether.hpp"

namespace michi::wire::ether {

Parsed<Frame> parse_frame(Bytes frame) {
  if (frame.size() < kHeaderSize) return fault(FaultCode::Truncated, frame.size());
  Reader in(frame);
  Frame out;
  out.header.destination = *Mac::from_bytes(*in.take(6));
  out.header.source = *Mac::from_bytes(*in.take(6));
  out.header.type = *in.u16();
  out.payload = in.rest();
  return out;
}

void write_header(Writer& out, const Header& header) {
  out.put(header.destination.bytes()).put(header.source.bytes()).u16(header.type);
}

}  // namespace michi::wire::ether

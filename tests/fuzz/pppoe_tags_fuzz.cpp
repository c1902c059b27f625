// A whole frame as discovery reads it: header, packet, tags. What was read is written back the same.
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "wire/pppoe.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace michi;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (const auto frame = wire::pppoe::parse_frame(bytes)) {
    const auto tags = wire::pppoe::parse_tags(frame->packet.payload);
    if (!tags) return 0;
    std::ignore = wire::pppoe::max_payload(*tags);
    const ByteVec written = wire::pppoe::write_tags(*tags);
    if (!equal(written, frame->packet.payload.first(written.size()))) std::abort();
    const auto again = wire::pppoe::parse_tags(written);
    if (!again || *again != *tags) std::abort();
  }
  return 0;
}

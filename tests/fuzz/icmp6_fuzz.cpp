// An ICMPv6 message: what was read is written, and read again as the same; a sealed one is sealed.
#include <cstdint>
#include <cstdlib>

#include "wire/icmp6.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace michi;
  namespace icmp6 = wire::icmp6;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  const auto message = icmp6::parse_message(bytes);
  if (!message) return 0;
  const Ipv6 source = Ipv6::link_local(size), destination = icmp6::kAllNodes;
  const ByteVec written = icmp6::write_message(*message, source, destination);
  if (written.size() > bytes.size()) std::abort();
  if (!icmp6::is_sealed(source, destination, written)) std::abort();
  const auto again = icmp6::parse_message(written);
  if (!again || *again != *message) std::abort();
  return 0;
}

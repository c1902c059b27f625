// PAP and CHAP data, and the texts that MS-CHAPv2 puts into them.
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "wire/chap.hpp"
#include "wire/pap.hpp"
#include "wire/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace michi;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (const auto request = wire::pap::parse_request(bytes)) {
    const ByteVec written = wire::pap::write_request(request->user, request->password);
    if (!equal(written, bytes.first(written.size()))) std::abort();
  }
  std::ignore = wire::pap::parse_message(bytes);
  if (const auto valued = wire::chap::parse_valued(bytes)) {
    if (!equal(wire::chap::write_valued(valued->value, valued->name), bytes)) std::abort();
    std::ignore = wire::chap::parse_mschapv2_response(valued->value);
  }
  if (const auto success = wire::chap::parse_mschapv2_success(bytes))
    if (success->authenticator_response.size() != 20) std::abort();
  std::ignore = wire::chap::parse_mschapv2_failure(bytes);
  for (const char c : wire::printable(bytes))
    if (c < 0x20 || c > 0x7e) std::abort();
  return 0;
}

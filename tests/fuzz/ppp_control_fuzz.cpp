// A PPP frame as the session reads it, down to every option's value.
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "wire/control.hpp"
#include "wire/ipcp.hpp"
#include "wire/ipv6cp.hpp"
#include "wire/lcp.hpp"
#include "wire/ppp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace michi;
  const auto frame = wire::ppp::parse_frame(std::as_bytes(std::span(data, size)));
  if (!frame) return 0;
  const auto packet = wire::control::parse_packet(frame->information);
  if (!packet) return 0;
  const ByteVec written = wire::control::write_packet(packet->code, packet->id, packet->data);
  if (!equal(written, frame->information.first(written.size()))) std::abort();
  std::ignore = wire::lcp::parse_echo(packet->data);
  std::ignore = wire::lcp::parse_protocol_reject(packet->data);
  const auto options = wire::control::parse_options(packet->data);
  if (!options) return 0;
  if (!equal(wire::control::write_options(*options), packet->data)) std::abort();
  for (const auto& option : *options) {
    std::ignore = wire::lcp::mru(option);
    std::ignore = wire::lcp::magic(option);
    const auto demand = wire::lcp::authentication(option);
    if (demand && demand->protocol == wire::ppp::Protocol::Chap &&
        wire::lcp::authentication_option(*demand).value != option.value)
      std::abort();
    std::ignore = wire::ipcp::address(option);
    std::ignore = wire::ipv6cp::interface_id(option);
  }
  return 0;
}

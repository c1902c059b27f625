// Frames and packets as lines for people. Laws: something is always said, on one line that a terminal can show; of a
// packet of IP a page at most.

#include <algorithm>

#include "base/invariant.hpp"
#include "wire/describe.hpp"

using namespace michi;

namespace {

constexpr std::size_t kPage = 4096;

bool is_shown(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x20 && octet != 0x7f;
}

void check(const std::string& line) {
  MICHI_INVARIANT(!line.empty(), "something is said");
  MICHI_INVARIANT(std::ranges::all_of(line, is_shown), "a terminal shows it");
}

void check_page(const std::string& line) {
  check(line);
  MICHI_INVARIANT(line.size() <= kPage, "a page at most");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check(wire::describe_frame(bytes));
  check(wire::describe_ppp(bytes));
  check_page(wire::describe_ipv4(bytes));
  check_page(wire::describe_ipv6(bytes));
  check_page(wire::describe_arp(bytes));
  return 0;
}

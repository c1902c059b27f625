#include "wire/text.hpp"

#include <algorithm>

namespace michi::wire {
namespace {

bool is_trailer(std::byte b) {
  return b == std::byte{0} || b == std::byte{' '} || b == std::byte{'\r'} || b == std::byte{'\n'};
}

}  // namespace

std::string printable(Bytes text, std::size_t limit) {
  while (!text.empty() && is_trailer(text.back())) text = text.first(text.size() - 1);
  text = text.first(std::min(text.size(), limit));
  std::string out;
  out.reserve(text.size());
  for (std::byte b : text) {
    const auto c = std::to_integer<unsigned char>(b);
    out.push_back(c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.');
  }
  return out;
}

}  // namespace michi::wire

#include "base/net/mac.hpp"

#include <algorithm>

namespace michi {

std::optional<Mac> Mac::from_bytes(Bytes six) {
  if (six.size() != 6) return std::nullopt;
  Mac mac;
  std::ranges::transform(six, mac.octets.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return mac;
}

std::optional<Mac> parse_mac(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  std::string plain(text);
  for (std::size_t i = 2; i < plain.size(); i += 3) {
    if (plain[i] != ':' && plain[i] != '-') return std::nullopt;
    plain[i] = ':';
  }
  auto bytes = from_hex(plain);
  if (!bytes) return std::nullopt;
  return Mac::from_bytes(*bytes);
}

std::string to_text(const Mac& mac) {
  std::string text = to_hex(mac.bytes());
  for (std::size_t i = 2; i < text.size(); i += 3) text.insert(i, 1, ':');
  return text;
}

}  // namespace michi

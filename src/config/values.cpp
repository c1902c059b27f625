#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace michi::config {

namespace {

struct Unit {
  std::string_view name;
  Duration length;
};

// Largest first, so that a text is written with the fewest parts.
constexpr std::array<Unit, 5> kUnits = {
    {{"d", hours(24)}, {"h", hours(1)}, {"m", minutes(1)}, {"s", seconds(1)}, {"ms", milliseconds(1)}}};
constexpr Duration kLongest = hours(24 * 366);

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Duration total{};
  Duration smallest_so_far = kLongest;
  while (!text.empty()) {
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    const std::optional<unsigned> count = parse_number(text.substr(0, digits), 100'000'000);
    text.remove_prefix(digits);
    const auto letters = static_cast<std::size_t>(std::ranges::find_if_not(text, is_lower) - text.begin());
    auto unit = std::ranges::find(kUnits, text.substr(0, letters), &Unit::name);
    if (!count || unit == kUnits.end() || unit->length >= smallest_so_far) return std::nullopt;
    smallest_so_far = unit->length;
    if (*count > kLongest / unit->length) return std::nullopt;
    total += *count * unit->length;
    if (total > kLongest) return std::nullopt;
    text.remove_prefix(letters);
  }
  return total;
}

std::string to_text(Duration duration) {
  std::string out;
  for (const Unit& unit : kUnits) {
    if (const auto count = duration / unit.length; count > 0) {
      out += fmt::format("{}{}", count, unit.name);
      duration -= count * unit.length;
    }
  }
  return out.empty() ? "0s" : out;
}

std::optional<model::PortRange> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash), 65535);
  const auto last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1), 65535);
  if (!first || !last || *first == 0 || *last < *first) return std::nullopt;
  return model::PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::string to_text(const model::PortRange& ports) {
  return ports.first == ports.last ? fmt::format("{}", ports.first) : fmt::format("{}-{}", ports.first, ports.last);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 15 && is_lower(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

std::string nearest_name(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 64)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_' || c == '.' || c == ' ') c = '-';
    if (is_lower(c) || (!out.empty() && (is_digit(c) || c == '-'))) out += c;
  }
  return out.substr(0, 15);
}

bool is_device_name(std::string_view text) {
  return !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c != '/' && c != ':' && c != '\x7f'; });
}

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  std::size_t label = 0;
  for (char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool letter = is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
    if (!letter || ++label > 63) return false;
  }
  return label > 0;
}

bool has_host_bits(const Prefix& prefix) { return prefix.canonical() != prefix; }

}  // namespace michi::config

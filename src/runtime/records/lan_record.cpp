#include "runtime/records/lan_record.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>

#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

/// "5400 LAR": seconds, then on-link, autonomous, repeated.
std::string text_of(const ToldPrefix& word) {
  return fmt::format("{} {}{}{}", std::chrono::duration_cast<seconds>(word.prefix.valid).count(),
                     word.prefix.on_link ? "L" : "", word.prefix.autonomous ? "A" : "", word.repeated ? "R" : "");
}

std::optional<ToldPrefix> word_of(const std::string& key, std::string_view value) {
  const auto prefix = parse_prefix(key);
  std::uint32_t lifetime = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), lifetime);
  if (!prefix || prefix->family() != Family::V6 || error != std::errc{}) return std::nullopt;
  const std::string_view flags(end, value.data() + value.size());
  if (!flags.starts_with(' ') || flags.find_first_not_of(" LAR") != std::string_view::npos) return std::nullopt;
  return ToldPrefix{.prefix = {.prefix = prefix->canonical(),
                               .on_link = flags.contains('L'),
                               .autonomous = flags.contains('A'),
                               .valid = seconds(lifetime)},
                    .repeated = flags.contains('R')};
}

}  // namespace

std::string write_lan(const std::vector<ToldPrefix>& words, const Stamp& stamp) {
  std::map<std::string, std::string> pairs;
  write_stamp(stamp, pairs);
  for (const auto& word : words) pairs[to_text(word.prefix.prefix)] = text_of(word);
  return write_pairs(pairs);
}

PastPrefixes parse_lan(std::string_view text, const Stamp& now) {
  const auto pairs = parse_pairs(text);
  const auto stamp = parse_stamp(pairs);
  const Duration passed = stamp ? age(*stamp, now).value_or(Duration::zero()) : Duration::zero();
  PastPrefixes past;
  for (const auto& [key, value] : pairs) {
    auto word = word_of(key, value);
    if (!word) continue;
    if (!word->repeated) word->prefix.valid -= passed;
    if (word->prefix.valid > Duration::zero()) past.push_back(word->prefix);
  }
  return past;
}

}  // namespace michi::runtime

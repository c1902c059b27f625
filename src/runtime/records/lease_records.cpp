#include "runtime/records/lease_records.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

namespace dhcp6 = engine::dhcp6;
using Remembered = uplink::LeaseRecord::Remembered;

constexpr std::size_t kMostEntries = 16;  // of a kind
constexpr std::string_view kForeverText = "forever";
constexpr std::int64_t kLongestSeconds = 0xffffffff;

std::string seconds_text(Duration left) {
  return left == dhcp6::kForever ? std::string(kForeverText) : fmt::format("{}", whole_milliseconds(left) / 1000);
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<Duration> parse_seconds(std::string_view text) {
  if (text == kForeverText) return dhcp6::kForever;
  const auto value = number_of<std::int64_t>(text);
  if (!value || *value < 0 || *value > kLongestSeconds) return std::nullopt;
  return seconds(*value);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty() && words.size() < 8) {
    const auto end = text.find(' ');
    words.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

std::optional<Prefix> parse_network(std::string_view text) {
  auto prefix = parse_prefix(text);
  if (!prefix || prefix->family() != Family::V6) return std::nullopt;
  return prefix->canonical();
}

/// Records of michi 0.1 said "on-line".
bool is_on_link(std::string_view word) { return word == "on-link" || word == "on-line"; }

/// "pd 305419896 2001:db8::/56 14400 28800"
std::optional<dhcp6::Lease> parse_one(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() != 5 || (words[0] != "pd" && words[0] != "na")) return std::nullopt;
  const auto iaid = number_of<std::uint32_t>(words[1]);
  const auto prefix = parse_network(words[2]);
  const auto preferred = parse_seconds(words[3]);
  const auto valid = parse_seconds(words[4]);
  if (!iaid || !prefix || !preferred || !valid) return std::nullopt;
  const auto type = words[0] == "pd" ? wire::dhcp6::IaType::Pd : wire::dhcp6::IaType::Na;
  if (type == wire::dhcp6::IaType::Na && prefix->length != prefix->max_length()) return std::nullopt;
  return dhcp6::Lease{type, *iaid, *prefix, *preferred, *valid};
}

/// "2001:db8::/56 14400 28800 delegated"
std::optional<Remembered> parse_remembered(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() != 4 || (words[3] != "delegated" && !is_on_link(words[3]))) return std::nullopt;
  const auto prefix = parse_network(words[0]);
  const auto preferred = parse_seconds(words[1]);
  const auto valid = parse_seconds(words[2]);
  if (!prefix || !preferred || !valid) return std::nullopt;
  return Remembered{*prefix, *preferred, *valid, is_on_link(words[3])};
}

}  // namespace

std::string write_lease(const uplink::LeaseRecord& record, const Stamp& stamp) {
  std::map<std::string, std::string> pairs{
      {"version", "1"}, {"duid", to_hex(record.duid)}, {"server", to_hex(record.server)}};
  write_stamp(stamp, pairs);
  for (std::size_t i = 0; i < record.leases.size(); ++i) {
    const auto& lease = record.leases[i];
    pairs[fmt::format("lease-{:02}", i)] =
        fmt::format("{} {} {} {} {}", lease.type == wire::dhcp6::IaType::Pd ? "pd" : "na", lease.iaid,
                    to_text(lease.prefix), seconds_text(lease.preferred), seconds_text(lease.valid));
  }
  for (std::size_t i = 0; i < record.prefixes.size(); ++i) {
    const auto& one = record.prefixes[i];
    pairs[fmt::format("prefix-{:02}", i)] = fmt::format("{} {} {} {}", to_text(one.prefix), seconds_text(one.preferred),
                                                        seconds_text(one.valid), one.on_link ? "on-link" : "delegated");
  }
  return write_pairs(pairs);
}

std::optional<uplink::LeaseRecord> parse_lease(std::string_view text, const Stamp& now) {
  const auto pairs = parse_pairs(text);
  const auto bytes = [&](const char* key) {
    const auto at = pairs.find(key);
    return at == pairs.end() ? std::nullopt : from_hex(at->second);
  };
  const auto version = pairs.find("version");
  auto duid = bytes("duid");
  auto server = bytes("server");
  if (version == pairs.end() || version->second != "1" || !duid || !server) return std::nullopt;
  uplink::LeaseRecord record{std::move(*duid), std::move(*server), {}, {}};
  for (const auto& [key, value] : pairs) {
    if (key.starts_with("lease-") && record.leases.size() < kMostEntries)
      if (auto lease = parse_one(value)) record.leases.push_back(*lease);
    if (key.starts_with("prefix-") && record.prefixes.size() < kMostEntries)
      if (auto one = parse_remembered(value)) record.prefixes.push_back(*one);
  }
  const auto written = parse_stamp(pairs);
  const auto old = written ? age(*written, now) : std::nullopt;
  return aged(std::move(record), old.value_or(Duration::zero()));
}

std::map<std::string, std::optional<uplink::LeaseRecord>> lease_records(
    const std::map<std::string, std::string>& records, const Stamp& now) {
  std::map<std::string, std::optional<uplink::LeaseRecord>> out;
  for (const auto& [key, value] : records)
    if (key.starts_with(kLeasePrefix)) out.emplace(key.substr(kLeasePrefix.size()), parse_lease(value, now));
  return out;
}

std::optional<std::array<std::byte, 16>> machine_uuid(const port::Files& files) {
  const auto id = files.read("/etc/machine-id");
  if (!id || id->size() < 32) return std::nullopt;
  Md5 uuid = md5({bytes_of("michi duid "), bytes_of(std::string_view(*id).substr(0, 32))});
  // RFC 9562 §5.3: a name-based one.
  uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x30};
  uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};
  return uuid;
}

}  // namespace michi::runtime

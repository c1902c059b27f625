#include "runtime/records/held_addresses.hpp"

#include <charconv>

#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

constexpr auto kForEver = "ever";

std::optional<uplink::HeldAddress> parse_held(std::string_view text, const Stamp& now) {
  auto pairs = parse_pairs(text);
  const auto then = parse_stamp(pairs);
  const auto address = parse_ipv4(pairs["address"]);
  if (!then || !address) return std::nullopt;
  const std::string& left = pairs["left"];
  if (left == kForEver) return uplink::HeldAddress{*address};
  std::uint32_t seconds_left = 0;
  const char* end = left.data() + left.size();
  const auto read = std::from_chars(left.data(), end, seconds_left);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  const Duration gone = age(*then, now).value_or(Duration::zero());
  return uplink::HeldAddress{*address, now.at + (seconds(seconds_left) - gone)};
}

}  // namespace

std::string write_held(const uplink::HeldAddress& held, const Stamp& now) {
  std::map<std::string, std::string> pairs{{"address", to_text(held.address)}, {"left", kForEver}};
  if (held.expires) {
    const Duration left = *held.expires > now.at ? *held.expires - now.at : Duration::zero();
    pairs["left"] = std::to_string(whole_milliseconds(left) / 1000);
  }
  write_stamp(now, pairs);
  return write_pairs(pairs);
}

std::map<std::string, uplink::HeldAddress> held_addresses(const std::map<std::string, std::string>& records,
                                                          const Stamp& now) {
  std::map<std::string, uplink::HeldAddress> out;
  for (auto at = records.lower_bound(std::string(kHeldPrefix));
       at != records.end() && at->first.starts_with(kHeldPrefix); ++at)
    if (const auto held = parse_held(at->second, now)) out.emplace(at->first.substr(kHeldPrefix.size()), *held);
  return out;
}

}  // namespace michi::runtime

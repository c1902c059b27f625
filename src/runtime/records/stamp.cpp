#include "runtime/records/stamp.hpp"

#include <charconv>

namespace michi::runtime {

namespace {

constexpr auto kBootId = "kernel/random/boot_id";

template <class Number>
std::optional<Number> number_of(const std::map<std::string, std::string>& pairs, const char* key) {
  const auto text = pairs.find(key);
  if (text == pairs.end()) return std::nullopt;
  const char* end = text->second.data() + text->second.size();
  Number value = 0;
  const auto read = std::from_chars(text->second.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(value) : std::nullopt;
}

}  // namespace

Stamp stamp_now(const port::Alarm& alarm, const port::Files& files) {
  return {.boot = files.read_sysctl(kBootId).value_or(""), .at = alarm.now(), .wall = alarm.wall_seconds()};
}

std::optional<Duration> age(const Stamp& then, const Stamp& now) {
  if (!then.boot.empty() && then.boot == now.boot && then.at <= now.at) return now.at - then.at;
  if (then.wall <= 0 || now.wall < then.wall) return std::nullopt;
  return seconds(now.wall - then.wall);
}

void write_stamp(const Stamp& stamp, std::map<std::string, std::string>& pairs) {
  pairs["boot"] = stamp.boot;
  pairs["at"] = std::to_string(whole_milliseconds(stamp.at.time_since_epoch()));
  pairs["wall"] = std::to_string(stamp.wall);
}

std::optional<Stamp> parse_stamp(const std::map<std::string, std::string>& pairs) {
  const auto at = number_of<std::int64_t>(pairs, "at");
  const auto wall = number_of<std::int64_t>(pairs, "wall");
  const auto boot = pairs.find("boot");
  if (!at || !wall || *at < 0 || boot == pairs.end()) return std::nullopt;
  return Stamp{.boot = boot->second, .at = Instant(milliseconds(*at)), .wall = *wall};
}

}  // namespace michi::runtime

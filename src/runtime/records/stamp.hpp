#pragma once
// When something was written down, for a reader who may have been restarted or rebooted since.
//
// Within one boot CLOCK_BOOTTIME tells; after a reboot the wall clock, if it went on. A machine without a
// clock of its own cannot tell: then nothing is taken off a lifetime (RFC 9096 §3.5 wants it announced
// as ended for as long as hosts may believe in it).

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "port/system.hpp"

namespace michi::runtime {

struct Stamp {
  std::string boot;  // the kernel's boot_id; empty: not known
  Instant at{};      // CLOCK_BOOTTIME
  std::int64_t wall = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_now(const port::Alarm& alarm, const port::Files& files);

/// How long ago `then` was; nothing when nobody can tell.
std::optional<Duration> age(const Stamp& then, const Stamp& now);

/// As lines of a record ("boot", "at", "wall").
void write_stamp(const Stamp& stamp, std::map<std::string, std::string>& pairs);
std::optional<Stamp> parse_stamp(const std::map<std::string, std::string>& pairs);

}  // namespace michi::runtime

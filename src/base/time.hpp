#pragma once
// Time as every quiet room sees it: a value that is handed in.
//
// `Instant` counts on CLOCK_BOOTTIME, so leases and back-offs age through suspend. There is no
// now() here on purpose: one place in `runtime` reads the clock and stamps what comes in.

#include <chrono>
#include <cstdint>

namespace michi {

using Duration = std::chrono::nanoseconds;

struct BootClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t whole_milliseconds(Duration d) { return std::chrono::duration_cast<milliseconds>(d).count(); }

}  // namespace michi

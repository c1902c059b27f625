#include "linux/loop/boot_timer.hpp"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "port/os_error.hpp"

namespace michi::linux {

BootTimer::BootTimer() : fd_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!fd_) throw std::runtime_error(port::OsError{"create a timer", errno}.text());
}

Instant BootTimer::now() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return Instant(seconds(time.tv_sec) + Duration(time.tv_nsec));
}

void BootTimer::set(Instant at) {
  // A timer of zero would be one that is off.
  const Duration since_boot = std::max(at.time_since_epoch(), Duration(1));
  itimerspec when{};
  when.it_value.tv_sec = std::chrono::duration_cast<seconds>(since_boot).count();
  when.it_value.tv_nsec = (since_boot % seconds(1)).count();
  ::timerfd_settime(fd(), TFD_TIMER_ABSTIME, &when, nullptr);
}

bool BootTimer::take() {
  std::uint64_t expiries = 0;
  return ::read(fd(), &expiries, sizeof expiries) == sizeof expiries;
}

}  // namespace michi::linux

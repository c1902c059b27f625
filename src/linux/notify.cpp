#include "linux/notify.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>

namespace michi::linux {

namespace {

// One line an assignment: a status with line breaks would be read as more of them.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

void tell(const std::string& text) { ::sd_notify(0, text.c_str()); }

}  // namespace

void Notify::ready(const std::string& status) { tell("READY=1\nSTATUS=" + one_line(status)); }

void Notify::reloading() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", time.tv_sec * 1'000'000 + time.tv_nsec / 1000));
}

void Notify::stopping() { tell("STOPPING=1"); }
void Notify::status(const std::string& text) { tell("STATUS=" + one_line(text)); }
void Notify::alive() { tell("WATCHDOG=1"); }

std::optional<Duration> Notify::watchdog_period() const {
  std::uint64_t period = 0;
  if (::sd_watchdog_enabled(0, &period) <= 0) return std::nullopt;
  return microseconds(period);
}

}  // namespace michi::linux

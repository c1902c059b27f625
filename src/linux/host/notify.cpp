#include "linux/host/notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "port/fd.hpp"

namespace michi::linux {

namespace {

// One line an assignment: a status with line breaks would be read as more of them.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};  // with a manager whose queue is full

void tell(const std::string& text) {
  const std::string_view name = variable("NOTIFY_SOCKET");
  sockaddr_un address{};
  const bool known = name.starts_with('/') || name.starts_with('@');  // a path, or an abstract name
  if (!known || name.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const port::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  ::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
}

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
  const auto period = number(variable("WATCHDOG_USEC"));
  const std::string_view whose = variable("WATCHDOG_PID");
  const bool ours = whose.empty() || number(whose) == static_cast<std::uint64_t>(::getpid());
  if (!period || *period == 0 || !ours) return std::nullopt;
  return microseconds(*period);
}

}  // namespace michi::linux

#include "daemon/crash_points.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace michi::daemon {

namespace {

constexpr std::array<std::string_view, 9> kPoints{
    "device", "attach", "address", "route", "rule", "firewall", "settled", "session-recorded", "session-forgotten"};

}  // namespace

std::string crash_point_names() {
  std::string names;
  for (const auto point : kPoints) names.append(point).append("\n");
  return names;
}

std::function<void(std::string_view)> crash_at(const std::string& where) {
  const auto colon = where.find(':');
  const auto name = where.substr(0, colon);
  if (std::ranges::find(kPoints, name) == kPoints.end()) return {};
  const int times = colon == std::string::npos ? 1 : std::max(1, std::atoi(where.c_str() + colon + 1));
  auto left = std::make_shared<int>(times);
  return [name, left](std::string_view point) {
    if (point == name && --*left == 0) ::kill(::getpid(), SIGKILL);
  };
}

}  // namespace michi::daemon

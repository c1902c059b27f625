#pragma once
// What the service manager is told. Without a manager every call does nothing; no call waits for more than a second.
//
// sd_notify(3) and sd_watchdog_enabled(3), whose protocol is stable and meant to be spoken without their library.

#include <optional>
#include <string>

#include "base/time.hpp"

namespace michi::linux {

class Notify {
 public:
  void ready(const std::string& status);
  void reloading();
  void stopping();
  void status(const std::string& text);
  /// "Still alive"; to be said more often than watchdog_period().
  void alive();
  /// What the manager expects of this process; nothing when it expects nothing.
  std::optional<Duration> watchdog_period() const;
};

}  // namespace michi::linux

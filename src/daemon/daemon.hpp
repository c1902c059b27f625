#pragma once
// michid put together: the real doors, the core, the control server, signals and the service manager.
// Nothing is decided here.

#include <memory>

#include "daemon/options.hpp"

namespace michi::daemon {

class Daemon {
 public:
  explicit Daemon(Options options);
  ~Daemon();
  /// Runs until stopped; the exit status: 0 in order, 1 before everything was done, 2 wrong configuration, 10 after the
  /// command `flush` (the unit starts michid again after every other one).
  int run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace michi::daemon

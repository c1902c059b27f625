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
  /// Runs until stopped; the exit status.
  int run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace michi::daemon

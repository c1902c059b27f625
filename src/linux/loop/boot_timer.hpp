#pragma once
// A timerfd on CLOCK_BOOTTIME.

#include "base/time.hpp"
#include "port/fd.hpp"

namespace michi::linux {

class BootTimer {
 public:
  /// Throws when the kernel refuses it.
  BootTimer();
  static Instant now();

  int fd() const { return fd_.get(); }
  /// Replaces the deadline; one in the past rings at once.
  void set(Instant at);
  /// Takes the expiry off the descriptor; false when it has not rung.
  bool take();

 private:
  port::Fd fd_;
};

}  // namespace michi::linux

#pragma once
// The attempts of an uplink to come up: since when it tries or is up, what went wrong last, and when it may try again.

#include <optional>
#include <string>

#include "base/random.hpp"
#include "base/time.hpp"
#include "uplink/failure.hpp"

namespace michi::uplink::pppoe {

class Attempts {
 public:
  void begin(Instant now) { trying_since_ = now; }
  /// It is up: gives how long that took, if it was tried for.
  std::optional<Duration> succeed(Instant now);
  /// It was up, or is given up; nothing failed.
  void end() { up_since_.reset(); }
  /// It failed, or was lost: gives the wait before the next attempt.
  Duration fail(Failure failure, const RetryBounds& bounds, Random& random, Instant now);
  /// Known before it ends; fail() may know better.
  void note(Failure failure) { last_ = std::move(failure); }
  /// For another address than the one that somebody else has: the wait before it is asked for.
  Duration wait_for_another_address(const RetryBounds& bounds, Random& random);

  /// A person wants it now: nothing is held against it.
  void forget_waits() { back_offs_.forget(); }
  void forget_last();
  bool was_up() const { return up_since_.has_value(); }
  /// The last failure; its reason is None while all is well.
  const Failure& last() const { return last_; }

 private:
  BackOffs back_offs_;
  Failure last_;
  std::optional<Instant> trying_since_;  // first PADI, until it is up
  std::optional<Instant> up_since_;      // of this session
};

}  // namespace michi::uplink::pppoe

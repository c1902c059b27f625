#pragma once
// A rate that a peer cannot exceed.

#include "base/time.hpp"

namespace michi::engine {

/// So many at once, then one every so often.
class TokenBucket {
 public:
  TokenBucket(unsigned burst, Duration every) : burst_(burst), every_(every), tokens_(burst) {}
  bool take(Instant now);
  /// When take() succeeds again; now or earlier if it would at once.
  Instant ready_at(Instant now) const;

 private:
  unsigned burst_;
  Duration every_;
  unsigned tokens_;
  Instant earned_{};  // up to here tokens have been earned
};

}  // namespace michi::engine

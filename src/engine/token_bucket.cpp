#include "engine/token_bucket.hpp"

namespace michi::engine {

bool TokenBucket::take(Instant now) {
  while (tokens_ < burst_ && earned_ + every_ <= now) {
    earned_ += every_;
    ++tokens_;
  }
  if (tokens_ == burst_) earned_ = now;  // a full one earns nothing more
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

Instant TokenBucket::ready_at(Instant now) const { return tokens_ != 0 ? now : earned_ + every_; }

}  // namespace michi::engine

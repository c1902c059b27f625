#include "uplink/pppoe/attempts.hpp"

#include <utility>

namespace michi::uplink::pppoe {

std::optional<Duration> Attempts::succeed(Instant now) {
  if (!up_since_) up_since_ = now;
  forget_last();
  const auto since = std::exchange(trying_since_, std::nullopt);
  return since ? std::optional(now - *since) : std::nullopt;
}

Duration Attempts::fail(Failure failure, const RetryBounds& bounds, Random& random, Instant now) {
  const bool established = up_since_.has_value();
  if (established && now - *up_since_ >= kSuccess) back_offs_.forget();
  up_since_.reset();
  trying_since_.reset();
  last_ = std::move(failure);
  return back_offs_.next(last_.kind, established, bounds, random);
}

Duration Attempts::wait_for_another_address(const RetryBounds& bounds, Random& random) {
  last_.kind = FailureClass::Duplicate;
  return back_offs_.next(FailureClass::Duplicate, false, bounds, random);
}

void Attempts::forget_last() {
  last_.reason = model::Reason::None;
  last_.detail.clear();
}

}  // namespace michi::uplink::pppoe

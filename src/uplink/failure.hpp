#pragma once
// What a failure means for the next attempt: classes, their back-off curves, and the reason that a
// person reads. Which class a failure is of stands beside what fails: ppp/ppp_failure, pppoe/failure.
//
//   class        first   factor  cap      bounded by retry_min/retry_max
//   no-offer     1 s     2       60 s     yes    PADI unanswered
//   refused      2 s     2       60 s     yes    PADS errors, PADR unanswered, no suitable offer
//   limit        15 s    2       5 min    no     session limit: an old session must time out first
//   auth         30 s    2       15 min   no     lock-outs count every attempt
//   negotiation  1 s     2       60 s     yes    LCP, network protocols, establishment
//   echo         1 s     2       60 s     yes    echo timeout, one-way
//   terminated   1 s     2       60 s     yes    Terminate-Request, PADT
//   link         1 s     2       60 s     yes    the interface's address or MTU changed
//   duplicate    30 s    2       15 min   no     another uplink has the address
//   plane        1 s     2       60 s     yes    the session device could not be made
//
// The ceiling of attempt n is first * factor^n up to the cap; the wait is drawn evenly between the
// lower bound and the ceiling (full jitter). The lower bound is retry_min, or `first` for the
// classes with bounds of their own, whose ceiling starts one step higher. Counts are forgotten only
// after three minutes of being up. The first loss of an established session is retried at once.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/time.hpp"
#include "model/uplink.hpp"

namespace michi::uplink {

enum class FailureClass : std::uint8_t {
  NoOffer,
  Refused,
  SessionLimit,
  Auth,
  Negotiation,
  Echo,
  Terminated,
  Link,
  Duplicate,
  Plane
};
inline constexpr std::size_t kFailureClasses = 10;

enum class Bounds : std::uint8_t { Config, Own };

struct Curve {
  FailureClass kind;
  std::string_view name;
  Duration first;
  unsigned factor;
  Duration cap;
  Bounds bounds;
};

const Curve& curve_of(FailureClass kind);

struct Failure {
  FailureClass kind = FailureClass::NoOffer;
  model::Reason reason = model::Reason::None;
  std::string detail;
};

/// "too many sessions", "session limit exceeded", "user already online": access concentrators and
/// authentication servers say it in the text only.
bool speaks_of_session_limit(std::string_view words);

/// retry_min and retry_max of the file.
struct RetryBounds {
  Duration min = seconds(1);
  Duration max = seconds(60);
};

class BackOffs {
 public:
  /// The wait before the next attempt; counts the failure. `at_once`: an established session was lost.
  Duration next(FailureClass kind, bool at_once, const RetryBounds& bounds, Random& random);
  void forget() { counts_ = {}; }
  unsigned count(FailureClass kind) const { return counts_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<unsigned, kFailureClasses> counts_{};
};

inline constexpr Duration kAtOnceJitter = milliseconds(100);
inline constexpr Duration kSuccess = minutes(3);

}  // namespace michi::uplink

#pragma once
// When each session's set-up began: watches discovery frames go by and remembers PADI and PADO.
//
// A client's attempt is known by its address and Host-Uniq. Bounded: old attempts are forgotten.

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/time.hpp"

namespace michi::lab {

struct SetupTimes {
  Instant padi{};
  std::optional<Instant> pado;
};

class SetupClock {
 public:
  /// Every discovery frame, in and out.
  void on_frame(Bytes frame, Instant now);
  /// Of the session whose PADS went by.
  std::optional<SetupTimes> of(std::uint16_t session_id) const;

 private:
  using Attempt = std::pair<Mac, ByteVec>;
  std::map<Attempt, SetupTimes> attempts_;
  std::deque<Attempt> order_;
  std::map<std::uint16_t, SetupTimes> sessions_;
};

}  // namespace michi::lab

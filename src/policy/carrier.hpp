#pragma once
// What an uplink that stands on another has of it: it is no more usable than that one is, and says nothing of itself
// while that one is judged dead.

#include "policy/policy.hpp"

namespace michi::policy {

/// Everything below an uplink, down to the line. On a line itself: usable, not dead.
struct Footing {
  bool usable = true;  // each has IPv6
  bool dead = false;   // one is judged dead in IPv6
  bool ends = true;    // at a line; not in a circle or in nothing
};
Footing footing_of(const model::Config& config, const AllFacts& facts, const model::UplinkConfig& uplink);

}  // namespace michi::policy

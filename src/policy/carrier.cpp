#include "policy/carrier.hpp"

namespace michi::policy {

Footing footing_of(const model::Config& config, const AllFacts& facts, const model::UplinkConfig& uplink) {
  constexpr int kDeepest = 8;  // a circle is refused elsewhere; here it only must end
  Footing footing;
  const auto* at = &uplink;
  for (int depth = 0; at->parent() != nullptr; ++depth) {
    const auto& name = at->parent()->name;
    at = config.find(*at->parent());
    if (at == nullptr || depth == kDeepest) return {.usable = false, .dead = false, .ends = false};
    const auto below = facts.find(name);
    footing.usable = footing.usable && below != facts.end() && below->second.usable(Family::V6);
    footing.dead = footing.dead || (below != facts.end() && below->second.dead(Family::V6));
  }
  return footing;
}

}  // namespace michi::policy

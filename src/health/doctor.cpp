#include "health/doctor.hpp"

#include <algorithm>

#include "health/checks.hpp"

namespace michi::health {

std::vector<model::Finding> examine(const Evidence& evidence) {
  Findings found;
  for (const auto& uplink : evidence.uplinks) {
    if (uplink.config == nullptr || uplink.facts == nullptr) continue;
    check_session(evidence, uplink, found);
    check_prefix(evidence, uplink, found);
  }
  check_house(evidence, found);
  auto findings = found.take();
  std::ranges::stable_sort(findings, [](const auto& a, const auto& b) { return a.verdict > b.verdict; });
  return findings;
}

}  // namespace michi::health

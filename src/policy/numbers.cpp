#include <algorithm>
#include <set>

#include "policy/policy.hpp"

namespace michi::policy {

Numbers assign_numbers(const model::Config& config, const Numbers& known) {
  Numbers given;
  std::set<unsigned> in_use, remembered;
  for (const auto& [name, number] : known) {
    remembered.insert(number);
    if (config.find(model::UplinkId{name}) == nullptr || number == 0 || number > model::kMaxUplinkNumber) continue;
    if (in_use.insert(number).second) given[name] = number;
  }
  // A number that another name had is taken last: its objects may still be in the kernel.
  auto next_free = [&]() -> unsigned {
    for (unsigned n = 1; n <= model::kMaxUplinkNumber; ++n)
      if (!in_use.contains(n) && !remembered.contains(n)) return n;
    for (unsigned n = 1; n <= model::kMaxUplinkNumber; ++n)
      if (!in_use.contains(n)) return n;
    return 0;
  };
  for (const auto& uplink : config.uplinks) {
    if (given.contains(uplink.id.name)) continue;
    const unsigned number = next_free();
    if (number == 0) break;
    in_use.insert(number);
    given[uplink.id.name] = static_cast<model::UplinkNumber>(number);
  }
  return given;
}

Numbers recover_numbers(const std::multiset<model::RuleEntry>& rules, const model::Config& config) {
  Numbers found;
  for (const auto& rule : rules) {
    const bool numbered = rule.table > model::kTableBase && rule.table <= model::kTableBase + model::kMaxUplinkNumber;
    if (rule.oif.empty() || !numbered || rule.action != model::RuleAction::Lookup) continue;
    if (rule.priority < model::kPriorityFirst || rule.priority > model::kPriorityLast) continue;
    const auto number = static_cast<model::UplinkNumber>(rule.table - model::kTableBase);
    const auto owner = std::ranges::find_if(
        config.uplinks, [&](const model::UplinkConfig& uplink) { return uplink.device() == rule.oif; });
    found.emplace(owner == config.uplinks.end() ? rule.oif : owner->id.name, number);
  }
  return found;
}

}  // namespace michi::policy

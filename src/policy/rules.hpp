#pragma once
// The rules of the routing law (docs/operator/routing.md).

#include "policy/view.hpp"

namespace michi::policy {

std::vector<model::RuleEntry> derive_rules(const View& view);

}  // namespace michi::policy

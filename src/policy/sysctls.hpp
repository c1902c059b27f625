#pragma once
// The sysctls michi needs (docs/operator/sysctls.md).

#include "policy/view.hpp"

namespace michi::policy {

std::vector<model::SysctlWant> derive_sysctls(const View& view);

}  // namespace michi::policy

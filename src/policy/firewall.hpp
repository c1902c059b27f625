#pragma once
// Table `inet michi`: filters, source NAT and guard; with the parts of marks.hpp, policies.hpp and publish.hpp.

#include "policy/view.hpp"

namespace michi::policy {

model::NftTable derive_firewall(const View& view);

}  // namespace michi::policy

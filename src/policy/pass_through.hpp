#pragma once
// Table `netdev michi`: session frames of LAN clients, carried from their LAN to the line and back below IP.

#include "policy/view.hpp"

namespace michi::policy {

model::NftTable derive_pass_through(const View& view);

}  // namespace michi::policy

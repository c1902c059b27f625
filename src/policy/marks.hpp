#pragma once
// Chains and maps that put marks on flows and packets: by arrival, by departure, restored from conntrack.

#include "policy/nft.hpp"

namespace michi::policy {

void write_marks(const View& view, nft::Body& body, model::NftTable& table);

}  // namespace michi::policy

#pragma once
// The published services as sets, NAT and filters.

#include "policy/nft.hpp"

namespace michi::policy {

void write_publishes(const View& view, nft::Body& body, model::NftTable& table);

}  // namespace michi::policy

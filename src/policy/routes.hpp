#pragma once
// The routes of all tables: an uplink's, `closed`, main's to hosts of a shared /64.

#include "policy/view.hpp"

namespace michi::policy {

std::vector<model::RouteEntry> derive_routes(const View& view);

}  // namespace michi::policy

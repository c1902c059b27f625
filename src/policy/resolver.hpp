#pragma once
// The managed dnsmasq: whom it asks for which names, what it serves on the LANs.

#include "policy/view.hpp"

namespace michi::policy {

model::ResolverWant derive_resolver(const View& view);

}  // namespace michi::policy

#pragma once
// What the hosts of the LANs are told in router advertisements, and whose /64 a LAN shares.

#include "policy/view.hpp"

namespace michi::policy {

std::vector<model::AdvertisementWant> derive_advertisements(const View& view);
std::vector<model::ProxyWant> derive_proxies(const View& view);

}  // namespace michi::policy

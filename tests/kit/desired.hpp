#pragma once
// Small desired states for tests of reconcile and runtime.

#include <string>
#include <vector>

#include "model/kernel.hpp"

namespace michi::kit {

model::AddressEntry address(const std::string& device, const std::string& prefix);
model::RouteEntry route(std::uint32_t table, const std::string& to, const std::string& device);
model::RouteEntry unreachable(std::uint32_t table, const std::string& to);
model::RuleEntry rule(std::uint32_t priority, std::uint32_t table);

/// One session: device, attachment, address, table 20000+n that ends in unreachable, two rules, the
/// firewall table with two sets, rp_filter and ip_forward.
model::Desired one_uplink(const std::string& name, unsigned number);
model::Desired together(const std::vector<model::Desired>& parts);

}  // namespace michi::kit

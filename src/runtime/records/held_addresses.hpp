#pragma once
// Addresses that DHCPv4 gave, across michi's own death: each with what was left of its lease, and when that
// was. What cannot be read is dropped; what has ended is still asked for, as a suggestion.

#include <map>
#include <string>
#include <string_view>

#include "runtime/records/stamp.hpp"
#include "uplink/signals.hpp"

namespace michi::runtime {

inline constexpr std::string_view kHeldPrefix = "lease4.";  // and the uplink's name

std::string write_held(const uplink::HeldAddress& held, const Stamp& now);
/// Of all records, those of addresses, by uplink.
std::map<std::string, uplink::HeldAddress> held_addresses(const std::map<std::string, std::string>& records,
                                                          const Stamp& now);

}  // namespace michi::runtime

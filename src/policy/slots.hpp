#pragma once
// How the uplinks of a balancing policy share its flows.

#include "policy/view.hpp"

namespace michi::policy {

/// The slots of a balancing policy: names by slot, kSlots of them, empty without a usable uplink. The
/// slots of a lost uplink are shared by the others, who keep their own.
inline constexpr std::size_t kSlots = 60;
std::vector<std::string> share_slots(const model::PolicyConfig& policy, const model::Config& config,
                                     const std::vector<model::UplinkId>& usable);
/// The hash of a sticky policy is keyed by its label: the same after a restart.
std::uint32_t hash_seed(const model::PolicyConfig& policy);

}  // namespace michi::policy

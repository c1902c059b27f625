#pragma once
// The configuration of a PPPoE uplink, as its engines want it, and what a new one changes.

#include <optional>

#include "engine/ppp/session.hpp"
#include "engine/pppoe/discovery.hpp"
#include "model/config.hpp"
#include "uplink/ppp/ppp_leg.hpp"
#include "uplink/signals.hpp"

namespace michi::uplink::pppoe {

inline const model::PppoeConfig& own(const model::UplinkConfig& config) { return config.kind.as<model::PppoeConfig>(); }

Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed);

/// The source address of its frames on this interface; zero while none is known.
Mac local_address(const model::UplinkConfig& config, const std::optional<InterfaceFacts>& interface);

/// Whether frames with this much PPP payload fit the interface.
bool carries(const InterfaceFacts& interface, std::uint16_t payload);

engine::pppoe::Settings discovery_settings(const model::UplinkConfig& config,
                                           const std::optional<InterfaceFacts>& interface);
/// `max_payload`: what was agreed in discovery.
PppLimits limits(const model::UplinkConfig& config, const std::optional<InterfaceFacts>& interface,
                 std::uint16_t max_payload);

}  // namespace michi::uplink::pppoe

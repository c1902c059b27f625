#pragma once
// The keys of an uplink's kind, to be written by tests.

#include <string>

#include "model/config.hpp"

namespace michi::kit {

inline model::PppoeConfig& pppoe(model::UplinkConfig& uplink) { return uplink.kind.edit<model::PppoeConfig>(); }
inline model::PppConfig& ppp(model::UplinkConfig& uplink) { return pppoe(uplink).ppp; }
inline model::IpoeConfig& ipoe(model::UplinkConfig& uplink) { return uplink.kind.edit<model::IpoeConfig>(); }
inline model::StaticConfig& fixed(model::UplinkConfig& uplink) { return uplink.kind.edit<model::StaticConfig>(); }

}  // namespace michi::kit

#pragma once
// What the end of a PPP session means for the next attempt.

#include "engine/ppp/session.hpp"
#include "uplink/failure.hpp"

namespace michi::uplink {

Failure failure_of(const engine::ppp::Ended& ended);

}  // namespace michi::uplink

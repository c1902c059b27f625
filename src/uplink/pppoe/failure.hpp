#pragma once
// What a failure of discovery, or a PADT, means for the next attempt.

#include <string_view>

#include "engine/pppoe/discovery.hpp"
#include "uplink/failure.hpp"

namespace michi::uplink {

Failure failure_of(const engine::pppoe::Failed& failed);
/// PADT with its words.
Failure failure_of_padt(std::string_view words);

}  // namespace michi::uplink

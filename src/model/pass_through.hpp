#pragma once
// A PPPoE session that is not michi's: a host on a LAN dialled it, and its frames cross the box.

#include <cstdint>
#include <string>

#include "base/net/mac.hpp"
#include "base/time.hpp"

namespace michi::model {

struct PassedSession {
  std::string line;  // the interface towards the access concentrator
  std::string lan;   // the interface towards the client
  Mac client;        // the client's own address
  Mac concentrator;
  std::uint16_t session_id = 0;
  Instant since{};
  auto operator<=>(const PassedSession&) const = default;
};

}  // namespace michi::model

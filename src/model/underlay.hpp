#pragma once
// What an uplink stands on: an access line, or another uplink.

#include <optional>
#include <string>
#include <variant>

#include "base/net/mac.hpp"
#include "model/uplink.hpp"

namespace michi::model {

/// The Ethernet interface of an access line.
struct OnLine {
  std::string interface{};
  std::optional<Mac> mac{};  // own source address on the wire; default the interface's
  bool operator==(const OnLine&) const = default;
};

/// Another uplink, which carries this one's packets.
struct OnUplink {
  UplinkId parent;
  bool operator==(const OnUplink&) const = default;
};

using Underlay = std::variant<OnLine, OnUplink>;

}  // namespace michi::model

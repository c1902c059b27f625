#pragma once
// A kind of uplink that the product does not have: something serial that another uplink carries. It shows that a
// kind costs nothing outside its own files, and stands in for tunnels where an uplink stands on an uplink.

#include <span>
#include <string>

#include "config/kinds/kinds.hpp"
#include "model/kind.hpp"

namespace michi::kit {

struct ToyConfig {
  std::string device{};
  unsigned baud = 115200;
  bool operator==(const ToyConfig&) const = default;

  static constexpr model::Traits kTraits = {
      .name = "toy", .stands_on_uplink = true, .has_secret = false, .counts_as_session = false, .default_mtu = 1460};
};

/// Its row of the table: keys `device` (required) and `baud`.
config::KindReader toy_kind();

/// The kinds of the product and the toy: for config::Environment.
std::span<const config::KindReader> kinds_with_toy();

}  // namespace michi::kit

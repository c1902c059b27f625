// The kinds of uplinks of the product: the only place that knows all of them.
#include "model/kinds.hpp"

#include <array>

#include "uplink/ethernet/life.hpp"
#include "uplink/kind.hpp"
#include "uplink/pppoe/access.hpp"
#include "uplink/pppoe/life.hpp"
#include "uplink/pppoe/settings.hpp"
#include "uplink/uplink.hpp"

namespace michi::uplink {

Kinds standard_kinds() {
  static constexpr std::array kKinds = {
      Kind{&model::PppoeConfig::kTraits, pppoe::make, pppoe::effect},
      Kind{&model::IpoeConfig::kTraits, ethernet::make, ethernet::effect},
      Kind{&model::StaticConfig::kTraits, ethernet::make, ethernet::effect},
  };
  return kKinds;
}

Frame padt_for(const model::SessionRecord& record) { return pppoe::padt_of(record); }

}  // namespace michi::uplink

#pragma once
// What a reload would change, in words and per object; `reload --dry-run` shows it and adds what
// the change does to live sessions.
//
// Places in the file do not count: a configuration that was only rearranged has no difference.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/fields.hpp"
#include "config/kinds/kinds.hpp"
#include "model/config.hpp"

namespace michi::config {

enum class ChangeKind : std::uint8_t { Added, Removed, Changed };

struct Change {
  ChangeKind kind = ChangeKind::Changed;
  std::string object;                // "uplink isp", "lan home", "policy", "router"
  std::string uplink;                // its name, when the object is an uplink
  std::vector<std::string> details;  // "mtu: 1454 → 1492"
  bool operator==(const Change&) const = default;
};

std::vector<Change> differences(const model::Config& before, const model::Config& after,
                                std::span<const KindReader> kinds = standard_kinds());

/// "uplink isp changes: mtu: 1454 → 1492", a line each; "" when nothing changes.
std::string to_text(const std::vector<Change>& changes);

/// Every field of an object; of an uplink those that every kind has.
Fields fields_of(const model::UplinkConfig& uplink);
Fields fields_of(const model::LanConfig& lan);
Fields fields_of(const model::LineConfig& line);
Fields fields_of(const model::GlobalConfig& global, const model::ControlConfig& control);
/// One line: "from lan.home, tcp 25,465, use isp, otherwise unreachable".
std::string describe(const model::PolicyConfig& policy);
/// "tcp 443 of isp to 192.168.10.5:443".
std::string describe(const model::PublishConfig& publish);

/// All of it as text, for comparing two configurations as a whole.
std::string to_text(const model::Config& config, std::span<const KindReader> kinds = standard_kinds());

}  // namespace michi::config

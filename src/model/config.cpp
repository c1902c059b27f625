#include "model/config.hpp"

#include <algorithm>

#include "model/event.hpp"

namespace michi::model {

bool UplinkConfig::operator==(const UplinkConfig&) const = default;

const std::string& UplinkConfig::interface() const {
  static const std::string none;
  const auto* line = std::get_if<OnLine>(&over);
  return line != nullptr ? line->interface : none;
}

std::optional<Mac> UplinkConfig::mac() const {
  const auto* line = std::get_if<OnLine>(&over);
  return line != nullptr ? line->mac : std::nullopt;
}

const UplinkId* UplinkConfig::parent() const {
  const auto* other = std::get_if<OnUplink>(&over);
  return other != nullptr ? &other->parent : nullptr;
}

const std::string& Config::line_of(const UplinkConfig& uplink) const {
  constexpr int kDeepest = 8;  // a circle is refused elsewhere; here it only must end
  const UplinkConfig* at = &uplink;
  for (int depth = 0; at->parent() != nullptr && depth < kDeepest; ++depth) {
    const auto* below = find(*at->parent());
    if (below == nullptr) break;
    at = below;
  }
  return at->interface();
}

std::vector<const UplinkConfig*> Config::uplinks_on(std::string_view interface) const {
  std::vector<const UplinkConfig*> out;
  if (interface.empty()) return out;
  for (const UplinkConfig& uplink : uplinks)
    if (line_of(uplink) == interface) out.push_back(&uplink);
  return out;
}

std::size_t Config::sessions_on(std::string_view interface) const {
  const auto counted = [](const UplinkConfig* uplink) { return uplink->traits().counts_as_session; };
  return static_cast<std::size_t>(std::ranges::count_if(uplinks_on(interface), counted));
}

const LineConfig* Config::find_line(std::string_view interface) const {
  auto at = std::ranges::find(lines, interface, &LineConfig::interface);
  return at == lines.end() ? nullptr : &*at;
}

const UplinkConfig* Config::find(const UplinkId& id) const {
  auto at = std::ranges::find(uplinks, id, &UplinkConfig::id);
  return at == uplinks.end() ? nullptr : &*at;
}

const LanConfig* Config::find_lan(std::string_view name) const {
  auto at = std::ranges::find(lans, name, &LanConfig::name);
  return at == lans.end() ? nullptr : &*at;
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Notice:
      return "notice";
    case Severity::Info:
      return "info";
    case Severity::Debug:
      return "debug";
  }
  return "";
}

}  // namespace michi::model

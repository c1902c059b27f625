#include "model/config.hpp"

#include <algorithm>

#include "model/event.hpp"

namespace michi::model {

bool UplinkConfig::operator==(const UplinkConfig&) const = default;

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

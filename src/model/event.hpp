#pragma once
// Something happened: one value per edge, made by quiet rooms, numbered and kept by `observe`.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/uplink.hpp"

namespace michi::model {

/// By consequence: Error = an uplink is lost or the operator must act; Warning = odd, survivable;
/// Notice = state edges; Info = rare; Debug = free.
enum class Severity : std::uint8_t { Error, Warning, Notice, Info, Debug };

std::string_view to_text(Severity severity);

struct Event {
  Severity severity = Severity::Notice;
  std::string code;    // "uplink.up": stable, listed in docs/operator/events.md
  std::string uplink;  // empty when it concerns none
  std::string text;    // one sentence for people
  std::vector<std::pair<std::string, std::string>> fields;
};

}  // namespace michi::model

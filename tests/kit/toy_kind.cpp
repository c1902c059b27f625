#include "kit/toy_kind.hpp"

#include <array>
#include <vector>

#include "config/draft.hpp"

namespace michi::kit {

namespace {

constexpr unsigned kSlowest = 300, kFastest = 4'000'000, kUsual = 115'200;

void read_toy(config::Section& section, model::UplinkConfig& into) {
  ToyConfig own;
  section.text("device", own.device);
  if (!section.has("device")) section.missing("device", "\"ttyS0\"");
  section.number("baud", own.baud, kSlowest, kFastest);
  into.kind = std::move(own);
}

void check_toy(config::Draft& draft, const model::UplinkConfig& uplink) {
  if (uplink.kind.as<ToyConfig>().baud <= kUsual) return;
  draft.reading.report.warning(draft.reading.place("uplink." + uplink.id.name + ".baud"), "fast-toy",
                               "[uplink." + uplink.id.name + "] is fast for a toy");
}

config::Fields toy_fields(const model::UplinkConfig& uplink) {
  const auto& own = uplink.kind.as<ToyConfig>();
  return {{"device", own.device}, {"baud", std::to_string(own.baud)}};
}

}  // namespace

config::KindReader toy_kind() {
  return {.traits = &ToyConfig::kTraits, .read = read_toy, .check = check_toy, .fields = toy_fields};
}

std::span<const config::KindReader> kinds_with_toy() {
  static const std::vector<config::KindReader> kinds = [] {
    const auto standard = config::standard_kinds();
    std::vector<config::KindReader> all(standard.begin(), standard.end());
    all.push_back(toy_kind());
    return all;
  }();
  return kinds;
}

}  // namespace michi::kit

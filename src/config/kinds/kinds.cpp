#include "config/kinds/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/section.hpp"

namespace michi::config {

namespace {

constexpr std::array<std::string_view, 9> kLaterKinds = {"dhcp",   "ppp",  "mobile", "map-e", "ds-lite",
                                                         "dslite", "4in6", "ipip6",  "l2tp"};

struct Blank {
  model::UplinkConfig uplink;
  std::vector<std::string> keys;
};

/// What it makes of a table without keys; what it misses there is nobody's finding.
Blank read_nothing(const KindReader& kind) {
  const Node empty;
  Report scratch{std::string()};
  Reading reading{scratch, {}, {}};
  Section section(reading, empty, "", "", "");
  Blank blank;
  kind.read(section, blank.uplink);
  blank.keys = section.known();
  return blank;
}

}  // namespace

std::span<const KindReader> standard_kinds() {
  static const std::array kinds = {pppoe_kind(), ipoe_kind(), static_kind()};
  return kinds;
}

const KindReader* find_kind(std::span<const KindReader> kinds, std::string_view name) {
  const auto found = std::ranges::find(kinds, name, [](const KindReader& kind) { return kind.traits->name; });
  return found == kinds.end() ? nullptr : &*found;
}

const KindReader* find_kind(std::span<const KindReader> kinds, const model::Traits& traits) {
  const auto found = std::ranges::find(kinds, &traits, &KindReader::traits);
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<std::string> keys_of(const KindReader& kind) { return read_nothing(kind).keys; }

Fields default_fields(const KindReader& kind) { return kind.fields(read_nothing(kind).uplink); }

std::string kinds_with(std::span<const KindReader> kinds, std::string_view key) {
  std::string out;
  for (const KindReader& kind : kinds) {
    const std::vector<std::string> keys = keys_of(kind);
    if (std::ranges::find(keys, key) == keys.end()) continue;
    out += fmt::format("{}\"{}\"", out.empty() ? "" : " or ", kind.traits->name);
  }
  return out;
}

std::string names_of(std::span<const KindReader> kinds) {
  std::string out;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const bool last = i + 1 == kinds.size();
    out += fmt::format("{}\"{}\"", i == 0 ? "" : last ? " and " : ", ", kinds[i].traits->name);
  }
  return out;
}

bool is_later_kind(std::string_view name) { return std::ranges::find(kLaterKinds, name) != kLaterKinds.end(); }

}  // namespace michi::config

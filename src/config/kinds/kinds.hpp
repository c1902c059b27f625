#pragma once
// How a kind of uplink is written in the file: one row a kind, one file a row. Nothing else in this room knows
// which kinds there are.
//
// A kind reads its own keys, and those of the common ones that it takes; it asks for the same keys whatever the
// table holds, so that running it over an empty table tells which keys belong to it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.hpp"
#include "model/config.hpp"

namespace michi::config {

class Section;
struct Draft;

/// What to do in place of a key that this kind does not take.
struct Instead {
  std::string_view key;
  std::string_view advice;
};

struct KindReader {
  const model::Traits* traits;
  /// The table → `kind` and those fields of the uplink that not every kind has. What it stands on is set.
  void (*read)(Section& section, model::UplinkConfig& into);
  /// What is right by itself but not together, in this uplink and with others of its kind.
  void (*check)(Draft& draft, const model::UplinkConfig& uplink);
  /// Of its own keys.
  Fields (*fields)(const model::UplinkConfig& uplink);
  std::span<const Instead> instead{};
};

/// The kinds of the product. The first is that of an uplink that does not say (model::default_kind).
std::span<const KindReader> standard_kinds();

// A file each.
KindReader pppoe_kind();
KindReader ipoe_kind();
KindReader static_kind();

/// By the word in the file, and by the traits of an uplink; nullptr when it is none of these.
const KindReader* find_kind(std::span<const KindReader> kinds, std::string_view name);
const KindReader* find_kind(std::span<const KindReader> kinds, const model::Traits& traits);

/// The keys it asks for in the table of an uplink.
std::vector<std::string> keys_of(const KindReader& kind);
/// Its fields where the file says nothing.
Fields default_fields(const KindReader& kind);
/// "pppoe" or "static": the kinds that take this key; empty when none does.
std::string kinds_with(std::span<const KindReader> kinds, std::string_view key);
/// "pppoe", "ipoe" and "static".
std::string names_of(std::span<const KindReader> kinds);
/// Names that are no kind yet and will be one, and names of other programs for what is one here.
bool is_later_kind(std::string_view name);

}  // namespace michi::config

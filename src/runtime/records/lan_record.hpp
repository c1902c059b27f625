#pragma once
// What the hosts of a LAN were told of prefixes, as text that outlives a reboot.
//
// Read again it says what they may still believe: a prefix whose advertisements went on when the record was
// written counts from a last one that nobody noted, so nothing is taken off its lifetime; of the others the
// age is, where it is known.

#include <string>
#include <string_view>
#include <vector>

#include "engine/ndisc/advertisement.hpp"
#include "runtime/records/stamp.hpp"

namespace michi::runtime {

using PastPrefixes = std::vector<engine::ndisc::PastPrefix>;

struct ToldPrefix {
  engine::ndisc::PastPrefix prefix;
  bool repeated = false;  // its advertisements went on
  bool operator==(const ToldPrefix&) const = default;
};

std::string write_lan(const std::vector<ToldPrefix>& words, const Stamp& stamp);
/// Damaged lines are dropped. Without a stamp nothing is taken off.
PastPrefixes parse_lan(std::string_view text, const Stamp& now);

}  // namespace michi::runtime

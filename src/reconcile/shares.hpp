#pragma once
// Members of those maps of a table that change often, apart from the table they are in: what is wanted of each map
// and what the kernel has, as far as that is known.
//
// A part of FirewallKeeper. Which maps there are is structure, as chains are; only their members are told between two
// passes. A change costs what its maps have, whatever else is in the table. Commits nothing itself.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/kernel.hpp"

namespace michi::reconcile {

class Shares {
 public:
  using Elements = std::set<std::string>;
  using Maps = std::map<std::string, Elements>;

  /// All maps there are, with their members.
  void want(Maps maps);
  /// Members of one of them; of a map that is none of them nothing is taken.
  void want(const std::string& map, Elements elements);

  /// nft text that fills the maps of a table made anew.
  std::string filling(model::NftFamily family) const;
  /// nft text that brings the maps that differ to what is wanted; empty: none does.
  std::string change(model::NftFamily family) const;
  enum class Extent : std::uint8_t { All, Changed };
  /// A text of these maps is on its way.
  void submitted(Extent extent);
  void on_done(bool success);
  /// The maps stand, and what is in them is not known.
  void adopt();

  /// What is not on its way is as wanted.
  bool right() const { return changed_.empty() && !other_maps_; }
  /// They are not the maps of the table that stands.
  bool other_maps() const { return other_maps_; }

 private:
  struct Map {
    Elements wanted;
    std::optional<Elements> committed;  // nullopt: unknown
  };

  std::map<std::string, Map> maps_;
  std::set<std::string> changed_;  // wanted since the last submitted()
  Maps in_flight_;
  bool other_maps_ = false;
};

/// nft text that makes the members of `set` what they are in `after`. `before` nullopt: unknown.
std::string elements_text(model::NftFamily family, const std::string& set,
                          const std::optional<Shares::Elements>& before, const Shares::Elements& after);

}  // namespace michi::reconcile

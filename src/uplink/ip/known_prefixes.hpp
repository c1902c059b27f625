#pragma once
// The prefixes of one uplink: those the network has confirmed on the link as it stands, and those it
// gave earlier and that hosts may still use.
//
// Bounded: what is remembered gives way first, the one that ends soonest before the others. It knows no
// protocol and no reason.

#include <vector>

#include "model/uplink.hpp"

namespace michi::uplink {

enum class PrefixSource : std::uint8_t { Delegated, OnLink };

class KnownPrefixes {
 public:
  static constexpr std::size_t kMost = 8;

  /// Exactly these of this source are confirmed now; others of it are only remembered from here on.
  void confirm(PrefixSource source, const std::vector<model::PrefixFacts>& list);
  /// None of this source is confirmed any more.
  void doubt(PrefixSource source) { confirm(source, {}); }
  /// This one ends at these moments, and nobody confirms it.
  void withdraw(const Prefix& prefix, Instant preferred_until, Instant valid_until);
  void remember(model::PrefixFacts prefix);
  void expire(Instant now);

  const std::vector<model::PrefixFacts>& all() const { return known_; }  // confirmed ones first
  bool has_confirmed(PrefixSource source) const;
  /// Instant::max(): none does.
  Instant next_expiry() const;

 private:
  void arrange();

  std::vector<model::PrefixFacts> known_;
};

}  // namespace michi::uplink

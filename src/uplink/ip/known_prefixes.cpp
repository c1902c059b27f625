#include "uplink/ip/known_prefixes.hpp"

#include <algorithm>
#include <utility>

namespace michi::uplink {

using model::PrefixFacts;

void KnownPrefixes::confirm(PrefixSource source, const std::vector<PrefixFacts>& list) {
  const bool on_link = source == PrefixSource::OnLink;
  for (PrefixFacts& one : known_)
    if (one.on_link == on_link) one.confirmed = false;
  for (PrefixFacts fresh : list) {
    fresh.confirmed = true;
    fresh.on_link = on_link;
    const auto at = std::ranges::find(known_, fresh.prefix, &PrefixFacts::prefix);
    if (at == known_.end())
      known_.push_back(fresh);
    else if (!at->confirmed || at->on_link == on_link)
      *at = fresh;
  }
  arrange();
}

void KnownPrefixes::withdraw(const Prefix& prefix, Instant preferred_until, Instant valid_until) {
  const auto at = std::ranges::find(known_, prefix, &PrefixFacts::prefix);
  if (at == known_.end()) return;
  at->confirmed = false;
  at->preferred_until = preferred_until;
  at->valid_until = valid_until;
  arrange();
}

void KnownPrefixes::remember(PrefixFacts prefix) {
  prefix.confirmed = false;
  if (std::ranges::find(known_, prefix.prefix, &PrefixFacts::prefix) != known_.end()) return;
  known_.push_back(prefix);
  arrange();
}

void KnownPrefixes::expire(Instant now) {
  std::erase_if(known_, [now](const PrefixFacts& one) { return one.valid_until <= now; });
}

bool KnownPrefixes::has_confirmed(PrefixSource source) const {
  return std::ranges::any_of(known_, [source](const PrefixFacts& one) {
    return one.confirmed && one.on_link == (source == PrefixSource::OnLink);
  });
}

Instant KnownPrefixes::next_expiry() const {
  Instant next = Instant::max();
  for (const PrefixFacts& one : known_) next = std::min(next, one.valid_until);
  return next;
}

void KnownPrefixes::arrange() {
  // Those that are confirmed stand in the order in which they came, those remembered by their ends.
  const auto remembered = std::ranges::stable_partition(known_, &PrefixFacts::confirmed);
  std::ranges::stable_sort(remembered, std::greater{}, &PrefixFacts::valid_until);
  if (known_.size() > kMost) known_.resize(kMost);
}

}  // namespace michi::uplink

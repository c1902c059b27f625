// Uplinks that stand on another one: that it is there, that they do not stand on themselves, and not too high.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::size_t kMostUplinksInAChain = 2;

using Chain = std::vector<const model::UplinkConfig*>;

struct Below {
  Chain chain;  // from the uplink itself downwards, each once
  bool circle = false;
};

Below below(const model::Config& config, const model::UplinkConfig& uplink) {
  Below out;
  const model::UplinkConfig* at = &uplink;
  while (at != nullptr) {
    out.chain.push_back(at);
    if (at->parent() == nullptr) return out;
    at = config.find(*at->parent());
    if (std::ranges::find(out.chain, at) == out.chain.end()) continue;
    out.circle = true;
    return out;
  }
  return out;
}

std::string text_of(const Chain& chain) {
  std::string out;
  for (const model::UplinkConfig* uplink : chain) out += (out.empty() ? "" : " → ") + uplink->id.name;
  return out;
}

Position place_of(const Draft& draft, const model::UplinkConfig& uplink) {
  return draft.reading.place(fmt::format("uplink.{}.over", uplink.id.name));
}

/// Said once, of the member that comes first by name, and not of those that only stand on the circle.
void check_circle(Draft& draft, const model::UplinkConfig& uplink, const Chain& chain) {
  const bool is_member = *chain.back()->parent() == uplink.id;
  const auto& first = **std::ranges::min_element(chain, {}, [](const auto* member) { return member->id.name; });
  if (!is_member || first.id != uplink.id) return;
  const bool alone = chain.size() == 1;
  const std::string circle = fmt::format("{} → {}", text_of(chain), uplink.id.name);
  draft.reading.report.error(place_of(draft, uplink), "circle",
                             alone ? fmt::format("[uplink.{}] stands on itself: {}", uplink.id.name, circle)
                                   : fmt::format("uplinks stand on each other in a circle: {}", circle),
                             alone ? "name the uplink that carries this one" : "one of them must stand on a line");
}

void check_parent(Draft& draft, const model::UplinkConfig& uplink) {
  if (uplink.parent() == nullptr || uplink.parent()->name.empty()) return;  // said already
  if (!is_uplink(draft, {uplink.parent()->name, place_of(draft, uplink)}, "over")) return;
  const auto [chain, circle] = below(draft.config, uplink);
  if (circle) return check_circle(draft, uplink, chain);
  if (chain.size() != kMostUplinksInAChain + 1) return;  // of a longer one the part below is said
  draft.reading.report.error(place_of(draft, uplink), "too-deep",
                             fmt::format("three uplinks stand on each other: {}", text_of(chain)),
                             "at most two: one on a line, and one on that");
}

}  // namespace

void check_parents(Draft& draft) {
  for (const model::UplinkConfig& uplink : draft.config.uplinks) check_parent(draft, uplink);
}

}  // namespace michi::config

#include "policy/slots.hpp"

#include <algorithm>
#include <numeric>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

unsigned weight_of(const model::PolicyConfig& policy, const model::Config& config, const model::UplinkId& id) {
  if (auto at = policy.weights.find(id.name); at != policy.weights.end()) return at->second;
  const auto* uplink = config.find(id);
  return uplink == nullptr ? 0 : uplink->weight;
}

/// `count` split by weight, largest remainder; nobody with a weight goes empty while there is room.
std::vector<std::size_t> split(std::size_t count, const std::vector<unsigned>& weights) {
  const std::size_t total = std::accumulate(weights.begin(), weights.end(), std::size_t{0});
  std::vector<std::size_t> parts(weights.size(), 0);
  if (total == 0) return parts;
  std::vector<std::pair<std::size_t, std::size_t>> rest;  // remainder, index
  std::size_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    parts[i] = count * weights[i] / total;
    given += parts[i];
    rest.emplace_back(count * weights[i] % total, i);
  }
  std::ranges::sort(
      rest, [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  for (std::size_t i = 0; given < count; ++i, ++given) ++parts[rest[i % rest.size()].second];
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto richest = std::ranges::max_element(parts);
    if (weights[i] == 0 || parts[i] != 0 || *richest < 2) continue;
    --*richest;
    ++parts[i];
  }
  return parts;
}

}  // namespace

std::vector<std::string> share_slots(const model::PolicyConfig& policy, const model::Config& config,
                                     const std::vector<model::UplinkId>& usable) {
  std::vector<std::string> slots;
  if (usable.empty()) return slots;
  std::vector<unsigned> weights;
  for (const auto& id : policy.use) weights.push_back(weight_of(policy, config, id));
  const auto parts = split(kSlots, weights);
  for (std::size_t i = 0; i < policy.use.size(); ++i) slots.insert(slots.end(), parts[i], policy.use[i].name);
  slots.resize(kSlots);  // all weights 0: every slot is an orphan

  auto is_usable = [&](const std::string& name) { return holds(usable, name, &model::UplinkId::name); };
  std::vector<unsigned> heirs;
  for (const auto& id : usable) heirs.push_back(weight_of(policy, config, id));
  if (std::ranges::all_of(heirs, [](unsigned weight) { return weight == 0; })) std::ranges::fill(heirs, 1U);
  const auto orphans =
      static_cast<std::size_t>(std::ranges::count_if(slots, [&](const std::string& name) { return !is_usable(name); }));
  const auto shares = split(orphans, heirs);
  std::vector<std::string> queue;
  for (std::size_t i = 0; i < usable.size(); ++i) queue.insert(queue.end(), shares[i], usable[i].name);
  auto next = queue.begin();
  for (auto& name : slots)
    if (!is_usable(name)) name = *next++;
  return slots;
}

std::uint32_t hash_seed(const model::PolicyConfig& policy) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (char c : policy.label) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

}  // namespace michi::policy

#include "reconcile/shares.hpp"

#include <algorithm>
#include <utility>

namespace michi::reconcile {

void Shares::want(Maps maps) {
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (!std::ranges::equal(maps_, maps, same_name)) {
    other_maps_ = true;
    std::map<std::string, Map> next;
    for (const auto& [name, elements] : maps) next[name];
    for (auto& [name, map] : next)
      if (auto known = maps_.find(name); known != maps_.end()) map = std::move(known->second);
    maps_ = std::move(next);
    std::erase_if(changed_, [&](const auto& name) { return !maps_.contains(name); });
    std::erase_if(in_flight_, [&](const auto& one) { return !maps_.contains(one.first); });
  }
  for (auto& [name, elements] : maps) want(name, std::move(elements));
}

void Shares::want(const std::string& map, Elements elements) {
  const auto at = maps_.find(map);
  if (at == maps_.end() || at->second.wanted == elements) return;
  at->second.wanted = std::move(elements);
  changed_.insert(map);
}

std::string Shares::filling(model::NftFamily family) const {
  std::string text;
  for (const auto& [name, map] : maps_) text += elements_text(family, name, Elements{}, map.wanted);
  return text;
}

std::string Shares::change(model::NftFamily family) const {
  std::string text;
  for (const auto& name : changed_) {
    const auto& map = maps_.at(name);
    text += elements_text(family, name, map.committed, map.wanted);
  }
  return text;
}

void Shares::submitted(Extent extent) {
  in_flight_.clear();
  if (extent == Extent::All) {
    for (const auto& [name, map] : maps_) in_flight_[name] = map.wanted;
    other_maps_ = false;
  } else {
    for (const auto& name : changed_) in_flight_[name] = maps_.at(name).wanted;
  }
  changed_.clear();
}

void Shares::on_done(bool success) {
  if (!success) return adopt();
  for (auto& [name, elements] : in_flight_) maps_.at(name).committed = std::move(elements);
  in_flight_.clear();
}

void Shares::adopt() {
  in_flight_.clear();
  other_maps_ = false;
  for (auto& [name, map] : maps_) {
    map.committed.reset();
    changed_.insert(name);
  }
}

}  // namespace michi::reconcile

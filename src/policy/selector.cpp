#include <algorithm>

#include "policy/view.hpp"

namespace michi::policy {

void Selector::configure(model::ConfigPtr config, Instant now) {
  // A line that did not change keeps its choice: a reload is not a reason to go back early.
  auto carried = [&](const std::vector<Choice>& old) {
    std::vector<Choice> fresh(config->policies.size());
    for (std::size_t i = 0; config_ && i < fresh.size() && i < config_->policies.size() && i < old.size(); ++i)
      if (config_->policies[i].label == config->policies[i].label &&
          config_->policies[i].use == config->policies[i].use && config_->policies[i].mode == config->policies[i].mode)
        fresh[i] = old[i];
    return fresh;
  };
  choices4_ = carried(choices4_);
  choices6_ = carried(choices6_);
  config_ = std::move(config);
  auto gone = [&](const auto& entry) { return config_->find(model::UplinkId{entry.first}) == nullptr; };
  std::erase_if(seen4_, gone);
  std::erase_if(seen6_, gone);
  std::erase_if(last_address_, gone);
  std::erase_if(moves_, gone);
  on_deadline(now);
}

void Selector::adopt(const Numbers& numbers, const std::set<model::AddressEntry>& addresses) {
  for (const auto& entry : addresses)
    if (const Ipv4* address = entry.address.address.v4(); address != nullptr && numbers.contains(entry.device))
      last_address_.emplace(entry.device, *address);
}

void Selector::on_facts(const AllFacts& facts, Instant now) {
  if (!config_) return;
  const auto held = duplicate_addresses(*config_, facts);
  for (const auto& uplink : config_->uplinks) {
    const std::string& name = uplink.id.name;
    auto at = facts.find(name);
    const model::UplinkFacts* fact = at == facts.end() ? nullptr : &at->second;
    bool lost = false;
    for (Family family : {Family::V4, Family::V6}) {
      const bool usable = fact != nullptr && fact->usable(family) && !(family == Family::V4 && holds(held, uplink.id));
      auto& seen_here = seen(family)[name];
      if (usable == seen_here.usable_since.has_value()) continue;
      // IPv6CP's end does not end IPv4: its flows stay, they cannot be told apart by their mark.
      if (!usable) lost = lost || family == Family::V4 || !seen4_[name].usable_since;
      if (!usable) seen_here.lost_before = true;
      seen_here.usable_since = usable ? std::optional(now) : std::nullopt;
    }
    if (seen4_[name].usable_since) {
      const Ipv4 address = fact->v4->local;
      auto [last, first_time] = last_address_.emplace(name, address);
      if (!first_time && last->second != address) lost = true;
      last->second = address;
    }
    if (lost) ++moves_[name];
  }
  on_deadline(now);
}

void Selector::on_deadline(Instant now) {
  if (!config_) return;
  deadline_.reset();
  choose(Family::V4, now);
  choose(Family::V6, now);
}

void Selector::choose(Family family, Instant now) {
  auto& choices = family == Family::V4 ? choices4_ : choices6_;
  for (std::size_t i = 0; i < choices.size(); ++i)
    choices[i] = choose_line(config_->policies[i], choices[i], seen(family), now);
}

Selector::Choice Selector::choose_line(const model::PolicyConfig& line, const Choice& current, const SeenByName& seen,
                                       Instant now) {
  auto usable_since = [&](const model::UplinkId& id) -> std::optional<Instant> {
    const auto* uplink = config_->find(id);
    // A closed network carries other flows only where a line names their destinations (R15, R182).
    if (uplink == nullptr || (!uplink->default_route && line.to.empty())) return std::nullopt;
    auto at = seen.find(id.name);
    return at == seen.end() ? std::nullopt : at->second.usable_since;
  };
  Choice choice;
  if (line.mode == model::PolicyMode::Balance) {
    for (const auto& id : line.use)
      if (usable_since(id)) choice.usable.push_back(id);
    return choice;
  }
  const bool has_current = !current.usable.empty() && holds(line.use, current.usable.front()) &&
                           usable_since(current.usable.front()).has_value();
  for (const auto& id : line.use) {
    const auto since = usable_since(id);
    if (!since) continue;
    if (has_current && id != current.usable.front() && seen.at(id.name).lost_before) {
      const Instant ripe = *since + line.return_after;
      if (now < ripe) {
        deadline_ = deadline_ ? std::min(*deadline_, ripe) : ripe;
        continue;
      }
    }
    choice.usable = {id};
    return choice;
  }
  return choice;
}

std::optional<Instant> Selector::next_deadline() const { return deadline_; }

const std::vector<Selector::Choice>& Selector::choices(Family family) const {
  return family == Family::V4 ? choices4_ : choices6_;
}

}  // namespace michi::policy

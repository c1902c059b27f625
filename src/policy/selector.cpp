#include <algorithm>
#include <utility>

#include "policy/carrier.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

/// What answers in IPv6 find now; empty when the uplink carries none.
std::vector<Prefix> own_of(const model::UplinkFacts& facts, const std::vector<const model::PrefixFacts*>& prefixes) {
  std::vector<Prefix> own;
  if (!facts.usable(Family::V6)) return own;
  for (const auto* prefix : prefixes)
    if (prefix->confirmed) own.push_back(prefix->prefix.canonical());
  for (const auto& address : facts.v6->addresses) own.push_back(Prefix::host(address));
  return own;
}

bool takes_everything(const model::PolicyConfig& policy) {
  return std::holds_alternative<model::FromAnywhere>(policy.from) && policy.protocol == model::Protocol::Any &&
         policy.ports.empty() && !policy.names_destinations();
}

}  // namespace

/// True when it was usable and is not.
bool Selector::see(Seen& seen, bool usable, bool dead, Instant now) {
  const bool was_usable = seen.usable_since || seen.judged_dead;
  const bool was_dead = std::exchange(seen.judged_dead, usable && dead);
  const bool good = usable && !dead;
  if (good != seen.usable_since.has_value()) {
    seen.lost_before = seen.lost_before || !good || was_dead;
    seen.usable_since = good ? std::optional(now) : std::nullopt;
  }
  return was_usable && !usable;
}

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
  for (Family family : kFamilies) choices_[family] = carried(choices_[family]);
  config_ = std::move(config);
  auto gone = [&](const auto& entry) { return config_->find(model::UplinkId{entry.first}) == nullptr; };
  for (Family family : kFamilies) {
    std::erase_if(seen_[family], gone);
    std::erase_if(moves_[family], gone);
  }
  auto no_device = [&](const auto& entry) {
    return !holds(config_->uplinks, entry.first, &model::UplinkConfig::device);
  };
  std::erase_if(last_source_, no_device);
  std::erase_if(last_own6_, no_device);
  on_deadline(now);
}

void Selector::adopt(const std::set<model::AddressEntry>& addresses) {
  for (const auto& entry : addresses) {
    if (const Ipv4* v4 = entry.address.address.v4()) last_source_.emplace(entry.device, InnerSource{*v4});
    const Ipv6* v6 = entry.address.address.v6();
    if (v6 != nullptr && !v6->is_link_local()) last_own6_[entry.device].push_back(Prefix::host(*v6));
  }
}

/// Flows were translated to the address the uplink had before, or to ports that were its own then.
bool Selector::changed_address(const model::UplinkConfig& uplink, const model::UplinkFacts& facts) {
  static const model::PortSet kAll({{0, 65535}});
  const InnerSource now{facts.v4->local, facts.ports.value_or(kAll)};
  auto [last, first_time] = last_source_.emplace(uplink.device(), now);
  const auto before = std::exchange(last->second, now);
  return before.address != now.address || !now.ports.contains(before.ports);
}

/// One that is new takes nothing from the flows of those that stay.
bool Selector::lost_prefix(const model::UplinkConfig& uplink, const std::vector<Prefix>& now) {
  const auto before = std::exchange(last_own6_[uplink.device()], now);
  return !std::ranges::all_of(before, [&](const Prefix& old) {
    return std::ranges::any_of(now, [&](const Prefix& prefix) { return prefix.contains(old); });
  });
}

void Selector::on_facts(const AllFacts& facts, Instant now) {
  if (!config_) return;
  const auto duplicates = duplicate_addresses(*config_, facts);
  const auto prefixes = hold_prefixes(*config_, facts);
  for (const auto& uplink : config_->uplinks) {
    const std::string& name = uplink.id.name;
    auto at = facts.find(name);
    const model::UplinkFacts* fact = at == facts.end() ? nullptr : &at->second;
    const auto footing = footing_of(*config_, facts, uplink);
    const bool is_carried = fact != nullptr && footing.usable;
    const auto own6 = is_carried ? own_of(*fact, prefixes.held.at(name)) : std::vector<Prefix>{};
    const PerFamily<bool> usable{is_carried && fact->usable(Family::V4) && !holds(duplicates, uplink.id),
                                 !own6.empty()};
    const PerFamily<bool> moved{usable.v4 && changed_address(uplink, *fact), usable.v6 && lost_prefix(uplink, own6)};
    for (Family family : kFamilies) {
      const bool is_dead = fact != nullptr && (footing.dead || fact->dead(family));
      const bool is_lost = see(seen_[family][name], usable[family], is_dead, now);
      if (is_lost || moved[family]) ++moves_[family][name];
    }
  }
  on_deadline(now);
}

void Selector::on_deadline(Instant now) {
  if (!config_) return;
  deadline_.reset();
  for (Family family : kFamilies) choose(family, now);
}

/// From the last line to the first: what passes on must know whether that leads anywhere.
void Selector::choose(Family family, Instant now) {
  auto& choices = choices_[family];
  bool rescued = false;  // what reaches the next line finds a road there that is not dead
  for (std::size_t i = choices.size(); i-- > 0;) {
    const auto& policy = config_->policies[i];
    const bool passes_on = policy.otherwise == model::Otherwise::NextPolicy && rescued;
    choices[i] = choose_policy(policy, choices[i], seen_[family], now);
    if (choices[i].usable.empty() && !passes_on) choices[i] = choose_despite(policy, seen_[family]);
    if (takes_everything(policy)) rescued = choices[i].usable.empty() ? passes_on : !choices[i].despite;
  }
  pass_over(family);
}

/// Flows on a dead uplink choose again, but only when a line that they may come from has another road for them.
void Selector::pass_over(Family family) {
  const auto& chosen = choices(family);
  for (const auto& uplink : config_->uplinks) {
    Seen& seen = seen_[family][uplink.id.name];
    bool passed_over = false;
    for (std::size_t i = 0; i < chosen.size() && seen.judged_dead; ++i) {
      const auto& policy = config_->policies[i];
      passed_over = passed_over || (!chosen[i].despite && holds(policy.use, uplink.id) && may_use(policy, uplink.id));
    }
    if (passed_over && !seen.passed_over) ++moves_[family][uplink.id.name];
    seen.passed_over = passed_over;
  }
}

/// A closed network carries other flows only where a line names their destinations (R15, R182).
bool Selector::may_use(const model::PolicyConfig& policy, const model::UplinkId& id) const {
  const auto* uplink = config_->find(id);
  return uplink != nullptr && (uplink->default_route || policy.names_destinations());
}

/// Every uplink of the line that is usable is judged dead: as if they were not.
Selector::Choice Selector::choose_despite(const model::PolicyConfig& policy, const SeenByName& seen) const {
  Choice choice;
  for (const auto& id : policy.use) {
    const auto at = seen.find(id.name);
    if (at == seen.end() || !at->second.judged_dead || !may_use(policy, id)) continue;
    choice.despite = true;
    choice.usable.push_back(id);
    if (policy.mode == model::PolicyMode::Failover) break;
  }
  return choice;
}

Selector::Choice Selector::choose_policy(const model::PolicyConfig& policy, const Choice& current,
                                         const SeenByName& seen, Instant now) {
  auto usable_since = [&](const model::UplinkId& id) -> std::optional<Instant> {
    if (!may_use(policy, id)) return std::nullopt;
    auto at = seen.find(id.name);
    return at == seen.end() ? std::nullopt : at->second.usable_since;
  };
  Choice choice;
  if (policy.mode == model::PolicyMode::Balance) {
    for (const auto& id : policy.use)
      if (usable_since(id)) choice.usable.push_back(id);
    return choice;
  }
  const bool has_current = !current.usable.empty() && holds(policy.use, current.usable.front()) &&
                           usable_since(current.usable.front()).has_value();
  for (const auto& id : policy.use) {
    const auto since = usable_since(id);
    if (!since) continue;
    if (has_current && id != current.usable.front() && seen.at(id.name).lost_before) {
      const Instant ripe = *since + policy.return_after;
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

}  // namespace michi::policy

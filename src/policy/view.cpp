#include "policy/view.hpp"

#include <algorithm>
#include <bit>

#include "policy/carrier.hpp"
#include "policy/prefixes.hpp"

namespace michi::policy {

std::uint32_t Marks::of(unsigned value) const { return value << std::countr_zero(mask) & mask; }

std::uint32_t main_mark(const model::Config& config) { return Marks{config.global.mark_mask}.main(); }

namespace {

bool foreign_device(const Surroundings& surroundings, const model::UplinkConfig& uplink) {
  if (!uplink.traits().owns_device) return false;
  auto at = surroundings.links.find(uplink.id.name);
  return at != surroundings.links.end() && at->second.kind != "tun";
}

}  // namespace

View::View(const Inputs& inputs) : inputs_(inputs) {
  const auto held = duplicate_addresses(inputs.config, inputs.facts);
  const auto prefixes = hold_prefixes(inputs.config, inputs.facts);
  named_ = {"lo", std::string(model::kSelfDevice)};
  for (const auto& line : inputs.config.lines) named_.insert(line.interface);
  for (const auto& lan : inputs.config.lans) named_.insert(lan.interface);
  for (const auto& config : inputs.config.uplinks) {
    if (!config.interface().empty()) named_.insert(config.interface());
    const auto number = inputs.numbers.find(config.id.name);
    if (number == inputs.numbers.end() || config.device().empty() || foreign_device(inputs.surroundings, config))
      continue;
    named_.insert(config.device());
    const auto facts = inputs.facts.find(config.id.name);
    if (facts == inputs.facts.end())
      uplinks_.push_back({.config = &config, .mtu = config.mtu});
    else
      uplinks_.push_back(join(config, facts->second, holds(held, config.id), prefixes.held.at(config.id.name)));
    uplinks_.back().number = number->second;
  }
  carry();
  pass_over();
}

UplinkView View::join(const model::UplinkConfig& config, const model::UplinkFacts& facts, bool is_held,
                      const std::vector<const model::PrefixFacts*>& prefixes) const {
  UplinkView uplink{.config = &config, .facts = &facts, .mtu = facts.mtu != 0 ? facts.mtu : config.mtu};
  if (facts.attached && facts.v4 && !is_held) uplink.address = facts.v4->local;
  if (facts.attached && facts.v6) {
    uplink.link_local = facts.v6->local;
    uplink.addresses6 = facts.v6->addresses;
  }
  uplink.translation = make_translation(uplink.address, facts.ports);
  uplink.usable = {facts.usable(Family::V4) && !is_held, facts.usable(Family::V6)};
  const bool has_lan = first_lan(uplink) != nullptr;
  for (const auto* prefix : prefixes) {
    if (!prefix->shared) uplink.prefixes.push_back({.prefix = prefix->prefix.canonical(), .facts = prefix});
    if (prefix->shared && has_lan) uplink.shared.push_back({prefix->prefix.canonical(), prefix});
  }
  std::ranges::stable_partition(uplink.prefixes, &Delegation::confirmed);
  std::ranges::stable_partition(uplink.shared, [](const SharedPrefix& one) { return one.facts->confirmed; });
  uplink.carries6 = uplink.usable.v6 && (!uplink.addresses6.empty() || uplink.delegation() != nullptr);
  return uplink;
}

/// Who stands on another needs that one's IPv6, and addresses of its own on that one's device.
void View::carry() {
  std::vector<UplinkView*> children;
  for (UplinkView& uplink : uplinks_)
    if (uplink.config->parent() != nullptr) children.push_back(&uplink);
  for (UplinkView* child : children) {
    const auto parent = std::ranges::find(uplinks_, child->config->parent()->name, &UplinkView::name);
    const auto footing = footing_of(config(), inputs_.facts, *child->config);
    if (parent == uplinks_.end() || !footing.usable) {
      child->usable = {};
      child->carries6 = false;
    } else if (child->facts != nullptr) {
      parent->outer.insert(parent->outer.end(), child->facts->outer.begin(), child->facts->outer.end());
    }
    if (parent != uplinks_.end() && footing.ends) child->carrier = &*parent;
  }
  for (UplinkView& uplink : uplinks_) {
    std::ranges::sort(uplink.outer);
    const auto [first, last] = std::ranges::unique(uplink.outer);
    uplink.outer.erase(first, last);
  }
}

/// A wrong verdict must not cut the last road.
void View::pass_over() {
  for (Family family : kFamilies) {
    const bool another = std::ranges::any_of(uplinks_, [&](const UplinkView& uplink) {
      return uplink.config->default_route && uplink.carries(family) && !uplink.dead(family);
    });
    for (UplinkView& uplink : uplinks_) uplink.passed_over[family] = another && uplink.dead(family);
  }
}

const UplinkView* View::find(std::string_view name) const {
  auto at = std::ranges::find_if(uplinks_, [&](const UplinkView& uplink) { return uplink.name() == name; });
  return at == uplinks_.end() ? nullptr : &*at;
}

const UplinkView* View::find_device(std::string_view device) const {
  auto at = std::ranges::find_if(uplinks_, [&](const UplinkView& uplink) { return uplink.device() == device; });
  return at == uplinks_.end() ? nullptr : &*at;
}

bool View::is_lan(const std::string& interface) const {
  return holds(config().lans, interface, &model::LanConfig::interface);
}

std::set<std::string> View::outside() const {
  std::set<std::string> found;
  for (const auto& uplink : config().uplinks)
    if (!uplink.interface().empty() && !is_lan(uplink.interface())) found.insert(uplink.interface());
  return found;
}

std::vector<model::AddressEntry> View::foreign_addresses() const {
  std::vector<model::AddressEntry> found;
  for (const auto& entry : inputs_.surroundings.addresses) {
    const auto* v6 = entry.address.address.v6();
    if (named(entry.device) || (v6 != nullptr && v6->is_link_local())) continue;
    found.push_back(entry);
  }
  return found;
}

std::vector<Prefix> View::routed(const UplinkView& uplink) const {
  std::vector<Prefix> found;
  for (const auto& lan : config().lans) {
    if (lan.nat || lan.uplink != uplink.config->id) continue;
    found.insert(found.end(), lan.addresses.begin(), lan.addresses.end());
  }
  return disjoint(std::move(found));
}

std::vector<Prefix> View::own(const UplinkView& uplink) const {
  std::vector<Prefix> found = routed(uplink);
  if (uplink.address) found.push_back(Prefix::host(*uplink.address));
  for (const auto& publish : config().publishes)
    if (publish.address && holds(publish.uplinks, uplink.config->id)) found.push_back(Prefix::host(*publish.address));
  for (const auto& address : uplink.addresses6) found.push_back(Prefix::host(address));
  for (const auto& outer : uplink.outer) found.push_back(Prefix::host(outer.address));
  for (const auto& delegation : uplink.prefixes)
    if (delegation.confirmed()) found.push_back(delegation.prefix);
  for (const auto& shared : uplink.shared)
    if (shared.facts->confirmed) found.push_back(shared.prefix);
  return disjoint(std::move(found));
}

std::vector<Prefix> View::own(const UplinkView& uplink, Family family) const {
  auto found = own(uplink);
  std::erase_if(found, [&](const Prefix& prefix) { return prefix.family() != family; });
  return found;
}

bool View::owns(const UplinkView& uplink, const Address& address) const {
  return std::ranges::any_of(own(uplink, address.family()), [&](const Prefix& own) { return own.contains(address); });
}

std::vector<Prefix> disjoint(std::vector<Prefix> prefixes) {
  for (auto& prefix : prefixes) prefix = prefix.canonical();
  // Shorter first, so that what is kept can swallow what follows.
  std::ranges::sort(prefixes, [](const Prefix& a, const Prefix& b) {
    return std::tie(a.length, a.address) < std::tie(b.length, b.address);
  });
  std::vector<Prefix> kept;
  for (const auto& prefix : prefixes)
    if (std::ranges::none_of(
            kept, [&](const Prefix& other) { return other.family() == prefix.family() && other.contains(prefix); }))
      kept.push_back(prefix);
  std::ranges::sort(kept);
  return kept;
}

std::vector<model::PortRange> disjoint(std::vector<model::PortRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<model::PortRange> merged;
  for (const auto& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().last)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  return merged;
}

std::vector<model::UplinkId> duplicate_addresses(const model::Config& config, const AllFacts& facts) {
  std::set<Ipv4> taken;
  std::vector<model::UplinkId> later;
  for (const auto& uplink : config.uplinks) {
    auto at = facts.find(uplink.id.name);
    if (at == facts.end() || !at->second.v4) continue;
    if (!taken.insert(at->second.v4->local).second) later.push_back(uplink.id);
  }
  return later;
}

}  // namespace michi::policy

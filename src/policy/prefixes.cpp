// What delegated prefixes are good for: who holds which, how each is divided, what a LAN gets of them.

#include "policy/prefixes.hpp"

#include <algorithm>
#include <array>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

constexpr std::uint8_t kSubnetLength = 64;
constexpr std::uint8_t kShortest = 16;  // nobody is given more than that
// Of a /64 that belongs to hosts the router takes two identifiers no host chooses by itself.
constexpr std::uint64_t kDeviceHost = 1, kSelfHost = 2;
constexpr std::uint64_t kSharedDeviceHost = 0x6d69'0001, kSharedSelfHost = 0x6d69'0002;

std::uint64_t network_of(const Prefix& prefix) {
  std::uint64_t upper = 0;
  for (unsigned i = 0; i < 8; ++i) upper = upper << 8 | prefix.address.v6()->octets[i];
  return upper;
}

Ipv6 address_of(std::uint64_t network, std::uint64_t host) {
  Ipv6 address;
  for (unsigned i = 0; i < 8; ++i) {
    address.octets[7 - i] = static_cast<std::uint8_t>(network >> (8 * i));
    address.octets[15 - i] = static_cast<std::uint8_t>(host >> (8 * i));
  }
  return address;
}

/// How many subnets it has, less one.
std::uint64_t last_subnet(const Prefix& prefix) {
  return prefix.length == kSubnetLength ? 0 : ~std::uint64_t{0} >> prefix.length;
}

/// A peer may give anything; what is not for hosts, or is too much of the internet, is not taken.
bool can_be_held(const model::PrefixFacts& facts) {
  static const std::array<Prefix, 3> kNever = {*parse_prefix("::/8"), *parse_prefix("fe80::/10"),
                                               *parse_prefix("ff00::/8")};
  const auto& prefix = facts.prefix;
  if (prefix.family() != Family::V6 || (facts.shared && prefix.length != kSubnetLength)) return false;
  if (prefix.length < kShortest || prefix.length > kSubnetLength) return false;
  return std::ranges::none_of(kNever, [&](const Prefix& never) { return never.overlaps(prefix); });
}

/// The file gives a LAN addresses of it: there it is, as a whole.
bool is_of_a_lan(const model::Config& config, const Prefix& prefix) {
  return std::ranges::any_of(config.lans, [&](const model::LanConfig& lan) {
    return std::ranges::any_of(
        lan.addresses, [&](const Prefix& own) { return own.family() == prefix.family() && own.overlaps(prefix); });
  });
}

bool may_use(const model::LanConfig& lan, const UplinkView& uplink) {
  return !lan.uplink || *lan.uplink == uplink.config->id;
}

}  // namespace

HeldPrefixes hold_prefixes(const model::Config& config, const AllFacts& facts) {
  HeldPrefixes found;
  std::vector<std::pair<Prefix, std::string>> taken;
  for (const auto& uplink : config.uplinks) found.held[uplink.id.name];
  for (const bool confirmed : {true, false})
    for (const auto& uplink : config.uplinks) {
      const auto at = facts.find(uplink.id.name);
      if (at == facts.end()) continue;
      for (const auto& prefix : at->second.prefixes) {
        if (prefix.confirmed != confirmed || (prefix.on_link && !prefix.shared)) continue;
        if (prefix.shared && is_of_a_lan(config, prefix.prefix)) continue;
        const auto holder =
            std::ranges::find_if(taken, [&](const auto& other) { return other.first.overlaps(prefix.prefix); });
        if (holder != taken.end() && holder->second == uplink.id.name) continue;
        if (holder != taken.end() || !can_be_held(prefix)) {
          found.refused.emplace_back(uplink.id, prefix.prefix.canonical());
          continue;
        }
        taken.emplace_back(prefix.prefix, uplink.id.name);
        found.held[uplink.id.name].push_back(&prefix);
      }
    }
  return found;
}

std::optional<Prefix> Delegation::subnet(std::uint64_t k) const {
  const auto last = last_subnet(prefix);
  if (k > last || (k == last && last != 0)) return std::nullopt;
  return Prefix{address_of(network_of(prefix) | k, 0), kSubnetLength};
}

std::optional<Prefix> Delegation::reserved() const {
  const auto last = last_subnet(prefix);
  if (last == 0) return std::nullopt;
  return Prefix{address_of(network_of(prefix) | last, 0), kSubnetLength};
}

Ipv6 Delegation::device_address() const {
  const auto last = last_subnet(prefix);
  return address_of(network_of(prefix) | last, last == 0 ? kSharedDeviceHost : kDeviceHost);
}

Ipv6 Delegation::self_address() const {
  const auto last = last_subnet(prefix);
  return address_of(network_of(prefix) | last, last == 0 ? kSharedSelfHost : kSelfHost);
}

const Delegation* UplinkView::delegation() const {
  return prefixes.empty() || !prefixes.front().confirmed() ? nullptr : &prefixes.front();
}

std::optional<Ipv6> UplinkView::source6() const {
  if (const auto* confirmed = delegation()) return confirmed->device_address();
  if (!addresses6.empty()) return addresses6.front();
  return std::nullopt;
}

std::vector<Ipv6> UplinkView::device_addresses() const {
  std::vector<Ipv6> found = addresses6;
  const auto add = [&](const Ipv6& own) {
    if (!holds(found, own)) found.push_back(own);
  };
  for (const auto& delegation : prefixes) add(delegation.device_address());
  for (const auto& needed : outer) add(needed.address);
  return found;
}

std::uint16_t UplinkView::mtu_of(Family family) const {
  const std::uint32_t said = family == Family::V6 && facts != nullptr && facts->v6 ? facts->v6->mtu : 0;
  return said >= 1280 && said < mtu ? static_cast<std::uint16_t>(said) : mtu;  // RFC 8200 §5
}

bool View::governs(Family family) const {
  return family == Family::V4 || std::ranges::any_of(uplinks_, [](const UplinkView& uplink) {
           return !uplink.prefixes.empty() || !uplink.addresses6.empty() ||
                  (uplink.traits().expects_ipv6 && uplink.config->ipv6);
         });
}

std::optional<Prefix> View::ula() const {
  const bool wanted =
      std::ranges::any_of(config().lans, [](const auto& lan) { return lan.ula == model::UlaKind::Auto; });
  return wanted ? inputs_.ula : std::nullopt;
}

std::vector<Subnet> View::subnets(const model::LanConfig& lan) const {
  std::vector<Subnet> found;
  if (lan.ula == model::UlaKind::Fixed && lan.ula_prefix) found.push_back({.prefix = lan.ula_prefix->canonical()});
  if (lan.ula == model::UlaKind::Auto && inputs_.ula)
    if (auto own = Delegation{.prefix = *inputs_.ula}.subnet(lan.subnet)) found.push_back({.prefix = *own});
  for (const auto& uplink : uplinks_) {
    if (!may_use(lan, uplink)) continue;
    const bool is_first = first_lan(uplink) == &lan;
    const bool passed_over = uplink.passed_over.v6 && !lan.uplink;
    for (const auto& delegation : uplink.prefixes) {
      const bool single = !delegation.reserved();
      if (single && !is_first) continue;
      if (auto subnet = delegation.subnet(single ? 0 : lan.subnet))
        found.push_back({.prefix = *subnet, .uplink = &uplink, .facts = delegation.facts, .passed_over = passed_over});
    }
    for (const auto& shared : uplink.shared)
      if (is_first)
        found.push_back({.prefix = shared.prefix,
                         .uplink = &uplink,
                         .facts = shared.facts,
                         .passed_over = passed_over,
                         .by_proxy = true});
  }
  return found;
}

std::vector<Prefix> View::prefixes_of(const UplinkView& uplink) {
  std::vector<Prefix> found;
  for (const auto& delegation : uplink.prefixes) found.push_back(delegation.prefix);
  if (uplink.facts != nullptr)
    for (const auto& prefix : uplink.facts->prefixes)
      if (prefix.on_link && prefix.prefix.family() == Family::V6) found.push_back(prefix.prefix);
  return disjoint(std::move(found));
}

Ipv6 address_in(const Prefix& subnet, std::uint64_t identifier) { return address_of(network_of(subnet), identifier); }

const model::LanConfig* View::first_lan(const UplinkView& uplink) const {
  const model::LanConfig* first = nullptr;
  for (const auto& lan : config().lans)
    if (lan.advertise && may_use(lan, uplink) &&
        (first == nullptr || std::tie(lan.subnet, lan.name) < std::tie(first->subnet, first->name)))
      first = &lan;
  return first;
}

std::vector<Ipv6> View::router_addresses(const model::LanConfig& lan, const Subnet& subnet) {
  if (subnet.by_proxy) return {};
  std::vector<Ipv6> found = {address_in(subnet.prefix, kDeviceHost)};
  for (const auto& host : lan.hosts) {
    const auto address = address_in(subnet.prefix, host.interface_id());
    if (!holds(found, address)) found.push_back(address);
  }
  return found;
}

std::optional<Ipv6> View::self_source6() const {
  // The uplink that most of them take, so that most of them keep their source.
  std::vector<const UplinkView*> order;
  const auto& choices = inputs_.selector.choices(Family::V6);
  for (auto line = config().policies.rbegin(); line != config().policies.rend(); ++line) {
    const bool is_self =
        std::holds_alternative<model::FromAnywhere>(line->from) || std::holds_alternative<model::FromSelf>(line->from);
    if (!is_self || line->index >= choices.size()) continue;
    for (const auto& id : choices[line->index].usable)
      if (const auto* uplink = find(id.name)) order.push_back(uplink);
    break;
  }
  for (const bool is_default : {true, false})
    for (const auto& uplink : uplinks_)
      if (uplink.config->default_route == is_default) order.push_back(&uplink);
  std::erase_if(order, [](const UplinkView* uplink) { return !uplink->carries6; });
  for (const auto* uplink : order)
    if (const auto* delegation = uplink->delegation()) return delegation->self_address();
  return order.empty() ? std::nullopt : order.front()->source6();
}

}  // namespace michi::policy

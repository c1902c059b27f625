#include "policy/match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/overloaded.hpp"
#include "policy/openings.hpp"
#include "policy/slots.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

bool is_in(const std::vector<Prefix>& prefixes, const Address& address) {
  return std::ranges::any_of(prefixes,
                             [&](const Prefix& p) { return p.family() == address.family() && p.contains(address); });
}

/// Bob Jenkins' lookup3 as linux/jhash.h has it, for whole words. The kernel reads the packet's bytes as
/// little-endian words.
std::uint32_t jhash(Bytes key, std::uint32_t seed) {
  std::uint32_t a = 0xdeadbeefU + static_cast<std::uint32_t>(key.size()) + seed;
  std::uint32_t b = a, c = a;
  auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4 && at + i < key.size(); ++i)
      value |= std::to_integer<std::uint32_t>(key[at + i]) << (8 * i);
    return value;
  };
  auto fold = [](std::uint32_t& x, std::uint32_t y, int turn) { x = (x ^ y) - std::rotl(y, turn); };
  std::size_t at = 0;
  for (; key.size() - at > 12; at += 12) {
    a += word(at), b += word(at + 4), c += word(at + 8);
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }
  a += word(at), b += word(at + 4), c += word(at + 8);
  fold(c, b, 14);
  fold(a, c, 11);
  fold(b, a, 25);
  fold(c, b, 16);
  fold(a, c, 4);
  fold(b, a, 14);
  fold(c, b, 24);
  return c;
}

bool port_in(const std::vector<model::PortRange>& ranges, std::uint16_t port) {
  return std::ranges::any_of(ranges, [&](const auto& range) { return range.first <= port && port <= range.last; });
}

bool layer4_matches(model::Protocol wanted, const std::vector<model::PortRange>& ports, const FlowQuery& query) {
  if (wanted != model::Protocol::Any && wanted != query.protocol) return false;
  if (ports.empty() || wanted == model::Protocol::Icmp) return true;
  const bool has_ports = query.protocol == model::Protocol::Tcp || query.protocol == model::Protocol::Udp;
  return has_ports && port_in(ports, query.port);
}

}  // namespace

bool matches(const View& view, const model::PolicyConfig& policy, const FlowQuery& query, const Address& source,
             const std::string& arrives_on, bool own) {
  if (std::holds_alternative<model::FromSelf>(policy.from) && !own) return false;
  if (const auto* from = std::get_if<model::FromLan>(&policy.from)) {
    const auto* lan = view.config().find_lan(from->name);
    if (own || lan == nullptr || lan->interface != arrives_on) return false;
  }
  if (const auto* prefix = std::get_if<Prefix>(&policy.from))
    if (prefix->family() != source.family() || !prefix->contains(source)) return false;
  auto is_of = [&](const model::UplinkId& id, const Address& address) {
    const auto* uplink = view.find(id.name);
    return uplink != nullptr && is_in(View::prefixes_of(*uplink), address);
  };
  if (const auto* prefix = std::get_if<model::FromPrefix>(&policy.from); prefix && !is_of(prefix->uplink, source))
    return false;
  auto leads_into = [&](const model::UplinkId& id) { return is_of(id, query.destination); };
  if (policy.names_destinations() && !is_in(policy.to, query.destination) &&
      std::ranges::none_of(policy.to_prefixes, leads_into))
    return false;
  return layer4_matches(policy.protocol, policy.ports, query);
}

namespace {

bool is_open4(const View& view, const model::PublishConfig& publish, const Ipv4& destination) {
  if (!publish.to) return false;
  if (publish.address) return *publish.address == destination;
  return std::ranges::any_of(publish.uplinks, [&](const model::UplinkId& id) {
    const auto* uplink = view.find(id.name);
    return uplink != nullptr && uplink->address == destination && can_publish(publish, uplink->translation);
  });
}

/// From inside only what is translated differs from a packet to that address.
bool is_open6(const View& view, const model::PublishConfig& publish, const Ipv6& destination, const UplinkView* from) {
  if (from == nullptr && !(publish.to6 && std::holds_alternative<model::ToSelf>(*publish.to6))) return false;
  return std::ranges::any_of(openings(view, publish), [&](const Opening& opening) {
    return opening.address == destination && (from == nullptr || opening.uplink == from);
  });
}

}  // namespace

std::string foreign_port(const View& view, const FlowQuery& query) {
  const auto* destination = query.destination.v4();
  if (destination == nullptr || query.port == 0) return "";
  for (const auto& uplink : view.uplinks())
    if (uplink.address == *destination)
      return foreign_ports({query.port, query.port}, uplink.name(), uplink.translation);
  return "";
}

bool names_service(const model::PublishConfig& publish, const FlowQuery& query) {
  const bool any_port = publish.ports.first == 0;
  return layer4_matches(publish.protocol, any_port ? std::vector<model::PortRange>{} : std::vector{publish.ports},
                        query);
}

bool matches(const View& view, const model::PublishConfig& publish, const FlowQuery& query, const Address& source,
             const UplinkView* from) {
  const auto* v4 = query.destination.v4();
  const bool is_open =
      v4 != nullptr ? is_open4(view, publish, *v4) : is_open6(view, publish, *query.destination.v6(), from);
  if (!foreign_port(view, query).empty()) return false;
  return is_open && (publish.allow.empty() || is_in(publish.allow, source)) && names_service(publish, query);
}

bool stays_here(const View& view, const model::PublishConfig& publish, Family family) {
  if (family == Family::V4) return publish.to && std::holds_alternative<model::ToLocal>(*publish.to);
  return ends_here(view, publish) && !std::holds_alternative<model::ToSelf>(*publish.to6);
}

std::string target_of(const View& view, const model::PublishConfig& publish, const FlowQuery& query) {
  const Family family = query.destination.family();
  if (stays_here(view, publish, family)) return "the router itself";
  Address host = query.destination;
  std::uint16_t first = 0;
  if (family == Family::V4) {
    const auto* to = std::get_if<model::ToHost>(&*publish.to);
    host = to != nullptr ? to->host : view.internal();
    first = to != nullptr ? to->port : std::get<model::ToSelf>(*publish.to).port;
  } else if (const auto* self = std::get_if<model::ToSelf>(&*publish.to6)) {
    for (const auto& opening : openings(view, publish))
      if (query.destination == Address(opening.address))
        host = inner_address(view, *opening.uplink).value_or(opening.address);
    first = self->port;
  }
  const bool has_ports = publish.ports.first != 0 && publish.protocol != model::Protocol::Icmp;
  if (!has_ports) return to_text(host);
  if (first == 0) first = publish.ports.first;
  const auto port = query.port - publish.ports.first + first;
  return family == Family::V4 ? fmt::format("{}:{}", to_text(host), port) : fmt::format("[{}]:{}", to_text(host), port);
}

std::optional<std::size_t> slot_of(const model::PolicyConfig& policy, const Address& source,
                                   const Address& destination) {
  if (policy.sticky == model::Sticky::None) return std::nullopt;
  ByteVec key = source.bytes();
  if (policy.sticky == model::Sticky::SourceDestination) {
    const auto second = destination.bytes();
    key.insert(key.end(), second.begin(), second.end());
  }
  return static_cast<std::size_t>(std::uint64_t{jhash(key, hash_seed(policy))} * kSlots >> 32);
}

bool is_routers(const View& view, const Address& address) {
  if (address == Address(view.internal())) return true;
  for (const auto& uplink : view.uplinks()) {
    if (uplink.address && address == Address(*uplink.address)) return true;
    if (address.v6() != nullptr && holds(uplink.device_addresses(), *address.v6())) return true;
    for (const auto& delegation : uplink.prefixes)
      if (address == Address(delegation.self_address())) return true;
  }
  for (const auto& lan : view.config().lans) {
    for (const auto& own : lan.addresses)
      if (own.address == address) return true;
    for (const auto& subnet : view.subnets(lan))
      if (address.v6() != nullptr && holds(View::router_addresses(lan, subnet), *address.v6())) return true;
  }
  const auto& all = view.inputs().surroundings.addresses;
  return std::ranges::any_of(all, [&](const model::AddressEntry& entry) {
    return entry.address.address == address || (entry.device == "lo" && entry.address.contains(address));
  });
}

namespace {

/// Prefix by prefix: a host keeps its identifier, so hosts can still be told apart outside.
Translated translated6(const View& view, const UplinkView& uplink, const Ipv6& source) {
  if (is_in(view.own(uplink), source))
    return {to_text(source), fmt::format("{} is an address of {}: not translated", to_text(source), uplink.name())};
  const auto* delegation = uplink.delegation();
  const auto reserved = delegation == nullptr ? std::nullopt : delegation->reserved();
  const auto own = uplink.source6();
  if (!reserved) return {own ? to_text(*own) : "", ""};
  Ipv6 translated = *reserved->address.v6();
  std::ranges::copy_n(source.octets.begin() + 8, 8, translated.octets.begin() + 8);
  return {to_text(translated), fmt::format("translated into {}", to_text(*reserved))};
}

}  // namespace

Translated translated(const View& view, const UplinkView& uplink, const Address& source) {
  if (const auto* v6 = source.v6()) return translated6(view, uplink, *v6);
  for (const auto& block : view.routed(uplink))
    if (block.family() == Family::V4 && block.contains(source))
      return {to_text(source), fmt::format("{} is routed to {}: not translated", to_text(block), uplink.name())};
  return std::visit(Overloaded{[](const NoTranslation&) { return Translated{}; },
                               [](const ToAddress& to) { return Translated{to_text(to.address), ""}; },
                               [&](const ToPorts& to) {
                                 return Translated{to_text(to.address), fmt::format("with one of {}'s {} ports",
                                                                                    uplink.name(), to.ports.size())};
                               }},
                    uplink.translation);
}

std::string dead_text(const UplinkView& uplink, Family family) {
  if (uplink.is_carrier_dead())
    return fmt::format("{} is carried by {}, and {}", uplink.name(), uplink.carrier->name(),
                       dead_text(*uplink.carrier, Family::V6));
  return fmt::format("{} is judged dead by its probe: {}", uplink.name(), uplink.facts->health[family].detail);
}

namespace {

/// The reason of an uplink that another one stands on is a reason for that one.
std::string why_not_carried(const UplinkView& uplink) {
  const auto* parent = uplink.config->parent();
  if (parent == nullptr || (uplink.carrier != nullptr && uplink.carrier->usable.v6)) return "";
  if (uplink.carrier == nullptr) return fmt::format("is carried by {}, which has no device", parent->name);
  return fmt::format("is carried by {}, and {}", parent->name, why_not(*uplink.carrier, Family::V6));
}

}  // namespace

std::string why_not(const UplinkView& uplink, Family family) {
  if (family == Family::V6 && uplink.usable.v6) return fmt::format("{} has no IPv6 prefix or address", uplink.name());
  if (uplink.facts == nullptr) return fmt::format("{} has not started", uplink.name());
  const auto reason = uplink.facts->reason == model::Reason::None
                          ? std::string()
                          : fmt::format(" ({})", model::to_text(uplink.facts->reason));
  const auto own = fmt::format("{} is {}{}", uplink.name(), model::to_text(uplink.facts->state), reason);
  const auto below = why_not_carried(uplink);
  if (below.empty()) return own;
  return uplink.facts->usable(family) ? fmt::format("{} {}", uplink.name(), below)
                                      : fmt::format("{}; it {}", own, below);
}

std::string neighbour_interface(const View& view, const Address& address) {
  std::string found;
  int longest = 0;
  auto consider = [&](std::string_view device, const Prefix& prefix) {
    if (prefix.family() != address.family() || prefix.length <= longest || !prefix.contains(address)) return;
    if (prefix.length == prefix.max_length() && prefix.address != address) return;
    found = device;
    longest = prefix.length;
  };
  // What the kernel says comes first: of equally long ones the first wins.
  for (const auto& route : view.inputs().surroundings.main_routes)
    if (route.type == model::RouteType::Unicast) consider(route.device.view(), route.to);
  for (const auto& lan : view.config().lans)
    for (const auto& own : lan.addresses) consider(lan.interface, own);
  for (const auto& lan : view.config().lans)
    for (const auto& subnet : view.subnets(lan))
      if (!subnet.by_proxy) consider(lan.interface, subnet.prefix);
  for (const auto& host : view.inputs().neighbours) consider(host.device, Prefix::host(host.address));
  for (const auto& uplink : view.uplinks())
    for (const auto& shared : uplink.shared)
      if (shared.facts->confirmed && uplink.usable.v6) consider(uplink.device(), shared.prefix);
  for (const auto& entry : view.inputs().surroundings.addresses)
    if (entry.device != "lo" && view.find_device(entry.device) == nullptr) consider(entry.device, entry.address);
  return found;
}

}  // namespace michi::policy

#include "policy/match.hpp"

#include <fmt/format.h>

#include <bit>

#include "policy/nft.hpp"

namespace michi::policy {

namespace {

bool is_in(const std::vector<Prefix>& prefixes, const Address& address) {
  return std::ranges::any_of(prefixes,
                             [&](const Prefix& p) { return p.family() == address.family() && p.contains(address); });
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

bool matches(const View& view, const model::PolicyConfig& line, const FlowQuery& query, const Address& source,
             const std::string& arrives_on, bool own) {
  if (std::holds_alternative<model::FromSelf>(line.from) && !own) return false;
  if (const auto* from = std::get_if<model::FromLan>(&line.from)) {
    const auto* lan = view.config().find_lan(from->name);
    if (own || lan == nullptr || lan->interface != arrives_on) return false;
  }
  if (const auto* prefix = std::get_if<Prefix>(&line.from))
    if (prefix->family() != source.family() || !prefix->contains(source)) return false;
  if (!line.to.empty() && !is_in(line.to, query.destination)) return false;
  return layer4_matches(line.protocol, line.ports, query);
}

bool matches(const View& view, const model::PublishConfig& line, const FlowQuery& query, const Address& source) {
  const Ipv4* destination = query.destination.v4();
  if (destination == nullptr) return false;
  bool ours = line.address == *destination;
  if (!line.address)
    ours = std::ranges::any_of(line.uplinks, [&](const model::UplinkId& id) {
      const auto* uplink = view.find(id.name);
      return uplink != nullptr && uplink->address == *destination;
    });
  if (!ours || (!line.allow.empty() && !is_in(line.allow, source))) return false;
  const bool any_port = line.ports.first == 0;
  return layer4_matches(line.protocol, any_port ? std::vector<model::PortRange>{} : std::vector{line.ports}, query);
}

std::string target_of(const View& view, const model::PublishConfig& line, std::uint16_t port) {
  Ipv4 host = view.internal();
  std::uint16_t first = 0;
  if (const auto* to = std::get_if<model::ToHost>(&line.to)) {
    host = to->host;
    first = to->port;
  } else if (const auto* self = std::get_if<model::ToSelf>(&line.to)) {
    first = self->port;
  } else {
    return "the router itself";
  }
  const bool has_ports = line.ports.first != 0 && line.protocol != model::Protocol::Icmp;
  if (!has_ports) return to_text(host);
  if (first == 0) first = line.ports.first;
  return fmt::format("{}:{}", to_text(host), port - line.ports.first + first);
}

std::optional<std::size_t> slot_of(const model::PolicyConfig& line, Ipv4 source, Ipv4 destination) {
  if (line.sticky == model::Sticky::None) return std::nullopt;
  const bool both = line.sticky == model::Sticky::SourceDestination;
  // Bob Jenkins' lookup3 as linux/jhash.h has it, for one or two words. The kernel reads the packet's
  // bytes as little-endian words.
  std::uint32_t a = 0xdeadbeefU + (both ? 8U : 4U) + hash_seed(line);
  std::uint32_t b = a, c = a;
  a += std::byteswap(source.value);
  if (both) b += std::byteswap(destination.value);
  auto fold = [](std::uint32_t& x, std::uint32_t y, int turn) { x = (x ^ y) - std::rotl(y, turn); };
  fold(c, b, 14);
  fold(a, c, 11);
  fold(b, a, 25);
  fold(c, b, 16);
  fold(a, c, 4);
  fold(b, a, 14);
  fold(c, b, 24);
  return static_cast<std::size_t>(std::uint64_t{c} * kSlots >> 32);
}

}  // namespace michi::policy

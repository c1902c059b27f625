// Published services against LANs, uplinks and each other.
#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"

namespace michi::config {

namespace {

bool touch(const model::PortRange& a, const model::PortRange& b) { return a.first <= b.last && b.first <= a.last; }

void check_target(Draft& draft, const model::PublishConfig& publish) {
  const Position at = draft.reading.place(publish_path(publish.index) + ".to");
  const auto* host = publish.to ? std::get_if<model::ToHost>(&*publish.to) : nullptr;
  if (host == nullptr || host->port == 0) return;
  const model::LanConfig* lan = lan_of(draft.config, Address(host->host));
  if (lan == nullptr) {
    draft.reading.report.warning(
        at, "target-outside",
        fmt::format("publish {}: {} is in no LAN of this file", publish.index + 1, to_text(host->host)));
  } else if (std::ranges::any_of(lan->addresses,
                                 [&](const Prefix& own) { return own.address == Address(host->host); })) {
    draft.reading.report.warning(at, "target-is-router",
                                 fmt::format("publish {}: {} is the router's own address in [lan.{}]",
                                             publish.index + 1, to_text(host->host), lan->name),
                                 fmt::format("write to = \"self:{}\"", host->port));
  }
}

void check_families(Draft& draft, const model::PublishConfig& publish) {
  const std::string path = publish_path(publish.index);
  auto check = [&](int version, Family family, bool is_open, const auto& uplinks, auto has_family) {
    if (!is_open) return;
    for (const model::UplinkId& id : uplinks) {
      const model::UplinkConfig* uplink = draft.config.find(id);
      if (uplink == nullptr || has_family(*uplink)) continue;
      draft.reading.report.warning(
          draft.reading.place(path + ".uplink"), fmt::format("no-ipv{}", version),
          fmt::format("publish {}: uplink {} has ipv{} = false: nothing opens there over IPv{}", publish.index + 1,
                      in_quotes(id.name), version, version));
    }
    if (publish.allow.empty() ||
        std::ranges::any_of(publish.allow, [&](const Prefix& allowed) { return allowed.family() == family; }))
      return;
    draft.reading.report.warning(draft.reading.place(path + ".allow"), "allow-family",
                                 fmt::format("publish {}: no IPv{} prefix is allowed: over IPv{} nobody is let in",
                                             publish.index + 1, version, version));
  };
  check(4, Family::V4, publish.to.has_value(), publish.uplinks, [](const auto& uplink) { return uplink.ipv4; });
  check(6, Family::V6, publish.to6.has_value(), publish.uplinks6, [](const auto& uplink) { return uplink.ipv6; });
}

/// Hosts of a LAN that belongs to one uplink have no address of another.
void check_lan_of_host(Draft& draft, const model::PublishConfig& publish) {
  const auto* host = publish.to6 ? std::get_if<model::ToHost6>(&*publish.to6) : nullptr;
  const model::LanConfig* lan = host == nullptr ? nullptr : draft.config.find_lan(host->lan);
  if (lan == nullptr || !lan->uplink) return;
  for (const model::UplinkId& id : publish.uplinks6)
    if (id != *lan->uplink)
      draft.reading.report.error(
          draft.reading.place(publish_path(publish.index) + ".to6"), "foreign-lan",
          fmt::format("publish {}: [lan.{}] belongs to uplink {}, its hosts have no address of {}", publish.index + 1,
                      lan->name, in_quotes(lan->uplink->name), in_quotes(id.name)));
}

void check_block_address(Draft& draft, const model::PublishConfig& publish) {
  if (!publish.address) return;
  const Position at = draft.reading.place(publish_path(publish.index) + ".address");
  for (const model::UplinkId& id : publish.uplinks) {
    const model::LanConfig* lan = lan_of(draft.config, Address(*publish.address));
    if (lan != nullptr && lan->uplink && *lan->uplink != id) {
      draft.reading.report.error(
          at, "foreign-block",
          fmt::format("publish {}: {} is of the block of uplink {}, not of {}", publish.index + 1,
                      to_text(*publish.address), in_quotes(lan->uplink->name), in_quotes(id.name)));
    } else if (lan != nullptr && !lan->uplink) {
      draft.reading.report.warning(at, "inner-address",
                                   fmt::format("publish {}: {} is an address of [lan.{}], which no provider routes",
                                               publish.index + 1, to_text(*publish.address), lan->name),
                                   "the LAN host goes into to = \"…\"");
    }
  }
}

bool is_routers(const model::PublishConfig& publish) {
  return publish.to6 && !std::holds_alternative<model::ToHost6>(*publish.to6);
}

void check_pair(Draft& draft, const model::PublishConfig& first, const model::PublishConfig& second) {
  // Over IPv6 every host has the port at an address of its own; only the router's can be taken twice.
  const bool both4 = first.to && second.to && first.address == second.address;
  const bool both6 = is_routers(first) && is_routers(second);
  auto shared = [](const auto& a, const auto& b) {
    return std::ranges::find_if(a, [&](const auto& id) { return std::ranges::find(b, id) != b.end(); });
  };
  const auto at4 = shared(second.uplinks, first.uplinks);
  const auto at6 = shared(second.uplinks6, first.uplinks6);
  const model::UplinkId* at = nullptr;
  if (both4 && at4 != second.uplinks.end())
    at = &*at4;
  else if (both6 && at6 != second.uplinks6.end())
    at = &*at6;
  if (at == nullptr) return;
  draft.reading.report.error(draft.reading.place(publish_path(second.index)), "published-twice",
                             fmt::format("publish {} and publish {} both take {} port {} of uplink {}", first.index + 1,
                                         second.index + 1, second.protocol == model::Protocol::Tcp ? "tcp" : "udp",
                                         to_text(model::PortRange{std::max(first.ports.first, second.ports.first),
                                                                  std::min(first.ports.last, second.ports.last)}),
                                         in_quotes(at->name)));
}

}  // namespace

const model::LanConfig* lan_of(const model::Config& config, const Address& address) {
  for (const model::LanConfig& lan : config.lans) {
    if (std::ranges::any_of(lan.addresses, [&](const Prefix& own) { return own.contains(address); })) return &lan;
  }
  return nullptr;
}

void check_publishes(Draft& draft) {
  const std::vector<model::PublishConfig>& all = draft.config.publishes;
  for (const model::PublishConfig& publish : all) {
    check_target(draft, publish);
    check_families(draft, publish);
    check_lan_of_host(draft, publish);
    check_block_address(draft, publish);
    for (const model::PublishConfig& other : all) {
      if (other.index >= publish.index) break;
      if (other.protocol == publish.protocol && touch(other.ports, publish.ports)) check_pair(draft, other, publish);
    }
  }
}

}  // namespace michi::config

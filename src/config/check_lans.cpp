// LANs among themselves, against uplinks, and closed networks against both.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "config/draft.hpp"

namespace michi::config {

namespace {

bool is_private(const Prefix& prefix) {
  static const std::array<Prefix, 4> kPrivate = {*parse_prefix("10.0.0.0/8"), *parse_prefix("172.16.0.0/12"),
                                                 *parse_prefix("192.168.0.0/16"), *parse_prefix("100.64.0.0/10")};
  return std::ranges::any_of(kPrivate, [&](const Prefix& block) { return block.contains(prefix); });
}

void check_shared_wire(Draft& draft, const model::LanConfig& lan) {
  const std::string path = "lan." + lan.name;
  for (const model::UplinkConfig& uplink : draft.config.uplinks) {
    if (uplink.interface() != lan.interface || lan.interface.empty()) continue;
    if (!uplink.traits().counts_as_session) continue;  // refused elsewhere
    draft.reading.report.warning(
        draft.reading.place(path + ".interface"), "shared-wire",
        fmt::format("[{}] and [uplink.{}] share the interface {}", path, uplink.id.name, lan.interface),
        "right only if PPPoE and the LAN are meant to share one wire");
    return;
  }
}

void check_routed_block(Draft& draft, const model::LanConfig& lan) {
  Report& report = draft.reading.report;
  const std::string path = "lan." + lan.name;
  if (lan.uplink && !is_uplink(draft, {lan.uplink->name, draft.reading.place(path + ".uplink")}, "uplink")) return;
  if (lan.uplink && lan.nat) {
    report.warning(draft.reading.place(path + ".uplink"), "block-with-nat",
                   fmt::format("[{}] belongs to uplink {} and is still translated", path, in_quotes(lan.uplink->name)),
                   "write nat = false for a routed block");
  }
  if (!lan.uplink && !lan.nat) {
    report.warning(draft.reading.place(path + ".nat"), "no-nat-nowhere",
                   fmt::format("[{}] is not translated and belongs to no uplink: nothing of it can leave", path),
                   "write uplink = \"…\" for a routed block, or nat = true");
  }
  if (lan.uplink && !lan.nat && std::ranges::any_of(lan.addresses, is_private)) {
    report.warning(draft.reading.place(path + ".address"), "private-block",
                   fmt::format("[{}] has a private address and leaves untranslated", path),
                   "right only in a closed network");
  }
}

void check_dhcp(Draft& draft, const model::LanConfig& lan) {
  if (!lan.dhcp) return;
  const std::string path = "lan." + lan.name + ".dhcp";
  const Position at = draft.reading.place(path);
  const model::DhcpRange& range = *lan.dhcp;
  if (range.first.is_unspecified() || range.last.is_unspecified()) return;  // said already
  Report& report = draft.reading.report;
  if (range.last < range.first) {
    report.error(
        at, "bad-range",
        fmt::format("dhcp of [lan.{}]: {} comes after {}", lan.name, to_text(range.first), to_text(range.last)));
    return;
  }
  auto home = std::ranges::find_if(lan.addresses, [&](const Prefix& own) {
    return own.contains(Address(range.first)) && own.contains(Address(range.last));
  });
  if (home == lan.addresses.end()) {
    report.error(at, "bad-range",
                 fmt::format("dhcp of [lan.{}]: {} to {} is not inside its address", lan.name, to_text(range.first),
                             to_text(range.last)),
                 lan.addresses.empty() ? "" : fmt::format("inside {}", to_text(lan.addresses.front().canonical())));
  } else if (const Ipv4 own = *home->address.v4(); own >= range.first && own <= range.last) {
    report.warning(
        at, "range-holds-router",
        fmt::format("dhcp of [lan.{}]: the range holds the router's own address {}", lan.name, to_text(own)));
  }
}

struct Placed {
  const model::LanConfig* lan;
  Prefix address;
};

void check_overlaps(Draft& draft) {
  Report& report = draft.reading.report;
  std::vector<Placed> before;
  for (const model::LanConfig& lan : draft.config.lans) {
    const Position at = draft.reading.place(fmt::format("lan.{}.address", lan.name));
    for (const Prefix& address : lan.addresses) {
      if (address.address == Address(draft.config.global.router_address)) {
        report.error(at, "same-address",
                     fmt::format("[lan.{}] has the router's internal address {}", lan.name, to_text(address.address)),
                     "change it, or router.address");
      }
      for (const Placed& other : before) {
        const std::string whose = other.lan == &lan ? "twice" : fmt::format("and so has [lan.{}]", other.lan->name);
        if (other.address.address == address.address) {
          report.error(at, "same-address",
                       fmt::format("[lan.{}] has the address {}, {}", lan.name, to_text(address.address), whose));
        } else if (other.address.overlaps(address)) {
          report.error(at, "overlap",
                       fmt::format("{} of [lan.{}] and {} of [lan.{}] overlap", to_text(other.address.canonical()),
                                   other.lan->name, to_text(address.canonical()), lan.name));
        }
      }
      before.push_back({&lan, address});
    }
  }
}

void check_against_lans(Draft& draft, const model::UplinkConfig& uplink, const Prefix& prefix, Position at) {
  for (const model::LanConfig& lan : draft.config.lans) {
    for (const Prefix& own : lan.addresses) {
      // A routed block of a closed network lies inside that network: its own route is more specific.
      const bool own_block = lan.uplink == uplink.id && prefix.contains(own) && prefix.length < own.length;
      if (!own.overlaps(prefix) || own_block) continue;
      draft.reading.report.error(at, "closed-lan",
                                 fmt::format("the closed prefix {} of [uplink.{}] overlaps {} of [lan.{}]",
                                             to_text(prefix), uplink.id.name, to_text(own.canonical()), lan.name),
                                 "hosts of that LAN would be cut off");
    }
  }
}

/// Two LANs with one number would have one network between them.
void check_subnets(Draft& draft) {
  std::map<std::uint16_t, std::string> owners;
  for (const model::LanConfig& lan : draft.config.lans) {
    auto [owner, first] = owners.try_emplace(lan.subnet, lan.name);
    if (first) continue;
    const bool written = draft.reading.places.contains(fmt::format("lan.{}.subnet", lan.name));
    draft.reading.report.error(
        draft.reading.place(fmt::format("lan.{}.subnet", written ? lan.name : owner->second)), "same-subnet",
        fmt::format("[lan.{}] and [lan.{}] both have subnet {}", owner->second, lan.name, lan.subnet),
        "without a number a LAN has its place in the order of names, counted from 0");
  }
  for (const model::LanConfig& lan : draft.config.lans)
    for (const model::LanConfig& other : draft.config.lans)
      if (lan.name < other.name && lan.ula_prefix && lan.ula_prefix == other.ula_prefix)
        draft.reading.report.error(draft.reading.place(fmt::format("lan.{}.ula", other.name)), "overlap",
                                   fmt::format("[lan.{}] and [lan.{}] both have the prefix {}", lan.name, other.name,
                                               to_text(*lan.ula_prefix)));
}

}  // namespace

void check_lans(Draft& draft) {
  std::map<std::string, std::string> interfaces;
  for (const model::LanConfig& lan : draft.config.lans) {
    const Position at = draft.reading.place(fmt::format("lan.{}.interface", lan.name));
    if (draft.config.find({lan.interface}) == nullptr) check_shared_wire(draft, lan);
    check_routed_block(draft, lan);
    check_dhcp(draft, lan);
    if (lan.interface.empty()) continue;
    auto [owner, first] = interfaces.try_emplace(lan.interface, lan.name);
    if (!first) {
      draft.reading.report.error(
          at, "same-interface",
          fmt::format("[lan.{}] and [lan.{}] have the same interface {}", owner->second, lan.name, lan.interface),
          "one LAN may have several: address = [\"…\", \"…\"]");
    }
  }
  check_overlaps(draft);
  check_subnets(draft);
}

void check_closed_networks(Draft& draft) {
  Report& report = draft.reading.report;
  std::map<Prefix, std::string> owners;
  for (const model::UplinkConfig& uplink : draft.config.uplinks) {
    const std::string path = "uplink." + uplink.id.name;
    // The list may come from either key; a file's own lines are checked when it is read.
    const bool from_list = draft.reading.places.contains(path + ".routes");
    const Position at = draft.reading.place(path + (from_list ? ".routes" : ".routes-file"));
    bool six = false;
    for (const Prefix& prefix : uplink.routes) {
      six = six || prefix.family() == Family::V6;
      check_against_lans(draft, uplink, prefix, at);
      if (prefix.contains(Address(draft.config.global.router_address))) {
        report.error(at, "closed-router",
                     fmt::format("the closed prefix {} of [uplink.{}] holds the router's internal address {}",
                                 to_text(prefix), uplink.id.name, to_text(draft.config.global.router_address)),
                     "change router.address");
      }
      auto [owner, first] = owners.try_emplace(prefix, uplink.id.name);
      if (!first) {
        report.error(at, "closed-twice",
                     fmt::format("the closed prefix {} is in both [uplink.{}] and [uplink.{}]", to_text(prefix),
                                 owner->second, uplink.id.name),
                     "a closed prefix belongs to one uplink");
      }
    }
    if (six && !uplink.ipv6) {
      report.warning(at, "closed-family",
                     fmt::format("[{}] closes IPv6 prefixes with ipv6 = false: they stay unreachable", path));
    }
  }
}

}  // namespace michi::config

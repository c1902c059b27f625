// What uplinks, lines and LANs must be to each other.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "config/draft.hpp"
#include "config/load.hpp"

namespace michi::config {

namespace {

void check_name(Draft& draft, const std::string& kind, const std::string& name) {
  const Position at = draft.reading.place(fmt::format("{}.{}", kind, name));
  if (is_name(name)) return;
  const std::string near = nearest_name(name);
  draft.reading.report.error(
      at, "bad-name", fmt::format("{} cannot be the name of {} {}", in_quotes(name), kind == "lan" ? "a" : "an", kind),
      fmt::format("a lower-case letter, then up to 14 of a-z 0-9 -{}",
                  near.empty() ? "" : fmt::format(", as in \"{}\"", near)));
}

void check_reserved(Draft& draft, const std::string& name, const Environment& environment) {
  std::string why;
  if (name == "all" || name == "default" || name == "lo" || name == "michi0") why = "is reserved";
  if (environment.foreign_devices.contains(name)) why = "is an interface that exists already";
  for (const model::UplinkConfig& other : draft.config.uplinks) {
    if (other.interface() == name) why = fmt::format("is the interface of [uplink.{}]", other.id.name);
  }
  for (const model::LanConfig& lan : draft.config.lans) {
    if (lan.interface == name) why = fmt::format("is the interface of [lan.{}]", lan.name);
  }
  if (why.empty()) return;
  draft.reading.report.error(draft.reading.place("uplink." + name), "reserved-name",
                             fmt::format("{} cannot be the name of an uplink: it {}", in_quotes(name), why),
                             "the session's device takes the uplink's name; choose another");
}

void check_mtu(Draft& draft, const model::UplinkConfig& uplink, const std::string& path) {
  Report& report = draft.reading.report;
  if (uplink.mtu > 1492 && uplink.traits().counts_as_session) {
    report.warning(draft.reading.place(path + ".mtu"), "baby-jumbo",
                   fmt::format("mtu {} needs RFC 4638 at the provider and an MTU of {} on {}", uplink.mtu,
                               uplink.mtu + 8, uplink.interface()),
                   "michi falls back to 1492 when the path does not carry it");
  }
  if (uplink.mss > uplink.mtu - 40) {
    report.warning(draft.reading.place(path + ".mss"), "mss-too-large",
                   fmt::format("mss {} does not fit into mtu {}", uplink.mss, uplink.mtu),
                   fmt::format("at most {}, or leave it out", uplink.mtu - 40));
  }
}

/// Asked for in IPCP.
std::optional<Ipv4> wanted_address(const model::UplinkConfig& uplink) {
  return uplink.kind.is<model::PppoeConfig>() ? uplink.kind.as<model::PppoeConfig>().ppp.address : std::nullopt;
}

const ByteVec* host_uniq_of(const model::UplinkConfig& uplink) {
  if (!uplink.kind.is<model::PppoeConfig>()) return nullptr;
  const auto& host_uniq = uplink.kind.as<model::PppoeConfig>().host_uniq;
  return host_uniq ? &*host_uniq : nullptr;
}

bool is_used(const model::Config& config, const model::UplinkId& id) {
  auto uses = [&](const auto& ids) { return std::ranges::find(ids, id) != ids.end(); };
  return std::ranges::any_of(config.policies, [&](const auto& policy) { return uses(policy.use); }) ||
         std::ranges::any_of(config.publishes, [&](const auto& publish) { return uses(publish.uplinks6); }) ||
         std::ranges::any_of(config.lans, [&](const auto& lan) { return lan.uplink == id; });
}

void check_uplink(Draft& draft, const model::UplinkConfig& uplink) {
  Report& report = draft.reading.report;
  const std::string path = "uplink." + uplink.id.name;
  if (!uplink.ipv4 && !uplink.ipv6) {
    report.error(draft.reading.place(path), "no-family", fmt::format("[{}] has neither IPv4 nor IPv6", path),
                 "leave ipv4 or ipv6 at true");
  }
  if (wanted_address(uplink) && !uplink.ipv4) {
    report.warning(draft.reading.place(path + ".address"), "address-unused",
                   fmt::format("[{}] asks for an IPv4 address with ipv4 = false", path));
  }
  check_mtu(draft, uplink, path);
  if (!uplink.default_route && uplink.routes.empty() && uplink.routes_file.empty() &&
      !is_used(draft.config, uplink.id)) {
    report.warning(
        draft.reading.place(path), "idle-uplink",
        fmt::format("nothing goes through [{}]: default-route is false and it has no routes, no policy and no publish",
                    path),
        "write routes or routes-file, or name it in a [[policy]]");
  }
  if (uplink.dns.source == model::DnsSource::None && !uplink.dns.domains.empty()) {
    report.warning(draft.reading.place(path + ".dns"), "domains-unused",
                   fmt::format("[{}] names domains but no servers for them", path),
                   "write servers = \"peer\" or a list");
  }
}

/// RFC 2516 §5.1: Host-Uniq alone tells the answers to one host's requests apart.
void check_host_uniqs(Draft& draft) {
  std::map<std::tuple<std::string, std::optional<Mac>, ByteVec>, std::string> owners;
  for (const model::UplinkConfig& uplink : draft.config.uplinks) {
    const auto* host_uniq = host_uniq_of(uplink);
    if (host_uniq == nullptr || uplink.interface().empty()) continue;
    const auto [owner, first] = owners.try_emplace({uplink.interface(), uplink.mac(), *host_uniq}, uplink.id.name);
    if (first) continue;
    draft.reading.report.error(
        draft.reading.place(fmt::format("uplink.{}.host-uniq", uplink.id.name)), "host-uniq-twice",
        fmt::format(
            "[uplink.{}] and [uplink.{}] have the same host-uniq {} on {} with the same MAC address, so neither "
            "knows its own offers",
            owner->second, uplink.id.name, to_hex(*host_uniq), uplink.interface()),
        "leave host-uniq out of one of them, or give one a mac of its own");
  }
}

}  // namespace

void check_names(Draft& draft, const Environment& environment) {
  const model::Config& config = draft.config;
  for (const model::UplinkConfig& uplink : config.uplinks) {
    check_name(draft, "uplink", uplink.id.name);
    check_reserved(draft, uplink.id.name, environment);
  }
  for (const model::LanConfig& lan : config.lans) check_name(draft, "lan", lan.name);
}

void check_uplinks(Draft& draft) {
  Report& report = draft.reading.report;
  check_host_uniqs(draft);
  std::map<std::string, unsigned> sessions;  // per interface
  std::map<Ipv4, std::string> addresses;     // owner
  for (const model::UplinkConfig& uplink : draft.config.uplinks) {
    check_uplink(draft, uplink);
    check_line(draft, uplink);
    check_probe(draft, uplink);
    if (!uplink.interface().empty() && uplink.traits().counts_as_session) ++sessions[uplink.interface()];
    const auto wanted = wanted_address(uplink);
    if (!wanted) continue;
    auto [owner, first] = addresses.try_emplace(*wanted, uplink.id.name);
    if (!first) {
      report.warning(draft.reading.place(fmt::format("uplink.{}.address", uplink.id.name)), "duplicate-address",
                     fmt::format("[uplink.{}] and [uplink.{}] ask for the same address {}", owner->second,
                                 uplink.id.name, to_text(*wanted)),
                     "the second one to get it is held");
    }
  }
  for (const model::LineConfig& line : draft.config.lines) {
    const std::string path = "line." + line.interface;
    const unsigned count = sessions.contains(line.interface) ? sessions[line.interface] : 0;
    if (count == 0 && line.pass_through.empty()) {
      std::vector<std::string> names;
      for (const auto& [interface, n] : sessions) names.push_back(interface);
      report.warning(draft.reading.place(path), "idle-line", fmt::format("no uplink has the interface of [{}]", path),
                     did_you_mean(closest(line.interface, names)));
    } else if (line.sessions != 0 && count > line.sessions) {
      report.warning(draft.reading.place(path + ".sessions"), "too-many-sessions",
                     fmt::format("{} uplinks on {}, whose contract allows {}", count, line.interface, line.sessions),
                     "the provider refuses the others");
    }
  }
}

}  // namespace michi::config

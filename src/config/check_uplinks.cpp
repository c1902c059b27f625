// Names of uplinks and LANs, and what every uplink must be, whatever its kind.
#include <fmt/format.h>

#include <algorithm>

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

void check_mss(Draft& draft, const model::UplinkConfig& uplink, const std::string& path) {
  constexpr std::uint16_t kHeaders = 40;
  if (uplink.mss <= uplink.mtu - kHeaders) return;
  draft.reading.report.warning(draft.reading.place(path + ".mss"), "mss-too-large",
                               fmt::format("mss {} does not fit into mtu {}", uplink.mss, uplink.mtu),
                               fmt::format("at most {}, or leave it out", uplink.mtu - kHeaders));
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
  check_mss(draft, uplink, path);
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
  for (const model::UplinkConfig& uplink : draft.config.uplinks) {
    check_uplink(draft, uplink);
    check_line(draft, uplink);
    if (const KindReader* kind = find_kind(draft.kinds, uplink.traits())) kind->check(draft, uplink);
  }
}

}  // namespace michi::config

// What uplinks of one interface must be to each other, to the LANs and to the contract of their line.
#include <fmt/format.h>

#include <set>

#include "config/draft.hpp"

namespace michi::config {

namespace {

bool is_interface(const model::UplinkConfig& uplink) { return uplink.traits().path == model::PacketPath::Kernel; }

void check_line_config(Draft& draft, const model::LineConfig& line) {
  const std::string path = "line." + line.interface;
  const std::size_t sessions = draft.config.sessions_on(line.interface);
  if (draft.config.uplinks_on(line.interface).empty() && line.pass_through.empty()) {
    std::set<std::string> names;
    for (const model::UplinkConfig& uplink : draft.config.uplinks) names.insert(draft.config.line_of(uplink));
    draft.reading.report.warning(draft.reading.place(path), "idle-line",
                                 fmt::format("no uplink has the interface of [{}]", path),
                                 did_you_mean(closest(line.interface, {names.begin(), names.end()})));
  } else if (line.sessions != 0 && sessions > line.sessions) {
    draft.reading.report.warning(
        draft.reading.place(path + ".sessions"), "too-many-sessions",
        fmt::format("{} uplinks on {}, whose contract allows {}", sessions, line.interface, line.sessions),
        "the provider refuses the others");
  }
}

}  // namespace

void check_line(Draft& draft, const model::UplinkConfig& uplink) {
  if (!is_interface(uplink) || uplink.interface().empty()) return;
  Report& report = draft.reading.report;
  const Position at = draft.reading.place(fmt::format("uplink.{}.interface", uplink.id.name));
  for (const model::UplinkConfig& other : draft.config.uplinks) {
    if (&other == &uplink) break;
    if (!is_interface(other) || other.interface() != uplink.interface()) continue;
    report.error(at, "same-interface",
                 fmt::format("[uplink.{}] and [uplink.{}] are both the interface {} itself", other.id.name,
                             uplink.id.name, uplink.interface()),
                 "one of them, or an interface each; any number of kind = \"pppoe\" may stand beside");
  }
  for (const model::LanConfig& lan : draft.config.lans) {
    if (lan.interface != uplink.interface()) continue;
    report.error(at, "lan-on-uplink",
                 fmt::format("{} is the interface of [lan.{}], and its hosts would be on the line of [uplink.{}] "
                             "themselves",
                             uplink.interface(), lan.name, uplink.id.name),
                 "put the LAN on another interface or VLAN; kind = \"pppoe\" can share one");
  }
}

void check_lines(Draft& draft) {
  for (const model::LineConfig& line : draft.config.lines) check_line_config(draft, line);
}

}  // namespace michi::config

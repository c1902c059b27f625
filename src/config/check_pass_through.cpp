// LANs whose PPPoE a line passes through: that they are there, on another wire, and have a session left.
#include <fmt/format.h>

#include <vector>

#include "config/draft.hpp"

namespace michi::config {

namespace {

void check_lan_of(Draft& draft, const model::LineConfig& line, const std::string& name) {
  Report& report = draft.reading.report;
  const Position at = draft.reading.place(pass_through_path(line.interface, name));
  const model::LanConfig* lan = draft.config.find_lan(name);
  if (lan == nullptr) {
    std::vector<std::string> names;
    for (const model::LanConfig& known : draft.config.lans) names.push_back(known.name);
    report.error(at, "unknown-lan",
                 fmt::format("[line.{}] pass-through: there is no LAN {}", line.interface, in_quotes(name)),
                 did_you_mean(closest(name, names)));
    return;
  }
  if (lan->interface == line.interface) {
    report.error(at, "same-wire",
                 fmt::format("[line.{0}] pass-through: [lan.{1}] is on {0} itself, so its hosts reach the line "
                             "already and there is nothing to pass through",
                             line.interface, name),
                 fmt::format("leave {} out", in_quotes(name)));
  }
}

}  // namespace

std::string pass_through_path(const std::string& line, const std::string& lan) {
  return fmt::format("line.{}.pass-through.{}", line, lan);
}

void check_pass_through(Draft& draft) {
  for (const model::LineConfig& line : draft.config.lines) {
    for (const std::string& name : line.pass_through) check_lan_of(draft, line, name);
    if (line.pass_through.empty() || line.sessions == 0) continue;
    if (line.sessions > draft.config.sessions_on(line.interface)) continue;
    draft.reading.report.warning(
        draft.reading.place(fmt::format("line.{}.pass-through", line.interface)), "no-session-left",
        fmt::format(
            "[line.{}] pass-through: its {} session(s) are all for michi's own uplinks, so nobody else can dial",
            line.interface, line.sessions),
        "write a larger `sessions`, if the contract allows it");
  }
}

}  // namespace michi::config

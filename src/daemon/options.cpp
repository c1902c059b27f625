#include "daemon/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "daemon/crash_points.hpp"

namespace michi::daemon {

namespace {

const std::map<std::string, runtime::ResolverMode> kModes{{"unit", runtime::ResolverMode::Unit},
                                                          {"child", runtime::ResolverMode::Child},
                                                          {"off", runtime::ResolverMode::Off}};

/// Empty: it is known, and in lower case now.
std::string refuse_unknown_mode(std::string& word) {
  const std::string given = std::exchange(word, CLI::detail::to_lower(word));
  if (kModes.contains(word)) return {};
  return "\"" + given +
         "\" is not known; write who runs dnsmasq, not which program: unit (michi-dnsmasq.service does), child (michid "
         "runs /usr/sbin/dnsmasq) or off (nobody)";
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& status) {
  Options options;
  CLI::App app{"michid: brings up the uplinks of michi.toml, keeps them up, and routes every flow its way"};
  app.set_version_flag("--version", std::string("michid ") + MICHI_VERSION);
  app.add_option("--config", options.paths.config, "the configuration")->capture_default_str();
  app.add_option("--secrets", options.paths.secrets, "passwords by uplink name (0600, or root:michi 0640)")
      ->capture_default_str();
  app.add_option("--run-dir", options.paths.run, "what lives until reboot")->capture_default_str();
  app.add_option("--state-dir", options.paths.state, "what outlives a reboot")->capture_default_str();
  auto* socket = app.add_option("--socket", options.paths.socket, "the control socket (default: RUN-DIR/control.sock)");
  std::string dnsmasq = "unit";
  app.add_option("--dnsmasq", dnsmasq,
                 "who runs dnsmasq: its own unit (michi-dnsmasq.service), this process as a child, or nobody")
      ->transform(CLI::Validator(refuse_unknown_mode, "", "mode"))
      ->option_text("unit|child|off");
  app.add_flag("--flush", options.flush, "take everything of michi's out of the kernel and leave");
  if (kHasCrashPoints)
    app.add_option("--crash-at", options.crash_at, "test builds: die at this point; `list` names them");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  options.resolver = kModes.at(dnsmasq);
  if (socket->count() == 0) options.paths.socket = options.paths.run + "/control.sock";
  if (options.crash_at == "list") {
    std::fputs(crash_point_names().c_str(), stdout);
    status = 0;
    return std::nullopt;
  }
  return options;
}

}  // namespace michi::daemon

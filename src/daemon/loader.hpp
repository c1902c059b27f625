#pragma once
// From files on disk to a checked configuration: reads michi.toml, the secrets and the routes files,
// looks at their permissions, and says everything that is wrong.

#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "model/config.hpp"
#include "port/system.hpp"

namespace michi::daemon {

struct Paths {
  std::string config = "/etc/michi/michi.toml";
  std::string secrets = "/etc/michi/secrets.toml";
  std::string run = "/run/michi";
  std::string state = "/var/lib/michi";
  std::string socket = "/run/michi/control.sock";
};

struct Bundle {
  model::ConfigPtr config;
  model::Secrets secrets;
  std::vector<config::Diagnostic> notes;  // warnings and notes
  std::vector<std::string> watched;       // files that are part of the configuration
  std::string path;                       // of the configuration,
  std::string text;                       // and what it said when it was read
};

/// The same configuration again, with its routes files as they are now.
Result<Bundle, std::vector<config::Diagnostic>> renew_routes(const port::Files& files, const Bundle& bundle,
                                                             const std::set<std::string>& foreign_devices);

/// What helps when the configuration is not there: another thing at the start than in a reload.
enum class Asked : std::uint8_t { Start, Reload, ReloadOfFile };

/// `foreign_devices`: existing interfaces no uplink may be named after.
Result<Bundle, std::vector<config::Diagnostic>> load_bundle(const port::Files& files, const Paths& paths,
                                                            const std::string& config_path, Asked asked,
                                                            const std::set<std::string>& foreign_devices);

}  // namespace michi::daemon

#include "daemon/loader.hpp"

#include <cerrno>
#include <memory>
#include <utility>

#include "config/load.hpp"
#include "config/secrets.hpp"

namespace michi::daemon {

namespace {

config::Diagnostic unreadable(const std::string& path, const port::OsError& error, config::Severity severity,
                              std::string remedy) {
  return {
      .file = path, .severity = severity, .code = "unreadable", .text = error.text(), .suggestion = std::move(remedy)};
}

}  // namespace

Result<Bundle, std::vector<config::Diagnostic>> load_bundle(const port::Files& files, const Paths& paths,
                                                            const std::string& config_path,
                                                            const std::set<std::string>& foreign_devices) {
  auto text = files.read(config_path);
  if (!text)
    return Fault(std::vector{unreadable(config_path, text.error(), config::Severity::Error,
                                        "write the configuration there, or name another file with --config")});
  config::Environment environment;
  environment.foreign_devices = foreign_devices;
  environment.read_file = [&](const std::string& path) -> Result<std::string, std::string> {
    auto side = files.read(path);
    if (!side) return Fault(side.error().text());
    return std::move(*side);
  };
  auto loaded = config::load(*text, config_path, environment);
  if (!loaded) return Fault(std::move(loaded.error()));

  Bundle bundle;
  bundle.notes = std::move(loaded->warnings);
  bundle.watched = std::move(loaded->routes_files);
  bundle.watched.push_back(config_path);
  bundle.watched.push_back(paths.secrets);

  auto secrets = files.read(paths.secrets);
  if (!secrets && secrets.error().code != ENOENT)
    return Fault(std::vector{unreadable(paths.secrets, secrets.error(), config::Severity::Error,
                                        "make it owned by root:michi with mode 0640")});
  std::string secrets_text = secrets ? std::move(*secrets) : std::string();
  if (secrets) {
    const auto status = files.status(paths.secrets);
    if (!status) return Fault(std::vector{unreadable(paths.secrets, status.error(), config::Severity::Error, "")});
    if (auto refused = config::check_secrets_status({status->mode, status->owner, status->group}, paths.secrets))
      return Fault(std::vector{*refused});
  }
  auto read = config::load_secrets(secrets_text, paths.secrets, &loaded->config);
  if (!read) return Fault(std::move(read.error()));
  for (auto& note : read->warnings) bundle.notes.push_back(std::move(note));
  bundle.secrets = std::move(read->secrets);
  bundle.config = std::make_shared<const model::Config>(std::move(loaded->config));
  return bundle;
}

}  // namespace michi::daemon

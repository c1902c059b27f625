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

std::string remedy_of(Asked asked, int code) {
  if (code == EACCES) return "let the user that michid runs as read it, and go through its directories";
  switch (asked) {
    case Asked::Start:
      return "write the configuration there, or name another file with --config";
    case Asked::Reload:
      return "it is the file michid was started with: put it back, or apply another one with `michi reload FILE`";
    case Asked::ReloadOfFile:
      return "check the path; without one, `michi reload` takes the file michid was started with";
  }
  return {};
}

Result<config::Loaded, std::vector<config::Diagnostic>> load_text(const port::Files& files, const std::string& text,
                                                                  const std::string& path,
                                                                  const std::set<std::string>& foreign_devices) {
  config::Environment environment;
  environment.foreign_devices = foreign_devices;
  environment.read_file = [&](const std::string& side_path) -> Result<std::string, std::string> {
    auto side = files.read(side_path);
    if (!side) return Fault(side.error().text());
    return std::move(*side);
  };
  return config::load(text, path, environment);
}

}  // namespace

Result<Bundle, std::vector<config::Diagnostic>> renew_routes(const port::Files& files, const Bundle& bundle,
                                                             const std::set<std::string>& foreign_devices) {
  auto loaded = load_text(files, bundle.text, bundle.path, foreign_devices);
  if (!loaded) return Fault(std::move(loaded.error()));
  Bundle renewed = bundle;
  renewed.notes = std::move(loaded->warnings);
  renewed.config = std::make_shared<const model::Config>(std::move(loaded->config));
  return renewed;
}

Result<Bundle, std::vector<config::Diagnostic>> load_bundle(const port::Files& files, const Paths& paths,
                                                            const std::string& config_path, Asked asked,
                                                            const std::set<std::string>& foreign_devices) {
  auto text = files.read(config_path);
  if (!text)
    return Fault(std::vector{
        unreadable(config_path, text.error(), config::Severity::Error, remedy_of(asked, text.error().code))});
  auto loaded = load_text(files, *text, config_path, foreign_devices);
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
  if (!secrets && !loaded->config.uplinks.empty())
    bundle.notes.push_back({.file = paths.secrets,
                            .severity = config::Severity::Warning,
                            .code = "no-secrets",
                            .text = "there is no such file",
                            .suggestion = "write the passwords there, as name = \"password\", or name another file "
                                          "with --secrets"});
  for (auto& note : read->warnings) bundle.notes.push_back(std::move(note));
  bundle.secrets = std::move(read->secrets);
  bundle.path = config_path;
  bundle.text = std::move(*text);
  bundle.config = std::make_shared<const model::Config>(std::move(loaded->config));
  return bundle;
}

}  // namespace michi::daemon

// michi check FILE [--secrets FILE]: no daemon is asked.

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/app.hpp"
#include "cli/verbs.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"

namespace michi::cli {

namespace json = boost::json;
namespace files = std::filesystem;

namespace {

/// The text, or why there is none.
Result<std::string, std::string> text_of(const std::string& path) {
  std::error_code error;
  if (files::is_directory(path, error)) return Fault<std::string>("is a directory");
  // The daemon reads neither pipes nor devices either; one of them may never end.
  if (files::is_other(path, error)) return Fault<std::string>("is no regular file");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf() || file.peek() == std::ifstream::traits_type::eof())) {
    return Fault(std::generic_category().message(errno));
  }
  return std::move(text).str();
}

Result<std::string, std::string> read_file(const std::string& path) {
  auto text = text_of(path);
  if (!text) return Fault(path + ": " + text.error());
  return text;
}

/// Devices of this machine that are not michi's: an uplink may not have the name of one.
std::set<std::string> foreign_devices() {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : files::directory_iterator("/sys/class/net", error)) {
    std::ifstream file(entry.path() / "ifalias");
    std::string alias;
    std::getline(file, alias);
    if (alias != "michi") names.insert(entry.path().filename().string());
  }
  return names;
}

json::value to_json(const config::Diagnostic& found) {
  return json::object{{"file", found.file},
                      {"line", found.line},
                      {"column", found.column},
                      {"severity", std::string(config::to_text(found.severity))},
                      {"code", found.code},
                      {"text", found.text},
                      {"suggestion", found.suggestion}};
}

std::string name_of(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry ? entry->pw_name : std::to_string(user);
}

std::string name_of_group(gid_t group) {
  const ::group* entry = ::getgrgid(group);
  return entry ? entry->gr_name : std::to_string(group);
}

std::string counted(std::size_t number, std::string_view one, std::string_view several) {
  return fmt::format("{} {}", number, number == 1 ? one : several);
}

/// `named`: the user named this file, so it must be there.
std::vector<config::Diagnostic> secrets_findings(const std::string& path, bool named, const model::Config& config) {
  struct stat status{};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (there || named) {
    const auto text = text_of(path);
    if (!text) {
      // Who may not read the passwords may still check the rest.
      const bool closed = !named && ::access(path.c_str(), R_OK) != 0 && errno == EACCES;
      return {{.file = path,
               .severity = closed ? config::Severity::Warning : config::Severity::Error,
               .code = "unreadable",
               .text = "the passwords are not checked: " + text.error(),
               .suggestion = there ? "root and members of the group michi may read the file as michid wants it"
                                   : "write the passwords there, as name = \"password\""}};
    }
    const config::SecretsFileStatus seen{status.st_mode & 07777u, name_of(status.st_uid), name_of_group(status.st_gid)};
    if (auto refused = config::check_secrets_status(seen, path)) {
      // The file beside an example is not the one the daemon will read.
      if (!named) refused->severity = config::Severity::Warning;
      return {std::move(*refused)};
    }
    auto loaded = config::load_secrets(*text, path, &config);
    return loaded ? std::move(loaded->warnings) : std::move(loaded.error());
  }
  return {{.file = path,
           .severity = config::Severity::Note,
           .code = "no-secrets",
           .text = "there is no secrets file beside the configuration",
           .suggestion = "write the passwords there, or name the file with --secrets"}};
}

}  // namespace

int check(Context& context, const CheckOrder& order) {
  const auto text = read_file(order.file);
  if (!text) return tell_failure(context, "unreadable", text.error(), {}, kUsage);
  config::Environment environment{.read_file = read_file, .foreign_devices = foreign_devices()};
  auto loaded = config::load(*text, order.file, environment);
  std::vector<config::Diagnostic> found = loaded ? loaded->warnings : loaded.error();
  if (loaded) {
    auto secrets = order.secrets;
    if (secrets.empty()) secrets = (files::path(order.file).parent_path() / "secrets.toml").string();
    auto more = secrets_findings(secrets, !order.secrets.empty(), loaded->config);
    std::ranges::move(more, std::back_inserter(found));
  }
  const bool failed = config::has_errors(found);
  if (context.json) {
    json::array list;
    for (const auto& each : found) list.push_back(to_json(each));
    print_json(context, json::object{{"schema", 1}, {"ok", !failed}, {"diagnostics", std::move(list)}});
    return failed ? kUsage : kDone;
  }
  for (const auto& each : found) context.err << config::to_text(each) << "\n";
  if (!failed) {
    context.out << fmt::format("{}: good: {}, {}, {}\n", order.file,
                               counted(loaded->config.uplinks.size(), "uplink", "uplinks"),
                               counted(loaded->config.lans.size(), "LAN", "LANs"),
                               counted(loaded->config.policies.size(), "policy", "policies"));
  }
  return failed ? kUsage : kDone;
}

}  // namespace michi::cli

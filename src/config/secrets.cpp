#include "config/secrets.hpp"

#include <fmt/format.h>

#include "config/section.hpp"
#include "config/tree.hpp"

namespace michi::config {

namespace {

constexpr std::size_t kLongestSecret = 255;  // RFC 1334 §2.2.1: the length is one octet

void read_secret(Report& report, const Entry& entry, model::Secrets& into) {
  if (entry.value.kind == Kind::Table) {
    report.error(entry.at, "wrong-type", fmt::format("{} is a table; this file is flat", in_quotes(entry.key)),
                 "write name = \"password\"");
  } else if (entry.value.kind != Kind::Text) {
    report.error(entry.value.at, "wrong-type", fmt::format("the password of {} must be a string", in_quotes(entry.key)),
                 "put it in quotes");
  } else if (entry.value.text.size() > kLongestSecret) {
    report.error(entry.value.at, "bad-value", fmt::format("the password of {} is too long", in_quotes(entry.key)),
                 fmt::format("at most {} bytes", kLongestSecret));
  } else {
    into.emplace(entry.key, Secret(entry.value.text));
    if (entry.value.text.empty()) {
      report.warning(entry.value.at, "empty-secret", fmt::format("the password of {} is empty", in_quotes(entry.key)));
    }
  }
}

void compare(Report& report, const Node& document, const model::Config& config) {
  std::vector<std::string> names;  // of those that need a password
  for (const model::UplinkConfig& uplink : config.uplinks)
    if (uplink.traits().has_secret) names.push_back(uplink.id.name);
  for (const Entry& entry : document.entries) {
    if (const auto* uplink = config.find({entry.key})) {
      if (!uplink->traits().has_secret)
        report.warning(entry.at, "unused-secret", fmt::format("[uplink.{}] needs no password", entry.key), "remove it");
      continue;
    }
    report.warning(entry.at, "unknown-uplink", fmt::format("there is no uplink {}", in_quotes(entry.key)),
                   report.full() ? "" : did_you_mean(closest(entry.key, names)));
  }
  for (const std::string& name : names) {
    if (document.find(name) != nullptr) continue;
    report.warning({}, "no-secret", fmt::format("[uplink.{}] has no password here", name),
                   fmt::format("write {} = \"…\"", name));
  }
}

}  // namespace

Result<LoadedSecrets, std::vector<Diagnostic>> load_secrets(std::string_view text, const std::string& file_name,
                                                            const model::Config* config) {
  Result<Node, Diagnostic> document = parse_document(text, file_name, Content::Secret);
  if (!document) return Fault(std::vector{document.error()});
  Report report(file_name);
  LoadedSecrets out;
  for (const Entry& entry : document->entries) read_secret(report, entry, out.secrets);
  if (config != nullptr) compare(report, *document, *config);
  wipe(*document);
  const bool failed = report.failed();
  out.warnings = std::move(report).take();
  if (failed) return Fault(std::move(out.warnings));
  return out;
}

std::optional<Diagnostic> check_secrets_status(const SecretsFileStatus& status, const std::string& file_name,
                                               std::string_view michi_user) {
  constexpr std::uint32_t kGroupOrOthers = 077;
  constexpr std::uint32_t kMoreThanGroupReads = 037;
  const bool root = status.owner == "root";
  if ((root || status.owner == michi_user) && (status.mode & kGroupOrOthers) == 0) return std::nullopt;
  if (root && status.group == michi_user && (status.mode & kMoreThanGroupReads) == 0) return std::nullopt;
  return Diagnostic{file_name,
                    0,
                    0,
                    Severity::Error,
                    "secrets-too-readable",
                    fmt::format("passwords in a file of {}:{} with mode {:04o} are refused", status.owner, status.group,
                                status.mode & 07777U),
                    fmt::format("chown root:{0} {1} && chmod 0640 {1}", michi_user, file_name)};
}

}  // namespace michi::config

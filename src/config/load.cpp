#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::size_t kMostNamedTables = 250;  // of a kind; as many as uplinks have numbers
constexpr std::size_t kMostArrayTables = 1000;

/// Checks compare every table with every other one, so their number must be bounded first.
bool too_many(Draft& draft, Position at, const std::string& kind, std::size_t count, std::size_t most) {
  if (count <= most) return false;
  draft.reading.report.error(at, "too-many", fmt::format("{} tables of {}; at most {}", count, kind, most));
  return true;
}

void read_document(Draft& draft, const Node& document, const Environment& environment) {
  Section top(draft.reading, document, "", "", "");
  for (std::string_view key : {"router", "control", "line", "uplink", "lan", "policy", "publish"})
    std::ignore = top.take(key);
  top.finish();
  read_globals(draft, document);
  read_lines(draft, document);
  read_uplinks(draft, document, environment);
  read_lans(draft, document);
  read_policies(draft, document);
  read_publishes(draft, document);
}

void check_document(Draft& draft, const Environment& environment) {
  check_names(draft, environment);
  check_uplinks(draft);
  check_parents(draft);
  check_lines(draft);
  check_lans(draft);
  check_pass_through(draft);
  check_closed_networks(draft);
  check_policies(draft);
  check_publishes(draft);
  if (draft.config.uplinks.empty() && !draft.reading.report.failed())
    draft.reading.report.warning({}, "no-uplink", "there is no uplink in this file", "[uplink.NAME] makes one");
}

}  // namespace

Result<Loaded, std::vector<Diagnostic>> load(std::string_view text, const std::string& file_name,
                                             const Environment& environment) {
  const Result<Node, Diagnostic> document = parse_document(text, file_name, Content::Plain);
  if (!document) return Fault(std::vector{document.error()});

  Report report(file_name);
  Draft draft(report, environment.kinds);
  read_document(draft, *document, environment);
  check_document(draft, environment);
  if (!report.failed()) add_implied_policy(draft);

  const bool failed = report.failed();
  std::vector<Diagnostic> diagnostics = std::move(report).take();
  if (failed) return Fault(std::move(diagnostics));
  return Loaded{std::move(draft.config), std::move(diagnostics), std::move(draft.routes_files)};
}

std::set<std::string> known_keys() {
  std::string one_of_each =
      "[router]\n[control]\n[line.a]\n[lan.a]\ndhcp = {}\n[[policy]]\n[[publish]]\n[uplink.a]\ndns = {}\nprobe = {}\n";
  for (const KindReader& kind : standard_kinds()) {
    one_of_each += fmt::format("[uplink.{0}]\nkind = \"{0}\"\n", kind.traits->name);
    for (const std::string& key : keys_of(kind)) one_of_each += fmt::format("{} = {{}}\n", key);
  }
  Report report("");
  Draft draft(report, standard_kinds());
  if (const auto document = parse_document(one_of_each, "", Content::Plain)) read_document(draft, *document, {});
  return std::move(draft.reading.asked);
}

std::vector<const Entry*> named_tables(Draft& draft, const Node& document, const std::string& kind) {
  std::vector<const Entry*> out;
  const Entry* group = document.find(kind);
  if (group == nullptr) return out;
  if (group->value.kind != Kind::Table) {
    draft.reading.report.error(group->at, "wrong-type",
                               fmt::format("{} must be tables with names, not {}", kind, name_of(group->value.kind)),
                               fmt::format("write [{}.NAME]", kind));
    return out;
  }
  if (too_many(draft, group->at, kind, group->value.entries.size(), kMostNamedTables)) return out;
  for (const Entry& entry : group->value.entries) {
    if (entry.value.kind == Kind::Table) {
      out.push_back(&entry);
    } else {
      draft.reading.report.error(entry.at, "wrong-type",
                                 fmt::format("[{}] holds tables with names, and {} is {}", kind, in_quotes(entry.key),
                                             name_of(entry.value.kind)),
                                 fmt::format("write [{}.NAME] above it", kind));
    }
  }
  return out;
}

std::vector<const Node*> array_tables(Draft& draft, const Node& document, const std::string& kind) {
  std::vector<const Node*> out;
  const Entry* group = document.find(kind);
  if (group == nullptr) return out;
  auto refuse = [&](Position at, const Node& node) {
    draft.reading.report.error(at, "wrong-type",
                               fmt::format("{} must be a list of tables, not {}", kind, name_of(node.kind)),
                               fmt::format("write [[{}]] with two brackets", kind));
  };
  if (group->value.kind != Kind::List) return refuse(group->at, group->value), out;
  if (too_many(draft, group->at, kind, group->value.items.size(), kMostArrayTables)) return out;
  for (const Node& item : group->value.items) {
    if (item.kind == Kind::Table) {
      out.push_back(&item);
    } else {
      refuse(item.at, item);
    }
  }
  return out;
}

}  // namespace michi::config

#pragma once
// The text of michi.toml → an immutable configuration, or everything that is wrong with it.
//
// The first syntax error, or all semantic findings, each with its place. Quiet: no file is opened
// here; routes files come through the Environment. docs/operator/configuration.md owns the meaning
// of every key, and the meaning never depends on the order of tables.

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/kinds/kinds.hpp"
#include "model/config.hpp"

namespace michi::config {

struct Environment {
  /// The text of a side file, or a sentence why not. Absent: side files cannot be read.
  std::function<Result<std::string, std::string>(const std::string& path)> read_file{};
  /// Devices that exist and are not michi's; no uplink may have such a name.
  std::set<std::string> foreign_devices{};
  /// The kinds of uplinks that the language has.
  std::span<const KindReader> kinds = standard_kinds();
};

struct Loaded {
  model::Config config;
  std::vector<Diagnostic> warnings;       // warnings and notes
  std::vector<std::string> routes_files;  // to be watched; paths as given to read_file
};

/// `file_name` is how findings call the file; a relative routes-file is looked for beside it.
Result<Loaded, std::vector<Diagnostic>> load(std::string_view text, const std::string& file_name,
                                             const Environment& environment);

/// Every key of the language, as "uplink.echo.interval"; for the check of the manual.
std::set<std::string> known_keys();

}  // namespace michi::config

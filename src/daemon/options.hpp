#pragma once
// The command line of michid.

#include <optional>
#include <string>

#include "daemon/loader.hpp"
#include "runtime/core/resolver.hpp"

namespace michi::daemon {

struct Options {
  Paths paths;
  runtime::ResolverMode resolver = runtime::ResolverMode::Unit;
  bool flush = false;
  std::string crash_at;
};

/// nullopt: everything has been said already; leave with `status`.
std::optional<Options> parse_options(int argc, char** argv, int& status);

}  // namespace michi::daemon

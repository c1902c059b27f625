#pragma once
// A list of closed prefixes in a file of its own, which the operator of that network publishes and
// changes (R5, R27..R29).
//
// One prefix a line. `#` begins a comment; a line "date: 2005-02-01", also inside a comment, dates
// the list. Lines of the old Red Hat static-routes files, "pppx net A netmask M", are read as they
// are; their device is a placeholder. Nothing is executed, whatever the file holds (R179).

#include <string>
#include <string_view>
#include <vector>

#include "base/net/address.hpp"
#include "config/diagnostic.hpp"

namespace michi::config {

struct RoutesFile {
  std::vector<Prefix> prefixes;  // sorted, each once
  std::string date;              // "2005-02-01"; empty when the file has none
  std::vector<Diagnostic> diagnostics;
};

RoutesFile read_routes_file(std::string_view text, const std::string& file_name);

inline constexpr std::size_t kLargestRoutesFile = 8U << 20;
inline constexpr std::size_t kMostRoutes = 100'000;

}  // namespace michi::config

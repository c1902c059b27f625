#pragma once
// A peer's words made safe to show: printable ASCII stays, everything else becomes a dot, and
// nothing is longer than asked for. It never decides anything; it is for details and traces.

#include <cstddef>
#include <string>

#include "base/bytes.hpp"

namespace michi::wire {

/// Trailing blanks, line ends and NULs are dropped first: access concentrators like to send them.
std::string printable(Bytes text, std::size_t limit = 160);

}  // namespace michi::wire

#pragma once
// What all doors have in common: tickets, completions and the one wake-up.
//
// A door is told what to do with submit(), works in order, and is asked with poll() for what came of
// it and for what happened outside. Its wake-up only says "poll me"; it is called on the loop's
// thread and never from inside submit() or poll().

#include <cstdint>
#include <functional>
#include <optional>

#include "port/os_error.hpp"

namespace michi::port {

using Ticket = std::uint64_t;
using Wake = std::function<void()>;

struct Completion {
  Ticket ticket = 0;
  std::optional<OsError> error;
};

}  // namespace michi::port

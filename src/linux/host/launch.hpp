#pragma once
// Starts one child process; everything between fork and exec is in this file.

#include <sys/types.h>

#include "base/result.hpp"
#include "port/fd.hpp"
#include "port/system.hpp"

namespace michi::linux {

struct Child {
  pid_t id = 0;
  port::Fd process;  // readable when it has ended (pidfd)
  port::Fd output;   // its standard output and error, non-blocking
};

/// Waits until the program runs or could not be executed.
Result<Child, port::OsError> launch(const port::Spawn& what);

}  // namespace michi::linux

#include <malloc.h>

#include <cstdio>
#include <exception>

#include "daemon/daemon.hpp"
#include "daemon/options.hpp"

int main(int argc, char** argv) {
  // Two helper threads that allocate little do not need heaps of their own.
  ::mallopt(M_ARENA_MAX, 1);
  int status = 0;
  auto options = michi::daemon::parse_options(argc, argv, status);
  if (!options) return status;
  try {
    return michi::daemon::Daemon(std::move(*options)).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "michid: %s\n", error.what());
    return 1;
  }
}

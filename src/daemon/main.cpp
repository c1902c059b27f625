#include <cstdio>
#include <exception>

#include "daemon/daemon.hpp"
#include "daemon/options.hpp"

int main(int argc, char** argv) {
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

#include <malloc.h>

#include <cstdio>
#include <exception>

#include "daemon/daemon.hpp"
#include "daemon/options.hpp"

namespace {

constexpr int kOwnPages = 128 << 10;      // octets
constexpr int kFreeAtTheTop = 512 << 10;  // likewise

}  // namespace

int main(int argc, char** argv) {
  // Two helper threads that allocate little do not need heaps of their own.
  ::mallopt(M_ARENA_MAX, 1);
  // What policy derives of ten thousand routes comes and goes as a whole: it gets pages of its own, which return to the
  // system at once. Left to itself the limit follows the largest of them, and they leave holes in the heap.
  ::mallopt(M_MMAP_THRESHOLD, kOwnPages);
  ::mallopt(M_TRIM_THRESHOLD, kFreeAtTheTop);
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

#include "linux/host/entropy.hpp"

#include <sys/random.h>

#include <cerrno>

namespace michi::linux {

Result<Random::Key, port::OsError> Entropy::key() {
  Random::Key key{};
  std::size_t filled = 0;
  while (filled < key.size()) {
    const ssize_t got = ::getrandom(key.data() + filled, key.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fault(port::OsError{"read random bytes", errno});
    filled += static_cast<std::size_t>(got);
  }
  return key;
}

}  // namespace michi::linux

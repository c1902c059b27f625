#include "port/fd.hpp"

#include <unistd.h>

namespace michi::port {

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace michi::port

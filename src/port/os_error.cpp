#include "port/os_error.hpp"

#include <cerrno>
#include <cstring>

namespace michi::port {

namespace {

const char* remedy(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return " (needs CAP_NET_ADMIN and CAP_NET_RAW: start through the systemd unit or as root)";
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
      return " (the running kernel lacks this feature)";
    case ENOSPC:
      return " (the file system is full)";
    default:
      return "";
  }
}

}  // namespace

std::string OsError::text() const { return operation + ": " + std::strerror(code) + remedy(code); }

}  // namespace michi::port

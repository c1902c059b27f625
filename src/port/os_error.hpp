#pragma once
// A failure of the world: which operation, on what, and errno.

#include <string>

namespace michi::port {

struct OsError {
  std::string operation;  // "add route 192.0.2.0/24 table 20000"
  int code = 0;           // errno
  /// "add route …: No such device", with the remedy for well-known causes (EPERM, ENODEV, …).
  std::string text() const;
};

}  // namespace michi::port

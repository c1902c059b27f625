#pragma once
// The three rtnetlink requests a session device needs, and nothing else: look it up, dress it, remove
// it. Synchronous; the rest of the kernel's network state belongs to other doors.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "port/fd.hpp"
#include "port/os_error.hpp"

namespace michi::dataplane {

struct LinkSeen {
  int index = 0;
  std::string kind;
  std::string alias;
};

class LinkRequests {
 public:
  static Result<LinkRequests, port::OsError> open();

  /// Empty when no such interface exists.
  Result<std::optional<LinkSeen>, port::OsError> find(const std::string& name);
  Result<void, port::OsError> set_alias(int index, const std::string& alias, unsigned queue_length);
  /// No link-local address that nobody asked for (IN6_ADDR_GEN_MODE_NONE). Not an error without IPv6.
  void stop_address_generation(int index);
  Result<void, port::OsError> remove(int index);

 private:
  explicit LinkRequests(port::Fd fd) : fd_(std::move(fd)) {}
  Result<std::string, int> exchange(std::string request);

  port::Fd fd_;
  unsigned sequence_ = 0;
};

}  // namespace michi::dataplane

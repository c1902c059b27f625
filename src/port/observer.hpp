#pragma once
// Door: what passes a device, counted before any packet filter sees it. It only looks; for diagnosis.

#include <memory>
#include <string>

#include "base/result.hpp"
#include "port/door.hpp"

namespace michi::port {

enum class Passing : std::uint8_t {
  Dhcp6Answers  // IPv6, UDP to port 546
};

class Observer {
 public:
  virtual ~Observer() = default;
  /// So many since it was opened.
  virtual unsigned seen() = 0;
};

class Observers {
 public:
  virtual ~Observers() = default;
  virtual Result<std::unique_ptr<Observer>, OsError> open(const std::string& device, Passing what) = 0;
};

}  // namespace michi::port

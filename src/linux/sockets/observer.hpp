#pragma once
// port::Observers: a packet socket at network level with a kernel filter.

#include "port/observer.hpp"

namespace michi::linux {

class Observers final : public port::Observers {
 public:
  Result<std::unique_ptr<port::Observer>, port::OsError> open(const std::string& device, port::Passing what) override;
};

}  // namespace michi::linux

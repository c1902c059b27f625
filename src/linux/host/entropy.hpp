#pragma once
// port::Entropy on getrandom(2).

#include "port/system.hpp"

namespace michi::linux {

class Entropy final : public port::Entropy {
 public:
  Result<Random::Key, port::OsError> key() override;
};

}  // namespace michi::linux

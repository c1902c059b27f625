#pragma once
// port::Observers without a kernel: a test says what passed.

#include <map>
#include <memory>
#include <string>

#include "port/observer.hpp"

namespace michi::kit {

class FakeObservers final : public port::Observers {
 public:
  std::map<std::string, unsigned> passed;  // by device

  Result<std::unique_ptr<port::Observer>, port::OsError> open(const std::string& device, port::Passing) override {
    return std::make_unique<One>(passed[device]);
  }

 private:
  struct One final : port::Observer {
    explicit One(const unsigned& so_many) : count(so_many) {}
    unsigned seen() override { return count; }
    const unsigned& count;
  };
};

}  // namespace michi::kit

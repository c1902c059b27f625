#pragma once
// What the tests of this room share: a loop that runs until something is so, and a network of their
// own. A test that needs root skips itself with the reason.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"

struct nlmsghdr;

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class TestLoop {
 public:
  TestLoop();
  ~TestLoop();
  boost::asio::io_context& context() { return *context_; }
  /// Runs the loop until `so` or for `milliseconds`; says whether it came so.
  bool run_until(const std::function<bool()>& so, int milliseconds = 5000);
  void stop();

 private:
  std::unique_ptr<boost::asio::io_context> context_;
};

/// A fresh network namespace for each test.
class NetworkTest : public testing::Test {
 protected:
  void SetUp() override;
  TestLoop loop_;
};

/// Runs a program with its arguments split at blanks; its exit status.
int run(const std::string& command);
std::string output_of(const std::string& command);

/// The bytes of a netlink message, as a message.
const nlmsghdr& as_message(const ByteVec& bytes);

/// Drains a door.
template <class Door>
auto drain(Door& door) {
  std::vector<typename decltype(door.poll())::value_type> all;
  while (auto one = door.poll()) all.push_back(std::move(*one));
  return all;
}

}  // namespace michi::linux

#include "linux/support_test.hpp"

#include <linux/netlink.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace michi::linux {

TestLoop::TestLoop() : context_(std::make_unique<boost::asio::io_context>(1)) {}
TestLoop::~TestLoop() = default;

bool TestLoop::run_until(const std::function<bool()>& so, int milliseconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (!so()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    context_->restart();
    context_->run_one_for(std::chrono::milliseconds(10));
  }
  return true;
}

void TestLoop::stop() { context_->stop(); }

void NetworkTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes a network namespace";
  if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
  ASSERT_EQ(run("ip link set lo up"), 0);
}

int run(const std::string& command) { return std::system(command.c_str()); }

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    text.append(buffer.data(), got);
  return text;
}

const nlmsghdr& as_message(const ByteVec& bytes) { return *reinterpret_cast<const nlmsghdr*>(bytes.data()); }

}  // namespace michi::linux

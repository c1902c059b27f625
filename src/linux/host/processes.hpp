#pragma once
// port::Processes: fork and exec without a shell, in a process group of its own.
//
// The child starts with no other descriptor than 0, 1 and 2, default signals and, unless told
// otherwise, with no capability and no way to gain one (also as root). It dies with michid. A child
// that runs over its deadline gets SIGTERM, two seconds later SIGKILL, both to its whole group.

#include <memory>

#include "port/system.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class Processes final : public port::Processes {
 public:
  explicit Processes(boost::asio::io_context& loop);
  /// Kills what still runs.
  ~Processes() override;

  void spawn(port::Spawn what, port::Ticket ticket) override;
  void signal(port::Ticket ticket, int number) override;
  Result<void, port::OsError> signal_pid_file(const std::string& path, const std::string& argument,
                                              int number) override;
  std::optional<port::ProcessReport> poll() override;
  void on_wake(port::Wake wake) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace michi::linux

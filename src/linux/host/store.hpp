#pragma once
// port::Store on two directories: RUN/records for volatile records, STATE/records for durable ones.
//
// One file a record; its name is the key with everything but letters, digits, '-', '_' and inner
// dots as %XX. Volatile records are written inside submit(), without fsync. Durable ones go to one
// helper thread, which syncs each; a newer write of a key replaces one that still waits, and both
// are completed by it. The destructor waits until what was submitted is written.

#include <memory>

#include "port/system.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

std::string file_name_of_key(std::string_view key);
/// Nothing when no key has this name (a temporary file, say).
std::optional<std::string> key_of_file_name(std::string_view name);

class Store final : public port::Store {
 public:
  Store(boost::asio::io_context& loop, std::string run_directory, std::string state_directory);
  ~Store() override;

  Result<std::map<std::string, std::string>, port::OsError> load(port::Lifetime lifetime) override;
  void submit(port::StoreOp op, port::Ticket ticket) override;
  std::optional<port::Completion> poll() override;
  void on_wake(port::Wake wake) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace michi::linux

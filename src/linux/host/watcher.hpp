#pragma once
// port::Watcher on inotify.
//
// Watches the directories of the files, so that a file which is replaced, removed or not there yet
// is followed too. A burst of events of one file is one report. An overflow reports every file.

#include <memory>

#include "port/system.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class Watcher final : public port::Watcher {
 public:
  /// Throws when the kernel refuses inotify.
  explicit Watcher(boost::asio::io_context& loop);
  ~Watcher() override;

  void watch(std::set<std::string> paths) override;
  std::optional<std::string> poll() override;
  void on_wake(port::Wake wake) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace michi::linux

#pragma once
// The server's control frames: discovery, broadcast PADI included, and session frames with a control
// protocol. (The product's own socket hears no broadcast, because a client has no use for it.)

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "linux/loop/readiness.hpp"
#include "port/fd.hpp"
#include "port/os_error.hpp"

namespace michi::lab {

class ControlFrames {
 public:
  ControlFrames(boost::asio::io_context& loop, std::function<void(Bytes)> heard)
      : loop_(loop), heard_(std::move(heard)) {}
  Result<void, port::OsError> open(const std::string& interface);
  /// Lost frames are the client's to repeat.
  void send(Bytes frame);

 private:
  struct Source {
    port::Fd fd;
    std::unique_ptr<linux::Readiness> ready;
  };
  void read(Source& source);

  boost::asio::io_context& loop_;
  std::function<void(Bytes)> heard_;
  Source discovery_, session_;
  std::array<std::byte, 2048> buffer_{};
};

}  // namespace michi::lab

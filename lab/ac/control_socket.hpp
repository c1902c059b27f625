#pragma once
// A Unix stream socket that takes one line and gives one back, for as many clients as come.
//
// A line is at most 64 KiB; a client that does not read its answers is dropped.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "linux/loop/readiness.hpp"
#include "port/fd.hpp"
#include "port/os_error.hpp"

namespace michi::lab {

class ControlSocket {
 public:
  using Answer = std::function<std::string(std::string_view line)>;

  ControlSocket(boost::asio::io_context& loop, Answer answer) : loop_(loop), answer_(std::move(answer)) {}
  ~ControlSocket();
  Result<void, port::OsError> listen(const std::string& path);

 private:
  struct Client {
    port::Fd fd;
    std::string input;
    bool over = false;
    std::unique_ptr<linux::Readiness> ready;
  };
  void accept();
  void read(Client& client);

  boost::asio::io_context& loop_;
  Answer answer_;
  std::string path_;
  port::Fd listener_;
  std::unique_ptr<linux::Readiness> ready_;
  std::list<Client> clients_;
};

}  // namespace michi::lab

#pragma once
// The one API: HTTP/1.1 and JSON over a Unix stream socket (docs/operator/cli.md "The API").
//
// Accepts, finds out who is calling (root and group `michi` command; others look if they may), and
// hands each request to route(). Every wait has a deadline, every buffer a limit; a follower that
// does not keep up is cut. Decides nothing about uplinks: that is Commands.

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "control/commands.hpp"
#include "control/peer.hpp"
#include "observe/event_log.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::control {

struct ServerOptions {
  std::string path = "/run/michi/control.sock";
  std::string group = "michi";
  bool others_may_look = false;
  Duration idle = seconds(30);       // of a connection that asks nothing, or does not read
  Duration heartbeat = seconds(15);  // an empty line to a follower when nothing happens
  std::size_t connections = 32;
  std::size_t for_commanders = 8;        // of these, kept free of those who may not command
  std::size_t follower_queue = 1024;     // lines
  std::size_t body_limit = 1024 * 1024;  // octets of a request
};

/// Whether a daemon answers at this control socket.
bool somebody_listens(const std::string& path);

class Server {
 public:
  /// `commands` and `events` must live longer than the server; everything runs on `context`'s thread.
  Server(boost::asio::io_context& context, Commands& commands, observe::EventLog& events, ServerOptions options);
  ~Server();

  /// Makes the socket. A stale one is replaced; one that somebody listens on is refused.
  Result<void, std::string> listen();
  /// Serves one connected stream descriptor, which is then the server's.
  void serve(int descriptor, Rights rights);
  /// A new configuration said so.
  void set_others_may_look(bool allowed);
  /// No new connections, and an end to those there are; removes the socket.
  void close();
  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace michi::control

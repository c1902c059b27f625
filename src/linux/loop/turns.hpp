#pragma once
// Turns of a program and handlers of its loop, in one thread.
//
// A turn follows at once what asked for it: posted, it would cost one more look at all descriptors. Where turns follow
// each other, what is ready is heard between them: neither a flood nor turns that ask for the next keep the
// control socket and the clock waiting.

#include <functional>
#include <utility>

#include "base/time.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class Turns {
 public:
  Turns(boost::asio::io_context& loop, std::function<void()> turn) : loop_(loop), turn_(std::move(turn)) {}

  /// A turn soon. Only from this thread, by a handler or by a turn.
  void ask() { asked_ = true; }
  /// Until the loop is stopped.
  void run();

 private:
  void hear_what_is_ready();

  boost::asio::io_context& loop_;
  std::function<void()> turn_;
  bool asked_ = false;
  bool asked_by_turn_ = false;  // the last one
  Instant turned_at_{};         // its end
};

}  // namespace michi::linux

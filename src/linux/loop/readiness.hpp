#pragma once
// How doors join the loop: "tell me once when this descriptor is readable" and "call me on the next
// turn". The only place of this room that knows Asio.
//
// Neither ever calls back from inside arm() or post(), and neither calls back after it was
// destroyed. Poster::post() may be called from a helper thread; everything else is the loop's.

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class Readiness {
 public:
  /// `fd` stays the caller's and must outlive this object.
  Readiness(boost::asio::io_context& loop, int fd, std::function<void()> ready);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  /// One call of `ready` when the descriptor is readable or broken. Arming twice is arming once.
  void arm();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

class Poster {
 public:
  Poster(boost::asio::io_context& loop, std::function<void()> call);
  ~Poster();
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  /// One call on a later turn of the loop, however often this is asked for before it comes.
  void post();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace michi::linux

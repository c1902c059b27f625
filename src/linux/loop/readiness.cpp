#include "linux/loop/readiness.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace michi::linux {

struct Readiness::State {
  State(boost::asio::io_context& loop, int fd, std::function<void()> call)
      : descriptor(loop, fd), ready(std::move(call)) {}

  boost::asio::posix::stream_descriptor descriptor;
  std::function<void()> ready;
  bool armed = false;
  bool alive = true;
};

Readiness::Readiness(boost::asio::io_context& loop, int fd, std::function<void()> ready)
    : state_(std::make_shared<State>(loop, fd, std::move(ready))) {}

Readiness::~Readiness() {
  // The callback itself stays until a running call of it returns.
  state_->alive = false;
  state_->descriptor.release();
}

void Readiness::arm() {
  if (std::exchange(state_->armed, true)) return;
  state_->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                [state = state_](const boost::system::error_code& error) {
                                  state->armed = false;
                                  if (state->alive && error != boost::asio::error::operation_aborted) state->ready();
                                });
}

struct Poster::State {
  State(boost::asio::io_context& context, std::function<void()> function) : loop(context), call(std::move(function)) {}

  boost::asio::io_context& loop;
  std::function<void()> call;
  std::atomic<bool> posted = false;
  bool alive = true;
};

Poster::Poster(boost::asio::io_context& loop, std::function<void()> call)
    : state_(std::make_shared<State>(loop, std::move(call))) {}

Poster::~Poster() { state_->alive = false; }

void Poster::post() {
  if (state_->posted.exchange(true)) return;
  boost::asio::post(state_->loop, [state = state_] {
    state->posted = false;
    if (state->alive) state->call();
  });
}

}  // namespace michi::linux

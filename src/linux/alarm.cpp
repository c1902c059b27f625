#include "linux/alarm.hpp"

#include <ctime>
#include <utility>

#include "linux/boot_timer.hpp"
#include "linux/readiness.hpp"

namespace michi::linux {

class Alarm::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop) : readable_(loop, timer_.fd(), [this] { on_readable(); }) {
    readable_.arm();
  }

  void set(std::optional<Instant> at) {
    if (at == at_) return;
    at_ = at;
    if (at) {
      timer_.set(*at);
    } else {
      timer_.clear();
    }
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  void on_readable() {
    const bool rang = timer_.take();
    readable_.arm();
    if (!rang) return;
    at_.reset();
    if (wake_) wake_();
  }

  BootTimer timer_;
  std::optional<Instant> at_;
  port::Wake wake_;
  Readiness readable_;
};

Alarm::Alarm(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
Alarm::~Alarm() = default;
Instant Alarm::now() const { return BootTimer::now(); }
std::int64_t Alarm::wall_seconds() const { return std::time(nullptr); }
void Alarm::set(std::optional<Instant> at) { impl_->set(at); }
void Alarm::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }

}  // namespace michi::linux

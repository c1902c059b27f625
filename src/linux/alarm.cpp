#include "linux/alarm.hpp"

#include <ctime>
#include <utility>

#include "linux/boot_timer.hpp"
#include "linux/readiness.hpp"

namespace michi::linux {

class Alarm::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop) : readable_(loop, timer_.fd(), [this] { on_readable(); }) {}

  void set(std::optional<Instant> at) {
    if (at == at_) return;
    at_ = at;
    // Setting it takes back that it rang: it need not be read.
    if (!at) return timer_.clear();
    timer_.set(*at);
    readable_.arm();
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  void on_readable() {
    if (!at_) return;
    if (BootTimer::now() < *at_) return readable_.arm();  // it rang for what was set before
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

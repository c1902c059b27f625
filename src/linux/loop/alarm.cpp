#include "linux/loop/alarm.hpp"

#include <ctime>
#include <utility>

#include "linux/loop/boot_timer.hpp"
#include "linux/loop/readiness.hpp"

namespace michi::linux {

namespace {

/// What is put off by so little, as among many peers that live, costs no system call: it rings early, and is set then.
constexpr Duration kRingsEarly = seconds(1);

}  // namespace

class Alarm::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop) : readable_(loop, timer_.fd(), [this] { on_readable(); }) {}

  void set(std::optional<Instant> at) {
    if (at == at_) return;
    at_ = at;
    if (at && (!set_for_ || *at < *set_for_ || *at - *set_for_ > kRingsEarly)) set_timer(*at);
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  void set_timer(Instant at) {
    // Setting it takes back that it rang: it need not be read.
    timer_.set(at);
    set_for_ = at;
    readable_.arm();
  }

  void on_readable() {
    set_for_.reset();
    if (!at_) return;
    if (BootTimer::now() < *at_) return set_timer(*at_);
    at_.reset();
    if (wake_) wake_();
  }

  BootTimer timer_;
  std::optional<Instant> at_;
  std::optional<Instant> set_for_;  // what the kernel's timer rings for, which may be what was wanted before
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

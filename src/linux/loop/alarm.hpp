#pragma once
// port::Alarm on timerfd(CLOCK_BOOTTIME): rings through suspend, one deadline at a time.

#include <memory>

#include "port/system.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class Alarm final : public port::Alarm {
 public:
  explicit Alarm(boost::asio::io_context& loop);
  ~Alarm() override;

  Instant now() const override;
  std::int64_t wall_seconds() const override;
  void set(std::optional<Instant> at) override;
  void on_wake(port::Wake wake) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace michi::linux

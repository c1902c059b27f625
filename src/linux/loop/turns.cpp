#include "linux/loop/turns.hpp"

#include <boost/asio/io_context.hpp>

#include "linux/loop/boot_timer.hpp"

namespace michi::linux {

namespace {

constexpr Duration kFollows = milliseconds(1);  // from one turn to one that follows it
constexpr int kHeardFirst = 64;                 // handlers, in that case

}  // namespace

void Turns::run() {
  while (!loop_.stopped()) {
    if (!asked_) {
      loop_.run_one();
      continue;
    }
    if (asked_by_turn_ || BootTimer::now() - turned_at_ < kFollows) hear_what_is_ready();
    asked_ = false;
    turn_();
    asked_by_turn_ = asked_;
    turned_at_ = BootTimer::now();
  }
}

void Turns::hear_what_is_ready() {
  for (int heard = 0; heard < kHeardFirst && loop_.poll_one() != 0; ++heard) continue;
}

}  // namespace michi::linux

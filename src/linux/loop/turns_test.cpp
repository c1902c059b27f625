#include "linux/loop/turns.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "linux/loop/alarm.hpp"
#include "linux/loop/readiness.hpp"
#include "linux/support_test.hpp"
#include "port/fd.hpp"

namespace michi::linux {
namespace {

constexpr int kTooMany = 10000;  // turns; what waits has been kept waiting by then

class TurnsTest : public testing::Test {
 protected:
  TurnsTest() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) ADD_FAILURE() << "no pipe";
    out_ = port::Fd(ends[0]);
    in_ = port::Fd(ends[1]);
  }

  void write_one() const { ASSERT_EQ(::write(in_.get(), "x", 1), 1); }

  TestLoop loop_;
  port::Fd out_, in_;
};

TEST_F(TurnsTest, ATurnFollowsWhatAskedForItAndNoOtherTurnDoes) {
  int turns = 0;
  Turns program(loop_.context(), [&] { ++turns; });
  Readiness readable(loop_.context(), out_.get(), [&] { program.ask(); });
  Alarm alarm(loop_.context());
  alarm.on_wake([&] { loop_.stop(); });
  alarm.set(alarm.now() + milliseconds(50));
  readable.arm();
  write_one();
  program.run();
  EXPECT_EQ(turns, 1);
}

TEST_F(TurnsTest, WhatIsReadyIsHeardBetweenTurnsThatNeverEndAsking) {
  int turns = 0;
  Turns program(loop_.context(), [&] {
    program.ask();
    if (++turns == kTooMany) loop_.stop();
  });
  bool heard = false;
  Readiness readable(loop_.context(), out_.get(), [&] {
    heard = true;
    loop_.stop();
  });
  readable.arm();
  write_one();
  program.ask();
  program.run();
  EXPECT_TRUE(heard);
  EXPECT_LT(turns, 10);
}

TEST_F(TurnsTest, TheClockIsHeardThroughAFloodThatAsksForTurnAfterTurn) {
  int turns = 0;
  bool rang = false;
  Alarm alarm(loop_.context());
  Turns program(loop_.context(), [&] {
    if (++turns == kTooMany) loop_.stop();
  });
  // Never emptied, as a socket in a flood: readable at once whenever it is waited for.
  std::optional<Readiness> flood;
  flood.emplace(loop_.context(), out_.get(), [&] {
    flood->arm();
    program.ask();
  });
  alarm.on_wake([&] {
    rang = true;
    loop_.stop();
  });
  alarm.set(alarm.now() + milliseconds(1));
  flood->arm();
  write_one();
  program.run();
  EXPECT_TRUE(rang) << turns;
}

}  // namespace
}  // namespace michi::linux

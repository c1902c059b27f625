#include "base/deadlines.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace michi {
namespace {

enum class Timer : std::uint8_t { Report, Retry, End };
using Timers = Deadlines<Timer, Timer::End>;

const Instant kNow{seconds(100)};

TEST(Deadlines, TheNextIsTheEarliestOfThoseThatRun) {
  Timers timers;
  EXPECT_FALSE(timers.next());
  timers.set(Timer::End, kNow + seconds(3));
  timers.set(Timer::Retry, kNow + seconds(2));
  EXPECT_EQ(timers.next(), kNow + seconds(2));
  EXPECT_EQ(timers.at(Timer::End), kNow + seconds(3));
  timers.clear(Timer::Retry);
  EXPECT_FALSE(timers.runs(Timer::Retry));
  EXPECT_EQ(timers.next(), kNow + seconds(3));
  timers.clear();
  EXPECT_FALSE(timers.next());
}

TEST(Deadlines, ATimerIsTakenOnceAndNotBeforeItsTime) {
  Timers timers;
  timers.set(Timer::Retry, kNow);
  EXPECT_FALSE(timers.take_due(kNow - milliseconds(1)));
  EXPECT_EQ(timers.take_due(kNow), Timer::Retry);
  EXPECT_FALSE(timers.take_due(kNow));
  EXPECT_FALSE(timers.next());
}

TEST(Deadlines, TimersOfOneMomentAreTakenInTheOrderOfTheEnum) {
  Timers timers;
  timers.set(Timer::End, kNow - seconds(1));
  timers.set(Timer::Report, kNow);
  timers.set(Timer::Retry, kNow + seconds(1));
  EXPECT_EQ(timers.take_due(kNow), Timer::Report);
  EXPECT_EQ(timers.take_due(kNow), Timer::End);
  EXPECT_FALSE(timers.take_due(kNow));
  EXPECT_TRUE(timers.runs(Timer::Retry));
}

TEST(Deadlines, TheSoonestOfNoneIsNone) {
  EXPECT_FALSE(soonest({}));
  EXPECT_FALSE(soonest({std::nullopt, std::nullopt}));
  EXPECT_EQ(soonest({std::nullopt, kNow, kNow - seconds(1)}), kNow - seconds(1));
}

}  // namespace
}  // namespace michi

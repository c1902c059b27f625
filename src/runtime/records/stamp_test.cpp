#include "runtime/records/stamp.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

const Stamp kThen{.boot = "a", .at = Instant(seconds(100)), .wall = 1'700'000'000};

TEST(Stamp, TheSameBootAsksItsOwnClockWhateverTheWallClockSays) {
  const Stamp now{.boot = "a", .at = Instant(seconds(130)), .wall = 5};
  EXPECT_EQ(age(kThen, now), seconds(30));
}

TEST(Stamp, AnotherBootAsksTheWallClock) {
  const Stamp now{.boot = "b", .at = Instant(seconds(3)), .wall = 1'700'000'060};
  EXPECT_EQ(age(kThen, now), seconds(60));
}

TEST(Stamp, AWallClockThatWentBackSaysNothing) {
  const Stamp now{.boot = "b", .at = Instant(seconds(3)), .wall = 86'400};
  EXPECT_EQ(age(kThen, now), std::nullopt);
}

TEST(Stamp, AnUnknownBootIsNobodys) {
  const Stamp then{.boot = "", .at = Instant(seconds(1)), .wall = 0};
  EXPECT_EQ(age(then, then), std::nullopt);
}

TEST(Stamp, IsReadAsItWasWritten) {
  std::map<std::string, std::string> pairs;
  write_stamp(kThen, pairs);
  EXPECT_EQ(parse_stamp(pairs), kThen);
}

TEST(Stamp, DamageIsNoStamp) {
  for (const auto& [key, value] : std::map<std::string, std::string>{{"at", "-1"}, {"at", "x"}, {"wall", ""}}) {
    std::map<std::string, std::string> pairs;
    write_stamp(kThen, pairs);
    pairs[key] = value;
    EXPECT_EQ(parse_stamp(pairs), std::nullopt) << key << "=" << value;
  }
  EXPECT_EQ(parse_stamp({}), std::nullopt);
}

}  // namespace
}  // namespace michi::runtime

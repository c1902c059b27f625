#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "uplink/failure.hpp"
#include "uplink/pppoe/failure.hpp"
#include "uplink/pppoe/padi_gate.hpp"

namespace michi::uplink {
namespace {

using model::Reason;

TEST(BackOff, GrowsWithFullJitterBetweenTheBoundsOfTheConfiguration) {
  const RetryBounds bounds{milliseconds(500), seconds(20)};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random = Random::seeded(seed);
    BackOffs waits;
    Duration ceiling = seconds(1);
    for (int n = 0; n < 12; ++n) {
      const Duration wait = waits.next(FailureClass::NoOffer, false, bounds, random);
      EXPECT_GE(wait, bounds.min);
      EXPECT_LE(wait, std::min<Duration>(ceiling, bounds.max));
      ceiling *= 2;
    }
  }
}

TEST(BackOff, AuthenticationIsRetriedBetweenHalfAMinuteAndAQuarterOfAnHour) {
  Random random = Random::seeded(3);
  BackOffs waits;
  Duration longest{};
  for (int n = 0; n < 100; ++n) {
    const Duration wait = waits.next(FailureClass::Auth, true, {}, random);
    EXPECT_GE(wait, seconds(30));
    EXPECT_LE(wait, minutes(15));
    longest = std::max(longest, wait);
  }
  EXPECT_GT(longest, minutes(10));
}

TEST(BackOff, OnlyTheFirstLossOfAnEstablishedSessionIsRetriedAtOnce) {
  Random random = Random::seeded(3);
  BackOffs waits;
  EXPECT_LE(waits.next(FailureClass::Terminated, true, {}, random), kAtOnceJitter);
  EXPECT_GE(waits.next(FailureClass::Terminated, true, {}, random), seconds(1));
  waits.forget();
  EXPECT_LE(waits.next(FailureClass::Terminated, true, {}, random), kAtOnceJitter);
  EXPECT_GE(waits.next(FailureClass::SessionLimit, true, {}, random), seconds(15));
}

TEST(Failure, ASessionLimitIsReadInTheWords) {
  for (const char* text :
       {"Too many sessions", "session limit exceeded", "Maximum number of connections reached", "user already online",
        "simultaneous use: limit 2", "RP-PPPoE: Server: No client slots available"})
    EXPECT_TRUE(speaks_of_session_limit(text)) << text;
  for (const char* text : {"", "out of resources", "session expired", "maximum login attempts", "try again"})
    EXPECT_FALSE(speaks_of_session_limit(text)) << text;
  EXPECT_EQ(failure_of(engine::pppoe::Failed{engine::pppoe::FailCause::AcSystemError, "too many sessions"}).reason,
            Reason::SessionLimit);
  EXPECT_EQ(failure_of(engine::pppoe::Failed{engine::pppoe::FailCause::AcSystemError, "no"}).reason, Reason::AcError);
}

TEST(PadiGate, LetsOneThroughPerIntervalAndAddressInTheOrderOfAsking) {
  PadiGate gate(1, seconds(1));
  const Mac mac{{2, 0, 0, 0, 0, 1}}, other{{2, 0, 0, 0, 0, 2}};
  Instant now{};
  for (const char* name : {"a", "b", "b", "c"}) gate.on_ask({name}, "wan0", mac, now);
  gate.on_ask({"d"}, "wan0", other, now);
  gate.on_ask({"e"}, "wan1", mac, now);
  std::string turns;
  const auto drain = [&] {
    while (auto turn = gate.poll()) turns += turn->name;
  };
  drain();
  EXPECT_EQ(turns, "ade");
  for (int i = 0; i < 2; ++i) {
    now = *gate.next_deadline() - milliseconds(1);
    gate.on_deadline(now);
    drain();
    EXPECT_EQ(turns.size(), 3U + static_cast<std::size_t>(i));
    now += milliseconds(1);
    gate.on_deadline(now);
    drain();
    EXPECT_EQ(turns.size(), 4U + static_cast<std::size_t>(i));
  }
  EXPECT_EQ(turns, "adebc");
  EXPECT_FALSE(gate.next_deadline());
  EXPECT_GE(now - Instant{}, seconds(2));
  EXPECT_LE(now - Instant{}, milliseconds(2100));
}

TEST(PadiGate, SavesNoMoreThanItsBurstAndForgetsWhoLeft) {
  PadiGate gate(2, seconds(1));
  const Mac mac{{2, 0, 0, 0, 0, 1}};
  gate.on_ask({"a"}, "wan0", mac, Instant{});
  std::ignore = gate.poll();
  const Instant later = Instant{} + hours(1);
  for (const char* name : {"b", "c", "d", "e"}) gate.on_ask({name}, "wan0", mac, later);
  EXPECT_EQ(gate.poll()->name, "b");
  EXPECT_EQ(gate.poll()->name, "c");
  EXPECT_FALSE(gate.poll());
  gate.forget({"d"});
  gate.on_deadline(later + seconds(2));
  EXPECT_EQ(gate.poll()->name, "e");
}

TEST(PadiGate, WithoutABurstThereIsNoGate) {
  PadiGate gate(0, seconds(1));
  for (int i = 0; i < 250; ++i) gate.on_ask({std::to_string(i)}, "wan0", {}, Instant{});
  int turns = 0;
  while (gate.poll()) ++turns;
  EXPECT_EQ(turns, 250);
}

}  // namespace
}  // namespace michi::uplink

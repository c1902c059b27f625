#include "engine/dhcp6/retransmission.hpp"

#include <gtest/gtest.h>

#include <set>

namespace michi::engine::dhcp6 {
namespace {

const Instant kStart = Instant{} + seconds(100);

bool within(Duration value, Duration middle) { return value >= middle * 9 / 10 && value <= middle * 11 / 10; }

TEST(Dhcp6Retransmission, TimeoutsDoubleUpToTheirCapEachATenthAround) {
  Random random = Random::seeded(3);
  Retransmission exchange;
  exchange.open(*exchange_of(State::Renewing), kStart, std::nullopt);
  Instant now = kStart;
  ASSERT_TRUE(exchange.is_due(now));
  exchange.sent(now, random);
  Duration rt = *exchange.due() - now;
  EXPECT_TRUE(within(rt, seconds(10)));
  for (int i = 0; i < 20; ++i) {
    const Duration previous = rt;
    now = *exchange.due();
    exchange.sent(now, random);
    rt = *exchange.due() - now;
    // RFC 8415 §15: 2·RTprev + RAND·RTprev, and MRT + RAND·MRT above MRT
    const Duration low = std::min<Duration>(previous * 19 / 10, Duration(seconds(540)));
    const Duration high = std::min<Duration>(previous * 21 / 10, Duration(seconds(660)));
    EXPECT_GE(rt, low) << i;
    EXPECT_LE(rt, high) << i;
  }
  EXPECT_TRUE(within(rt, seconds(600)));
  EXPECT_FALSE(exchange.is_over(now + hours(1000)));
}

TEST(Dhcp6Retransmission, TheFirstTimeoutOfASolicitIsNeverBelowItsIrt) {
  std::set<Duration> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random = Random::seeded(seed);
    Retransmission exchange;
    exchange.open(*exchange_of(State::Soliciting), kStart, std::nullopt);
    exchange.sent(kStart, random);
    const Duration rt = *exchange.due() - kStart;
    EXPECT_GT(rt, seconds(1));
    EXPECT_LE(rt, milliseconds(1100));
    seen.insert(rt);
  }
  EXPECT_GT(seen.size(), 190U);
}

TEST(Dhcp6Retransmission, AfterMrcMessagesAndTheLastTimeoutItIsOver) {
  Random random = Random::seeded(1);
  Retransmission exchange;
  exchange.open(*exchange_of(State::Releasing), kStart, std::nullopt);
  Instant now = kStart;
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_FALSE(exchange.is_over(now)) << i;
    exchange.sent(now, random);
    EXPECT_FALSE(exchange.is_over(now)) << i;
    now = *exchange.due();
  }
  EXPECT_EQ(exchange.count(), 4U);
  EXPECT_FALSE(exchange.is_over(now - milliseconds(1)));
  EXPECT_TRUE(exchange.is_over(now));
}

TEST(Dhcp6Retransmission, AnEndOfItsOwnComesBeforeALaterTimeout) {
  Random random = Random::seeded(1);
  Retransmission exchange;
  exchange.open(*exchange_of(State::Renewing), kStart, kStart + seconds(5));
  exchange.sent(kStart, random);
  EXPECT_EQ(exchange.due(), kStart + seconds(5));
  EXPECT_FALSE(exchange.is_over(kStart + milliseconds(4999)));
  EXPECT_TRUE(exchange.is_over(kStart + seconds(5)));
}

TEST(Dhcp6Retransmission, TheElapsedTimeCountsFromTheFirstMessageAndStopsAtItsLargest) {
  Random random = Random::seeded(1);
  Retransmission exchange;
  exchange.open(*exchange_of(State::Soliciting), kStart, std::nullopt);
  EXPECT_EQ(exchange.elapsed(kStart), 0);
  exchange.sent(kStart, random);
  EXPECT_EQ(exchange.elapsed(kStart + milliseconds(1070)), 107);
  EXPECT_EQ(exchange.elapsed(kStart + hours(1)), 0xffff);
}

TEST(Dhcp6SendLimit, TwentyMessagesGoOutAtOnceTheNextTwentySecondsLater) {
  SendLimit limit;
  for (unsigned i = 0; i < SendLimit::kMost; ++i) {
    EXPECT_LE(limit.earliest(), kStart + milliseconds(i));
    limit.sent(kStart + milliseconds(i));
  }
  EXPECT_EQ(limit.earliest(), kStart + seconds(20));
  limit.sent(kStart + seconds(20));
  EXPECT_EQ(limit.earliest(), kStart + seconds(20) + milliseconds(1));
}

}  // namespace
}  // namespace michi::engine::dhcp6

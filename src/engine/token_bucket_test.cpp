#include "engine/token_bucket.hpp"

#include <gtest/gtest.h>

namespace michi::engine {
namespace {

unsigned taken(TokenBucket& bucket, Instant now) {
  unsigned n = 0;
  while (n < 100 && bucket.take(now)) ++n;
  return n;
}

TEST(TokenBucket, GivesABurstAndThenOneEverySoOften) {
  TokenBucket bucket(3, seconds(1));
  const Instant now(seconds(100));
  EXPECT_EQ(taken(bucket, now), 3u);
  EXPECT_EQ(bucket.ready_at(now), now + seconds(1));
  EXPECT_EQ(taken(bucket, now + milliseconds(999)), 0u);
  EXPECT_EQ(taken(bucket, now + seconds(1)), 1u);
  EXPECT_EQ(taken(bucket, now + milliseconds(3500)), 2u);
  EXPECT_EQ(taken(bucket, now + seconds(4)), 1u);
}

TEST(TokenBucket, NeverGivesMoreThanTheBurstAfterALongSilence) {
  TokenBucket bucket(3, seconds(1));
  const Instant now(seconds(100));
  ASSERT_TRUE(bucket.take(now));
  ASSERT_TRUE(bucket.take(now + seconds(10)));
  EXPECT_EQ(taken(bucket, now + seconds(60)), 3u);
}

}  // namespace
}  // namespace michi::engine

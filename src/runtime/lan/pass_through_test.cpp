#include "runtime/lan/pass_through.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

using engine::pppoe::PassedSession;

const std::vector<PassedSession> kTwo = {
    {"lan0", *parse_mac("02:00:00:00:00:05"), *parse_mac("02:00:00:00:00:ac"), 0x12, Instant(seconds(7))},
    {"lan1", *parse_mac("02:00:00:00:00:06"), *parse_mac("02:00:00:00:00:ac"), 0xfffe, Instant(milliseconds(1))}};

TEST(PassedRecord, IsReadAsItWasWritten) {
  EXPECT_EQ(parse_passed(write_passed(kTwo)), kTwo);
  EXPECT_TRUE(parse_passed("").empty());
}

TEST(PassedRecord, WhatCannotBeReadIsLeftOutAndTheRestIsTaken) {
  const auto good = write_passed({kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 02:00:00:00:00:05\n" + good), std::vector{kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 x 02:00:00:00:00:ac 1 1\n" + good), std::vector{kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 02:00:00:00:00:05 02:00:00:00:00:ac 70000 1\n" + good), std::vector{kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 02:00:00:00:00:05 02:00:00:00:00:ac 1 later\n" + good), std::vector{kTwo[0]});
}

}  // namespace
}  // namespace michi::runtime

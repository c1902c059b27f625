#include "runtime/lan/pass_through.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

using engine::pppoe::PassedSession;

const std::vector<PassedSession> kTwo = {
    {"lan0", *parse_mac("02:00:00:00:00:05"), *parse_mac("02:00:00:00:00:ac"), 0x12, Instant(seconds(7))},
    {"lan1", *parse_mac("02:00:00:00:00:06"), *parse_mac("02:00:00:00:00:ac"), 0xfffe, Instant(milliseconds(1))}};

TEST(PassedRecord, is_read_as_it_was_written) {
  EXPECT_EQ(parse_passed(write_passed(kTwo)), kTwo);
  EXPECT_TRUE(parse_passed("").empty());
}

TEST(PassedRecord, what_cannot_be_read_is_left_out_and_the_rest_is_taken) {
  const auto good = write_passed({kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 02:00:00:00:00:05\n" + good), std::vector{kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 x 02:00:00:00:00:ac 1 1\n" + good), std::vector{kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 02:00:00:00:00:05 02:00:00:00:00:ac 70000 1\n" + good), std::vector{kTwo[0]});
  EXPECT_EQ(parse_passed("lan0 02:00:00:00:00:05 02:00:00:00:00:ac 1 later\n" + good), std::vector{kTwo[0]});
}

}  // namespace
}  // namespace michi::runtime

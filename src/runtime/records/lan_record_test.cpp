#include "runtime/records/lan_record.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

const Stamp kThen{.boot = "a", .at = Instant(seconds(100)), .wall = 1'700'000'000};
const Prefix kSaid = *parse_prefix("2001:db8:1::/64");
const Prefix kLeaving = *parse_prefix("2001:db8:2::/64");

std::string written() {
  return write_lan({{{.prefix = kSaid, .valid = seconds(5400)}, true},
                    {{.prefix = kLeaving, .on_link = false, .autonomous = false, .valid = seconds(1000)}, false}},
                   kThen);
}

Duration valid_of(const PastPrefixes& past, const Prefix& prefix) {
  for (const auto& p : past)
    if (p.prefix == prefix) return p.valid;
  return Duration::zero();
}

TEST(LanRecord, IsReadAsItWasWritten) {
  const auto past = parse_lan(written(), kThen);
  ASSERT_EQ(past.size(), 2u);
  EXPECT_EQ(past[0], (engine::ndisc::PastPrefix{.prefix = kSaid, .valid = seconds(5400)}));
  EXPECT_EQ(past[1], (engine::ndisc::PastPrefix{
                         .prefix = kLeaving, .on_link = false, .autonomous = false, .valid = seconds(1000)}));
}

TEST(LanRecord, WhatWasLeavingHasAgedAndWhatWasSaidOnHasNot) {
  const Stamp later{.boot = "b", .at = Instant(seconds(5)), .wall = kThen.wall + 400};
  const auto past = parse_lan(written(), later);
  EXPECT_EQ(valid_of(past, kSaid), seconds(5400));
  EXPECT_EQ(valid_of(past, kLeaving), seconds(600));
  const Stamp much_later{.boot = "b", .at = Instant(seconds(5)), .wall = kThen.wall + 1000};
  EXPECT_EQ(parse_lan(written(), much_later).size(), 1u);
}

TEST(LanRecord, ABoxWithoutAClockAssumesTheWholeLifetime) {
  const Stamp reset{.boot = "b", .at = Instant(seconds(5)), .wall = 5};
  EXPECT_EQ(valid_of(parse_lan(written(), reset), kLeaving), seconds(1000));
}

TEST(LanRecord, DamageIsDroppedLineByLine) {
  const std::string text =
      "boot=\n2001:db8:3::/64=5400 LA\n2001:db8:4::/64=5400\n2001:db8:5::/64=x LA\n2001:db8:6::/64=-1 LA\n"
      "2001:db8:7::/64=99999999999 LA\n2001:db8:8::/64=5400 LAX\n192.0.2.0/24=5400 LA\nnonsense\n=\n";
  const auto past = parse_lan(text, kThen);
  ASSERT_EQ(past.size(), 1u);
  EXPECT_EQ(past[0].prefix, *parse_prefix("2001:db8:3::/64"));
}

}  // namespace
}  // namespace michi::runtime

#include "runtime/records/held_addresses.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

const Stamp kThen{.boot = "a", .at = Instant(seconds(100)), .wall = 1'750'000'000};
const uplink::HeldAddress kHeld{Ipv4{0xc0000264}, Instant(seconds(3700))};

std::optional<uplink::HeldAddress> read_back(const std::string& text, const Stamp& now) {
  auto all = held_addresses({{"lease4.wan", text}, {"lease4x", text}, {"numbers", "wan=1\n"}}, now);
  EXPECT_LE(all.size(), 1u);
  return all.contains("wan") ? std::optional(all["wan"]) : std::nullopt;
}

TEST(HeldAddresses, AreReadBackWithTheirEnd) {
  EXPECT_EQ(read_back(write_held(kHeld, kThen), kThen), kHeld);
  const uplink::HeldAddress for_ever{kHeld.address};
  EXPECT_EQ(read_back(write_held(for_ever, kThen), kThen), for_ever);
}

TEST(HeldAddresses, AfterARebootTheWallClockTellsTheAge) {
  const Stamp now{.boot = "b", .at = Instant(seconds(20)), .wall = kThen.wall + 600};
  EXPECT_EQ(read_back(write_held(kHeld, kThen), now)->expires, Instant(seconds(20 + 3600 - 600)));
}

TEST(HeldAddresses, WithoutAClockNothingIsTakenOff) {
  const Stamp now{.boot = "b", .at = Instant(seconds(20)), .wall = 12};
  EXPECT_EQ(read_back(write_held(kHeld, kThen), now)->expires, Instant(seconds(20 + 3600)));
}

TEST(HeldAddresses, WhatCannotBeReadIsDropped) {
  const std::string good = write_held(kHeld, kThen);
  for (const char* line : {"address=", "left=", "boot=", "at=", "wall="}) {
    std::string text = good;
    text.insert(text.find(line) + std::string_view(line).size(), "?");
    const bool needed = std::string_view(line) != "boot=";
    EXPECT_EQ(read_back(text, kThen).has_value(), !needed) << text;
  }
  EXPECT_FALSE(read_back("", kThen));
}

}  // namespace
}  // namespace michi::runtime

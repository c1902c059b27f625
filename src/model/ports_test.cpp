#include "model/ports.hpp"

#include <gtest/gtest.h>

namespace michi::model {
namespace {

TEST(PortSet, RangesAreSortedAndWhatOverlapsOrTouchesIsOne) {
  const PortSet ports({{9024, 9039}, {100, 80}, {4936, 4943}, {4928, 4935}, {9030, 9034}});
  EXPECT_EQ(ports.ranges(), (std::vector<PortRange>{{4928, 4943}, {9024, 9039}}));
  EXPECT_EQ(ports.size(), 32U);
  EXPECT_EQ(to_text(ports), "4928-4943, 9024-9039");
  EXPECT_EQ(to_text(PortSet({{80, 80}})), "80");
}

TEST(PortSet, EveryPortIsInOneRangeOrInNone) {
  const PortSet ports({{4928, 4943}, {9024, 9039}});
  for (unsigned port = 0; port <= 65535; ++port) {
    const bool is_ours = (port >= 4928 && port <= 4943) || (port >= 9024 && port <= 9039);
    ASSERT_EQ(ports.contains(static_cast<std::uint16_t>(port)), is_ours) << port;
  }
  EXPECT_FALSE(PortSet().contains(std::uint16_t{0}));
}

TEST(PortSet, ARangeMeetsItWhereOnePortIsCommon) {
  const PortSet ports({{4928, 4943}, {9024, 9039}});
  EXPECT_TRUE(ports.meets({4943, 5000}));
  EXPECT_TRUE(ports.meets({1, 65535}));
  EXPECT_FALSE(ports.meets({4944, 9023}));
}

TEST(PortSet, ASetIsInsideAnotherWhenEachOfItsRangesIs) {
  const PortSet ports({{4928, 4943}, {9024, 9039}});
  EXPECT_TRUE(ports.contains(PortSet({{4930, 4931}, {9039, 9039}})));
  EXPECT_TRUE(ports.contains(PortSet()));
  EXPECT_FALSE(ports.contains(PortSet({{4930, 4944}})));
}

TEST(PortSet, TheNearestRangeIsTheOneAPersonWouldTakeInstead) {
  const PortSet ports({{4928, 4943}, {9024, 9039}});
  EXPECT_EQ(ports.nearest(443), (PortRange{4928, 4943}));
  EXPECT_EQ(ports.nearest(9000), (PortRange{9024, 9039}));
  EXPECT_EQ(ports.nearest(65535), (PortRange{9024, 9039}));
  EXPECT_FALSE(PortSet().nearest(1));
}

}  // namespace
}  // namespace michi::model

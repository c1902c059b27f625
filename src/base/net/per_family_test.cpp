#include "base/net/per_family.hpp"

#include <gtest/gtest.h>

#include <string>

namespace michi {
namespace {

TEST(PerFamily, EachFamilyHasItsOwnValue) {
  PerFamily<std::string> names{"four", "six"};
  EXPECT_EQ(names[Family::V4], "four");
  EXPECT_EQ(names[Family::V6], "six");
  names[Family::V6] = "changed";
  EXPECT_EQ(names[Family::V4], "four");
  EXPECT_NE(names, (PerFamily<std::string>{"four", "six"}));
  EXPECT_EQ(names, (PerFamily<std::string>{"four", "changed"}));
}

TEST(PerFamily, AValueThatNobodyGaveIsTheDefault) {
  constexpr PerFamily<bool> neither;
  for (Family family : kFamilies) EXPECT_FALSE(neither[family]);
}

TEST(PerFamily, BothFamiliesAreVisitedIpv4First) {
  ASSERT_EQ(kFamilies.size(), 2U);
  EXPECT_EQ(kFamilies[0], Family::V4);
  EXPECT_EQ(kFamilies[1], Family::V6);
}

}  // namespace
}  // namespace michi

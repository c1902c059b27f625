#include "wire/duid.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <string>
#include <vector>

namespace michi::wire {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

TEST(Duid, IsWhatTheVectorsSay) {
  std::ifstream file(MICHI_VECTORS "/duid.csv");
  std::string line;
  std::getline(file, line);
  unsigned checked = 0;
  while (std::getline(file, line)) {
    const auto cells = cells_of(line);
    ASSERT_GE(cells.size(), 4U) << line;
    const auto mac = parse_mac(cells[0]);
    ASSERT_TRUE(mac) << line;
    std::uint32_t time = 0;
    if (cells[2].size() > 2) std::from_chars(cells[2].data() + 2, cells[2].data() + cells[2].size(), time, 16);
    const Duid duid = cells[1] == "LLT" ? Duid::link_layer_time(*mac, time) : Duid::link_layer(*mac);
    EXPECT_EQ(to_text(duid), cells[3]) << line;
    EXPECT_EQ(parse_duid(cells[3]), duid) << line;
    ++checked;
  }
  EXPECT_EQ(checked, 4U);
}

TEST(Duid, OfAnEnterpriseIsItsNumberAndItsIdentifier) {
  // RFC 8415 §11.3, figure 4
  const auto id = *from_hex("0cc084d303000912");
  const auto duid = Duid::enterprise(9, id);
  ASSERT_TRUE(duid);
  EXPECT_EQ(to_text(*duid), "0002000000090cc084d303000912");
  EXPECT_FALSE(Duid::enterprise(9, {}));
  EXPECT_FALSE(Duid::enterprise(9, ByteVec(125, std::byte{1})));
  EXPECT_TRUE(Duid::enterprise(9, ByteVec(124, std::byte{1})));
}

TEST(Duid, OfAUuidIsTheUuid) {
  const auto uuid = *from_hex("f81d4fae7dec11d0a76500a0c91e6bf6");
  EXPECT_EQ(to_text(Duid::uuid(std::span<const std::byte, 16>(uuid))), "0004f81d4fae7dec11d0a76500a0c91e6bf6");
}

TEST(Duid, IsReadFromHexDigitsHoweverTheyAreSetApart) {
  const auto plain = parse_duid("00030001001e13c269c2");
  ASSERT_TRUE(plain);
  EXPECT_EQ(parse_duid("00:03:00:01:00:1e:13:c2:69:c2"), plain);
  EXPECT_EQ(parse_duid("00 03 00 01 00 1E 13 C2 69 C2"), plain);
  EXPECT_EQ(plain, Duid::link_layer(*parse_mac("00:1e:13:c2:69:c2")));
}

TEST(Duid, TooShortTooLongOrNoHexIsNone) {
  EXPECT_FALSE(parse_duid(""));
  EXPECT_FALSE(parse_duid("0003"));
  EXPECT_FALSE(parse_duid("000300010"));
  EXPECT_FALSE(parse_duid("00-03-00"));
  EXPECT_FALSE(parse_duid("xyzzy"));
  EXPECT_TRUE(Duid::from_bytes(ByteVec(3)));
  EXPECT_TRUE(Duid::from_bytes(ByteVec(130)));
  EXPECT_FALSE(Duid::from_bytes(ByteVec(131)));
}

}  // namespace
}  // namespace michi::wire

#include "runtime/records/records.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

model::SessionRecord example() {
  model::SessionRecord record;
  record.uplink = {"isp"};
  record.interface = "wan0";
  record.session_id = 6394;
  record.local = *parse_mac("02:00:00:00:00:01");
  record.peer = *parse_mac("00:1e:13:c2:69:c2");
  record.ac_name = "BAS\n1=x";
  record.cookie = *from_hex("00ff0a");
  record.host_uniq = *from_hex("0102030405060708");
  return record;
}

TEST(Records, ASessionRecordComesBackAsItWas) { EXPECT_EQ(parse_session(write_session(example())), example()); }

TEST(Records, ADamagedSessionRecordIsDropped) {
  const auto text = write_session(example());
  for (std::size_t cut = 0; cut + 1 < text.size(); cut += 7) {
    const auto parsed = parse_session(text.substr(0, cut));
    if (parsed) {
      EXPECT_EQ(parsed->peer, example().peer);
    }
  }
  EXPECT_FALSE(parse_session(""));
  EXPECT_FALSE(parse_session("version=2\n" + text.substr(text.find('\n'))));
}

TEST(Records, NumbersOutOfRangeAreDropped) {
  EXPECT_EQ(parse_numbers("a=1\nb=251\nc=x\nd=250\n"),
            (std::map<std::string, model::UplinkNumber>{{"a", 1}, {"d", 250}}));
}

TEST(Records, TheHousesOwnPrefixIsDrawnOnceAndReadBack) {
  auto random = Random::seeded(7);
  const auto drawn = draw_ula(random);
  EXPECT_EQ(drawn.length, 48);
  EXPECT_EQ(drawn.address.v6()->octets[0], 0xfd);
  EXPECT_NE(draw_ula(random), drawn);
  EXPECT_EQ(parse_ula(to_text(drawn)), drawn);
  for (const char* bad : {"", "fd00::/64", "2001:db8::/48", "fd00::1/48", "10.0.0.0/8"})
    EXPECT_FALSE(parse_ula(bad)) << bad;
}

}  // namespace
}  // namespace michi::runtime

#include <gtest/gtest.h>

#include <numeric>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace michi {
namespace {

TEST(Reader, AFailedReadMovesNothing) {
  const auto bytes = *from_hex("01 02 03");
  Reader reader(bytes);
  EXPECT_EQ(reader.u32(), std::nullopt);
  EXPECT_EQ(reader.take(4), std::nullopt);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u16(), std::nullopt);
  EXPECT_EQ(reader.u8(), 3);
  EXPECT_TRUE(reader.empty());
}

TEST(Writer, IntegersStandInNetworkOrderAndLengthsArePatched) {
  Writer writer;
  writer.u8(1).u16(0).u32(0xa1b2c3d4);
  writer.patch_u16(1, 0x0809);
  EXPECT_EQ(to_hex(writer.view()), "010809a1b2c3d4");
}

TEST(Hex, OddDigitsAndStrangersAreRefused) {
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(to_hex(*from_hex("AA:bb")), "aabb");
}

// RFC 8439 §2.3.2
TEST(ChaCha20, GivesTheBlockOfTheRfc) {
  std::array<std::uint32_t, 16> state{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
                                      0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
                                      0x00000001, 0x09000000, 0x4a000000, 0x00000000};
  EXPECT_EQ(to_hex(chacha20_block(state)).substr(0, 32), "10f1e7e4d13b5915500fdd1fa32071c4");
}

TEST(Random, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  EXPECT_EQ(Random::seeded(7).bytes(40), Random::seeded(7).bytes(40));
  EXPECT_NE(Random::seeded(7).bytes(40), Random::seeded(8).bytes(40));
  auto random = Random::seeded(1);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(10), 10u);
  EXPECT_EQ(random.below(0), 0u);
}

// RFC 1321 A.5, RFC 1320 A.5, FIPS 180 "abc"
TEST(Digest, GivesThePublishedValues) {
  EXPECT_EQ(to_hex(md5({bytes_of("ab"), bytes_of("c")})), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(md4({bytes_of("abc")})), "a448017aaf21d8525fc10ae87aa6729d");
  EXPECT_EQ(to_hex(sha1({bytes_of("abc")})), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

// RFC 2759 §9.2: the three DES steps of the challenge response.
TEST(Digest, DesGivesTheNtResponseOfRfc2759) {
  const auto challenge = *from_hex("D02E4386BCE91226");
  const auto hash = *from_hex("44EBBA8D5312B8D611474411F56989AE0000000000");
  std::string response;
  for (std::size_t i = 0; i < 21; i += 7) response += to_hex(des_encrypt(Bytes(hash).subspan(i, 7), challenge));
  EXPECT_EQ(response, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
}

TEST(Mac, TextGoesBothWays) {
  EXPECT_EQ(to_text(*parse_mac("00:1E:13:c2:69:C2")), "00:1e:13:c2:69:c2");
  EXPECT_EQ(to_text(*parse_mac("00-1e-13-c2-69-c2")), "00:1e:13:c2:69:c2");
  EXPECT_FALSE(parse_mac("00:1e:13:c2:69"));
  EXPECT_FALSE(parse_mac("00:1e:13:c2:69.c2"));
  EXPECT_TRUE(Mac::broadcast().is_multicast());
}

TEST(Prefix, ContainsAndOverlaps) {
  auto net = *parse_prefix("192.0.2.0/25");
  EXPECT_TRUE(net.contains(*parse_address("192.0.2.127")));
  EXPECT_FALSE(net.contains(*parse_address("192.0.2.128")));
  EXPECT_FALSE(net.contains(*parse_address("2001:db8::1")));
  EXPECT_TRUE(net.overlaps(*parse_prefix("192.0.0.0/16")));
  EXPECT_TRUE(Prefix::everything(Family::V6).contains(*parse_address("::1")));
  EXPECT_EQ(to_text(parse_prefix("2001:db8:1::ff/48")->canonical()), "2001:db8:1::/48");
  EXPECT_FALSE(parse_prefix("192.0.2.0/33"));
  EXPECT_FALSE(parse_prefix("192.0.2.0/"));
  EXPECT_FALSE(parse_prefix("192.0.2/24"));
  EXPECT_EQ(parse_prefix("192.0.2.1")->length, 32);
}

TEST(Ipv6, ALinkLocalAddressCarriesItsInterfaceIdentifier) {
  auto address = Ipv6::link_local(0x0211'22ff'fe33'4455);
  EXPECT_EQ(to_text(address), "fe80::211:22ff:fe33:4455");
  EXPECT_EQ(address.interface_id(), 0x0211'22ff'fe33'4455u);
  EXPECT_TRUE(address.is_link_local());
}

TEST(Secret, IsComparedWithoutBeingShown) {
  Secret a("geheim");
  Secret moved = std::move(a);
  EXPECT_TRUE(moved.same_as(Secret("geheim")));
  EXPECT_FALSE(moved.same_as(Secret("geheix")));
}

}  // namespace
}  // namespace michi

#include "dataplane/tun/segment.hpp"

#include <gtest/gtest.h>

#include "base/net/checksum.hpp"
#include "dataplane/test_packets.hpp"

namespace michi::dataplane::tun {
namespace {

using test::Packet;

Vnet gso(std::uint8_t type, std::uint16_t size, std::uint16_t l4, bool tcp = true) {
  return {kNeedsChecksum, type, 0, size, l4, static_cast<std::uint16_t>(tcp ? 16 : 6)};
}

std::vector<ByteVec> cut(ByteVec& packet, const Vnet& vnet, std::size_t mtu) {
  std::vector<ByteVec> out;
  auto cutter = Cutter::make(packet, vnet, mtu);
  if (!cutter) return out;
  std::array<std::byte, kMaxHeaders> header;
  while (const auto piece = cutter->next(header)) {
    out.push_back(copy_of(std::span(header).first(piece->header)));
    out.back().insert(out.back().end(), piece->payload.begin(), piece->payload.end());
    if (out.size() > 2000) break;
  }
  return out;
}

TEST(Checksum, EqualsTheTextbookLoopForEveryLengthAndAlignment) {
  const ByteVec bytes = test::pattern(300, 5);
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t size = 0; size + from <= bytes.size(); ++size) {
      const Bytes piece = Bytes(bytes).subspan(from, size);
      EXPECT_EQ(static_cast<std::uint16_t>(~ones_sum(piece, 0x1234) & 0xffff), test::slow_checksum(piece, 0x1234));
    }
}

TEST(Checksum, CarriesOutOfFullWordsAreKept) {
  const ByteVec ones(4096, std::byte{0xff});
  EXPECT_EQ(ones_sum(ones), 0xffff);
  EXPECT_EQ(fold(0xffffffffffffffffu), 0xffff);
}

TEST(Segment, ATcpSuperPacketBecomesPacketsOfTheSegmentSizeWithRightLengthsAndSums) {
  for (const bool v4 : {true, false}) {
    Packet p{.flags = 0x19, .options = test::pattern(12), .payload = test::pattern(5000)};
    if (!v4) p.source = "2001:db8::1", p.destination = "2001:db8:1::2";
    const std::size_t l4 = v4 ? 20 : 40;
    const auto mss = static_cast<std::uint16_t>(1454 - l4 - 32);
    ByteVec packet = test::make(p);
    test::make_partial(packet, p);
    const auto pieces = cut(packet, gso(v4 ? kGsoTcp4 : kGsoTcp6, mss, static_cast<std::uint16_t>(l4)), 1454);
    ASSERT_EQ(pieces.size(), (5000u + mss - 1) / mss);
    ByteVec joined;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool last = i + 1 == pieces.size();
      EXPECT_TRUE(test::sound(pieces[i]));
      EXPECT_TRUE(last || pieces[i].size() == 1454u);
      EXPECT_EQ(get_u32(pieces[i], l4 + 4), 1000 + joined.size());
      EXPECT_EQ(pieces[i][l4 + 13], last ? std::byte{0x19} : std::byte{0x10});  // FIN and PSH only at the end
      EXPECT_TRUE(!v4 || get_u16(pieces[i], 4) == 100 + i);
      joined.insert(joined.end(), pieces[i].begin() + static_cast<long>(l4 + 32), pieces[i].end());
    }
    EXPECT_EQ(joined, p.payload);
  }
}

TEST(Segment, CongestionWindowReducedIsSaidOnce) {
  Packet p{.flags = 0x90, .payload = test::pattern(3000)};
  ByteVec packet = test::make(p);
  test::make_partial(packet, p);
  const auto pieces = cut(packet, gso(kGsoTcp4 | kGsoEcn, 1000, 20), 1454);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0][33], std::byte{0x90});
  EXPECT_EQ(pieces[1][33], std::byte{0x10});
  EXPECT_TRUE(test::sound(pieces[2]));
}

TEST(Segment, AUdpSuperPacketBecomesDatagrams) {
  for (const bool v4 : {true, false}) {
    Packet p{.protocol = 17, .payload = test::pattern(2501)};
    if (!v4) p.source = "2001:db8::1", p.destination = "2001:db8:1::2";
    ByteVec packet = test::make(p);
    test::make_partial(packet, p);
    const auto pieces = cut(packet, gso(kGsoUdp, 1000, v4 ? 20 : 40, false), 1454);
    ASSERT_EQ(pieces.size(), 3u);
    for (const auto& piece : pieces) EXPECT_TRUE(test::sound(piece));
    EXPECT_EQ(pieces[2].size(), (v4 ? 20u : 40u) + 8 + 501);
  }
}

TEST(Segment, AnUnfinishedChecksumIsFinishedForOddAndEvenSizes) {
  for (const std::size_t size : {0u, 1u, 100u, 1401u}) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      Packet p{.protocol = protocol, .payload = test::pattern(size)};
      ByteVec packet = test::make(p);
      test::make_partial(packet, p);
      EXPECT_FALSE(test::sound(packet));
      Vnet vnet = gso(kGsoNone, 0, 20, protocol == 6);
      const auto pieces = cut(packet, vnet, 1454);
      ASSERT_EQ(pieces.size(), 1u);
      EXPECT_TRUE(test::sound(pieces[0]));
    }
  }
}

TEST(Segment, AUdpChecksumThatComesOutAsZeroIsSentAsAllOnes) {
  Packet p{.protocol = 17, .payload = test::pattern(2)};
  ByteVec packet = test::make(p);
  // The two payload octets that make the sum zero: what is there plus what the checksum says.
  const std::uint32_t sum = get_u16(packet, 28) + get_u16(packet, 26);
  p.payload = {static_cast<std::byte>((sum + (sum >> 16)) >> 8 & 0xff),
               static_cast<std::byte>((sum + (sum >> 16)) & 0xff)};
  packet = test::make(p);
  ASSERT_EQ(get_u16(packet, 26), 0);
  test::make_partial(packet, p);
  const auto pieces = cut(packet, gso(kGsoNone, 0, 20, false), 1454);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(get_u16(pieces[0], 26), 0xffff);
}

TEST(Segment, WhatDoesNotFitTheSessionIsRefused) {
  Packet p{.payload = test::pattern(1415)};
  ByteVec packet = test::make(p);
  EXPECT_EQ(cut(packet, {}, 1455).size(), 1u);
  EXPECT_EQ(cut(packet, {}, 1454).size(), 0u);
  p.payload = test::pattern(5000);
  packet = test::make(p);
  test::make_partial(packet, p);
  EXPECT_EQ(cut(packet, gso(kGsoTcp4, 1414, 20), 1454).size(), 4u);
  EXPECT_EQ(cut(packet, gso(kGsoTcp4, 1415, 20), 1454).size(), 0u);
}

TEST(Segment, AVnetHeaderThatContradictsThePacketIsRefused) {
  Packet p{.payload = test::pattern(3000)};
  ByteVec packet = test::make(p);
  EXPECT_TRUE(cut(packet, gso(kGsoTcp6, 1000, 20), 1454).empty());
  EXPECT_TRUE(cut(packet, gso(kGsoTcp4, 0, 20), 1454).empty());
  EXPECT_TRUE(cut(packet, gso(kGsoTcp4, 1000, 24), 1454).empty());
  EXPECT_TRUE(cut(packet, gso(kGsoTcp4, 1000, 20, false), 1454).empty());
  EXPECT_TRUE(cut(packet, gso(3, 1000, 20), 1454).empty());  // UFO
  EXPECT_TRUE(cut(packet, gso(kGsoNone, 0, 0), 4000).empty());
  Vnet vnet = gso(kGsoNone, 0, 3030);
  EXPECT_TRUE(cut(packet, vnet, 4000).empty());
}

}  // namespace
}  // namespace michi::dataplane::tun

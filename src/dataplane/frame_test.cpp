#include "dataplane/frame.hpp"

#include <gtest/gtest.h>

#include "dataplane/test_packets.hpp"

namespace michi::dataplane {
namespace {

using test::Packet;

const Channel kChannel{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, 0x1234};

/// As the other side would send it to us.
ByteVec frame_of(const ByteVec& packet, Family family = Family::V4) {
  ByteVec out(kEncapsulation);
  write_encapsulation(out, {kChannel.peer, kChannel.local, kChannel.session_id}, family, packet.size());
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}

TEST(Frame, EncapsulationIsTheOctetsOfTheRfc) {
  ByteVec out(kEncapsulation);
  write_encapsulation(out, kChannel, Family::V6, 1452);
  EXPECT_EQ(to_hex(out),
            "020000000002"  // to the access concentrator
            "020000000001"
            "8864"
            "1100"  // VER 1, TYPE 1, CODE 0
            "1234"
            "05ae"  // 1454: packet and PPP protocol
            "0057");
  write_encapsulation(out, kChannel, Family::V4, 46);
  EXPECT_EQ(to_hex(Bytes(out).subspan(18)), "00300021");
}

TEST(Frame, APacketComesOutAsItWentIn) {
  const ByteVec packet = test::make({.payload = test::pattern(1400)});
  ByteVec frame = frame_of(packet);
  EXPECT_EQ(channel_of(frame), kChannel);
  const auto opened = open_frame(frame, 1492);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->channel, kChannel);
  EXPECT_EQ(copy_of(opened->packet), packet);
}

TEST(Frame, PaddingAfterAShortPacketIsCutOff) {
  const ByteVec packet = test::make({.protocol = 17, .payload = test::pattern(2)});
  ByteVec frame = frame_of(packet);
  frame.resize(60, std::byte{0xee});
  const auto opened = open_frame(frame, 1492);
  ASSERT_TRUE(opened);
  EXPECT_EQ(copy_of(opened->packet), packet);
}

TEST(Frame, APppoeLengthBeyondTheFrameIsRefused) {
  ByteVec frame = frame_of(test::make({.payload = test::pattern(100)}));
  put_u16(frame, 18, static_cast<std::uint16_t>(get_u16(frame, 18) + 1));
  EXPECT_FALSE(open_frame(frame, 1492));
}

TEST(Frame, AnIpLengthBeyondThePppoeLengthIsRefused) {
  ByteVec frame = frame_of(test::make({.payload = test::pattern(100)}));
  put_u16(frame, 18, static_cast<std::uint16_t>(get_u16(frame, 18) - 1));
  EXPECT_FALSE(open_frame(frame, 1492));
}

TEST(Frame, OnlyIpIsData) {
  ByteVec frame = frame_of(test::make({}));
  for (const unsigned protocol : {0xc021u, 0x8021u, 0x8057u, 0x00fdu, 0x0057u, 0x0000u}) {
    put_u16(frame, 20, static_cast<std::uint16_t>(protocol));
    EXPECT_FALSE(open_frame(frame, 1492)) << protocol;
  }
  put_u16(frame, 20, 0x0021);
  EXPECT_TRUE(open_frame(frame, 1492));
  frame[15] = std::byte{0xa7};  // a PADT code under 0x8864
  EXPECT_FALSE(open_frame(frame, 1492));
  frame[15] = std::byte{0};
  frame[12] = std::byte{0x81};
  EXPECT_FALSE(open_frame(frame, 1492));
}

TEST(Frame, APacketLargerThanTheLimitIsRefused) {
  ByteVec frame = frame_of(test::make({.payload = test::pattern(1453)}));  // 1493
  EXPECT_FALSE(open_frame(frame, 1492));
  EXPECT_TRUE(open_frame(frame, 1493));
}

TEST(Frame, EveryTruncationIsRefusedWithoutAWord) {
  const ByteVec whole = frame_of(test::make({.payload = test::pattern(60)}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ByteVec frame(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_FALSE(open_frame(frame, 1492));
  }
}

}  // namespace
}  // namespace michi::dataplane

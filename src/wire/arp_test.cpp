#include "wire/arp.hpp"

#include <gtest/gtest.h>

namespace michi::wire::arp {
namespace {

const Mac kUs = *parse_mac("02:00:00:00:00:01");
const Mac kOther = *parse_mac("02:00:00:00:00:02");
constexpr Ipv4 kAddress{0xc0000264};  // 192.0.2.100

constexpr std::string_view kReply =
    "0001 0800 06 04"         // Ethernet, IPv4, their sizes
    "0002"                    // reply
    "020000000002 c0000264"   // sender
    "020000000001 00000000";  // target

TEST(Arp, ReadsAndWritesAReply) {
  const ByteVec bytes = *from_hex(kReply);
  const auto packet = parse_packet(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(*packet, (Packet{Operation::Reply, kOther, kAddress, kUs, Ipv4{}}));
  EXPECT_EQ(write_packet(*packet), bytes);
}

TEST(Arp, PaddingIsIgnoredAndEveryTruncationIsAFault) {
  ByteVec bytes = *from_hex(kReply);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_packet(Bytes(bytes).first(size))) << size;
  bytes.resize(46);
  EXPECT_TRUE(parse_packet(bytes));
}

TEST(Arp, OtherHardwareAndProtocolsAreFaults) {
  for (const std::size_t at : {1U, 3U, 4U, 5U}) {
    ByteVec bytes = *from_hex(kReply);
    bytes[at] ^= std::byte{0x10};
    EXPECT_FALSE(parse_packet(bytes)) << at;
  }
}

TEST(Arp, AProbeHasNoSenderAddressAndAnAnnouncementHasItTwice) {
  EXPECT_EQ(to_hex(write_packet(probe(kUs, kAddress))),
            "0001080006040001"
            "02000000000100000000"
            "000000000000c0000264");
  EXPECT_EQ(announcement(kUs, kAddress), (Packet{Operation::Request, kUs, kAddress, Mac{}, kAddress}));
}

}  // namespace
}  // namespace michi::wire::arp

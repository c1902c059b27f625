#include "wire/udp4.hpp"

#include <gtest/gtest.h>

#include "base/net/checksum.hpp"

namespace michi::wire::udp4 {
namespace {

// Headers worked out by hand: 0.0.0.0:68 to 255.255.255.255:67, payload "hi".
constexpr std::string_view kPacket =
    "45 00 001e"         // version 4, 20 octets, total length 30
    "0000 4000"          // no identification, Don't Fragment
    "40 11 3ad0"         // 64 hops, UDP, checksum
    "00000000 ffffffff"  // from nobody to all
    "0044 0043 000a"     // 68 to 67, length 10
    "96ea"               // checksum
    "6869";

TEST(Udp4, ReadsAndWritesADatagramOfABootingHost) {
  const ByteVec packet = *from_hex(kPacket);
  const auto parsed = parse_packet(packet);
  ASSERT_TRUE(parsed) << to_text(parsed.error().code) << " at " << parsed.error().offset;
  EXPECT_EQ(parsed->source, Ipv4{});
  EXPECT_EQ(parsed->destination, Ipv4{0xffffffff});
  EXPECT_EQ(parsed->source_port, 68);
  EXPECT_EQ(parsed->destination_port, 67);
  EXPECT_EQ(text_of(parsed->payload), "hi");
  EXPECT_EQ(to_hex(write_packet(*parsed)), to_hex(packet));
}

TEST(Udp4, EveryDamagedOctetIsNoticed) {
  const ByteVec packet = *from_hex(kPacket);
  for (std::size_t at = 0; at < packet.size(); ++at) {
    ByteVec damaged = packet;
    damaged[at] ^= std::byte{0x04};
    EXPECT_FALSE(parse_packet(damaged)) << at;
  }
}

TEST(Udp4, EveryTruncationIsAFaultAndPaddingIsIgnored) {
  ByteVec packet = *from_hex(kPacket);
  for (std::size_t size = 0; size < packet.size(); ++size)
    EXPECT_FALSE(parse_packet(Bytes(packet).first(size))) << size;
  packet.resize(60, std::byte{0xff});
  EXPECT_EQ(text_of(parse_packet(packet)->payload), "hi");
}

TEST(Udp4, AChecksumThatWasNotMadeOrLeftForACardIsTaken) {
  ByteVec packet = *from_hex(kPacket);
  packet[26] = packet[27] = std::byte{0};
  EXPECT_TRUE(parse_packet(packet));
  const std::uint16_t pseudo = pseudo_sum(Bytes(packet).subspan(12, 8), 17, 10);
  packet[26] = static_cast<std::byte>(pseudo >> 8);
  packet[27] = static_cast<std::byte>(pseudo & 0xff);
  EXPECT_TRUE(parse_packet(packet));
  packet[27] ^= std::byte{1};
  EXPECT_FALSE(parse_packet(packet));
}

/// With the header checksum made anew.
ByteVec mended(ByteVec packet, std::size_t header) {
  packet[10] = packet[11] = std::byte{0};
  const auto sum = static_cast<std::uint16_t>(~ones_sum(Bytes(packet).first(header)) & 0xffff);
  packet[10] = static_cast<std::byte>(sum >> 8);
  packet[11] = static_cast<std::byte>(sum & 0xff);
  return packet;
}

TEST(Udp4, FragmentsAndOtherProtocolsAreFaultsAndIpOptionsAreSkipped) {
  const ByteVec packet = *from_hex(kPacket);
  ByteVec first = packet;
  first[6] = std::byte{0x20};
  EXPECT_EQ(parse_packet(mended(first, 20)).error().code, FaultCode::BadValue);
  ByteVec later = packet;
  later[7] = std::byte{1};
  EXPECT_EQ(parse_packet(mended(later, 20)).error().code, FaultCode::BadValue);
  ByteVec tcp = packet;
  tcp[9] = std::byte{6};
  EXPECT_EQ(parse_packet(mended(tcp, 20)).error().code, FaultCode::WrongType);
  ByteVec optioned = packet;
  optioned[0] = std::byte{0x46};
  optioned[3] = std::byte{34};
  optioned.insert(optioned.begin() + 20, 4, std::byte{1});
  optioned = mended(optioned, 24);
  const auto parsed = parse_packet(optioned);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(text_of(parsed->payload), "hi");
}

TEST(Udp4, EveryPayloadSizeComesBackAndALengthThatLiesIsAFault) {
  for (const std::size_t size : {0U, 1U, 2U, 255U, 300U, 1472U, 65507U, 70000U}) {
    const ByteVec payload(size, std::byte{0xa5});
    const ByteVec packet = write_packet({Ipv4{0x0a000001}, Ipv4{0x0a000002}, 1, 2, payload});
    const auto parsed = parse_packet(packet);
    ASSERT_TRUE(parsed) << size;
    EXPECT_EQ(parsed->payload.size(), std::min<std::size_t>(size, 65507)) << size;
  }
  for (const unsigned length : {0U, 7U, 11U, 255U}) {
    ByteVec packet = *from_hex(kPacket);
    packet[25] = static_cast<std::byte>(length);
    EXPECT_EQ(parse_packet(packet).error().code, FaultCode::BadLength) << length;
  }
}

}  // namespace
}  // namespace michi::wire::udp4

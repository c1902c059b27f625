#include "wire/ip6.hpp"

#include <gtest/gtest.h>

#include "base/net/checksum.hpp"

namespace michi::wire::ip6 {
namespace {

const Ipv6 kFrom = *parse_ipv6("fe80::1"), kTo = *parse_ipv6("ff02::1:2");

TEST(Ip6, ADatagramIsReadAsItWasWritten) {
  const ByteVec payload = *from_hex("0102030405");
  const ByteVec bytes = write_datagram({546, 547, payload}, kFrom, kTo, 255);
  const auto packet = parse_packet(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source, kFrom);
  EXPECT_EQ(packet->destination, kTo);
  EXPECT_EQ(packet->hop_limit, 255);
  EXPECT_EQ(packet->next_header, kUdp);
  const auto datagram = parse_datagram(packet->payload);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->source_port, 546);
  EXPECT_EQ(datagram->destination_port, 547);
  EXPECT_TRUE(equal(datagram->payload, payload));
  // RFC 8200 §8.1: over the pseudo header and the datagram, whose checksum is in it.
  const std::uint16_t pseudo = pseudo_sum(Bytes(bytes).subspan(8, 32), kUdp, packet->payload.size());
  EXPECT_EQ(ones_sum(packet->payload, pseudo), 0xffff);
}

TEST(Ip6, EveryTruncationIsAFaultAndPaddingIsNot) {
  ByteVec bytes = write_datagram({546, 547, *from_hex("0102")}, kFrom, kTo, 1);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_packet(Bytes(bytes).first(size))) << size;
  bytes.push_back(std::byte{0});
  EXPECT_EQ(parse_packet(bytes)->payload.size(), 10U);
  bytes[0] = std::byte{0x45};
  EXPECT_EQ(parse_packet(bytes).error().code, FaultCode::WrongType);
}

TEST(Ip6, ALengthBeyondTheDatagramIsAFault) {
  EXPECT_FALSE(parse_datagram(*from_hex("02220223000700")));
  EXPECT_FALSE(parse_datagram(*from_hex("0222022300070000")));
  EXPECT_FALSE(parse_datagram(*from_hex("0222022300090000")));
  EXPECT_TRUE(parse_datagram(*from_hex("0222022300080000")));
}

TEST(Ip6, WhatIsLongerThanItsLengthFieldIsCut) {
  const ByteVec much(70000);
  EXPECT_EQ(parse_packet(write_datagram({1, 2, much}, kFrom, kTo, 1))->payload.size(), 0xffffU);
}

}  // namespace
}  // namespace michi::wire::ip6

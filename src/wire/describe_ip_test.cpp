#include <gtest/gtest.h>

#include "wire/arp.hpp"
#include "wire/describe.hpp"
#include "wire/dhcp4_options.hpp"
#include "wire/dhcp6_info.hpp"
#include "wire/duid.hpp"
#include "wire/ether.hpp"
#include "wire/icmp6.hpp"
#include "wire/ip6.hpp"
#include "wire/udp4.hpp"

namespace michi::wire {
namespace {

const Ipv6 kUs = *parse_ipv6("fe80::1"), kRouter = *parse_ipv6("fe80::fe");
constexpr Mac kOurs{{2, 0, 0, 0, 0, 1}}, kTheirs{{2, 0, 0, 0, 0, 2}};

std::string dhcp6_line(const dhcp6::Message& message) {
  return describe_ipv6(
      ip6::write_datagram({dhcp6::kServerPort, dhcp6::kClientPort, dhcp6::write_message(message)}, kRouter, kUs, 64));
}

std::string icmp6_line(const icmp6::Message& message) {
  const ByteVec bytes = icmp6::write_message(message, kRouter, icmp6::kAllNodes);
  return describe_ipv6(ip6::write_packet({kRouter, icmp6::kAllNodes, 255, icmp6::kProtocol, bytes}));
}

TEST(DescribeIp, ADelegationShowsItsPrefixItsTimesAndWhoGaveIt) {
  dhcp6::Message reply{dhcp6::MessageType::Reply, 0xa1b2c3, {}};
  reply.options.push_back(dhcp6::bytes_option(dhcp6::OptionCode::ServerId, Duid::link_layer(kTheirs).bytes()));
  reply.options.push_back(dhcp6::ia_option(
      {dhcp6::IaType::Pd, 7, 1800, 2880, {}, {{*parse_prefix("2001:db8:1::/56"), 3600, dhcp6::kInfinity, {}}}}));
  reply.options.push_back(dhcp6::bytes_option(dhcp6::OptionCode::DnsServers, parse_ipv6("2001:db8::53")->bytes()));
  EXPECT_EQ(dhcp6_line(reply),
            "fe80::fe > fe80::1 DHCPv6 Reply id=a1b2c3 server=00030001020000000002 IA_PD(iaid=00000007 t1=1800 t2=2880 "
            "2001:db8:1::/56 preferred=3600 valid=infinite) dns=2001:db8::53");
}

TEST(DescribeIp, ARefusalShowsItsCodeAndTheServersWordsMadeSafe) {
  dhcp6::Message reply{dhcp6::MessageType::Advertise, 1, {}};
  reply.options.push_back(
      dhcp6::ia_option({dhcp6::IaType::Pd, 7, 0, 0, {dhcp6::StatusCode::NoPrefixAvail, "none\n\x1b[31m left"}, {}}));
  const auto line = dhcp6_line(reply);
  EXPECT_NE(line.find("status=NoPrefixAvail \"none..[31m left\")"), std::string::npos) << line;
}

TEST(DescribeIp, ARouterAdvertisementShowsPrefixesAndLifetimes) {
  icmp6::RouterAdvertisement ra;
  ra.lifetime = 1800;
  ra.other = true;
  ra.options = {icmp6::SourceLinkLayer{kTheirs},
                icmp6::PrefixInformation{*parse_prefix("2001:db8:2::/64"), true, true, icmp6::Lifetime{7200},
                                         icmp6::Lifetime{3600}},
                icmp6::Mtu{1400}, icmp6::Rdnss{icmp6::Lifetime{600}, {kRouter}}};
  EXPECT_EQ(icmp6_line(ra),
            "fe80::fe > ff02::1 ICMPv6 Router-Advertisement lifetime=1800 preference=medium other "
            "source-mac=02:00:00:00:00:02 prefix=2001:db8:2::/64 on-link autonomous preferred=3600 valid=7200 mtu=1400 "
            "dns=fe80::fe lifetime=600");
}

TEST(DescribeIp, NeighboursAreNamed) {
  EXPECT_EQ(icmp6_line(icmp6::NeighborSolicitation{kUs, {}}),
            "fe80::fe > ff02::1 ICMPv6 Neighbor-Solicitation target=fe80::1");
  EXPECT_EQ(icmp6_line(icmp6::NeighborAdvertisement{true, true, false, kUs, {}}),
            "fe80::fe > ff02::1 ICMPv6 Neighbor-Advertisement target=fe80::1 router solicited");
  EXPECT_EQ(icmp6_line(icmp6::RouterSolicitation{}), "fe80::fe > ff02::1 ICMPv6 Router-Solicitation");
}

TEST(DescribeIp, AnOfferInItsFrameShowsItsAddresses) {
  dhcp4::Message offer;
  offer.op = dhcp4::Op::Reply;
  offer.xid = 0x12345678;
  offer.yiaddr = *parse_ipv4("192.0.2.100");
  offer.options = {dhcp4::type_option(dhcp4::MessageType::Offer),
                   dhcp4::address_option(dhcp4::OptionCode::ServerIdentifier, *parse_ipv4("192.0.2.1")),
                   dhcp4::address_option(dhcp4::OptionCode::Router, *parse_ipv4("192.0.2.254")),
                   dhcp4::u32_option(dhcp4::OptionCode::LeaseTime, 3600)};
  Writer frame;
  ether::write_header(frame, {kOurs, kTheirs, ether::kTypeIpv4});
  frame.put(udp4::write_packet({*parse_ipv4("192.0.2.1"), *parse_ipv4("192.0.2.100"), dhcp4::kServerPort,
                                dhcp4::kClientPort, dhcp4::write_message(offer)}));
  EXPECT_EQ(describe_frame(frame.view()),
            "02:00:00:00:00:02 > 02:00:00:00:00:01 192.0.2.1 > 192.0.2.100 DHCPOFFER "
            "id=12345678 yours=192.0.2.100 server=192.0.2.1 router=192.0.2.254 lease=3600");
}

TEST(DescribeIp, ArpIsASentence) {
  const Ipv4 address = *parse_ipv4("192.0.2.7");
  EXPECT_EQ(describe_arp(arp::write_packet(arp::probe(kOurs, address))), "ARP probes for 192.0.2.7");
  EXPECT_EQ(describe_arp(arp::write_packet(arp::announcement(kOurs, address))),
            "ARP announces 192.0.2.7 at 02:00:00:00:00:01");
}

TEST(DescribeIp, AFloodOfOptionsIsCutAndNonsenseIsCalledMalformed) {
  dhcp6::Message flood{dhcp6::MessageType::Reply, 1, {}};
  for (int i = 0; i < 2000; ++i) flood.options.push_back({static_cast<dhcp6::OptionCode>(999), {}});
  EXPECT_LT(dhcp6_line(flood).size(), 1200U);
  for (std::size_t size = 0; size < 60; ++size) {
    const ByteVec bytes(size, std::byte{0x60});
    EXPECT_FALSE(describe_ipv4(bytes).empty());
    EXPECT_FALSE(describe_ipv6(bytes).empty());
    EXPECT_FALSE(describe_arp(bytes).empty());
  }
}

}  // namespace
}  // namespace michi::wire

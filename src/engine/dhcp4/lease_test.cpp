#include "engine/dhcp4/lease.hpp"

#include <gtest/gtest.h>

namespace michi::engine::dhcp4 {
namespace {

using wire::dhcp4::Message;
using wire::dhcp4::OptionCode;

Message ack() {
  Message out;
  out.op = wire::dhcp4::Op::Reply;
  out.yiaddr = *parse_ipv4("192.0.2.100");
  out.options = {address_option(OptionCode::ServerIdentifier, *parse_ipv4("192.0.2.1")),
                 address_option(OptionCode::SubnetMask, *parse_ipv4("255.255.255.0")),
                 wire::dhcp4::u32_option(OptionCode::LeaseTime, 3600)};
  return out;
}

void set(Message& message, wire::dhcp4::Option option) {
  std::erase_if(message.options, [&](const auto& other) { return other.code == option.code; });
  message.options.push_back(std::move(option));
}
void set(Message& message, OptionCode code, std::string_view hex) { set(message, {code, *from_hex(hex)}); }
void drop(Message& message, OptionCode code) {
  std::erase_if(message.options, [&](const auto& other) { return other.code == code; });
}

Times times_with(std::optional<std::uint32_t> t1, std::optional<std::uint32_t> t2, std::uint32_t lease = 3600) {
  Message message = ack();
  set(message, wire::dhcp4::u32_option(OptionCode::LeaseTime, lease));
  if (t1) set(message, wire::dhcp4::u32_option(OptionCode::RenewalTime, *t1));
  if (t2) set(message, wire::dhcp4::u32_option(OptionCode::RebindingTime, *t2));
  return *read_lease(message, {})->times;
}
Times in_seconds(int lease, int t1, int t2) { return {seconds(lease), seconds(t1), seconds(t2)}; }

TEST(Dhcp4Lease, HasWhatTheServerGave) {
  Message message = ack();
  set(message, OptionCode::Router, "c0000201 c0000202");
  set(message, OptionCode::DomainNameServer, "08080808");
  set(message, OptionCode::NtpServers, "c0000235");
  set(message, OptionCode::InterfaceMtu, "05aa");
  set(message, wire::dhcp4::text_option(OptionCode::DomainName, "example.jp"));
  set(message, OptionCode::Ipv6OnlyPreferred, "00000708");
  set(message, OptionCode::SixRd, "0e10 20010db8000000000000000000000000 c0000263");
  const auto lease = read_lease(message, {});
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->address, *parse_ipv4("192.0.2.100"));
  EXPECT_EQ(lease->prefix_length, 24);
  EXPECT_EQ(lease->routers, (std::vector{*parse_ipv4("192.0.2.1"), *parse_ipv4("192.0.2.2")}));
  EXPECT_EQ(lease->dns, (std::vector{*parse_ipv4("8.8.8.8")}));
  EXPECT_EQ(lease->ntp, (std::vector{*parse_ipv4("192.0.2.53")}));
  EXPECT_EQ(lease->mtu, 1450);
  EXPECT_EQ(lease->domain, "example.jp");
  EXPECT_EQ(lease->ipv6_only_wait, seconds(1800));
  EXPECT_EQ(lease->six_rd.size(), 22U);
  EXPECT_EQ(lease->times, in_seconds(3600, 1800, 3150));
  EXPECT_TRUE(lease->notes.empty());
}

TEST(Dhcp4Lease, AnAddressNobodyCanHaveIsRefused) {
  for (const char* text : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
                           "255.255.255.255", "192.0.2.0", "192.0.2.255"}) {
    Message message = ack();
    message.yiaddr = *parse_ipv4(text);
    EXPECT_FALSE(read_lease(message, {})) << text;
  }
}

TEST(Dhcp4Lease, AMaskWithHolesOrOfNearlyEverythingIsRefused) {
  for (const char* hex : {"ff00ff00", "00ffffff", "fffffffd", "00000000", "fe000000"}) {
    Message message = ack();
    set(message, OptionCode::SubnetMask, hex);
    EXPECT_FALSE(read_lease(message, {})) << hex;
  }
  for (const char* hex : {"ffffffff", "fffffffe"}) {
    Message message = ack();
    message.yiaddr = *parse_ipv4("192.0.2.255");
    set(message, OptionCode::SubnetMask, hex);
    EXPECT_TRUE(read_lease(message, {})) << hex;
  }
}

TEST(Dhcp4Lease, WithoutAMaskThatOfTheClassIsTaken) {
  for (const auto& [text, length] : {std::pair{"10.1.2.3", 8}, {"172.16.1.1", 16}, {"192.0.2.100", 24}}) {
    Message message = ack();
    message.yiaddr = *parse_ipv4(text);
    drop(message, OptionCode::SubnetMask);
    const auto lease = read_lease(message, {});
    ASSERT_TRUE(lease) << text;
    EXPECT_EQ(lease->prefix_length, length) << text;
    EXPECT_EQ(lease->notes.size(), 1U);
  }
}

TEST(Dhcp4Lease, WithoutAServerOrATimeThereIsNone) {
  for (const OptionCode code : {OptionCode::ServerIdentifier, OptionCode::LeaseTime}) {
    Message message = ack();
    drop(message, code);
    EXPECT_FALSE(read_lease(message, {}));
  }
  for (const char* server : {"00000000", "ffffffff", "7f000001", "e0000001"}) {
    Message message = ack();
    set(message, OptionCode::ServerIdentifier, server);
    EXPECT_FALSE(read_lease(message, {})) << server;
  }
}

TEST(Dhcp4Lease, OfNothingOrTooShortToRenewIsRefused) {
  for (const std::uint32_t lease : {0U, 1U, 9U}) {
    Message message = ack();
    set(message, wire::dhcp4::u32_option(OptionCode::LeaseTime, lease));
    EXPECT_FALSE(read_lease(message, {})) << lease;
  }
  EXPECT_EQ(times_with({}, {}, 10).renew, seconds(5));
}

TEST(Dhcp4Lease, ForEverHasNoTimesWhateverT1AndT2Say) {
  Message message = ack();
  set(message, OptionCode::LeaseTime, "ffffffff");
  set(message, OptionCode::RenewalTime, "00000001");
  EXPECT_EQ(read_lease(message, {})->times, std::nullopt);
  set(message, OptionCode::LeaseTime, "fffffffe");
  EXPECT_EQ(read_lease(message, {})->times->lifetime, kLongestLease);
}

TEST(Dhcp4Lease, T1AndT2AreTheServersOrTheRfcs) {
  EXPECT_EQ(times_with({}, {}), in_seconds(3600, 1800, 3150));
  EXPECT_EQ(times_with(600, 1200), in_seconds(3600, 600, 1200));
  EXPECT_EQ(times_with(600, {}), in_seconds(3600, 600, 3150));
  EXPECT_EQ(times_with({}, 1200), in_seconds(3600, 1200, 1200));
  EXPECT_EQ(times_with(3300, {}), in_seconds(3600, 3300, 3300));
}

TEST(Dhcp4Lease, T1AndT2ThatDoNotFitAreReplacedWithANote) {
  for (const auto& [t1, t2] : {std::pair{2000U, 1000U},
                               {1800U, 3601U},
                               {4000U, 5000U},
                               {0U, 3000U},
                               {1U, 3000U},
                               {0U, 0U},
                               {29U, 3150U},
                               {0xffffffffU, 0xffffffffU}})
    EXPECT_EQ(times_with(t1, t2), in_seconds(3600, 1800, 3150)) << t1 << " " << t2;
  Message message = ack();
  set(message, wire::dhcp4::u32_option(OptionCode::RenewalTime, 4000));
  EXPECT_EQ(read_lease(message, {})->notes.size(), 1U);
}

TEST(Dhcp4Lease, ClasslessRoutesReplaceTheRouters) {
  Message message = ack();
  set(message, OptionCode::Router, "c0000201");
  set(message, OptionCode::ClasslessStaticRoute, "00 c00002fe 08 0a c00002fd 18 c63364 00000000");
  const auto lease = read_lease(message, {});
  ASSERT_TRUE(lease);
  EXPECT_TRUE(lease->routers.empty());
  ASSERT_EQ(lease->routes.size(), 3U);
  EXPECT_EQ(lease->routes[0].destination, *parse_prefix("0.0.0.0/0"));
  EXPECT_EQ(lease->routes[2].gateway, Ipv4{});
  set(message, OptionCode::ClasslessStaticRoute, "00 c000");
  EXPECT_EQ(read_lease(message, {})->routers.size(), 1U);
  EXPECT_EQ(read_lease(message, {})->notes.size(), 1U);
}

TEST(Dhcp4Lease, RoutesToLoopbackOrMulticastOrThroughNobodyAreLeftOut) {
  Message message = ack();
  set(message, OptionCode::ClasslessStaticRoute,
      "00 c00002fe 08 7f c00002fe 04 e0 c00002fe 08 0a 7f000001 08 0b ffffffff 04 f0 c00002fe");
  const auto lease = read_lease(message, {});
  EXPECT_EQ(lease->routes.size(), 1U);
  EXPECT_EQ(lease->notes.size(), 1U);
}

TEST(Dhcp4Lease, ARouterOutsideTheSubnetIsKeptWithANote) {
  Message message = ack();
  set(message, OptionCode::Router, "0a000001");
  const auto lease = read_lease(message, {});
  EXPECT_EQ(lease->routers, (std::vector{*parse_ipv4("10.0.0.1")}));
  EXPECT_EQ(lease->notes, (std::vector<std::string>{"a router outside the subnet"}));
}

TEST(Dhcp4Lease, AddressesThatAreNoneAreLeftOut) {
  Message message = ack();
  set(message, OptionCode::Router, "00000000 c0000201");
  set(message, OptionCode::DomainNameServer, "7f000001 ffffffff 08080808 e0000001");
  set(message, OptionCode::NtpServers, "00000000");
  const auto lease = read_lease(message, {});
  EXPECT_EQ(lease->routers, (std::vector{*parse_ipv4("192.0.2.1")}));
  EXPECT_EQ(lease->dns, (std::vector{*parse_ipv4("8.8.8.8")}));
  EXPECT_TRUE(lease->ntp.empty());
  EXPECT_EQ(lease->notes.size(), 3U);
}

TEST(Dhcp4Lease, AnMtuOutsideItsBoundsIsLeftOut) {
  for (const auto& [mtu, taken] : {std::pair{68, false}, {575, false}, {576, true}, {1500, true}, {1501, false}}) {
    Message message = ack();
    set(message, wire::dhcp4::u16_option(OptionCode::InterfaceMtu, static_cast<std::uint16_t>(mtu)));
    EXPECT_EQ(read_lease(message, {})->mtu.has_value(), taken) << mtu;
    EXPECT_EQ(read_lease(message, {})->notes.empty(), taken) << mtu;
  }
  Message message = ack();
  set(message, wire::dhcp4::u16_option(OptionCode::InterfaceMtu, 9000));
  EXPECT_EQ(read_lease(message, {576, 9000})->mtu, 9000);
}

TEST(Dhcp4Lease, EverythingIsBounded) {
  Message message = ack();
  const ByteVec route = *from_hex("08 0b 0a000001");
  ByteVec addresses, routes;
  for (unsigned i = 0; i < 300; ++i) {
    for (const std::byte b : Ipv4{0x0a000001 + i}.bytes()) addresses.push_back(b);
    routes.insert(routes.end(), route.begin(), route.end());
  }
  for (const OptionCode code : {OptionCode::Router, OptionCode::DomainNameServer, OptionCode::NtpServers})
    set(message, wire::dhcp4::Option{code, addresses});
  set(message, wire::dhcp4::Option{OptionCode::SixRd, ByteVec(kMostSixRd + 1)});
  const auto first = read_lease(message, {});
  EXPECT_EQ(first->routers.size(), kMostAddresses);
  EXPECT_EQ(first->dns.size(), kMostAddresses);
  EXPECT_EQ(first->ntp.size(), kMostAddresses);
  EXPECT_TRUE(first->six_rd.empty());
  set(message, wire::dhcp4::Option{OptionCode::ClasslessStaticRoute, routes});
  EXPECT_EQ(read_lease(message, {})->routes.size(), kMostRoutes);
}

TEST(Dhcp4Lease, TheIpv6OnlyWaitIsAtLeastThatOfTheRfc) {
  Message message = ack();
  set(message, OptionCode::Ipv6OnlyPreferred, "00000000");
  EXPECT_EQ(read_lease(message, {})->ipv6_only_wait, seconds(300));
}

}  // namespace
}  // namespace michi::engine::dhcp4

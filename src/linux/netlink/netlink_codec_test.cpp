#include "linux/netlink/netlink_codec.hpp"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "linux/netlink/netlink_message.hpp"
#include "linux/netlink/netlink_socket.hpp"
#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

std::uint32_t index_of(const std::string& name) { return name == "isp" ? 7 : name == "wan0" ? 3 : 0; }
std::string name_of(std::uint32_t index) { return index == 7 ? "isp" : index == 3 ? "wan0" : ""; }

Address address(std::string_view text) { return *parse_address(text); }
Prefix prefix(std::string_view text) { return *parse_prefix(text); }

model::RouteEntry route(std::string_view to) {
  return {.table = 20001,
          .to = prefix(to),
          .metric = 0,
          .type = model::RouteType::Unicast,
          .device = "isp",
          .source = std::nullopt,
          .protocol = model::kRouteProtocol,
          .mtu = 0};
}

template <class Fact>
Fact round_trip(const port::NetOp& op) {
  const auto bytes = encode(op, 1, index_of);
  EXPECT_TRUE(bytes.has_value());
  const auto fact = decode(as_message(*bytes), name_of);
  EXPECT_TRUE(fact.has_value());
  return std::get<Fact>(fact->what);
}

TEST(NetlinkEncode, ARouteIsTheBytesThatTheKernelDocuments) {
  auto wanted = route("198.51.100.0/24");
  wanted.metric = 5;
  wanted.source = address("192.0.2.9");
  wanted.mtu = 1454;
  const auto bytes = encode(port::AddRoute{wanted}, 9, index_of);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes),
            to_hex(*from_hex("50000000 1800 0505 09000000 00000000"  // length, RTM_NEWROUTE, REQUEST ACK REPLACE CREATE
                             "02 18 00 00 00 6d fd 01 00000000"      // inet /24, table unspec, 109, link, unicast
                             "0800 0f00 214e0000"                    // RTA_TABLE 20001
                             "0800 0100 c6336400"                    // RTA_DST
                             "0800 0600 05000000"                    // RTA_PRIORITY 5
                             "0800 0400 07000000"                    // RTA_OIF isp
                             "0800 0700 c0000209"                    // RTA_PREFSRC
                             "0c00 0880 0800 0200 ae050000")));      // RTA_METRICS { RTAX_MTU 1454 }
}

TEST(NetlinkEncode, ARuleIsTheBytesThatTheKernelDocuments) {
  const model::RuleEntry rule{.family = Family::V4,
                              .priority = 20700,
                              .action = model::RuleAction::Lookup,
                              .table = 20001,
                              .from = std::nullopt,
                              .oif = "",
                              .iif = "",
                              .mark = 1u << 24,
                              .mark_mask = 0xff000000,
                              .suppress_prefix_length = std::nullopt,
                              .protocol = 109};
  const auto bytes = encode(port::AddRule{rule}, 2, index_of);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes), to_hex(*from_hex("44000000 2000 0506 02000000 00000000"  // RTM_NEWRULE, ACK EXCL CREATE
                                             "02 00 00 00 00 00 00 01 00000000"      // inet, lookup
                                             "0800 0600 dc500000"                    // FRA_PRIORITY
                                             "0800 0f00 214e0000"                    // FRA_TABLE
                                             "0800 0a00 00000001"                    // FRA_FWMARK
                                             "0800 1000 000000ff"                    // FRA_FWMASK
                                             "0500 1500 6d000000")));                // FRA_PROTOCOL
}

TEST(NetlinkEncode, AnIpv6AddressIsAddedWithoutDuplicateDetectionAndWithoutItsPrefixRoute) {
  const auto bytes = encode(port::AddAddress{{"isp", prefix("2001:db8::1/128"), true}}, 3, index_of);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes), to_hex(*from_hex("50000000 1400 0505 03000000 00000000"
                                             "0a 80 00 00 07000000"
                                             "1400 0200 20010db8000000000000000000000001"  // IFA_LOCAL
                                             "1400 0100 20010db8000000000000000000000001"  // IFA_ADDRESS
                                             "0800 0800 02020000"                          // NODAD | NOPREFIXROUTE
                                             "0500 0b00 6d000000")));                      // IFA_PROTO 109
}

TEST(NetlinkEncode, NothingIsAskedAboutADeviceThatIsNotThere) {
  auto wanted = route("0.0.0.0/0");
  wanted.device = "gone";
  EXPECT_FALSE(encode(port::AddRoute{wanted}, 1, index_of));
  EXPECT_FALSE(encode(port::SetLink{.name = "gone", .up = true, .mtu = {}, .alias = {}}, 1, index_of));
  EXPECT_FALSE(encode(port::DeleteAddress{{"gone", prefix("192.0.2.1/32"), true}}, 1, index_of));
}

TEST(NetlinkEncode, AnInterfaceNameLongerThanTheKernelsIsRefused) {
  model::RuleEntry rule;
  rule.oif = "sixteen-letters-";
  EXPECT_FALSE(encode(port::AddRule{rule}, 1, index_of));
}

TEST(NetlinkCodec, RoutesComeBackAsTheyWent) {
  auto plain = route("198.51.100.0/24");
  plain.metric = 12;
  plain.source = address("10.0.0.1");
  plain.mtu = 1280;
  EXPECT_EQ(round_trip<RouteFact>(port::AddRoute{plain}).route, plain);
  const auto everything6 = route("::/0");
  EXPECT_EQ(round_trip<RouteFact>(port::AddRoute{everything6}).route, everything6);
  auto unreachable = route("2001:db8::/32");
  unreachable.type = model::RouteType::Unreachable;
  unreachable.device = {};
  unreachable.metric = 4000;
  EXPECT_EQ(round_trip<RouteFact>(port::AddRoute{unreachable}).route, unreachable);
}

TEST(NetlinkCodec, RulesComeBackAsTheyWent) {
  model::RuleEntry rule{.family = Family::V6,
                        .priority = 20100,
                        .action = model::RuleAction::Lookup,
                        .table = 254,
                        .from = prefix("2001:db8::/56"),
                        .oif = "isp",
                        .iif = "lan0",
                        .mark = 0x02000000,
                        .mark_mask = 0xff000000,
                        .suppress_prefix_length = 0,
                        .protocol = 109};
  EXPECT_EQ(round_trip<RuleFact>(port::AddRule{rule}).rule, rule);
  rule = {.family = Family::V4,
          .priority = 20999,
          .action = model::RuleAction::Unreachable,
          .table = 0,
          .from = std::nullopt,
          .oif = "",
          .iif = "",
          .mark = 0,
          .mark_mask = 0,
          .suppress_prefix_length = std::nullopt,
          .protocol = 109};
  EXPECT_EQ(round_trip<RuleFact>(port::AddRule{rule}).rule, rule);
}

TEST(NetlinkCodec, AddressesComeBackWithTheirHostBits) {
  const model::AddressEntry entry{"wan0", prefix("192.0.2.5/24"), false};
  EXPECT_EQ(round_trip<AddressFact>(port::AddAddress{entry}).address, entry);
}

TEST(NetlinkDecode, AnAddressIsUsableWhenNobodyElseHasIt) {
  const auto usable = [](std::uint32_t flags) {
    NetlinkMessage message(RTM_NEWADDR, 0, 1);
    auto& header = message.extra<ifaddrmsg>();
    header.ifa_family = AF_INET6;
    header.ifa_prefixlen = 64;
    header.ifa_index = 3;
    message.bytes(IFA_ADDRESS, address("fe80::1").bytes()).u32(IFA_FLAGS, flags);
    const auto fact = decode(as_message(message.take()), name_of);
    return fact && std::get<AddressFact>(fact->what).usable;
  };
  EXPECT_TRUE(usable(IFA_F_PERMANENT));
  EXPECT_TRUE(usable(IFA_F_TENTATIVE | IFA_F_OPTIMISTIC));
  EXPECT_FALSE(usable(IFA_F_PERMANENT | IFA_F_TENTATIVE));
  EXPECT_FALSE(usable(IFA_F_TENTATIVE | IFA_F_DADFAILED));
}

TEST(NetlinkDecode, ForeignRoutesAreNobodysBusinessAndForeignRulesAreToldAsSuch) {
  auto foreign = route("198.51.100.0/24");
  foreign.protocol = 3;
  foreign.table = 254;
  EXPECT_FALSE(decode(as_message(*encode(port::AddRoute{foreign}, 1, index_of)), name_of));
  foreign.table = 20255;  // in our tables it is
  EXPECT_TRUE(decode(as_message(*encode(port::AddRoute{foreign}, 1, index_of)), name_of));
  model::RuleEntry rule;
  rule.priority = 32766;
  const auto fact = decode(as_message(*encode(port::AddRule{rule}, 1, index_of)), name_of);
  ASSERT_TRUE(fact);
  EXPECT_TRUE(std::get<RuleFact>(fact->what).foreign);
}

TEST(NetlinkCodec, NextHopsComeBackAsTheyWent) {
  for (const auto& [to, gateway] : {std::pair("0.0.0.0/0", "192.0.2.1"), std::pair("::/0", "fe80::1")}) {
    auto wanted = route(to);
    wanted.metric = 100;
    wanted.gateway = parse_address(gateway);
    EXPECT_EQ(round_trip<RouteFact>(port::AddRoute{wanted}).route, wanted);
  }
}

TEST(NetlinkCodec, ARuleForPacketsWithoutOurMarkComesBackAsItWent) {
  model::RuleEntry rule{.family = Family::V6, .priority = 20500, .table = 20001, .from = prefix("2001:db8::/56")};
  rule.mark_mask = 0xff000000;
  EXPECT_EQ(round_trip<RuleFact>(port::AddRule{rule}).rule, rule);
}

TEST(NetlinkCodec, AnEndOfOursInMainIsOurs) {
  model::RouteEntry end{.table = 254, .to = prefix("2001:db8:100::/56"), .metric = 4096};
  end.type = model::RouteType::Unreachable;
  EXPECT_EQ(round_trip<RouteFact>(port::AddRoute{end}).route, end);
}

TEST(NetlinkCodec, AnAddressSaysWhoseItIs) {
  const model::AddressEntry entry{"wan0", prefix("2001:db8::5/64"), false};
  auto bytes = *encode(port::AddAddress{entry}, 1, index_of);
  EXPECT_TRUE(std::get<AddressFact>(decode(as_message(bytes), name_of)->what).ours);
  auto gone = *encode(port::DeleteAddress{entry}, 1, index_of);
  EXPECT_FALSE(std::get<AddressFact>(decode(as_message(gone), name_of)->what).ours);
}

TEST(NetlinkDecode, ARouteWithAnotherGatewayNeverEqualsOurs) {
  ByteVec bytes = *encode(port::AddRoute{route("198.51.100.0/24")}, 1, index_of);
  const ByteVec gateway = *from_hex("0800 0500 c0000201");  // RTA_GATEWAY
  bytes.insert(bytes.end(), gateway.begin(), gateway.end());
  bytes[0] = static_cast<std::byte>(bytes.size());
  const auto fact = decode(as_message(bytes), name_of);
  ASSERT_TRUE(fact);
  const auto& seen = std::get<RouteFact>(fact->what).route;
  EXPECT_EQ(seen.gateway, parse_address("192.0.2.1"));
  EXPECT_NE(seen, route("198.51.100.0/24"));
}

TEST(NetlinkDecode, SettingsAreThoseOfAllAndOfDevicesThatAreThere) {
  // NEWNETCONF of AF_INET: index, NETCONFA_FORWARDING 0, NETCONFA_RP_FILTER 2.
  const auto settings = [](std::string_view index) {
    return *from_hex("2c000000 5000 0000 00000000 00000000 02000000 0800 0100" + std::string(index) +
                     "0800 0200 00000000 0800 0300 02000000");
  };
  const auto decoded = [](const ByteVec& bytes) { return decode(as_message(bytes), name_of); };
  const auto all = decoded(settings("ffffffff"));
  ASSERT_TRUE(all);
  EXPECT_EQ(std::get<SettingsFact>(all->what).device, "all");
  EXPECT_EQ(std::get<SettingsFact>(all->what).forwarding, false);
  const auto isp = decoded(settings("07000000"));
  ASSERT_TRUE(isp);
  EXPECT_EQ(std::get<SettingsFact>(isp->what).device, "isp");
  EXPECT_EQ(std::get<SettingsFact>(isp->what).reverse_path_filter, 2);
  EXPECT_FALSE(decoded(settings("feffffff"))) << "default";
  EXPECT_FALSE(decoded(settings("05000000"))) << "no such device";
  ByteVec short_value = settings("ffffffff");
  short_value[28] = std::byte{6};  // NETCONFA_FORWARDING with two bytes
  EXPECT_FALSE(std::get<SettingsFact>(decoded(short_value)->what).forwarding.has_value());
  ByteVec foreign = settings("ffffffff");
  foreign[16] = std::byte{10};  // AF_INET6
  EXPECT_FALSE(decoded(foreign));
  for (std::size_t size = sizeof(nlmsghdr); size < foreign.size(); ++size) {
    ByteVec cut(isp ? settings("ffffffff") : foreign);
    cut.resize(size);
    cut[0] = static_cast<std::byte>(size);
    std::ignore = decoded(cut);
  }
}

TEST(NetlinkDecode, LeavingABridgeIsNotLeavingTheMachine) {
  const ByteVec bytes = *from_hex(
      "2c000000 1100 0000 00000000 00000000"   // RTM_DELLINK
      "07 00 0100 03000000 00000000 00000000"  // AF_BRIDGE, index 3
      "0900 0300 77616e30 00000000");          // IFLA_IFNAME wan0
  EXPECT_FALSE(decode(as_message(bytes), name_of));
  ByteVec whole = bytes;
  whole[16] = std::byte{0};  // AF_UNSPEC
  EXPECT_TRUE(decode(as_message(whole), name_of));
}

TEST(NetlinkDecode, NoPrefixOfAMessageIsReadPastItsEnd) {
  const ByteVec whole = *encode(port::AddRoute{route("2001:db8::/32")}, 1, index_of);
  for (std::size_t size = sizeof(nlmsghdr); size < whole.size(); ++size) {
    ByteVec cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    cut[0] = static_cast<std::byte>(size);
    std::ignore = decode(as_message(cut), name_of);
  }
}

TEST(Netlink, AnAcknowledgementCarriesTheKernelsSentence) {
  const ByteVec bytes = *from_hex(
      "30000000 0200 0003 00000000 00000000"  // NLMSG_ERROR, CAPPED | ACK_TLVS
      "edffffff"                              // -ENODEV
      "50000000 1800 0505 2a000000 00000000"  // the request's header, sequence 42
      "0b00 0100 4e6f2077 61790000");         // NLMSGERR_ATTR_MSG "No way"
  const auto answer = parse_acknowledgement(as_message(bytes));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->sequence, 42u);
  EXPECT_EQ(answer->error, ENODEV);
  EXPECT_EQ(answer->message, "No way");
}

TEST(Netlink, WhatIsSoAlreadyIsDone) {
  const port::NetOp add = port::AddRoute{route("0.0.0.0/0")}, remove = port::DeleteRoute{route("0.0.0.0/0")};
  EXPECT_TRUE(is_done_already(add, EEXIST));
  EXPECT_FALSE(is_done_already(add, ESRCH));
  EXPECT_TRUE(is_done_already(remove, ESRCH));
  EXPECT_TRUE(is_done_already(remove, ENODEV));
  EXPECT_FALSE(is_done_already(remove, EPERM));
}

TEST(Netlink, AnOperationIsNamedInWordsThatAnOperatorKnows) {
  auto wanted = route("198.51.100.0/24");
  wanted.source = address("10.0.0.1");
  EXPECT_EQ(describe(port::AddRoute{wanted}), "add route 198.51.100.0/24 table 20001 dev isp src 10.0.0.1");
}

}  // namespace
}  // namespace michi::linux

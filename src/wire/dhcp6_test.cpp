#include "wire/dhcp6.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "wire/dhcp6_info.hpp"

namespace michi::wire::dhcp6 {
namespace {

ByteVec hex(std::string_view text) {
  std::string packed;
  for (const char c : text)
    if (c != ' ') packed += c;
  return *from_hex(packed);
}

Ipv6 v6(std::string_view text) { return *parse_ipv6(text); }

// A Reply as an NGN line with a delegated prefix gets it, put together from the figures of RFC 8415 §8,
// §21.2, §21.3, §21.21, §21.22 and RFC 3646 §3.
constexpr std::string_view kReply =
    "07 a1b2c3"                   // Reply, transaction
    "0001 000a"                   // Client Identifier:
    "0003 0001 001e13c269c2"      //   DUID-LL
    "0002 000a"                   // Server Identifier:
    "0003 0001 020000000001"      //   DUID-LL
    "0019 0029"                   // IA_PD:
    "00000000 00001c20 00002d00"  //   IAID 0, T1 7200 s, T2 11520 s
    "001a 0019"                   //   IAPREFIX:
    "00003840 00003840"           //     preferred and valid 14400 s
    "38"                          //     /56
    "240b0010 11223300 00000000 00000000"
    "0017 0020"  // DNS servers
    "240401a8 7f01000a 00000000 00000003"
    "240401a8 7f01000b 00000000 00000003";

TEST(Dhcp6, ReadsAReplyAndWritesItTheSame) {
  const ByteVec bytes = hex(kReply);
  const auto message = parse_message(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, MessageType::Reply);
  EXPECT_EQ(message->transaction_id, 0xa1b2c3U);
  ASSERT_EQ(message->options.size(), 4U);
  EXPECT_EQ(to_hex(find_option(message->options, OptionCode::ServerId)->value), "00030001020000000001");

  const auto ia = parse_ia(*find_option(message->options, OptionCode::IaPd));
  ASSERT_TRUE(ia);
  EXPECT_EQ(ia->type, IaType::Pd);
  EXPECT_EQ(ia->iaid, 0U);
  EXPECT_EQ(ia->t1, 7200U);
  EXPECT_EQ(ia->t2, 11520U);
  ASSERT_EQ(ia->leases.size(), 1U);
  EXPECT_EQ(to_text(ia->leases[0].prefix), "240b:10:1122:3300::/56");
  EXPECT_EQ(ia->leases[0].preferred, 14400U);
  EXPECT_EQ(ia->leases[0].valid, 14400U);

  EXPECT_EQ(write_message(*message), bytes);
  EXPECT_EQ(ia_option(*ia), *find_option(message->options, OptionCode::IaPd));
}

TEST(Dhcp6, EveryTruncationIsAFaultOrAShorterListOfOptions) {
  const ByteVec bytes = hex(kReply);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto message = parse_message(Bytes(bytes).first(size));
    const bool whole = size == 4 || size == 18 || size == 32 || size == 77;
    EXPECT_EQ(message.has_value(), whole) << size;
  }
}

TEST(Dhcp6, FaultsNameTheirPlace) {
  EXPECT_EQ(parse_message(hex("07a1b2")).error(), (ParseFault{FaultCode::Truncated, 3}));
  EXPECT_EQ(parse_message(hex("07a1b2c3 0001")).error(), (ParseFault{FaultCode::Truncated, 4}));
  EXPECT_EQ(parse_message(hex("07a1b2c3 0001 0005 00")).error(), (ParseFault{FaultCode::BadLength, 6}));
  EXPECT_EQ(parse_message(hex("0d000000 0000")).error(), (ParseFault{FaultCode::WrongType, 0}));
  EXPECT_EQ(parse_ia({OptionCode::IaPd, hex("00000000 00000000 0000")}).error().code, FaultCode::Truncated);
  EXPECT_EQ(parse_ia({OptionCode::IaPd, hex("00000000 00000000 00000000 001a 0019 00")}).error(),
            (ParseFault{FaultCode::BadLength, 14}));
  EXPECT_EQ(parse_ia({OptionCode::IaTa, hex("00000000")}).error().code, FaultCode::WrongType);
}

TEST(Dhcp6, AddressesAndPrefixesComeBackAsTheyWent) {
  Ia na{IaType::Na, 7, 100, 200, {}, {}};
  na.leases.push_back({Prefix::host(v6("2001:db8::17")), 300, 400, {}});
  na.leases.push_back({Prefix::host(v6("2001:db8::18")), 0, 0, {StatusCode::NotOnLink, "elsewhere"}});
  EXPECT_EQ(parse_ia(ia_option(na)), na);
  Ia pd{IaType::Pd, 9, 0, kInfinity, {StatusCode::NoPrefixAvail, "none left"}, {}};
  pd.leases.push_back({*parse_prefix("2001:db8:1::/48"), kInfinity, kInfinity, {}});
  EXPECT_EQ(parse_ia(ia_option(pd)), pd);
}

TEST(Dhcp6, ALeaseThatCannotBeReadIsLeftOutAndTheOthersStay) {
  Ia pd{IaType::Pd, 1, 0, 0, {}, {}};
  pd.leases.push_back({*parse_prefix("2001:db8:1::/48"), 20, 10, {}});  // preferred above valid: §21.22
  pd.leases.push_back({*parse_prefix("2001:db8:2::/48"), 10, 20, {}});
  pd.leases.push_back({Prefix::everything(Family::V6), 10, 20, {}});  // length 0
  Option option = ia_option(pd);
  const ByteVec short_one = hex("001a 0004 00000000");
  option.value.insert(option.value.end(), short_one.begin(), short_one.end());
  ByteVec too_long = hex("001a 0019 0000000a 0000000a 81 20010db8000300000000000000000000");
  option.value.insert(option.value.end(), too_long.begin(), too_long.end());
  const auto ia = parse_ia(option);
  ASSERT_TRUE(ia);
  ASSERT_EQ(ia->leases.size(), 1U);
  EXPECT_EQ(to_text(ia->leases[0].prefix), "2001:db8:2::/48");
}

TEST(Dhcp6, HostBitsOfAPrefixAreCleared) {
  Ia pd{IaType::Pd, 1, 0, 0, {}, {}};
  pd.leases.push_back({*parse_prefix("2001:db8:1:2::3/48"), 10, 20, {}});
  EXPECT_EQ(to_text(parse_ia(ia_option(pd))->leases[0].prefix), "2001:db8:1::/48");
}

TEST(Dhcp6, AStatusIsSuccessUnlessItSaysOtherwise) {
  EXPECT_EQ(status_in({}), Status{});
  const Options broken{{OptionCode::Status, hex("00")}};
  EXPECT_EQ(status_in(broken), Status{});
  const Options said{status_option({StatusCode::UnspecFail, "no"})};
  EXPECT_EQ(status_in(said), (Status{StatusCode::UnspecFail, "no"}));
}

TEST(Dhcp6, NumbersOfAWrongSizeAreNone) {
  const Options options{{OptionCode::Preference, hex("ff")}, {OptionCode::SolMaxRt, hex("0000003c")}};
  EXPECT_EQ(u8_value(options, OptionCode::Preference), 255);
  EXPECT_EQ(u32_value(options, OptionCode::SolMaxRt), 60U);
  EXPECT_EQ(u8_value(options, OptionCode::SolMaxRt), std::nullopt);
  EXPECT_EQ(u32_value(options, OptionCode::Preference), std::nullopt);
  EXPECT_EQ(u32_value(options, OptionCode::InfMaxRt), std::nullopt);
}

TEST(Dhcp6, AnOptionRequestListsItsCodes) {
  const OptionCode codes[] = {OptionCode::DnsServers, OptionCode::SolMaxRt};
  EXPECT_EQ(option_request(codes), (Option{OptionCode::OptionRequest, hex("0017 0052")}));
}

TEST(Dhcp6Info, EverythingComesBackAsItWent) {
  Info info;
  info.dns = {v6("2404:1a8:7f01:a::3"), v6("2404:1a8:7f01:b::3")};
  info.domains = {"example.jp", "flets-east.jp"};
  info.sip = {v6("2001:db8::5060")};
  info.sntp = {v6("2001:db8::123")};
  info.ntp = {v6("2001:db8::124")};
  info.ntp_multicast = {v6("ff05::101")};
  info.ntp_names = {"ntp.example.jp"};
  info.aftr = "gw.transix.jp";
  info.s46 = {{OptionCode::S46ContMapE, hex("0059 0000")}};
  info.vendor = {{OptionCode::VendorOptions, hex("0000011e 00c9 0006 001e13c269c2")}};
  std::uint64_t unread = 0;
  EXPECT_EQ(info_in(info_options(info), unread), info);
  EXPECT_EQ(unread, 0U);
}

TEST(Dhcp6Info, TheResolversOfTheNgnAreRead) {
  std::ifstream file(MICHI_VECTORS "/ngn_dns.csv");
  std::string line;
  std::getline(file, line);
  std::vector<Ipv6> resolvers;
  while (std::getline(file, line)) {
    const auto first = line.find(',');
    resolvers.push_back(v6(line.substr(first + 1, line.find(',', first + 1) - first - 1)));
  }
  ASSERT_EQ(resolvers.size(), 4U);
  const Options options{{OptionCode::DnsServers, write_addresses(resolvers)}};
  std::uint64_t unread = 0;
  EXPECT_EQ(info_in(options, unread).dns, resolvers);
}

TEST(Dhcp6Info, NamesAreReadAsRfc1035WritesThem) {
  const ByteVec bytes = hex("02 6777 07 7472616e736978 02 6a70 00 01 61 00");
  const auto names = parse_names(bytes);
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, (std::vector<std::string>{"gw.transix.jp", "a"}));
  EXPECT_EQ(write_names(*names), bytes);
}

TEST(Dhcp6Info, ANameThatCouldNotStandInAFileIsNone) {
  EXPECT_FALSE(parse_names({}));
  EXPECT_FALSE(parse_names(hex("00")));            // no label
  EXPECT_FALSE(parse_names(hex("02 61")));         // cut
  EXPECT_FALSE(parse_names(hex("01 61")));         // no end
  EXPECT_FALSE(parse_names(hex("c0 00")));         // compressed
  EXPECT_FALSE(parse_names(hex("02 610a 00")));    // a line end
  EXPECT_FALSE(parse_names(hex("03 612062 00")));  // a blank
  EXPECT_FALSE(parse_names(hex("03 612e62 00")));  // a dot inside a label
  ByteVec long_name;
  for (int i = 0; i < 5; ++i) {
    long_name.push_back(std::byte{63});
    long_name.insert(long_name.end(), 63, std::byte{'a'});
  }
  long_name.push_back(std::byte{0});
  EXPECT_FALSE(parse_names(long_name));
}

TEST(Dhcp6Info, WhatCannotBeReadIsAbsentAndCounted) {
  const Options options{{OptionCode::DnsServers, hex("2001")},
                        {OptionCode::DnsServers, write_addresses(std::vector{v6("2001:db8::1")})},
                        {OptionCode::DomainList, hex("05 61")},
                        {OptionCode::NtpServer, hex("0001 0004 00000000")},
                        {OptionCode::AftrName, hex("01 61 00 01 62 00")},  // two names where one belongs
                        {OptionCode::SipServers, {}},
                        {OptionCode::VendorOptions, ByteVec(kMostRawOctets + 1)},
                        {static_cast<OptionCode>(999), hex("ff")},
                        {OptionCode::Authentication, hex("00")},
                        {OptionCode::ServerUnicast, hex("00")}};
  std::uint64_t unread = 0;
  Info expected;
  expected.dns = {v6("2001:db8::1")};
  EXPECT_EQ(info_in(options, unread), expected);
  EXPECT_EQ(unread, 6U);
}

TEST(Dhcp6Info, ListsHaveAnEndHoweverMuchIsSent) {
  std::vector<Ipv6> many;
  std::vector<std::string> names;
  Options options;
  for (unsigned i = 0; i < 100; ++i) {
    Ipv6 one = v6("2001:db8::");
    one.octets[15] = static_cast<std::uint8_t>(i);
    many.push_back(one);
    names.push_back("n" + std::to_string(i));
    options.push_back({OptionCode::VendorOptions, hex("00000001")});
    options.push_back({OptionCode::S46ContLw, hex("00000001")});
  }
  options.push_back({OptionCode::DnsServers, write_addresses(many)});
  options.push_back({OptionCode::DomainList, write_names(names)});
  std::uint64_t unread = 0;
  const Info info = info_in(options, unread);
  EXPECT_EQ(info.dns.size(), kMostAddresses);
  EXPECT_EQ(info.domains.size(), kMostNames);
  EXPECT_EQ(info.vendor.size(), kMostRaw);
  EXPECT_EQ(info.s46.size(), kMostRaw);
  EXPECT_GT(unread, 0U);
}

}  // namespace
}  // namespace michi::wire::dhcp6

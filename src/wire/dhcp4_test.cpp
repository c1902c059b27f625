#include "wire/dhcp4.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "wire/dhcp4_options.hpp"

namespace michi::wire::dhcp4 {
namespace {

const Mac kClient = *parse_mac("02:00:00:00:00:01");

ByteVec zeros(std::size_t count) { return ByteVec(count); }

/// A DHCPOFFER as RFC 2131 figure 1 lays it out; `options` follow the magic cookie.
ByteVec offer(std::string_view options, const ByteVec& sname = zeros(64), const ByteVec& file = zeros(128)) {
  Writer out;
  out.put(
      *from_hex("02 01 06 00"  // reply, Ethernet, six octets, no hops
                "3903f326"     // xid
                "0000 8000"    // secs, broadcast
                "00000000"     // ciaddr
                "c0000264"     // yiaddr 192.0.2.100
                "00000000"     // siaddr
                "c00002fe"     // giaddr 192.0.2.254
                "020000000001 00000000000000000000"));
  out.put(sname).put(file).u32(kMagicCookie).put(*from_hex(options));
  return std::move(out).take();
}

constexpr std::string_view kOptions =
    "35 01 02"        // DHCPOFFER
    "36 04 c0000201"  // server 192.0.2.1
    "33 04 00000e10"  // 3600 s
    "01 04 ffffff00"  // mask
    "03 04 c0000201"  // router
    "00"              // pad
    "e0 03 010203"    // a private option
    "ff";

TEST(Dhcp4, ReadsAnOffer) {
  const auto message = parse_message(offer(kOptions));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->op, Op::Reply);
  EXPECT_EQ(message->xid, 0x3903f326U);
  EXPECT_EQ(message->flags, kBroadcastFlag);
  EXPECT_EQ(message->yiaddr, Ipv4{0xc0000264});
  EXPECT_EQ(message->giaddr, Ipv4{0xc00002fe});
  EXPECT_TRUE(message->is_for(kClient));
  EXPECT_FALSE(message->is_for(*parse_mac("02:00:00:00:00:02")));
  EXPECT_EQ(message_type(message->options), MessageType::Offer);
  EXPECT_EQ(address_of(message->options, OptionCode::ServerIdentifier), Ipv4{0xc0000201});
  EXPECT_EQ(u32_of(message->options, OptionCode::LeaseTime), 3600U);
  EXPECT_EQ(message->options.size(), 6U);
  EXPECT_EQ(message->options.back(), (Option{static_cast<OptionCode>(224), *from_hex("010203")}));
}

TEST(Dhcp4, WritesWhatItReads) {
  const auto message = parse_message(offer(kOptions));
  ASSERT_TRUE(message);
  const ByteVec written = write_message(*message);
  EXPECT_EQ(written.size(), kSmallest);
  EXPECT_EQ(*parse_message(written), *message);
  const std::string before = to_hex(offer("35 01 02 36 04 c0000201 ff"));
  EXPECT_EQ(to_hex(write_message(*parse_message(offer("35 01 02 36 04 c0000201 ff")))).substr(0, before.size()),
            before);
}

TEST(Dhcp4, EveryTruncationOfTheFixedPartAndOfAnOptionIsAFault) {
  const ByteVec whole = offer("35 01 02 36 04 c0000201");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool between = size == kFixedSize + 4 || size == kFixedSize + 7;
    EXPECT_EQ(parse_message(Bytes(whole).first(size)).has_value(), between) << size;
  }
  EXPECT_TRUE(parse_message(whole)) << "a missing End is forgiven";
}

TEST(Dhcp4, AnotherCookieIsAFaultAndNothingBehindEndIsRead) {
  ByteVec bytes = offer(kOptions);
  bytes[kFixedSize] ^= std::byte{1};
  EXPECT_EQ(parse_message(bytes).error(), (ParseFault{FaultCode::BadValue, kFixedSize}));
  EXPECT_EQ(parse_message(offer("35 01 05 ff 36 ff 00"))->options.size(), 1U);
}

TEST(Dhcp4, OptionsInFileAndSnameAreReadInThatOrder) {
  ByteVec sname = *from_hex("06 04 08080404 ff");
  ByteVec file = *from_hex("06 04 08080808 0f 03 6c616e ff");
  sname.resize(64);
  file.resize(128);
  const auto both = parse_message(offer("35 01 02 34 01 03 06 04 01010101 ff", sname, file));
  ASSERT_TRUE(both);
  EXPECT_EQ(addresses_of(both->options, OptionCode::DomainNameServer, 8),
            (std::vector{Ipv4{0x01010101}, Ipv4{0x08080808}, Ipv4{0x08080404}}));
  EXPECT_EQ(domain_name(both->options), "lan");
  EXPECT_EQ(find_option(both->options, OptionCode::Overload), nullptr);
  EXPECT_TRUE(std::ranges::all_of(both->sname, [](std::byte b) { return b == std::byte{0}; }));

  const auto only_sname = parse_message(offer("35 01 02 34 01 02 ff", sname, file));
  EXPECT_EQ(addresses_of(only_sname->options, OptionCode::DomainNameServer, 8).size(), 1U);
  EXPECT_EQ(domain_name(only_sname->options), std::nullopt);
  const auto neither = parse_message(offer("35 01 02 ff", sname, file));
  EXPECT_EQ(neither->options.size(), 1U);
  EXPECT_TRUE(equal(neither->file, file));
}

TEST(Dhcp4, AnOverloadThatIsBrokenOrNestedCarriesNothingFurther) {
  ByteVec file = *from_hex("34 01 02 ff");  // says within file that sname has options too
  ByteVec sname = *from_hex("0f 03 6c616e ff");
  file.resize(128);
  sname.resize(64);
  const auto nested = parse_message(offer("35 01 02 34 01 01 ff", sname, file));
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->options.size(), 1U);
  ByteVec over(128);
  over[126] = std::byte{15};
  over[127] = std::byte{9};
  EXPECT_EQ(parse_message(offer("35 01 02 34 01 01 ff", sname, over)).error(),
            (ParseFault{FaultCode::BadLength, 108 + 127}));
}

TEST(Dhcp4, LongOptionsAreSplitAndJoined) {
  Message message;
  message.options = {
      type_option(MessageType::Ack), bytes_option(OptionCode::ClasslessStaticRoute, ByteVec(600, std::byte{7})),
      bytes_option(OptionCode::HostName, {}), bytes_option(OptionCode::VendorClass, ByteVec(255, std::byte{8}))};
  const ByteVec written = write_message(message);
  EXPECT_EQ(written.size(), kFixedSize + 4 + 3 + (600 + 3 * 2) + 2 + 257 + 1);
  EXPECT_EQ(*parse_message(written), message);
}

TEST(Dhcp4Options, ValuesOfAWrongSizeAreAbsent) {
  const Options options = {bytes_option(OptionCode::MessageType, *from_hex("0505")),
                           bytes_option(OptionCode::LeaseTime, *from_hex("000e10")),
                           bytes_option(OptionCode::InterfaceMtu, *from_hex("05")),
                           bytes_option(OptionCode::Router, *from_hex("c000020101"))};
  EXPECT_EQ(message_type(options), std::nullopt);
  EXPECT_EQ(u32_of(options, OptionCode::LeaseTime), std::nullopt);
  EXPECT_EQ(u16_of(options, OptionCode::InterfaceMtu), std::nullopt);
  EXPECT_TRUE(addresses_of(options, OptionCode::Router, 8).empty());
  EXPECT_EQ(address_of(options, OptionCode::SubnetMask), std::nullopt);
}

TEST(Dhcp4Options, AddressesAreBounded) {
  const Options options = {bytes_option(OptionCode::DomainNameServer, ByteVec(400, std::byte{9}))};
  EXPECT_EQ(addresses_of(options, OptionCode::DomainNameServer, 8).size(), 8U);
}

// The descriptors of RFC 3442's table, and a default route.
TEST(Dhcp4Options, ReadsClasslessRoutes) {
  const Options options = {bytes_option(OptionCode::ClasslessStaticRoute,
                                        *from_hex("00 0a1100fe"                // default
                                                  "08 0a 0a1100fe"             // 10.0.0.0/8
                                                  "18 0a0000 00000000"         // 10.0.0.0/24, on the link
                                                  "1b 0a1b816f 0a1100fe"       // 10.27.129.96/27, with host bits
                                                  "20 0a e58000 0a1100fe"))};  // 10.229.128.0/32
  const auto routes = classless_routes(options, 64);
  ASSERT_TRUE(routes);
  const Ipv4 gateway{0x0a1100fe};
  EXPECT_EQ(*routes, (std::vector<Route>{{*parse_prefix("0.0.0.0/0"), gateway},
                                         {*parse_prefix("10.0.0.0/8"), gateway},
                                         {*parse_prefix("10.0.0.0/24"), Ipv4{}},
                                         {*parse_prefix("10.27.129.96/27"), gateway},
                                         {*parse_prefix("10.229.128.0/32"), gateway}}));
  EXPECT_EQ(classless_routes(options, 2)->size(), 2U);
}

TEST(Dhcp4Options, AClasslessRouteThatIsCutShortOrTooWideSpoilsTheOption) {
  for (const char* text : {"", "00", "00 0a1100", "21 0a00000000 0a1100fe", "18 0a00", "00 0a1100fe 08", "ff 00"}) {
    const Options options = {bytes_option(OptionCode::ClasslessStaticRoute, *from_hex(text))};
    EXPECT_EQ(classless_routes(options, 64), std::nullopt) << text;
  }
  EXPECT_EQ(classless_routes({}, 64), std::nullopt);
}

TEST(Dhcp4Options, ADomainIsANameOrNothing) {
  const auto of = [](std::string_view text) { return domain_name({text_option(OptionCode::DomainName, text)}); };
  EXPECT_EQ(of("flets-east.jp"), "flets-east.jp");
  EXPECT_EQ(of(std::string_view("home.arpa.\0\0", 12)), "home.arpa");
  EXPECT_EQ(of("a.b."), "a.b");
  EXPECT_EQ(of(std::string(63, 'x') + "." + std::string(63, 'y')), std::string(63, 'x') + "." + std::string(63, 'y'));
  for (const std::string& bad : {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
                                 std::string("a b"), std::string("a;rm"), std::string("$(x)"), std::string("a\nb"),
                                 std::string("\xe9"), std::string(64, 'x'), std::string("a/b")})
    EXPECT_EQ(of(bad), std::nullopt) << bad;
  std::string longest;
  while (longest.size() < 254) longest += "abcdefg.";
  EXPECT_EQ(of(longest), std::nullopt);
}

TEST(Dhcp4Options, ClientIdentifiersAreThoseOfTheRfcs) {
  EXPECT_EQ(to_hex(client_identifier(kClient)), "01020000000001");
  EXPECT_EQ(to_hex(client_identifier(0x01020304, *from_hex("0003 0001 020000000001"))),
            "ff010203040003"
            "0001020000000001");
}

}  // namespace
}  // namespace michi::wire::dhcp4

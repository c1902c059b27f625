#include "wire/icmp6.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

namespace michi::wire::icmp6 {
namespace {

const Ipv6 kRouter = *parse_ipv6("fe80::a");
const Ipv6 kOne = *parse_ipv6("fe80::1");
const Ipv6 kTwo = *parse_ipv6("fe80::2");

// Built with scapy 2.5.0, checksums included.
constexpr std::string_view kAdvertisement =
    "86 00 3779 40 48 0708 00000000 00000000"                // hops 64, O, preference high, 1800 s
    "01 01 00005e005301"                                     // source link-layer address
    "05 01 0000 000005dc"                                    // MTU 1500
    "03 04 40 c0 00278d00 00093a80 00000000"                 // /64, L, A, 30 and 7 days
    "20010db8000100020000000000000000"                       //
    "18 03 60 18 00000708 0064ff9b000000000000000000000000"  // route 64:ff9b::/96, preference low
    "19 05 0000 00000e10"                                    // RDNSS, an hour
    "20010db8000000000000000000000053"                       //
    "20010db8000000000000000000000054"                       //
    "1f 05 0000 00000e10"                                    // DNSSL, an hour
    "0a666c6574732d65617374 026a70 00 076578616d706c65 036e6574 00 00000000";

ByteVec hex(std::string_view text) {
  std::string packed;
  for (const char c : text)
    if (c != ' ') packed += c;
  return *from_hex(packed);
}

RouterAdvertisement advertisement() {
  RouterAdvertisement out;
  out.hop_limit = 64;
  out.other = true;
  out.preference = Preference::High;
  out.lifetime = 1800;
  out.options = {SourceLinkLayer{*parse_mac("00:00:5e:00:53:01")},
                 Mtu{1500},
                 PrefixInformation{*parse_prefix("2001:db8:1:2::/64"), true, true, Lifetime(2592000), Lifetime(604800)},
                 RouteInformation{*parse_prefix("64:ff9b::/96"), Preference::Low, Lifetime(1800)},
                 Rdnss{Lifetime(3600), {*parse_ipv6("2001:db8::53"), *parse_ipv6("2001:db8::54")}},
                 Dnssl{Lifetime(3600), {"flets-east.jp", "example.net"}}};
  return out;
}

Options read(std::string_view text) { return parse_options(hex(text)).value(); }

Option only(std::string_view text) {
  const Options options = read(text);
  EXPECT_EQ(options.size(), 1u);
  return options.at(0);
}

TEST(Icmp6, ReadsAndWritesARouterAdvertisement) {
  const ByteVec bytes = hex(kAdvertisement);
  EXPECT_TRUE(is_sealed(kRouter, kAllNodes, bytes));
  const auto message = parse_message(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<RouterAdvertisement>(*message), advertisement());
  EXPECT_EQ(to_hex(write_message(advertisement(), kRouter, kAllNodes)), to_hex(bytes));
}

TEST(Icmp6, ReadsAndWritesSolicitationsAdvertisementsAndEchoes) {
  const Ipv6 target = *parse_ipv6("2001:db8::1");
  const Mac mac{{2, 0, 0, 0, 0, 1}};
  const std::tuple<std::string_view, Ipv6, Ipv6, Message> kCases[] = {
      {"8700 4ced 00000000 20010db8000000000000000000000001", Ipv6{}, solicited_node(target),
       NeighborSolicitation{target, {}}},
      {"8800 88e3 c0000000 20010db8000000000000000000000001 0201 020000000001", kOne, kTwo,
       NeighborAdvertisement{true, true, false, target, {TargetLinkLayer{mac}}}},
      {"8500 7a2c 00000000 0101 020000000001", kOne, kAllRouters, RouterSolicitation{{SourceLinkLayer{mac}}}},
      {"8000 be4f 0001 0002 616263", kOne, kTwo, Echo{Echo::Kind::Request, 1, 2, copy_of(bytes_of("abc"))}}};
  for (const auto& [text, source, destination, message] : kCases) {
    EXPECT_EQ(to_hex(write_message(message, source, destination)), to_hex(hex(text)));
    ASSERT_TRUE(parse_message(hex(text))) << text;
    EXPECT_EQ(*parse_message(hex(text)), message) << text;
  }
}

TEST(Icmp6, AChangedOctetOrAnotherAddressBreaksTheSeal) {
  ByteVec bytes = hex(kAdvertisement);
  EXPECT_FALSE(is_sealed(kOne, kAllNodes, bytes));
  EXPECT_FALSE(is_sealed(kRouter, kAllRouters, bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{0x10};
    EXPECT_FALSE(is_sealed(kRouter, kAllNodes, bytes)) << i;
    bytes[i] ^= std::byte{0x10};
  }
  EXPECT_FALSE(is_sealed(kRouter, kAllNodes, {}));
  EXPECT_TRUE(is_sealed(kRouter, kAllNodes, bytes));
}

TEST(Icmp6, EveryTruncationWithinAFixedPartOrAnOptionIsAFault) {
  const ByteVec bytes = hex(kAdvertisement);
  const std::size_t whole[] = {16, 24, 32, 64, 88, 128, bytes.size()};
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    EXPECT_EQ(parse_message(Bytes(bytes).first(size)).has_value(), std::ranges::count(whole, size) == 1) << size;
}

TEST(Icmp6, AnotherTypeOrCodeIsAFault) {
  ByteVec bytes = hex(kAdvertisement);
  bytes[1] = std::byte{1};
  EXPECT_EQ(parse_message(bytes).error(), (ParseFault{FaultCode::BadValue, 1}));
  for (const unsigned type : {0u, 1u, 127u, 130u, 132u, 137u, 255u}) {
    bytes[0] = static_cast<std::byte>(type);
    EXPECT_EQ(parse_message(bytes).error().code, FaultCode::WrongType) << type;
  }
}

TEST(Icmp6, ATargetThatIsMulticastIsAFault) {
  EXPECT_EQ(parse_message(hex("8700 0000 00000000 ff020000000000000000000000000001")).error(),
            (ParseFault{FaultCode::BadValue, 8}));
}

TEST(Icmp6, AnOptionOfLengthZeroSpoilsTheMessage) {
  EXPECT_EQ(parse_options(hex("0501 0000 000005dc 0100 020000000001")).error(), (ParseFault{FaultCode::BadLength, 9}));
  EXPECT_EQ(parse_message(hex("8500 0000 00000000 0000 000000000000")).error(), (ParseFault{FaultCode::BadLength, 9}));
}

TEST(Icmp6, AnOptionThatBreaksItsOwnRulesIsKeptWholeAndCostsNothing) {
  for (const char* text :
       {"0102 000000000000 0000000000000000",                                     // an address of 14 octets
        "0301 000000000000",                                                      // a prefix without a prefix
        "0304 81c0 00000001 00000001 00000000 00000000000000000000000000000000",  // 129 bits
        "0502 000000000000 0000000000000000",                                     // an MTU of 16 octets
        "1802 4110 00000001 20010db800000000",                                    // 65 bits in 8 octets
        "1802 4010 00000001 20010db800000000",                                    // the reserved preference
        "1804 4000 00000001 20010db800000000 0000000000000000 0000000000000000",  // 24 octets of prefix
        "1901 0000 00000001",                                                     // no server
        "1902 0000 00000001 0000000000000000",                                    // half a server
        "1f01 0000 00000001",                                                     // no domain
        "1f02 0000 00000001 0000000000000000",                                    // only padding
        "1f02 0000 00000001 0861626364656667",                                    // a label beyond the end
        "1f02 0000 00000001 0761626364656667",                                    // a name without an end
        "1f02 0000 00000001 0361206200000000",                                    // a blank
        "1f02 0000 00000001 03612e6200000000",                                    // a dot within a label
        "1f02 0000 00000001 0161000000000001",                                    // something behind the padding
        "2602 0706 0064ff9b0000000000000000",                                     // a length code of 6
        "2601 0700 0064ff9b",                                                     // half a prefix
        "2502 68747470733a 2f2f61622f000000",                                     // captive portal
        "ff01 010203040506"}) {
    const Option option = only(text);
    const auto* unknown = std::get_if<UnknownOption>(&option);
    ASSERT_NE(unknown, nullptr) << text;
    Writer out;
    write_option(out, *unknown);
    EXPECT_EQ(to_hex(out.view()), to_hex(hex(text)));
  }
}

TEST(Icmp6, Pref64HasThirteenBitsOfLifetimeAndACodeForTheLength) {
  // RFC 8781 §4: 1800 s is 225 units of 8 s; code 0 is a /96.
  const Option option = only("2602 0708 0064ff9b0000000000000000");
  EXPECT_EQ(std::get<Pref64>(option), (Pref64{*parse_prefix("64:ff9b::/96"), Lifetime(1800)}));
  for (const unsigned length : {32u, 40u, 48u, 56u, 64u, 96u}) {
    const Pref64 pref{Prefix{*parse_address("2001:db8::"), static_cast<std::uint8_t>(length)}, kMaxPref64Lifetime};
    Writer out;
    write_option(out, pref);
    EXPECT_EQ(parse_options(out.view())->at(0), Option(pref));
  }
  Writer out;
  write_option(out, Pref64{*parse_prefix("64:ff9b::/96"), Lifetime(100000)});
  EXPECT_EQ(std::get<Pref64>(parse_options(out.view())->at(0)).lifetime, kMaxPref64Lifetime);
}

TEST(Icmp6, RoutesTakeAsManyOctetsAsTheyNeedAndAreReadWithMore) {
  for (const auto& [text, size] :
       {std::pair{"::/0", 8u}, {"2001:db8::/32", 16u}, {"2001:db8::/64", 16u}, {"2001:db8::1/128", 24u}}) {
    const RouteInformation route{*parse_prefix(text), Preference::High, kInfinite};
    EXPECT_EQ(written_size(route), size) << text;
    Writer out;
    write_option(out, route);
    EXPECT_EQ(parse_options(out.view())->at(0), Option(route));
  }
  EXPECT_EQ(std::get<RouteInformation>(only("1803 2000 00000001 20010db8ffffffff ffffffffffffffff")).prefix,
            *parse_prefix("2001:db8::/32"));
}

TEST(Icmp6, HostBitsOfAPrefixAreIgnored) {
  EXPECT_EQ(
      std::get<PrefixInformation>(only("0304 40c0 00000001 00000001 00000000 20010db8000000000000000000000001")).prefix,
      *parse_prefix("2001:db8::/64"));
}

TEST(Icmp6, ThePreferenceOfARouterThatIsNoneIsMedium) {
  EXPECT_EQ(std::get<RouterAdvertisement>(*parse_message(hex("86000000 40080000 00000000 00000000"))).preference,
            Preference::Medium);
  EXPECT_EQ(std::get<RouterAdvertisement>(*parse_message(hex("86000000 40100708 00000000 00000000"))).preference,
            Preference::Medium)
      << "the reserved value";
}

TEST(Icmp6, WritersCutWhatAnOptionCannotHold) {
  Rdnss servers{Lifetime(1), std::vector<Ipv6>(200, kOne)};
  EXPECT_EQ(written_size(servers), 2040u);
  Dnssl domains{Lifetime(1), std::vector<std::string>(20, std::string(63, 'a') + "." + std::string(63, 'b'))};
  EXPECT_LE(written_size(domains), 2040u);
  EXPECT_EQ(written_size(Rdnss{}), 0u);
  EXPECT_EQ(written_size(Dnssl{Lifetime(1), {"not a name", ".", "a..b", std::string(64, 'a')}}), 0u);
  EXPECT_EQ(written_size(UnknownOption{OptionType{200}, ByteVec(3000)}), 2040u);
}

TEST(Icmp6, SolicitedNodeHasTheLastThreeOctets) {
  EXPECT_EQ(to_text(solicited_node(*parse_ipv6("2001:db8::12:3456"))), "ff02::1:ff12:3456");
}

}  // namespace
}  // namespace michi::wire::icmp6

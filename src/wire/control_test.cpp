#include "wire/control.hpp"

#include <gtest/gtest.h>

#include "wire/ipcp.hpp"
#include "wire/ipv6cp.hpp"
#include "wire/lcp.hpp"
#include "wire/ppp.hpp"
#include "wire/text.hpp"

namespace michi::wire {
namespace {

// An access concentrator's first word, put together by hand from RFC 1661 §5.1, §6 and RFC 1994 §3.
constexpr std::string_view kRequest =
    "c021"            // LCP
    "01 2a 0013"      // Configure-Request, identifier 42, nineteen octets
    "01 04 05d4"      // MRU 1492
    "03 05 c223 05"   // Authentication-Protocol: CHAP with MD5
    "05 06 a1b2c3d4"  // Magic-Number
    "0000000000";     // Ethernet's padding

TEST(Control, ReadsAConfigureRequestAndWritesItBack) {
  const ByteVec bytes = *from_hex(kRequest);
  const auto frame = ppp::parse_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->protocol, ppp::Protocol::Lcp);
  const auto packet = control::parse_packet(frame->information);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->code, control::Code::ConfigureRequest);
  EXPECT_EQ(packet->id, 42);
  const auto options = control::parse_options(packet->data);
  ASSERT_TRUE(options);
  ASSERT_EQ(options->size(), 3u);
  EXPECT_EQ(lcp::mru(options->at(0)), 1492);
  EXPECT_EQ(lcp::authentication(options->at(1)), (lcp::Authentication{ppp::Protocol::Chap, lcp::kAlgorithmMd5}));
  EXPECT_EQ(lcp::magic(options->at(2)), 0xa1b2c3d4u);
  const ByteVec again = ppp::write_frame(
      ppp::Protocol::Lcp, control::write_packet(packet->code, packet->id, control::write_options(*options)));
  EXPECT_EQ(to_hex(again), to_hex(Bytes(bytes).first(bytes.size() - 5)));
}

TEST(Control, FaultsNameTheirPlace) {
  EXPECT_EQ(control::parse_packet(*from_hex("010100")).error(), (ParseFault{FaultCode::Truncated, 3}));
  EXPECT_EQ(control::parse_packet(*from_hex("01010003")).error(), (ParseFault{FaultCode::BadLength, 2}));
  EXPECT_EQ(control::parse_packet(*from_hex("0101000500")).value().data.size(), 1u);
  EXPECT_EQ(control::parse_packet(*from_hex("01010006 00")).error(), (ParseFault{FaultCode::BadLength, 2}));
  EXPECT_EQ(control::parse_options(*from_hex("0506a1b2c3d4 0104 05")).error(), (ParseFault{FaultCode::BadLength, 7}));
  EXPECT_EQ(control::parse_options(*from_hex("0101")).error(), (ParseFault{FaultCode::BadLength, 1}));
  EXPECT_EQ(control::parse_options(*from_hex("01")).error(), (ParseFault{FaultCode::Truncated, 0}));
}

TEST(Control, ACompressedProtocolFieldIsAFault) {
  EXPECT_EQ(ppp::parse_frame(*from_hex("2145000028")).error().code, FaultCode::BadValue);
  EXPECT_EQ(ppp::parse_frame(*from_hex("ff03c021")).error().code, FaultCode::BadValue);
  EXPECT_EQ(ppp::parse_frame(*from_hex("c0")).error().code, FaultCode::Truncated);
}

TEST(Control, OptionsOfTheWrongLengthHaveNoValue) {
  EXPECT_EQ(lcp::mru({1, *from_hex("0005d4")}), std::nullopt);
  EXPECT_EQ(lcp::magic({5, *from_hex("a1b2c3")}), std::nullopt);
  EXPECT_EQ(lcp::authentication({3, *from_hex("c223")}), std::nullopt);
  EXPECT_EQ(lcp::authentication({3, *from_hex("c02300")}), std::nullopt);
  EXPECT_EQ(ipcp::address({3, *from_hex("c00002")}), std::nullopt);
  EXPECT_EQ(ipv6cp::interface_id({1, *from_hex("00000000000001")}), std::nullopt);
}

TEST(Control, AddressesAndIdentifiersGoThereAndBack) {
  EXPECT_EQ(ipcp::address(ipcp::address_option(ipcp::OptionType::IpAddress, Ipv4{0xc0000201}))->value, 0xc0000201u);
  const auto option = ipv6cp::interface_id_option(0x0123456789abcdef);
  EXPECT_EQ(to_hex(option.value), "0123456789abcdef");
  EXPECT_EQ(ipv6cp::interface_id(option), 0x0123456789abcdefu);
}

TEST(Control, AnOptionTooLongForItsLengthOctetIsCut) {
  const control::Options options = {{9, ByteVec(400)}};
  EXPECT_EQ(control::write_options(options).size(), 255u);
}

TEST(Lcp, EchoAndProtocolRejectAreReadWithTheirFixedPartOrNotAtAll) {
  const ByteVec bytes = *from_hex("a1b2c3d4 68656c6c6f");
  const auto echo = lcp::parse_echo(bytes);
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->magic, 0xa1b2c3d4u);
  EXPECT_EQ(text_of(echo->data), "hello");
  EXPECT_FALSE(lcp::parse_echo(*from_hex("a1b2c3")));
  EXPECT_EQ(lcp::parse_protocol_reject(*from_hex("8057 0101"))->protocol, ppp::Protocol::Ipv6cp);
  EXPECT_FALSE(lcp::parse_protocol_reject(*from_hex("80")));
}

TEST(Text, APeersWordsAreMadePrintableAndShort) {
  EXPECT_EQ(printable(bytes_of("Login incorrect\r\n")), "Login incorrect");
  EXPECT_EQ(printable(bytes_of("a\x1b[2Jb\xe3\x81\x82")), "a.[2Jb...");
  EXPECT_EQ(printable(bytes_of(std::string(500, 'x'))).size(), 160u);
}

}  // namespace
}  // namespace michi::wire

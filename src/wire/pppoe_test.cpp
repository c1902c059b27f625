#include "wire/pppoe.hpp"

#include <gtest/gtest.h>

namespace michi::wire::pppoe {
namespace {

const Mac kHost = *parse_mac("00:50:da:42:d7:df");
const Mac kConcentrator = *parse_mac("00:90:27:f3:4a:23");

// RFC 2516 appendix B, "A PADI packet", with a host's address filled in.
constexpr std::string_view kPadi =
    "ffffffffffff"  // to everyone
    "0050da42d7df"  // from the host
    "8863"          // discovery
    "11"            // version 1, type 1
    "09"            // PADI
    "0000"          // no session
    "0004"          // length
    "0101 0000";    // Service-Name: any

// RFC 2516 appendix B, "A PADO packet".
constexpr std::string_view kPado =
    "0050da42d7df 009027f34a23 8863 11 07 0000 0020"
    "0101 0000"  // Service-Name
    "0102 0018"  // AC-Name: "Go RedBack - eshsheshoot"
    "476f205265644261636b202d20657368736865736 86f6f74";

ByteVec hex(std::string_view text) {
  std::string packed;
  for (const char c : text)
    if (c != ' ') packed += c;
  return *from_hex(packed);
}

TEST(Pppoe, ReadsAndWritesTheRfcsPadi) {
  const ByteVec frame = hex(kPadi);
  const auto parsed = parse_frame(frame);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header.destination, Mac::broadcast());
  EXPECT_EQ(parsed->header.source, kHost);
  EXPECT_EQ(parsed->packet.code, Code::Padi);
  EXPECT_EQ(parsed->packet.session_id, kNoSession);
  const Tags tags = {text_tag(TagType::ServiceName, "")};
  EXPECT_EQ(*parse_tags(parsed->packet.payload), tags);
  EXPECT_EQ(write_discovery(Mac::broadcast(), kHost, Code::Padi, 0, tags), frame);
}

TEST(Pppoe, ReadsAndWritesTheRfcsPado) {
  const ByteVec frame = hex(kPado);
  const auto parsed = parse_frame(frame);
  ASSERT_TRUE(parsed);
  const auto tags = parse_tags(parsed->packet.payload);
  ASSERT_TRUE(tags);
  ASSERT_NE(find_tag(*tags, TagType::AcName), nullptr);
  EXPECT_EQ(text_of(find_tag(*tags, TagType::AcName)->value), "Go RedBack - eshsheshoot");
  EXPECT_EQ(find_tag(*tags, TagType::HostUniq), nullptr);
  EXPECT_EQ(write_discovery(kHost, kConcentrator, Code::Pado, 0, *tags), frame);
}

TEST(Pppoe, TheLengthFieldIsTrustedAndPaddingIgnored) {
  ByteVec frame = hex(kPadi);
  frame.resize(60, std::byte{0xff});
  EXPECT_EQ(parse_frame(frame)->packet.payload.size(), 4u);
  frame[19] = std::byte{0x2a};  // 42 octets from here on, and 40 are there
  frame.resize(60);
  const auto parsed = parse_frame(frame);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error(), (ParseFault{FaultCode::BadLength, 18}));
}

TEST(Pppoe, OtherVersionsTypesAndEthertypesAreFaults) {
  ByteVec frame = hex(kPadi);
  frame[14] = std::byte{0x21};
  EXPECT_EQ(parse_frame(frame).error().code, FaultCode::BadVersion);
  frame[14] = std::byte{0x12};
  EXPECT_EQ(parse_frame(frame).error().code, FaultCode::BadVersion);
  frame = hex(kPadi);
  frame[13] = std::byte{0x64};
  EXPECT_EQ(parse_frame(frame).error().code, FaultCode::BadValue) << "discovery under the session type";
  frame[12] = std::byte{0x08};
  EXPECT_EQ(parse_frame(frame).error().code, FaultCode::WrongType);
  for (std::size_t size = 0; size < 20; ++size) EXPECT_FALSE(parse_frame(Bytes(frame).first(size))) << size;
}

TEST(Pppoe, NothingAfterEndOfListIsLookedAt) {
  const auto tags = parse_tags(hex("0101 0000 0000 0000 0203 ffff"));
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->size(), 1u);
}

TEST(Pppoe, ATruncatedTagIsAFaultOfTheWholeList) {
  for (const char* text : {"01", "0101", "010100", "0101 0001", "0101 0000 0102 0005 41424344"})
    EXPECT_FALSE(parse_tags(hex(text))) << text;
  EXPECT_TRUE(parse_tags({})->empty());
}

TEST(Pppoe, UnknownTagsAreKeptWholeAndInOrder) {
  const ByteVec payload = hex("0105 0006 00000de90102 0104 0003 aabbcc 7777 0001 00 0101 0000");
  EXPECT_EQ(write_tags(*parse_tags(payload)), payload);
}

TEST(Pppoe, AMaxPayloadBelow1492OrOfAnotherSizeCountsAsAbsent) {
  EXPECT_EQ(max_payload(Tags{max_payload_tag(1500)}), 1500);
  EXPECT_EQ(max_payload(Tags{max_payload_tag(1492)}), 1492);
  EXPECT_EQ(max_payload(Tags{max_payload_tag(1491)}), std::nullopt);
  EXPECT_EQ(max_payload(Tags{bytes_tag(TagType::PppMaxPayload, hex("05dc00"))}), std::nullopt);
  EXPECT_EQ(max_payload(Tags{}), std::nullopt);
}

TEST(Pppoe, ASessionFrameCarriesPppUnderTheSessionType) {
  const ByteVec frame = write_frame(kConcentrator, kHost, Code::Session, 0x1234, hex("c021 01010004"));
  EXPECT_EQ(to_hex(frame),
            "009027f34a23"
            "0050da42d7df"
            "8864"
            "1100"
            "1234"
            "0006"
            "c02101010004");
  EXPECT_EQ(parse_frame(frame)->packet.session_id, 0x1234);
}

}  // namespace
}  // namespace michi::wire::pppoe

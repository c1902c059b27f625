#include "wire/icmp4.hpp"

#include <gtest/gtest.h>

namespace michi::wire::icmp4 {
namespace {

using icmp6::Echo;

// type, code, checksum, identifier, sequence, data; the checksum computed by hand after RFC 1071.
const ByteVec kRequest = *from_hex("08 00 f2 fa 12 34 00 02 f0 cf 01 ff");

TEST(Icmp4Echo, ARequestIsReadAndWrittenTheSame) {
  const auto echo = parse_echo(kRequest);
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->kind, Echo::Kind::Request);
  EXPECT_EQ(echo->identifier, 0x1234);
  EXPECT_EQ(echo->sequence, 2);
  EXPECT_EQ(to_hex(echo->data), "f0cf01ff");
  EXPECT_EQ(to_hex(write_echo(*echo)), to_hex(kRequest));
}

TEST(Icmp4Echo, AReplyHasTypeZeroAndDataOfAnyLength) {
  for (std::size_t length : {0U, 1U, 7U, 100U}) {
    const Echo echo{Echo::Kind::Reply, 0xffff, 0xfffe, ByteVec(length, std::byte{0x5a})};
    const auto bytes = write_echo(echo);
    EXPECT_EQ(bytes.front(), std::byte{0});
    const auto again = parse_echo(bytes);
    ASSERT_TRUE(again) << length;
    EXPECT_EQ(*again, echo);
  }
}

TEST(Icmp4Echo, EveryTruncationIsAFault) {
  for (std::size_t length = 0; length < kRequest.size(); ++length)
    EXPECT_FALSE(parse_echo(Bytes(kRequest).first(length))) << length;
}

TEST(Icmp4Echo, AWrongTypeCodeOrChecksumIsTold) {
  auto changed = [](std::size_t at, std::uint8_t value) {
    auto bytes = kRequest;
    bytes[at] = static_cast<std::byte>(value);
    return parse_echo(bytes).error();
  };
  EXPECT_EQ(changed(0, 3), (ParseFault{FaultCode::WrongType, 0}));
  EXPECT_EQ(changed(1, 1), (ParseFault{FaultCode::BadValue, 1}));
  EXPECT_EQ(changed(8, 0xf1), (ParseFault{FaultCode::BadValue, 2}));
}

}  // namespace
}  // namespace michi::wire::icmp4

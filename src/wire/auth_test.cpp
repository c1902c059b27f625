#include <gtest/gtest.h>

#include "wire/chap.hpp"
#include "wire/pap.hpp"

namespace michi::wire {
namespace {

TEST(Pap, RequestsAndVerdictsGoThereAndBack) {
  const ByteVec request = pap::write_request(bytes_of("user"), bytes_of("secret"));
  // RFC 1334 §2.2.1.
  EXPECT_EQ(to_hex(request),
            "0475736572"
            "06736563726574");
  EXPECT_EQ(text_of(pap::parse_request(request)->password), "secret");
  EXPECT_EQ(text_of(*pap::parse_message(pap::write_message(bytes_of("hi")))), "hi");
  EXPECT_TRUE(pap::parse_message({})->empty());
  EXPECT_FALSE(pap::parse_message(*from_hex("0541")));
  for (std::size_t size = 0; size < request.size(); ++size)
    EXPECT_FALSE(pap::parse_request(Bytes(request).first(size))) << size;
}

TEST(Chap, AValueNeedsAtLeastOneOctetAndANameNone) {
  const ByteVec bytes = *from_hex("02 abcd 6163");
  const auto challenge = chap::parse_valued(bytes);
  ASSERT_TRUE(challenge);
  EXPECT_EQ(to_hex(challenge->value), "abcd");
  EXPECT_EQ(text_of(challenge->name), "ac");
  EXPECT_TRUE(chap::parse_valued(*from_hex("01 ab"))->name.empty());
  EXPECT_FALSE(chap::parse_valued(*from_hex("00 6163")));
  EXPECT_FALSE(chap::parse_valued(*from_hex("03 abcd")));
  EXPECT_FALSE(chap::parse_valued({}));
  EXPECT_EQ(to_hex(chap::write_valued(*from_hex("abcd"), bytes_of("ac"))), "02abcd6163");
}

TEST(Chap, TheMsChapV2ResponseHas49OctetsInTheRfcsOrder) {
  // RFC 2759 §4 with the values of §9.2.
  const ByteVec value = *from_hex(
      "21402324255e262a28295f2b3a337c7e"                  // peer challenge
      "0000000000000000"                                  // reserved
      "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"  // NT response
      "00");                                              // flags
  const auto response = chap::parse_mschapv2_response(value);
  ASSERT_TRUE(response);
  EXPECT_EQ(chap::write_mschapv2_response(*response), value);
  EXPECT_FALSE(chap::parse_mschapv2_response(Bytes(value).first(48)));
}

TEST(Chap, TheMsChapV2SuccessNeedsItsFortyDigitsTheMessageIsOptional) {
  const auto success = chap::parse_mschapv2_success(bytes_of("S=407A5589115FD0D6209F510FE9C04566932CDA56 M=S=1 ok"));
  ASSERT_TRUE(success);
  EXPECT_EQ(to_hex(success->authenticator_response), "407a5589115fd0d6209f510fe9c04566932cda56");
  EXPECT_EQ(success->message, "S=1 ok");
  EXPECT_TRUE(chap::parse_mschapv2_success(bytes_of("S=407A5589115FD0D6209F510FE9C04566932CDA56")));
  EXPECT_FALSE(chap::parse_mschapv2_success(bytes_of("S=407A5589115FD0D6209F510FE9C04566932CDA5")));
  EXPECT_FALSE(chap::parse_mschapv2_success(bytes_of("S=40 A5589115FD0D6209F510FE9C04566932CDA5600")));
  EXPECT_FALSE(chap::parse_mschapv2_success(bytes_of("welcome")));
}

TEST(Chap, TheMsChapV2FailureIsReadInAnyShape) {
  const auto full = chap::parse_mschapv2_failure(bytes_of("E=691 R=1 C=00 V=3 M=Bad password, E=1"));
  EXPECT_EQ(full.error, 691u);
  EXPECT_TRUE(full.retry);
  EXPECT_EQ(full.message, "Bad password, E=1");
  EXPECT_EQ(chap::parse_mschapv2_failure(bytes_of("no idea")).error, 0u);
  EXPECT_EQ(chap::parse_mschapv2_failure(bytes_of("M=only E=5")).error, 0u);
}

}  // namespace
}  // namespace michi::wire

#include "wire/describe.hpp"

#include <gtest/gtest.h>

#include "wire/control.hpp"
#include "wire/lcp.hpp"
#include "wire/pap.hpp"
#include "wire/ppp.hpp"
#include "wire/pppoe.hpp"

namespace michi::wire {
namespace {

TEST(Describe, NamesTheOptionsOfAConfigureRequest) {
  const std::vector<control::Option> options{
      lcp::mru_option(1454), lcp::magic_option(0xdeadbeef), {99, *from_hex("0102")}};
  const auto packet = control::write_packet(control::Code::ConfigureRequest, 7, control::write_options(options));
  EXPECT_EQ(describe_ppp(ppp::write_frame(ppp::Protocol::Lcp, packet)),
            std::string(ppp::to_text(ppp::Protocol::Lcp)) + " " +
                std::string(control::to_text(control::Code::ConfigureRequest)) +
                " id=7 mru=1454 magic=deadbeef option-99=0102");
}

TEST(Describe, NeverShowsAPapPassword) {
  const auto request = pap::write_request(bytes_of("guest@flets"), bytes_of("geheim"));
  const auto packet = control::write_packet(static_cast<control::Code>(1), 1, request);
  const auto line = describe_ppp(ppp::write_frame(ppp::Protocol::Pap, packet));
  EXPECT_NE(line.find("guest@flets"), std::string::npos);
  EXPECT_EQ(line.find("geheim"), std::string::npos);
  EXPECT_EQ(line.find(to_hex(bytes_of("geheim"))), std::string::npos);
}

TEST(Describe, SaysWhatIsMalformedWhateverTheBytes) {
  EXPECT_NE(describe_frame(*from_hex("00")).find("malformed"), std::string::npos);
  for (std::size_t size = 0; size < 40; ++size) {
    const ByteVec bytes(size, std::byte{0xc2});
    EXPECT_FALSE(describe_frame(bytes).empty());
    EXPECT_FALSE(describe_ppp(bytes).empty());
  }
}

}  // namespace
}  // namespace michi::wire

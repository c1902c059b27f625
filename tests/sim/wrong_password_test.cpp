// Stories of credentials that are refused.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "kit/configs.hpp"
#include "kit/scene.hpp"
#include "wire/pppoe.hpp"

namespace michi::kit {
namespace {

using model::Reason;

/// Failure, Terminate-Request and PADT leave together; `order` says how they arrive.
void wrong_password_with(std::array<int, 3> order, engine::ppp::AuthMethod method) {
  auto setup = plain_setup();
  setup.secret = Secret("wrong");
  kit::ppp(setup.config).auth = {model::AuthKind::MsChapV2, model::AuthKind::ChapMd5, model::AuthKind::Pap};
  auto ac = plain_isp();
  ac.auth = method;
  Scene s(1, setup, ac);
  const Node* const peer = &s.isp;
  s.wire.filter = [&s, peer, order](const Node* from, Bytes frame) {
    const auto framed = wire::pppoe::parse_frame(frame);
    if (from != peer || !framed) return true;
    const Bytes payload = framed->packet.payload;
    const bool session = framed->packet.code == wire::pppoe::Code::Session && payload.size() > 2;
    const auto byte = [&](std::size_t i) { return std::to_integer<int>(payload[i]); };
    const bool pap_nak = session && byte(0) == 0xc0 && byte(1) == 0x23 && byte(2) == 3;
    const bool chap_failure = session && byte(0) == 0xc2 && byte(1) == 0x23 && byte(2) == 4;
    if (!pap_nak && !chap_failure) {
      const bool term = session && byte(0) == 0xc0 && byte(1) == 0x21 && byte(2) == 5;
      return !term && framed->packet.code != wire::pppoe::Code::Padt;  // sent below
    }
    const std::uint16_t id = framed->packet.session_id;
    const Mac to = framed->header.destination, us = framed->header.source;
    const ByteVec term = *from_hex(
        "c021"
        "05"
        "09"
        "0004");
    const ByteVec three[] = {copy_of(frame), wire::pppoe::write_frame(to, us, wire::pppoe::Code::Session, id, term),
                             wire::pppoe::write_discovery(to, us, wire::pppoe::Code::Padt, id, {})};
    for (std::size_t i = 0; i < 3; ++i)
      s.world.after(milliseconds(1 + static_cast<int>(i)),
                    [&s, bytes = three[static_cast<std::size_t>(order[i])]] { s.up.on_frame(bytes, s.world.now()); });
    return false;
  };
  s.up.boot();
  ASSERT_TRUE(s.wait_phase("BackOff", seconds(20)));
  EXPECT_EQ(s.up->facts().reason, Reason::AuthFailed) << order[0] << order[1] << order[2];
  ASSERT_TRUE(s.up->facts().next_attempt);
  EXPECT_GE(*s.up->facts().next_attempt - s.world.now(), seconds(29));
  EXPECT_EQ(s.up.padis(), 1U);
  EXPECT_TRUE(s.up.broken_laws().empty());
}

TEST(WrongPassword, HasOneReasonInWhateverOrderItIsSaid) {
  for (const auto method :
       {engine::ppp::AuthMethod::Pap, engine::ppp::AuthMethod::ChapMd5, engine::ppp::AuthMethod::MsChapV2}) {
    std::array<int, 3> order{0, 1, 2};
    do {
      wrong_password_with(order, method);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(WrongPassword, IsTriedAFewTimesAnHour) {
  auto setup = plain_setup();
  setup.secret = Secret("wrong");
  Scene s(1, setup);
  s.up.boot();
  s.world.run(hours(1));
  EXPECT_EQ(s.up.facts().reason, Reason::AuthFailed);
  EXPECT_GE(s.up.padis(), 4U);
  EXPECT_LE(s.up.padis(), 20U);
  s.world.run(hours(24));
  EXPECT_LE(s.up.padis(), 260U);
}

}  // namespace
}  // namespace michi::kit

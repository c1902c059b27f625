// Up is told once, when both families are there or the second has had its time; traffic waits for neither.

#include <gtest/gtest.h>

#include <algorithm>

#include "kit/scene.hpp"
#include "wire/pppoe.hpp"

namespace michi::kit {
namespace {

using model::UplinkState;

/// The protocol field of a session frame, and its code.
bool is_ppp(Bytes frame, std::uint16_t protocol) {
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed || framed->packet.code != wire::pppoe::Code::Session) return false;
  Reader in(framed->packet.payload);
  return in.u16().value_or(0) == protocol;
}
constexpr std::uint16_t kIpcp = 0x8021, kIpv6cp = 0x8057;

/// Frames of this protocol from the access concentrator come this much later.
void delay(Scene& s, std::uint16_t protocol, Duration time) {
  const Node* const peer = &s.isp;
  s.wire.filter = [&s, peer, protocol, time](const Node* from, Bytes frame) {
    if (from != peer || !is_ppp(frame, protocol)) return true;
    s.world.after(time, [&s, bytes = copy_of(frame)] { s.up.on_frame(bytes, s.world.now()); });
    return false;
  };
}

std::ptrdiff_t told(const Scene& s, std::string_view code) {
  return std::ranges::count(s.up.events(), code, &model::Event::code);
}
const model::Event& event(const Scene& s, std::string_view code) {
  return *std::ranges::find(s.up.events(), code, &model::Event::code);
}

TEST(SecondFamily, UpIsToldWhenBothAreThereAndTrafficFlowsFromTheFirst) {
  for (const auto& [late, first] : {std::pair{kIpcp, Family::V6}, std::pair{kIpv6cp, Family::V4}}) {
    Scene s;
    delay(s, late, milliseconds(40));
    s.up.boot();
    ASSERT_TRUE(s.world.run_until([&] { return s.up.facts().usable(first); }, seconds(5)));
    EXPECT_FALSE(s.up.facts().usable(first == Family::V4 ? Family::V6 : Family::V4));
    EXPECT_EQ(s.up.facts().shown_state(), UplinkState::Connecting);
    EXPECT_EQ(told(s, "uplink.up"), 0);
    ASSERT_TRUE(s.world.run_until([&] { return s.up.facts().shown_state() == UplinkState::Up; }, milliseconds(150)));
    EXPECT_TRUE(s.up.facts().usable(Family::V4) && s.up.facts().usable(Family::V6));
    s.world.run(seconds(5));
    EXPECT_EQ(told(s, "uplink.up"), 1);
    EXPECT_EQ(event(s, "uplink.up").text,
              first == Family::V4 ? "Negotiating -> Up on ipv4 and ipv6" : "Negotiating -> Up on ipv6 and ipv4");
  }
}

TEST(SecondFamily, ThatStaysSilentIsWaitedForABoundedTime) {
  Scene s;
  s.wire.filter = [](const Node*, Bytes frame) { return !is_ppp(frame, kIpv6cp); };
  s.up.boot();
  ASSERT_TRUE(s.world.run_until([&] { return s.up.facts().usable(Family::V4); }, seconds(5)));
  s.world.run(milliseconds(349));
  EXPECT_EQ(s.up.facts().shown_state(), UplinkState::Connecting);
  s.world.run(milliseconds(1));
  EXPECT_EQ(s.up.facts().shown_state(), UplinkState::Up);
  EXPECT_EQ(told(s, "uplink.up"), 1);
  EXPECT_EQ(event(s, "uplink.up").text, "Negotiating -> Up on ipv4");
}

TEST(SecondFamily, ThatThePeerRefusesOrNobodyWantsIsNotWaitedFor) {
  auto v4_only = plain_isp();
  v4_only.ipv6 = false;
  Scene refused(1, plain_setup(), v4_only);
  refused.up.boot();
  ASSERT_TRUE(refused.world.run_until([&] { return refused.up.facts().usable(Family::V4); }, seconds(5)));
  refused.world.run(milliseconds(10));
  EXPECT_EQ(refused.up.facts().shown_state(), UplinkState::Up);

  auto setup = plain_setup();
  setup.config.ipv6 = false;
  Scene unwanted(1, setup);
  unwanted.up.boot();
  ASSERT_TRUE(unwanted.world.run_until([&] { return unwanted.up.facts().usable(Family::V4); }, seconds(5)));
  EXPECT_EQ(unwanted.up.facts().shown_state(), UplinkState::Up);
}

TEST(SecondFamily, ASessionLostWhileItIsExpectedWasUp) {
  for (const bool by_peer : {true, false}) {
    Scene s;
    s.wire.filter = [](const Node*, Bytes frame) { return !is_ppp(frame, kIpv6cp); };
    s.up.boot();
    ASSERT_TRUE(s.world.run_until([&] { return s.up.facts().usable(Family::V4); }, seconds(5)));
    ASSERT_EQ(told(s, "uplink.up"), 0);
    if (by_peer)
      s.isp->end_session(s.session(), engine::pppoe::EndBy::Padt, s.world.now());
    else
      s.up->stop(s.world.now());
    s.world.run(milliseconds(20));
    EXPECT_EQ(told(s, "uplink.up"), 1);
    EXPECT_EQ(told(s, "uplink.lost"), 1);
    const auto up = std::ranges::find(s.up.events(), "uplink.up", &model::Event::code);
    EXPECT_LT(up, std::ranges::find(s.up.events(), "uplink.lost", &model::Event::code));
    EXPECT_NE(std::ranges::find(up->fields, std::pair<std::string, std::string>("reason", "none")), up->fields.end());
    EXPECT_TRUE(s.up.broken_laws().empty());
  }
}

}  // namespace
}  // namespace michi::kit

// Stories of peers that are silent, restart, refuse, lie or take their time.

#include <gtest/gtest.h>

#include "kit/configs.hpp"
#include "kit/scene.hpp"
#include "wire/pppoe.hpp"

namespace michi::kit {
namespace {

using engine::pppoe::EndBy;
using model::Reason;
using model::UplinkState;

bool is_code(Bytes frame, wire::pppoe::Code code) {
  const auto framed = wire::pppoe::parse_frame(frame);
  return framed && framed->packet.code == code;
}

TEST(PeerTrouble, ASilentAccessConcentratorIsAskedForeverButNotOften) {
  Scene s;
  s.isp->faults().silent = true;
  s.up.boot();
  s.world.run(minutes(60));
  EXPECT_EQ(s.up.facts().reason, Reason::NoAnswer);
  EXPECT_NE(s.up.facts().state, UplinkState::Up);
  EXPECT_GT(s.up.padis(), 60U);
  EXPECT_LT(s.up.padis(), 600U);
  s.isp->faults().silent = false;
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(70)));
  EXPECT_EQ(s.up.facts().attempts, 0U);
}

TEST(PeerTrouble, AnAccessConcentratorThatRestartsWithoutAWordIsNoticedByEcho) {
  auto ac = plain_isp();
  ac.padt_for_unknown = false;
  Scene s(1, plain_setup(), ac);
  ASSERT_TRUE(s.come_up());
  s.world.run(seconds(5));
  s.isp->restart(s.world.now());
  ASSERT_TRUE(s.world.run_until([&] { return !s.up.usable(); }, seconds(60)));
  EXPECT_EQ(s.up.facts().reason, Reason::EchoTimeout);
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(5)));
}

TEST(PeerTrouble, APadtForAnUnknownSessionIsAtOnceAndSoIsTheRedial) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.world.run(seconds(5));
  s.isp->restart(s.world.now());
  ASSERT_TRUE(s.world.run_until([&] { return !s.up.usable(); }, seconds(11)));
  EXPECT_EQ(s.up.facts().reason, Reason::PeerTerminated);
  const Instant lost = s.world.now();
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(5)));
  EXPECT_LT(s.world.now() - lost, milliseconds(200));
}

TEST(PeerTrouble, AnAccessConcentratorThatEndsEverySessionAtOnceIsNotHammered) {
  Scene s;
  s.up.boot();
  std::size_t ends = 0;
  for (int minute = 0; minute < 60; ++minute) {
    for (int i = 0; i < 600; ++i) {
      if (s.up.up()) {
        s.isp->end_session(s.session(), EndBy::Padt, s.world.now());
        ++ends;
      }
      s.world.run(milliseconds(100));
    }
  }
  EXPECT_GT(ends, 30U);
  EXPECT_LT(ends, 300U);
  EXPECT_TRUE(s.up.broken_laws().empty());
  // Once it stays, three minutes wipe the slate clean and the next loss is retried at once.
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(70)));
  s.world.run(minutes(4));
  s.isp->end_session(s.session(), EndBy::Padt, s.world.now());
  s.world.run(milliseconds(200));
  EXPECT_TRUE(s.up.up());
}

TEST(PeerTrouble, AFlappingLineEndsUpWithoutResidue) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  for (int i = 0; i < 100; ++i) {
    s.up.carrier(false);
    s.world.run(milliseconds(50 * (i % 70)));
    s.up.carrier(true);
    s.world.run(milliseconds(100 * (i % 30)));
  }
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(70)));
  s.world.run(seconds(5));
  EXPECT_EQ(s.isp->sessions().size(), 1U);
  EXPECT_TRUE(s.up.broken_laws().empty()) << s.up.broken_laws().at(0);
}

TEST(PeerTrouble, OfTwoAccessConcentratorsTheRefusingOneIsLeftAlone) {
  Scene s;
  FakeIsp other(s.world, s.wire, plain_isp("bas2", 0xa2));
  s.isp->discovery().refuse = engine::pppoe::Refusal::AcSystemError;
  s.isp->discovery().refuse_text = "out of resources";
  other->discovery().pado_delay = milliseconds(1);
  ASSERT_TRUE(s.come_up(seconds(2)));
  EXPECT_EQ(s.up.facts().session->ac_name, "bas2");
  EXPECT_TRUE(s.isp->sessions().empty());
  EXPECT_EQ(other->sessions().size(), 1U);
}

TEST(PeerTrouble, ThePreferredAccessConcentratorIsWaitedForAndReplacedWhenSilent) {
  auto setup = plain_setup();
  kit::pppoe(setup.config).prefer_acs = {"bas2"};
  Scene s(1, setup);
  {
    FakeIsp slow(s.world, s.wire, plain_isp("bas2", 0xa2));
    slow->discovery().pado_delay = milliseconds(300);
    ASSERT_TRUE(s.come_up());
    EXPECT_EQ(s.up.facts().session->ac_name, "bas2");
    slow->faults().silent = true;
    s.up->redial(s.world.now());
    ASSERT_TRUE(s.world.run_until([&] { return s.up.up() && s.up.facts().session->ac_name == "bas1"; }, seconds(10)));
  }
}

TEST(PeerTrouble, APadtForgedFromAnotherAddressChangesNothing) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto record = *s.up.facts().session;
  const auto forged = [&](Mac from, Mac to, std::uint16_t id) {
    s.up.on_frame(wire::pppoe::write_discovery(to, from, wire::pppoe::Code::Padt, id, {}), s.world.now());
  };
  Mac stranger = record.peer;
  stranger.octets[5] ^= 1;
  forged(stranger, record.local, record.session_id);
  forged(record.peer, stranger, record.session_id);
  forged(record.peer, Mac::broadcast(), record.session_id);
  forged(record.peer, record.local, static_cast<std::uint16_t>(record.session_id ^ 1));
  s.world.run(seconds(1));
  EXPECT_TRUE(s.up.up());
  EXPECT_EQ(s.session(), record.session_id);
  forged(record.peer, record.local, record.session_id);
  EXPECT_FALSE(s.up->facts().usable(Family::V4));
}

TEST(PeerTrouble, ThePadtBehindATerminateRequestDoesNotHideItsWords) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto record = *s.up.facts().session;
  ByteVec term = *from_hex(
      "c021"
      "05"
      "09"
      "0015");
  for (const char c : std::string_view("already logged in")) term.push_back(static_cast<std::byte>(c));
  s.up.on_frame(
      wire::pppoe::write_frame(record.local, record.peer, wire::pppoe::Code::Session, record.session_id, term),
      s.world.now());
  s.up.on_frame(wire::pppoe::write_discovery(record.local, record.peer, wire::pppoe::Code::Padt, record.session_id, {}),
                s.world.now());
  EXPECT_EQ(s.up->facts().reason, Reason::SessionLimit);
  EXPECT_EQ(s.up->facts().detail, "already logged in");
  EXPECT_TRUE(s.up.broken_laws().empty());
}

TEST(PeerTrouble, ARenegotiationInMidFlowKeepsDeviceAndAddresses) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto session = s.session();
  const auto address = s.up.facts().v4;
  bool lost = false;
  s.isp->renegotiate(session, s.world.now());
  for (int i = 0; i < 1000; ++i) {
    s.world.run(milliseconds(1));
    lost |= !s.up.facts().usable(Family::V4) || !s.up.facts().usable(Family::V6);
  }
  EXPECT_FALSE(lost);
  EXPECT_EQ(s.up.count("Up -> Renegotiating"), 1U);
  EXPECT_EQ(s.up->phase(), "Up");
  EXPECT_EQ(s.session(), session);
  EXPECT_EQ(s.up.facts().v4, address);
}

TEST(PeerTrouble, ARenegotiationThatComesToNothingLosesTheAddressesAfterTheGrace) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.isp->renegotiate(s.session(), s.world.now());
  s.world.run(milliseconds(1));
  s.isp->faults().mute_sessions = true;
  s.world.run(seconds(9));
  EXPECT_TRUE(s.up.usable()) << s.up->phase();
  s.world.run(milliseconds(1100));
  EXPECT_FALSE(s.up.usable());
  ASSERT_TRUE(s.wait_phase("BackOff", seconds(60)));
}

TEST(PeerTrouble, ARechallengeDoesNotTouchTheNetworkProtocols) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto changes = s.up.facts_changes();
  s.isp->rechallenge(s.session(), s.world.now());
  s.world.run(seconds(2));
  EXPECT_EQ(s.up.facts_changes(), changes);
  EXPECT_EQ(s.isp->sessions().size(), 1U);
}

TEST(PeerTrouble, ALostFirstConfigureRequestCostsAFewHundredMilliseconds) {
  Scene s;
  s.isp->faults().drop_configure_requests = 1;
  s.up.boot();
  ASSERT_TRUE(s.world.run_until([&] { return s.up.facts().usable(Family::V4); }, milliseconds(600)));
}

TEST(PeerTrouble, AFirstConfigureRequestThatOvertakesThePadsIsNotLost) {
  Scene s;
  const Node* const peer = &s.isp;
  s.wire.filter = [&](const Node* from, Bytes frame) {
    if (from != peer || !is_code(frame, wire::pppoe::Code::Pads)) return true;
    s.world.after(milliseconds(10), [&s, bytes = copy_of(frame)] { s.up.on_frame(bytes, s.world.now()); });
    return false;
  };
  s.up.boot();
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up(); }, milliseconds(60)));
}

TEST(PeerTrouble, ALostPadsLeavesNoSecondSession) {
  for (const bool repeats : {true, false}) {
    auto ac = plain_isp();
    ac.discovery.repeat_confirms = repeats;
    Scene s(1, plain_setup(), ac);
    const Node* const peer = &s.isp;
    unsigned held = 0;
    // Not lost but late: it arrives when the repeated PADR has long been answered.
    s.wire.filter = [&](const Node* from, Bytes frame) {
      if (from != peer || !is_code(frame, wire::pppoe::Code::Pads) || held++ != 0) return true;
      s.world.after(seconds(2), [&s, bytes = copy_of(frame)] { s.up.on_frame(bytes, s.world.now()); });
      return false;
    };
    ASSERT_TRUE(s.come_up());
    s.world.run(seconds(3));
    EXPECT_EQ(s.isp->sessions().size(), 1U) << repeats;
    EXPECT_TRUE(s.up.up());
  }
}

TEST(PeerTrouble, DataInButNoEchoRepliesIsOneWayAfterAMinute) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.world.run(seconds(20));
  s.isp->faults().ignore_echo = true;
  std::uint64_t packets = 0;
  const Instant since = s.world.now();
  while (s.up.usable() && s.world.now() - since < minutes(5)) {
    s.up->on_traffic(packets += 100, s.world.now());
    s.world.run(milliseconds(500));
  }
  EXPECT_EQ(s.up.facts().reason, Reason::OneWay);
  EXPECT_GE(s.world.now() - since, seconds(45));
  EXPECT_LE(s.world.now() - since, seconds(85));
}

TEST(PeerTrouble, AnAccessConcentratorThatNeverAnswersEchoKeepsItsSessionWhileDataComes) {
  auto ac = plain_isp();
  ac.faults.ignore_echo = true;
  Scene s(1, plain_setup(), ac);
  ASSERT_TRUE(s.come_up());
  std::uint64_t packets = 0;
  for (int i = 0; i < 1200; ++i) {
    s.up->on_traffic(packets += 10, s.world.now());
    s.world.run(milliseconds(500));
  }
  EXPECT_TRUE(s.up.up());
  EXPECT_EQ(s.up.padis(), 1U);
}

TEST(PeerTrouble, ASessionLimitIsItsOwnReasonAndIsRetriedSlowly) {
  auto ac = plain_isp();
  ac.discovery.max_per_mac = 1;
  Scene s(1, plain_setup("one"), ac);
  UplinkNode two(s.world, s.wire, s.gate, plain_setup("two"));
  ASSERT_TRUE(s.come_up());
  two.boot();
  ASSERT_TRUE(s.world.run_until([&] { return two->phase() == "BackOff"; }, seconds(10)));
  EXPECT_EQ(two->facts().reason, Reason::SessionLimit);
  EXPECT_NE(two->facts().detail.find("session limit exceeded"), std::string::npos);
  EXPECT_GE(*two->facts().next_attempt - s.world.now(), seconds(15));
  EXPECT_TRUE(s.up.up());
}

TEST(PeerTrouble, ADuplicateAddressIsHeldUntilTheOtherGivesItUp) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.up->on_duplicate_address(true, s.world.now());
  s.world.run(seconds(1));
  EXPECT_EQ(s.up.facts().state, UplinkState::Waiting);
  EXPECT_EQ(s.up.facts().reason, Reason::DuplicateAddress);
  EXPECT_FALSE(s.up.facts().attached);
  EXPECT_TRUE(s.up.facts().v4) << "so that the daemon sees whether it still is one";
  const auto session = s.session();
  s.up->on_duplicate_address(false, s.world.now());
  s.world.run(milliseconds(1));
  EXPECT_TRUE(s.up.usable());
  EXPECT_EQ(s.session(), session);

  s.up->on_duplicate_address(true, s.world.now());
  EXPECT_TRUE(s.world.run_until([&] { return s.session() != session && s.up.up(); }, minutes(2)))
      << "another address is asked for, rarely";
}

TEST(PeerTrouble, APlaneFaultEndsTheSessionWithItsOwnReason) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.up->on_plane_fault("device wan0 is busy", s.world.now());
  s.world.run(milliseconds(5));
  EXPECT_EQ(s.up.facts().reason, Reason::PlaneFailed);
  EXPECT_TRUE(s.isp->sessions().empty());
}

TEST(PeerTrouble, AnAccessConcentratorWithOnePadiASecondPerAddressServesThreeUplinksInFiveSeconds) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto ac = plain_isp();
    ac.discovery.one_padi_per_second = true;
    Scene s(seed, plain_setup("one"), ac);
    s.wire.weather().jitter = milliseconds(5);
    UplinkNode two(s.world, s.wire, s.gate, plain_setup("two"));
    UplinkNode three(s.world, s.wire, s.gate, plain_setup("three"));
    s.up.boot();
    two.boot();
    three.boot();
    ASSERT_TRUE(s.world.run_until([&] { return s.up.up() && two.up() && three.up(); }, seconds(5))) << seed;
    EXPECT_EQ(s.isp->sessions().size(), 3U);
  }
}

TEST(PeerTrouble, OneNetworkProtocolAloneIsUpToo) {
  auto ac = plain_isp();
  ac.ipv6 = false;
  Scene v4(1, plain_setup(), ac);
  v4.up.boot();
  ASSERT_TRUE(v4.world.run_until([&] { return v4.up.facts().usable(Family::V4); }, seconds(2)));
  v4.world.run(minutes(2));
  EXPECT_TRUE(v4.up.up());
  ac = plain_isp();
  ac.ipv4 = false;
  Scene v6(1, plain_setup(), ac);
  v6.up.boot();
  ASSERT_TRUE(v6.world.run_until([&] { return v6.up.facts().usable(Family::V6); }, seconds(2)));
  v6.world.run(minutes(2));
  EXPECT_TRUE(v6.up.up());
  EXPECT_EQ(v6.up.padis(), 1U);
}

TEST(PeerTrouble, AnotherHostsSessionOnTheSameWireIsNeverTouched) {
  Scene s;
  auto stranger = plain_setup("stranger");
  stranger.interface.mac = Mac{{0x02, 0, 0, 0, 0, 0x99}};
  GateNode its_gate(s.world);
  UplinkNode pass_through(s.world, s.wire, its_gate, stranger);
  pass_through.boot();
  s.world.run(seconds(2));
  ASSERT_TRUE(pass_through.up());
  const auto session = pass_through.facts().session;
  for (int i = 0; i < 20; ++i) {
    s.up.boot();
    s.world.run(seconds(3));
    s.up->stop(s.world.now());
    s.world.run(seconds(2));
  }
  s.world.run(minutes(1));
  EXPECT_TRUE(pass_through.up());
  EXPECT_EQ(pass_through.facts().session, session);
}

}  // namespace
}  // namespace michi::kit

// Stories of one uplink and one access concentrator: up, down, interface, configuration.

#include <gtest/gtest.h>

#include "kit/configs.hpp"
#include "kit/scene.hpp"
#include "wire/pppoe.hpp"

namespace michi::kit {
namespace {

using model::Reason;
using model::UplinkState;

TEST(UplinkLife, ComesUpAndGoesDownCleanly) {
  Scene s;
  s.wire.recording = true;
  ASSERT_TRUE(s.come_up(milliseconds(50)));
  EXPECT_EQ(s.up.facts().state, UplinkState::Up);
  EXPECT_EQ(s.up.facts().reason, Reason::None);
  EXPECT_EQ(s.up.facts().auth, "chap-md5");
  EXPECT_EQ(s.up.facts().mtu, 1492);
  EXPECT_EQ(to_text(s.up.facts().v4->local), "192.0.2.100");
  EXPECT_EQ(s.up.facts().v4->dns.size(), 2U);
  EXPECT_TRUE(s.up.facts().v6->local.is_link_local());
  ASSERT_TRUE(s.up.facts().last_setup);
  EXPECT_LT(*s.up.facts().last_setup, milliseconds(25));
  ASSERT_TRUE(s.up.record());
  EXPECT_EQ(s.isp->sessions().size(), 1U);

  s.up->stop(s.world.now());
  s.world.run(seconds(3));
  EXPECT_TRUE(s.up->settled_down());
  EXPECT_FALSE(s.up.record());
  EXPECT_TRUE(s.isp->sessions().empty());
  EXPECT_NE(s.wire.transcript().back().find("PADT"), std::string::npos);
  EXPECT_TRUE(s.up.broken_laws().empty());
  // Nothing more, ever.
  const auto sent = s.wire.sent();
  s.world.run(hours(1));
  EXPECT_EQ(s.wire.sent(), sent);
}

TEST(UplinkLife, FactsChangeAFewTimesAndNotPerPacket) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  EXPECT_LE(s.up.facts_changes(), 7U);
  const auto before = s.up.facts_changes();
  s.world.run(hours(1));
  EXPECT_EQ(s.up.facts_changes(), before);
}

TEST(UplinkLife, AnOrderlyStopOfASilentPeerTakesAtMostTwoSeconds) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.isp->faults().mute_sessions = true;
  s.up->stop(s.world.now());
  EXPECT_EQ(s.up->facts().state, UplinkState::Stopping);
  s.world.run(milliseconds(2010));
  EXPECT_TRUE(s.up->settled_down());
  EXPECT_TRUE(s.isp->sessions().empty()) << "PADT arrived";
}

TEST(UplinkLife, WithoutItsSecretItFailsAndSaysSo) {
  auto setup = plain_setup();
  setup.secret.reset();
  Scene s(1, setup);
  s.up.boot();
  s.world.run(seconds(1));
  EXPECT_EQ(s.up.facts().state, UplinkState::Failed);
  EXPECT_EQ(s.up.facts().reason, Reason::NoSecret);
  EXPECT_EQ(s.up.padis(), 0U);
  EXPECT_EQ(s.up->configure(setup.config, Secret("secret"), s.world.now()), uplink::Applied::Redialled);
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(5)));
}

TEST(UplinkLife, WaitsForItsInterfaceAndItsCarrier) {
  Scene s;
  s.up.unplug();
  s.up->start(s.world.now());
  s.world.run(hours(1));
  EXPECT_EQ(s.up.facts().reason, Reason::NoInterface);
  EXPECT_EQ(s.up->waiting_for().at(0), "interface wan0 to appear");
  s.up.plug();
  s.up.carrier(false);
  s.world.run(seconds(1));
  EXPECT_TRUE(s.up.facts().reason == Reason::NoCarrier) << model::to_text(s.up.facts().reason);
  s.up.carrier(true);
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(5)));
}

TEST(UplinkLife, LostCarrierMakesItUnusableAtOnceAndAShortBounceKeepsTheSession) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto session = s.session();
  s.world.run(seconds(30));  // an echo was answered
  s.up.carrier(false);
  EXPECT_FALSE(s.up->facts().usable(Family::V4));
  EXPECT_EQ(s.up->facts().reason, Reason::NoCarrier);
  EXPECT_TRUE(s.up->facts().attached) << "the device keeps its session";
  s.world.run(milliseconds(300));
  s.up.carrier(true);
  EXPECT_EQ(s.up->facts().state, UplinkState::Waiting) << "not before a sign of life";
  s.world.run(milliseconds(10));
  EXPECT_EQ(s.up.facts().state, UplinkState::Up);
  EXPECT_EQ(s.session(), session);
  EXPECT_EQ(s.up.padis(), 1U);
}

TEST(UplinkLife, AfterALongerBounceTheOldSessionIsEndedFirst) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.up.carrier(false);
  s.world.run(seconds(5));
  EXPECT_EQ(s.up->phase(), "WaitInterface");
  EXPECT_TRUE(s.up.record()) << "PADT could not be sent yet";
  s.wire.recording = true;
  s.up.carrier(true);
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(5)));
  EXPECT_NE(s.wire.transcript().at(0).find("PADT"), std::string::npos);
  EXPECT_NE(s.wire.transcript().at(1).find("PADI"), std::string::npos);
  EXPECT_EQ(s.isp->sessions().size(), 1U);
}

TEST(UplinkLife, ACarrierThatComesBackToADeadSessionRedialsWithinSeconds) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.world.run(seconds(30));
  s.isp->restart(s.world.now());
  s.isp->faults().mute_sessions = true;  // nor does it say so
  s.up.carrier(false);
  s.world.run(milliseconds(200));
  s.up.carrier(true);
  s.world.run(milliseconds(900));
  s.isp->faults().mute_sessions = false;
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(3)));
  EXPECT_EQ(s.up.padis(), 2U);
}

TEST(UplinkLife, RedialKeepsNothingOfTheOldSession) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto session = s.session();
  s.up->redial(s.world.now());
  EXPECT_FALSE(s.up->facts().attached);
  EXPECT_EQ(s.up->facts().reason, Reason::Admin);
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(5)));
  EXPECT_NE(s.session(), session);
  EXPECT_EQ(s.isp->sessions().size(), 1U);
}

TEST(UplinkLife, AnOrphanGetsItsPadtBeforeAnythingElse) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.world.run(seconds(3));
  s.wire.recording = true;
  s.up.crash();
  s.world.run(milliseconds(5));
  ASSERT_GE(s.wire.transcript().size(), 2U);
  EXPECT_NE(s.wire.transcript().at(0).find("PADT"), std::string::npos);
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(2)));
  EXPECT_EQ(s.isp->sessions().size(), 1U);
  EXPECT_EQ(s.isp->counters().padt_in, 1U);
}

TEST(UplinkLife, ACrashInEveryPhaseLeavesNoSessionBehind) {
  for (int ms = 0; ms < 14; ++ms) {
    Scene s(static_cast<std::uint64_t>(ms) + 1);
    s.up.boot();
    s.world.run(milliseconds(ms));
    s.up.crash();
    ASSERT_TRUE(s.world.run_until([&] { return s.up.facts().usable(Family::V4); }, seconds(5))) << ms;
    s.world.run(seconds(2));
    // PADR may have been on the wire: then its PADS reached nobody, and only a time-out ends it.
    if (ms != 2 && ms != 3) {
      EXPECT_EQ(s.isp->sessions().size(), 1U) << ms;
    }
    EXPECT_TRUE(s.up.broken_laws().empty()) << ms;
  }
}

TEST(UplinkLife, ConfigurationThatLeavesTheSessionAloneIsAppliedInPlace) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  const auto session = s.session();
  auto config = s.up->config();
  config.weight = 7;
  config.mss = 1300;
  kit::ppp(config).retry_max = seconds(5);
  config.dns.domains = {"flets"};
  EXPECT_EQ(s.up->configure(config, Secret("secret"), s.world.now()), uplink::Applied::InPlace);
  s.world.run(seconds(10));
  EXPECT_EQ(s.session(), session);
  EXPECT_TRUE(s.up.up());
}

TEST(UplinkLife, ConfigurationThatConcernsTheSessionRedials) {
  const auto with = [](auto change) {
    Scene s;
    EXPECT_TRUE(s.come_up());
    const auto session = s.session();
    auto config = s.up->config();
    change(config);
    EXPECT_EQ(s.up->configure(config, Secret("secret"), s.world.now()), uplink::Applied::Redialled);
    if (config.interface() != "wan0") s.up.plug();
    EXPECT_TRUE(s.world.run_until([&] { return s.up.up() && s.session() != session; }, seconds(10)));
    s.world.run(seconds(1));
    EXPECT_EQ(s.isp->sessions().size(), 1U);
    EXPECT_TRUE(s.up.broken_laws().empty());
  };
  with([](auto& c) { c.mtu = 1454; });
  with([](auto& c) { kit::pppoe(c).ac_name = "bas1"; });
  with([](auto& c) { c.ipv6 = false; });
  with([](auto& c) { c.over = model::OnLine{"wan1"}; });
  with([](auto& c) { std::get<model::OnLine>(c.over).mac = Mac{{0x02, 0, 0, 0, 0, 0x77}}; });
  with([](auto& c) { kit::ppp(c).auth = {model::AuthKind::ChapMd5}; });
}

TEST(UplinkLife, ASmallerInterfaceMtuMeansNoRfc4638) {
  auto setup = plain_setup();
  setup.config.mtu = 1500;
  auto ac = plain_isp();
  ac.discovery.max_payload = 1500;
  ac.mru = 1500;
  Scene small(1, setup, ac);
  ASSERT_TRUE(small.come_up());
  EXPECT_EQ(small.up.facts().mtu, 1492);

  setup.interface.mtu = 1508;
  Scene large(1, setup, ac);
  ASSERT_TRUE(large.come_up());
  EXPECT_EQ(large.up.facts().mtu, 1500);

  ac.discovery.max_payload = 1492;  // the other side does not know it
  Scene old(1, setup, ac);
  ASSERT_TRUE(old.come_up());
  EXPECT_EQ(old.up.facts().mtu, 1492);
}

TEST(UplinkLife, APathThatDropsLargeFramesFallsBackTo1492) {
  auto setup = plain_setup();
  setup.config.mtu = 1500;
  setup.interface.mtu = 1508;
  auto ac = plain_isp();
  ac.discovery.max_payload = 1500;
  ac.mru = 1500;
  Scene s(1, setup, ac);
  s.wire.filter = [](const Node*, Bytes frame) { return frame.size() <= 1492 + 8 + 14; };
  s.up.boot();
  ASSERT_TRUE(s.world.run_until([&] { return s.up.up() && s.up.facts().mtu == 1492; }, seconds(20)));
  s.world.run(seconds(60));
  EXPECT_TRUE(s.up.up());
  EXPECT_EQ(s.up.facts().mtu, 1492);
}

TEST(UplinkLife, WaitingForItsTurnItStillSaysWhatWentWrongBefore) {
  Scene s;
  s.isp->faults().silent = true;
  UplinkNode other(s.world, s.wire, s.gate, plain_setup("other"));
  s.up.boot();
  EXPECT_EQ(s.up->facts().reason, Reason::Busy) << "nothing went wrong yet";
  ASSERT_TRUE(s.wait_phase("BackOff"));
  ASSERT_EQ(s.up->facts().reason, Reason::NoAnswer);
  const std::string detail = s.up->facts().detail;
  s.world.run(*s.up->facts().next_attempt - s.world.now() - milliseconds(1));
  other.boot();  // takes the turn
  ASSERT_TRUE(s.wait_phase("WaitPermit"));
  EXPECT_EQ(s.up->facts().state, UplinkState::Waiting);
  EXPECT_EQ(s.up->facts().reason, Reason::NoAnswer);
  EXPECT_EQ(s.up->facts().detail, detail);
  EXPECT_EQ(s.up->waiting_for(), std::vector<std::string>{"permission to send PADI on wan0"});
  s.isp->faults().silent = false;
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, minutes(2)));
}

TEST(UplinkLife, FletsWants1454) {
  auto setup = plain_setup();
  setup.config.mtu = 1454;
  Scene s(1, setup);
  ASSERT_TRUE(s.come_up());
  EXPECT_EQ(s.up.facts().mtu, 1454);
}

}  // namespace
}  // namespace michi::kit

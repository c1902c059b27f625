// RFC 2516 §5.5, §6 and §7, the host's side: PADT, session frames, what LCP may ask for; and the
// concentrator's side of discovery, which stands in the lab.
#include <algorithm>
#include <set>

#include "conformance/line.hpp"
#include "kit/fake_isp.hpp"

namespace michi::conformance {
namespace {

using Rfc2516_5_5 = DaemonTest;
using Rfc2516_6 = DaemonTest;
using Rfc2516_7 = DaemonTest;

TEST_F(Rfc2516_5_5, AfterAPadtOfThePeerNothingOfTheSessionIsSent) {
  come_up();
  peer.padt();
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic));
  peer.say(kLcp, kTerminateRequest, 2);
  peer.say(kLcp, kConfigureRequest, 3, magic());
  const auto echoes = peer.echoes();
  EXPECT_TRUE(silent(kLcp, minutes(1)));
  EXPECT_EQ(peer.echoes(), echoes);
  EXPECT_FALSE(peer.take_discovery(kPadt));  // and it needs no answer
  EXPECT_FALSE(usable(Family::V4));
}

TEST_F(Rfc2516_5_5, AfterOurPadtNothingOfTheSessionIsSent) {
  come_up();
  hang_up();
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  const Discovery padt = hear_discovery(kPadt);
  EXPECT_EQ(padt.destination, peer.address);
  EXPECT_EQ(padt.session, 0x1234u);
  peer.forget();
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic));
  peer.say(kLcp, kTerminateRequest, 2);
  EXPECT_TRUE(silent(kLcp, minutes(1)));
}

TEST_F(Rfc2516_5_5, APadtOfAnotherSessionOrAnotherSenderEndsNothing) {
  come_up();
  peer.discovery(kPadt, 0x1235, {});
  peer.discovery(kPadt, 0, {});
  Peer stranger(world, wire, hex("02 00 00 00 00 b2"));
  stranger.other = peer.other;
  stranger.discovery(kPadt, 0x1234, {});
  peer.other = hex("02 00 00 00 00 77");
  peer.padt();
  peer.other = hex("ff ff ff ff ff ff");
  peer.padt();
  peer.other = hex("02 00 00 00 00 01");
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc2516_5_5, APadtNeedsNoTagsAndItsBrokenTagsDoNotKeepTheSession) {
  come_up();
  peer.discovery(kPadt, 0x1234, u16(kGenericError) + u16(400) + text("cut off"));
  world.run(milliseconds(5));
  EXPECT_FALSE(usable(Family::V4));
}

TEST_F(Rfc2516_6, SessionFramesAreKnownBySessionSenderAndReceiver) {
  come_up();
  peer.session = 0x4321;
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic));
  peer.session = 0x1234;
  Peer stranger(world, wire, hex("02 00 00 00 00 b2"));
  stranger.other = peer.other;
  stranger.session = 0x1234;
  stranger.say(kLcp, kTerminateRequest, 1);
  peer.other = hex("02 00 00 00 00 77");
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic));
  peer.other = hex("02 00 00 00 00 01");
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(stranger.packets().empty());
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc2516_6, ASessionFrameWithAnotherVersionOrALengthBeyondTheFrameIsDiscarded) {
  come_up();
  const Octets echo = hex("c0 21 09 07 00 08 0a 0b 0c 0d");
  const auto say = [&](unsigned type, unsigned version, unsigned code, unsigned length) {
    peer.frame(peer.other + peer.address + u16(type) + u8(version) + u8(code) + u16(0x1234) + u16(length) + echo);
  };
  say(kSession, 0x21, 0, 10);
  say(kSession, 0x10, 0, 10);
  say(kSession, 0x11, 1, 10);
  say(kDiscovery, 0x11, 0, 10);
  say(kSession, 0x11, 0, 11);
  say(kSession, 0x11, 0, 65535);
  say(kSession, 0x11, 0, 9);
  say(kSession, 0x11, 0, 1);
  say(kSession, 0x11, 0, 0);
  peer.frame(peer.other + peer.address + u16(kSession) + u8(0x11));
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

// 20.1, 20.2: there is no FCS and no flag on Ethernet; what is too large or too short is discarded.
TEST_F(Rfc2516_6, FramesOfEverySizeAreSurvived) {
  come_up();
  for (const std::size_t size : {0u, 1u, 13u, 14u, 19u, 20u, 21u, 1515u, 9000u, 65535u, 100000u}) {
    peer.frame(slice(peer.other + peer.address + u16(kSession) + hex("11 00 12 34 ff ff c0 21 01 01"), 0, size) +
               fill(size > 24 ? size - 24 : 0, 0x5a));
  }
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc2516_7, TheMruAskedForIsNeverAbove1492) {
  config.mtu = 1500;
  interface_mtu = 1508;
  dial();
  discover();  // and no word about PPP-Max-Payload
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kMru), u16(1492));
}

TEST_F(Rfc2516_7, NoFrameIsLargerThanTheLineCarriesWhateverThePeerAnnounces) {
  for (const Octets& options : {magic(), mru(9000) + magic(), mru(65535) + magic()}) {
    Line line;
    line.dial();
    line.discover();
    line.hear(kLcp, kConfigureRequest);
    line.peer.say(kLcp, 99, 1, fill(1488, 0x11));  // before it is open
    EXPECT_EQ(line.hear(kLcp, kCodeReject).length, 1492u);
    line.open_lcp(options);
    line.peer.say(kLcp, 99, 1, fill(1488, 0x11));
    EXPECT_EQ(line.hear(kLcp, kCodeReject).length, 1492u);
    line.peer.ppp(u16(kCcp) + fill(1492, 0x22));
    EXPECT_EQ(line.hear(kLcp, kProtocolReject).length, 1492u);
    line.open_networks();
    EXPECT_EQ(line.facts().mtu, 1492);
  }
}

/// The concentrator as the side under test, a host that asks.
struct Asking : ::testing::Test, Wired {
  Asking() { peer.other = hex("02 ac 00 00 00 a1"), peer.address = hex("02 00 00 00 00 05"); }
  void serve(std::function<void(engine::pppoe::AcSettings&)> change = {}) {
    engine::pppoe::AcSettings made = kit::plain_isp();
    if (change) change(made);
    isp.emplace(world, wire, std::move(made));
  }
  void ask(const Octets& tags) {
    const Octets destination = std::exchange(peer.other, fill(6, 0xff));
    peer.discovery(kPadi, 0, tags);
    peer.other = destination;
  }
  /// A PADR that returns what the PADO of an earlier ask() gave.
  void request_session(const Octets& tags) {
    ask(tags);
    const Discovery pado = hear_discovery(kPado);
    peer.discovery(kPadr, 0, tags + tag(kAcCookie, pado.tag(kAcCookie).value_or(Octets{})));
  }
  bool silent_for(unsigned code) {
    return !world.run_until([&] { return peer.take_discovery(code).has_value(); }, milliseconds(500));
  }
  std::optional<kit::FakeIsp> isp;
};

using Rfc2516_5_2_Concentrator = Asking;
using Rfc2516_5_4_Concentrator = Asking;

TEST_F(Rfc2516_5_2_Concentrator, PadoGoesToTheHostWithItsNameTheServiceAndTheHostsOwnTags) {
  serve();
  ask(tag(kServiceName) + tag(kHostUniq, hex("00 ff 01")) + tag(kRelaySessionId, text("relay")));
  const Discovery pado = hear_discovery(kPado);
  EXPECT_EQ(pado.destination, peer.address);
  EXPECT_EQ(pado.source, peer.other);
  EXPECT_EQ(pado.session, 0u);
  EXPECT_EQ(pado.count(kAcName), 1u);
  EXPECT_EQ(pado.tag(kServiceName), Octets{});
  EXPECT_EQ(pado.tag(kHostUniq), hex("00 ff 01"));
  EXPECT_EQ(pado.tag(kRelaySessionId), text("relay"));
}

TEST_F(Rfc2516_5_2_Concentrator, WhoCannotServeDoesNotOffer) {
  serve([](auto& s) { s.discovery.services = {"gold"}; });
  ask(tag(kServiceName, text("silver")));
  EXPECT_TRUE(silent_for(kPado));
  ask(tag(kHostUniq, text("u")));  // no Service-Name at all
  EXPECT_TRUE(silent_for(kPado));
  world.run(seconds(1));
  ask(tag(kServiceName, text("gold")));
  EXPECT_EQ(hear_discovery(kPado).tag(kServiceName), text("gold"));
}

TEST_F(Rfc2516_5_4_Concentrator, PadsHasASessionOfItsOwnTheServiceAndTheHostsOwnTags) {
  serve();
  std::set<unsigned> sessions;
  for (int i = 0; i < 3; ++i) {
    const Octets tags =
        tag(kServiceName) + tag(kHostUniq, u16(static_cast<unsigned>(i))) + tag(kRelaySessionId, text("r"));
    request_session(tags);
    std::optional<Discovery> pads;
    ASSERT_TRUE(world.run_until([&] { return (pads = peer.take_discovery(kPads)).has_value(); }, milliseconds(3)));
    peer.session = pads->session;
    EXPECT_NE(pads->session, 0u);
    EXPECT_NE(pads->session, 0xffffu);
    EXPECT_EQ(pads->count(kServiceName), 1u);
    EXPECT_EQ(pads->tag(kHostUniq), u16(static_cast<unsigned>(i)));
    EXPECT_EQ(pads->tag(kRelaySessionId), text("r"));
    sessions.insert(pads->session);
    peer.padt();
    world.run(seconds(2));
    peer.complaints.clear();  // the first LCP frame came before this peer knew its session
  }
  EXPECT_EQ(sessions.size(), 3u);
}

TEST_F(Rfc2516_5_4_Concentrator, ARefusalHasItsErrorAndNoSession) {
  serve([](auto& s) { s.discovery.services = {"gold"}; });
  const Octets uniq = tag(kHostUniq, text("u"));
  ask(tag(kServiceName) + uniq);
  const Discovery pado = hear_discovery(kPado);
  peer.discovery(kPadr, 0, tag(kServiceName, text("silver")) + uniq + tag(kAcCookie, *pado.tag(kAcCookie)));
  const Discovery pads = hear_discovery(kPads);
  EXPECT_EQ(pads.session, 0u);
  EXPECT_EQ(pads.count(kServiceNameError), 1u);
  EXPECT_TRUE(silent(kLcp, seconds(1)));
}

}  // namespace
}  // namespace michi::conformance

// RFC 4638: PPP-Max-Payload, the MRU that follows from it, and its proof.
#include "conformance/line.hpp"

namespace michi::conformance {
namespace {

struct Jumbo : DaemonTest {
  Jumbo() {
    config.mtu = 1500;
    interface_mtu = 1508;
  }
  Octets large(unsigned size = 1500) const { return tag(kPppMaxPayload, u16(size)); }
  /// What it asks for in LCP when the answers of discovery carry these.
  static unsigned asked_after(const Octets& offer, const Octets& confirmation) {
    Line line;
    line.config.mtu = 1500;
    line.interface_mtu = 1508;
    line.dial();
    line.discover(offer, confirmation);
    return u16_at(line.hear(kLcp, kConfigureRequest).option(kMru).value_or(Octets{}), 0);
  }
};

using Rfc4638_4 = Jumbo;
using Rfc4638_5_1 = Jumbo;
using Rfc4638_5_2 = Jumbo;

TEST_F(Rfc4638_4, TheTagIsInPadiAndPadrWithTheWantedSize) {
  dial();
  const Discovery padi = hear_discovery(kPadi);
  EXPECT_EQ(padi.tag(kPppMaxPayload), u16(1500));
  EXPECT_EQ(padi.count(kPppMaxPayload), 1u);
  peer.discovery(kPado, 0, tag(kAcName, text("bas1")) + tag(kServiceName) + tag(kHostUniq, *padi.tag(kHostUniq)));
  EXPECT_EQ(hear_discovery(kPadr).tag(kPppMaxPayload), u16(1500));
}

TEST_F(Rfc4638_4, WithoutAWishForMoreThan1492ThereIsNoTag) {
  config.mtu = 1492;
  dial();
  EXPECT_EQ(hear_discovery(kPadi).count(kPppMaxPayload), 0u);
}

TEST_F(Rfc4638_4, OnAnInterfaceThatDoesNotCarryItThereIsNoTag) {
  interface_mtu = 1507;
  dial();
  EXPECT_EQ(hear_discovery(kPadi).count(kPppMaxPayload), 0u);
}

TEST_F(Rfc4638_5_1, ALargerMruIsAskedForOnlyIfTheAnswersAgree) {
  EXPECT_EQ(asked_after({}, {}), 1492u);
  EXPECT_EQ(asked_after(large(), large()), 1500u);
  EXPECT_EQ(asked_after(large(), {}), 1500u);
  EXPECT_EQ(asked_after({}, large()), 1500u);
  EXPECT_EQ(asked_after(large(1498), large()), 1498u);
  EXPECT_EQ(asked_after(large(), large(1496)), 1496u);
  EXPECT_EQ(asked_after(large(9000), large(9000)), 1500u);
}

TEST_F(Rfc4638_5_1, ATagBelow1492OrOfAWrongSizeIsNone) {
  EXPECT_EQ(asked_after(large(1491), large(1000)), 1492u);
  EXPECT_EQ(asked_after(tag(kPppMaxPayload, u32(1500)), tag(kPppMaxPayload, u8(1))), 1492u);
  EXPECT_EQ(asked_after(tag(kPppMaxPayload), {}), 1492u);
}

TEST_F(Rfc4638_5_2, AnEchoOfTheFullSizeProvesThePath) {
  dial();
  discover(large(), large());
  peer.answers_echo = false;
  open_lcp(mru(1500) + magic());
  const Packet echo = hear(kLcp, kEchoRequest);
  EXPECT_EQ(echo.length, 1500u);
  peer.answers_echo = true;
  peer.say(kLcp, kEchoReply, echo.id, u32(kPeerMagic) + slice(echo.data, 4, 1500));
  open_networks();
  world.run(seconds(10));
  EXPECT_EQ(facts().mtu, 1500);
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc4638_5_2, WithoutAReplyOfTheFullSizeTheMruGoesBackTo1492) {
  dial();
  discover(large(), large());
  wire.filter = [](const kit::Node*, Bytes frame) { return frame.size() <= 1514; };
  open_lcp(mru(1500) + magic());
  open_networks();
  const Packet again = hear(kLcp, kConfigureRequest, seconds(10));
  EXPECT_EQ(again.option(kMru), u16(1492));
  peer.say(kLcp, kConfigureAck, again.id, again.data);
  request(kLcp, 99, mru(1500) + magic());
  hear(kLcp, kConfigureAck);
  open_networks();
  EXPECT_EQ(facts().mtu, 1492);
  EXPECT_TRUE(usable(Family::V4));
}

}  // namespace
}  // namespace michi::conformance

// RFC 1332 and RFC 1877 (IPCP), RFC 5072 (IPv6CP), RFC 1570 (what LCP was extended by).
#include "conformance/line.hpp"
#include "kit/configs.hpp"

namespace michi::conformance {
namespace {

constexpr unsigned kCompression = 2, kAddress = 3, kDns1 = 129, kNbns1 = 130, kDns2 = 131, kNbns2 = 132;
const Octets kNothing = fill(4);
const Octets kGiven = hex("c0 00 02 4d"), kTheirs = hex("c0 00 02 01"), kResolver = hex("c0 00 02 35");
const Octets kTheirId = hex("00 00 00 00 00 00 00 a1");

struct Networks : DaemonTest {
  void open() {
    dial();
    discover();
    open_lcp();
  }
};

using Rfc1332_2 = Networks;
using Rfc1332_3_2 = Networks;
using Rfc1332_3_3 = Networks;
using Rfc1877_1 = Networks;
using Rfc5072_3 = Networks;
using Rfc5072_4_1 = Networks;
using Rfc1570_2 = Networks;

TEST_F(Rfc1332_2, IpcpWaitsForItsPhaseAndOnlyItsOwnCodesAreKnown) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  request(kIpcp, 1, option(kAddress, kTheirs));
  EXPECT_TRUE(silent(kIpcp, milliseconds(200)));
  open_lcp();
  hear(kIpcp, kConfigureRequest);
  for (const unsigned code : {0u, 8u, 9u, 14u, 200u}) {
    peer.say(kIpcp, code, 0x33, text("?"));
    EXPECT_EQ(hear(kIpcp, kCodeReject).data, u8(code) + u8(0x33) + u16(5) + text("?"));
  }
}

TEST_F(Rfc1332_3_3, AnAddressIsAskedForWithZeroAndTakenFromTheNak) {
  open();
  const Packet asked = hear(kIpcp, kConfigureRequest);
  EXPECT_EQ(asked.types(), (std::vector<unsigned>{kAddress, kDns1, kDns2}));
  EXPECT_EQ(asked.option(kAddress), kNothing);
  peer.say(kIpcp, kConfigureNak, asked.id, option(kAddress, kGiven));
  const Packet next = ack(kIpcp);
  EXPECT_NE(next.id, asked.id);
  EXPECT_EQ(next.option(kAddress), kGiven);
  request(kIpcp, 1, option(kAddress, kTheirs));
  EXPECT_EQ(hear(kIpcp, kConfigureAck).data, option(kAddress, kTheirs));
  world.run(milliseconds(5));
  ASSERT_TRUE(facts().v4);
  EXPECT_EQ(to_text(facts().v4->local), "192.0.2.77");
  EXPECT_EQ(to_text(facts().v4->peer), "192.0.2.1");
}

TEST_F(Rfc1332_3_3, AConfiguredAddressIsAskedForAndAnAckWithoutANakKeepsIt) {
  kit::ppp(config).address = parse_ipv4("192.0.2.99");
  open();
  EXPECT_EQ(ack(kIpcp).option(kAddress), hex("c0 00 02 63"));
  request(kIpcp, 1, {});
  hear(kIpcp, kConfigureAck);
  world.run(milliseconds(5));
  ASSERT_TRUE(facts().v4);
  EXPECT_EQ(to_text(facts().v4->local), "192.0.2.99");
}

TEST_F(Rfc1332_3_3, APeerThatAsksUsForAnAddressIsRefusedAndOneWithoutAnyIsWelcome) {
  open();
  hear(kIpcp, kConfigureRequest);
  request(kIpcp, 1, option(kAddress, kNothing));
  EXPECT_EQ(hear(kIpcp, kConfigureReject).data, option(kAddress, kNothing));
  request(kIpcp, 2, {});
  EXPECT_EQ(hear(kIpcp, kConfigureAck).id, 2u);
}

TEST_F(Rfc1332_3_3, AnAckOfZeroIsNoAddress) {
  open();
  ack(kIpcp);
  request(kIpcp, 1, option(kAddress, kTheirs));
  hear(kIpcp, kConfigureAck);
  world.run(seconds(5));
  EXPECT_FALSE(usable(Family::V4));
}

TEST_F(Rfc1332_3_2, CompressionAndTheOldAddressesOptionAreRejectedInOrder) {
  open();
  hear(kIpcp, kConfigureRequest);
  const Octets old = option(1, kTheirs + kGiven), slots = option(kCompression, hex("00 2d 0f 01")),
               mobile = option(4, kTheirs);
  request(kIpcp, 1, slots + option(kAddress, kTheirs) + old + mobile);
  EXPECT_EQ(hear(kIpcp, kConfigureReject).data, slots + old + mobile);
  request(kIpcp, 2, option(kAddress, kTheirs));
  EXPECT_EQ(hear(kIpcp, kConfigureAck).id, 2u);
}

TEST_F(Rfc1332_3_3, AnAddressOfAWrongSizeIsNotAcknowledged) {
  open();
  hear(kIpcp, kConfigureRequest);
  for (const std::size_t size : {0u, 3u, 5u}) {
    request(kIpcp, next_id(), option(kAddress, fill(size, 10)));
    EXPECT_EQ(hear(kIpcp, kConfigureReject).data, option(kAddress, fill(size, 10)));
  }
}

TEST_F(Rfc1877_1, NameServersAreAskedForWithZeroAndTakenFromTheNak) {
  open();
  Packet asked = hear(kIpcp, kConfigureRequest);
  EXPECT_EQ(asked.option(kDns1), kNothing);
  EXPECT_EQ(asked.option(kDns2), kNothing);
  peer.say(kIpcp, kConfigureNak, asked.id, option(kAddress, kGiven) + option(kDns1, kResolver));
  asked = hear(kIpcp, kConfigureRequest);
  peer.say(kIpcp, kConfigureReject, asked.id, option(kDns2, kNothing));
  asked = ack(kIpcp);
  EXPECT_EQ(asked.data, option(kAddress, kGiven) + option(kDns1, kResolver));
  request(kIpcp, 1, option(kAddress, kTheirs));
  hear(kIpcp, kConfigureAck);
  world.run(milliseconds(5));
  ASSERT_TRUE(facts().v4);
  ASSERT_EQ(facts().v4->dns.size(), 1u);
  EXPECT_EQ(to_text(facts().v4->dns[0]), "192.0.2.53");
}

TEST_F(Rfc1877_1, APeerThatAsksUsForNameServersIsRefused) {
  open();
  hear(kIpcp, kConfigureRequest);
  const Octets all =
      option(kDns1, kNothing) + option(kNbns1, kNothing) + option(kDns2, kNothing) + option(kNbns2, kNothing);
  request(kIpcp, 1, option(kAddress, kTheirs) + all);
  EXPECT_EQ(hear(kIpcp, kConfigureReject).data, all);
}

TEST_F(Rfc5072_3, OnlyTheCodesOfAControlProtocolAreKnown) {
  open();
  hear(kIpv6cp, kConfigureRequest);
  for (const unsigned code : {0u, 8u, 9u, 200u}) {
    peer.say(kIpv6cp, code, 1);
    EXPECT_EQ(hear(kIpv6cp, kCodeReject).data, u8(code) + u8(1) + u16(4));
  }
}

TEST_F(Rfc5072_4_1, TheIdentifierIsEightOctetsNotZeroAndNotClaimedToBeUniversal) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Line line(seed);
    line.dial();
    line.discover();
    line.open_lcp();
    const Packet asked = line.hear(kIpv6cp, kConfigureRequest);
    ASSERT_EQ(asked.types(), std::vector<unsigned>{1});
    const Octets id = *asked.option(1);
    ASSERT_EQ(id.size(), 8u);
    EXPECT_NE(id, fill(8));
    EXPECT_EQ(id[0] & 2, 0);
  }
}

TEST_F(Rfc5072_4_1, AnIdentifierOfZeroAnEqualOneAndNoneAreNakedWithAnother) {
  open();
  const Octets ours = *hear(kIpv6cp, kConfigureRequest).option(1);
  for (const Octets& bad : {option(1, fill(8)), option(1, ours), Octets{}}) {
    request(kIpv6cp, next_id(), bad);
    const Packet nak = hear(kIpv6cp, kConfigureNak);
    ASSERT_EQ(nak.types(), std::vector<unsigned>{1});
    EXPECT_NE(*nak.option(1), fill(8));
    EXPECT_NE(*nak.option(1), ours);
  }
  request(kIpv6cp, 99, option(1, kTheirId));
  EXPECT_EQ(hear(kIpv6cp, kConfigureAck).data, option(1, kTheirId));
}

TEST_F(Rfc5072_4_1, ASuggestedIdentifierIsTakenAndTwoEndsThatChoseTheSamePart) {
  open();
  Packet asked = hear(kIpv6cp, kConfigureRequest);
  peer.say(kIpv6cp, kConfigureNak, asked.id, option(1, hex("00 00 00 00 00 00 00 77")));
  asked = hear(kIpv6cp, kConfigureRequest);
  EXPECT_EQ(asked.option(1), hex("00 00 00 00 00 00 00 77"));
  request(kIpv6cp, 1, option(1, kTheirId));
  hear(kIpv6cp, kConfigureAck);
  for (const Octets& useless : {kTheirId, fill(8)}) {
    peer.say(kIpv6cp, kConfigureNak, asked.id, option(1, useless));
    const Packet next = hear(kIpv6cp, kConfigureRequest);
    EXPECT_NE(next.option(1), useless);
    EXPECT_NE(next.option(1), asked.option(1));
    asked = next;
  }
  peer.say(kIpv6cp, kConfigureAck, asked.id, asked.data);
  world.run(milliseconds(5));
  EXPECT_TRUE(usable(Family::V6));
  EXPECT_EQ(to_text(facts().v6->peer), "fe80::a1");
}

TEST_F(Rfc5072_4_1, ARejectedIdentifierMeansNoIpv6AndLeavesIpv4) {
  open();
  const Packet asked = hear(kIpv6cp, kConfigureRequest);
  peer.say(kIpv6cp, kConfigureReject, asked.id, asked.data);
  EXPECT_TRUE(ack(kIpv6cp).data.empty());
  request(kIpv6cp, 1, option(1, kTheirId));
  open_ipcp();
  world.run(seconds(5));
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_FALSE(usable(Family::V6));
}

TEST_F(Rfc5072_4_1, CompressionIsRejected) {
  open();
  hear(kIpv6cp, kConfigureRequest);
  const Octets compression = option(2, hex("00 4f"));
  request(kIpv6cp, 1, option(1, kTheirId) + compression);
  EXPECT_EQ(hear(kIpv6cp, kConfigureReject).data, compression);
}

TEST_F(Rfc5072_3, OneNetworksEndIsNotTheOthers) {
  come_up();
  peer.say(kIpv6cp, kTerminateRequest, 0x21);
  EXPECT_EQ(hear(kIpv6cp, kTerminateAck).id, 0x21u);
  world.run(seconds(3));
  EXPECT_TRUE(usable(Family::V4));
  EXPECT_FALSE(usable(Family::V6));
  EXPECT_TRUE(answers_echo());
}

TEST_F(Rfc1570_2, IdentificationAndTimeRemainingAreTakenInEveryPhaseWithoutAWord) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kIdentification, 1, u32(0) + text("a concentrator"));
  peer.say(kLcp, kTimeRemaining, 2, u32(0) + u32(3600));
  EXPECT_TRUE(silent(kLcp, kCodeReject, milliseconds(200)));
  open_lcp();
  open_networks();
  for (const Octets& data : {Octets{}, u32(kPeerMagic), u32(kPeerMagic) + u32(60) + text("soon")}) {
    peer.say(kLcp, kIdentification, 3, data);
    peer.say(kLcp, kTimeRemaining, 4, data);
  }
  peer.forget();
  EXPECT_TRUE(heard_before_an_echo().empty());
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc1570_2, ItsOptionsAreRejectedUnchanged) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  const Octets checksum = option(9, u8(2)), padding = option(10, u8(4)), callback = option(13, hex("06")),
               compound = option(15);
  request(kLcp, 1, checksum + magic() + padding + callback + compound);
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, checksum + padding + callback + compound);
}

}  // namespace
}  // namespace michi::conformance

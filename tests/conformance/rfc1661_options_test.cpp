// RFC 1661 §6: the options of LCP, and those of RFC 1662 that have no place on Ethernet.
#include <algorithm>

#include "conformance/line.hpp"
#include "kit/configs.hpp"

namespace michi::conformance {
namespace {

using Rfc1661_6 = DaemonTest;
using Rfc1661_6_1 = DaemonTest;
using Rfc1661_6_2 = DaemonTest;
using Rfc1661_6_2_Authenticator = SessionTest;
using Rfc1661_6_3 = DaemonTest;
using Rfc1661_6_4 = DaemonTest;
using Rfc1661_6_5 = DaemonTest;
using Rfc1661_6_6 = DaemonTest;
using Rfc1662_7_1 = DaemonTest;

/// One whole option with a value of every size from `from` to `to`.
std::vector<Octets> sizes(unsigned type, std::size_t from, std::size_t to, std::size_t right) {
  std::vector<Octets> out;
  for (std::size_t size = from; size <= to; ++size)
    if (size != right) out.push_back(option(type, fill(size, 1)));
  return out;
}

struct WrongSizes : DaemonTest {
  void dial_and_listen() {
    dial();
    discover();
    hear(kLcp, kConfigureRequest);
  }
  /// The code every one of them is answered with, naming that option alone.
  void expect_all(unsigned code, unsigned type, const std::vector<Octets>& wrong) {
    for (const Octets& one : wrong) {
      const unsigned id = next_id();
      request(kLcp, id, one);
      const Packet answer = hear(kLcp, code);
      EXPECT_EQ(answer.id, id);
      EXPECT_EQ(answer.types(), std::vector<unsigned>{type});
      if (id % 2 == 1) request(kLcp, next_id(), {}), hear(kLcp, kConfigureAck);  // patience begins anew
    }
  }
  /// An option that reaches beyond its packet: nothing is answered.
  void expect_discard(unsigned type) {
    request(kLcp, 250, u8(type) + u8(20) + u16(1));
    EXPECT_TRUE(silent(kLcp, milliseconds(100)));
  }
};

using Rfc1661_6_Sizes = WrongSizes;

// 12.1
TEST_F(Rfc1661_6_1, TheMruOptionIsFourOctetsWithTheConfiguredSize) {
  config.mtu = 1400;
  dial();
  discover();
  EXPECT_EQ(slice(hear(kLcp, kConfigureRequest).data, 0, 4), hex("01 04 05 78"));
}

// 12.2
TEST_F(Rfc1661_6_1, ThePeersMruBoundsWhatItIsSent) {
  dial();
  discover();
  open_lcp(mru(1000) + magic());
  peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic) + fill(1484));
  EXPECT_EQ(hear(kLcp, kEchoReply).length, 1000u);
  open_networks();
  EXPECT_EQ(facts().mtu, 1000);
}

// 12.3, with 12.2's second half: a discard is not asked for, and a cut reply harms nobody.
TEST_F(Rfc1661_6_1, WithoutAnMruOptionWhatIsLargerThanPppoeAllowsIsAnsweredCutToIt) {
  dial();
  discover();
  open_lcp(magic());
  for (const std::size_t size : {1492u, 1500u, 1501u}) {
    peer.say(kLcp, kEchoRequest, 1, u32(kPeerMagic) + fill(size - 8));
    EXPECT_EQ(hear(kLcp, kEchoReply).length, 1492u) << size;
  }
  peer.say(kLcp, kEchoRequest, 2, u32(kPeerMagic) + fill(1700));
  peer.forget();
  EXPECT_TRUE(heard_before_an_echo().empty());
}

// 12.4
TEST_F(Rfc1661_6_1, ASmallerMruOfOursDoesNotKeepAFullFrameOut) {
  config.mtu = 1400;
  dial();
  discover();
  open_lcp();
  for (const std::size_t size : {1401u, 1492u, 1500u}) EXPECT_TRUE(answers_echo(fill(size - 8))) << size;
}

// 12.6
TEST_F(Rfc1661_6_1, AnMruTooSmallToTalkIsNakedWithOneThatIsNot) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  for (unsigned small = 0; small < 4; ++small) {
    request(kLcp, small + 1, mru(small));
    const Packet nak = hear(kLcp, kConfigureNak);
    ASSERT_EQ(nak.types(), std::vector<unsigned>{kMru});
    EXPECT_GE(u16_at(nak.data, 2), 128u);
  }
}

// 12.7
TEST_F(Rfc1661_6_Sizes, AnMruOfAWrongSizeIsNaked) {
  dial_and_listen();
  expect_all(kConfigureNak, kMru, sizes(kMru, 0, 5, 2));
  expect_discard(kMru);
}

// 13.1, 13.2, 13.3: there are no control characters on Ethernet (RFC 2516 §7).
TEST_F(Rfc1662_7_1, ACharacterMapIsNeverAskedForAndAlwaysRejected) {
  dial();
  discover();
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kAccm), std::nullopt);
  for (const Octets& one : {option(kAccm, u32(0)), option(kAccm, u32(0xffffffff)), option(kAccm, u16(0)),
                            option(kAccm, fill(6)), option(kAccm)}) {
    request(kLcp, next_id(), one + magic());
    EXPECT_EQ(hear(kLcp, kConfigureReject).data, one);
  }
}

// 14.1
TEST_F(Rfc1661_6_2_Authenticator, TheDemandNamesOneProtocolWithItsData) {
  settings.role = engine::ppp::Role::Server;
  settings.demanded = engine::ppp::AuthMethod::ChapMd5;
  start();
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kAuthentication), hex("c2 23 05"));
}

TEST_F(Rfc1661_6_2_Authenticator, TheDemandOfPapHasNoData) {
  settings.role = engine::ppp::Role::Server;
  settings.demanded = engine::ppp::AuthMethod::Pap;
  start();
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kAuthentication), hex("c0 23"));
}

// 14.2
TEST_F(Rfc1661_6_2, TwoDemandsInOneRequestAreNotAcknowledged) {
  kit::ppp(config).auth = {model::AuthKind::ChapMd5, model::AuthKind::Pap};
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  const Octets chap = option(kAuthentication, hex("c2 23 05")), pap = option(kAuthentication, hex("c0 23"));
  request(kLcp, 1, chap + pap + magic());
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, pap);
  request(kLcp, 2, chap + magic());
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, 2u);
}

TEST_F(Rfc1661_6_2_Authenticator, NoRequestHoldsTwoDemandsWhateverIsSuggested) {
  settings.role = engine::ppp::Role::Server;
  start();
  for (int i = 0; i < 3; ++i) {
    const Packet asked = hear(kLcp, kConfigureRequest);
    const auto types = asked.types();
    EXPECT_EQ(std::ranges::count(types, kAuthentication), 1);
    peer.say(kLcp, kConfigureNak, asked.id,
             option(kAuthentication, hex("c0 23")) + option(kAuthentication, hex("c2 23 05")));
  }
}

// 14.5
TEST_F(Rfc1661_6_Sizes, ADemandOfAWrongSizeIsNakedWithOneThatWouldDo) {
  dial_and_listen();
  const Octets right = option(kAuthentication, hex("c2 23 81"));
  for (const char* wrong : {"", "c2", "c2 23", "c2 23 05 00", "c2 23 05 00 00"}) {
    request(kLcp, next_id(), option(kAuthentication, hex(wrong)));
    EXPECT_EQ(hear(kLcp, kConfigureNak).types(), std::vector<unsigned>{kAuthentication}) << wrong;
  }
  expect_discard(kAuthentication);
  request(kLcp, 251, right + magic());
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, 251u);
}

// 15.1, 15.4: quality is what the echo measures; reports of it are not kept.
TEST_F(Rfc1661_6_3, QualityReportsAreNeverAskedForAndAlwaysRejected) {
  dial();
  discover();
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kQuality), std::nullopt);
  for (const Octets& one : {option(kQuality, hex("c0 25 00 00 03 e8")), option(kQuality, hex("c0 25")),
                            option(kQuality, hex("c0")), option(kQuality)}) {
    request(kLcp, next_id(), magic() + one);
    EXPECT_EQ(hear(kLcp, kConfigureReject).data, one);
  }
}

// 16.1
TEST_F(Rfc1661_6_4, TheMagicNumberIsSixOctetsAndNotZero) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Line line(seed);
    line.dial();
    line.discover();
    const Packet asked = line.hear(kLcp, kConfigureRequest);
    ASSERT_EQ(asked.option(kMagic).value_or(Octets{}).size(), 4u);
    EXPECT_NE(*asked.option(kMagic), fill(4));
  }
}

// 16.2
TEST_F(Rfc1661_6_4, AMagicNumberOfZeroIsNakedWithAnother) {
  dial();
  discover();
  hear(kLcp, kConfigureRequest);
  request(kLcp, 1, magic(0));
  const Packet nak = hear(kLcp, kConfigureNak);
  ASSERT_EQ(nak.types(), std::vector<unsigned>{kMagic});
  EXPECT_NE(*nak.option(kMagic), fill(4));
}

// 16.3, 16.7
TEST_F(Rfc1661_6_4, AnotherMagicNumberThanOursIsAcknowledged) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  ASSERT_NE(*asked.option(kMagic), u32(kPeerMagic));
  request(kLcp, 1, magic());
  EXPECT_EQ(hear(kLcp, kConfigureAck).data, magic());
}

// 16.4, 16.5
TEST_F(Rfc1661_6_4, OurOwnMagicNumberIsNakedWithAnotherAndNothingIsSentAheadOfTheTimer) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  request(kLcp, 1, option(kMagic, *asked.option(kMagic)));
  const Packet nak = hear(kLcp, kConfigureNak);
  EXPECT_NE(nak.option(kMagic), asked.option(kMagic));
  EXPECT_NE(*nak.option(kMagic), fill(4));
  const Packet next = hear(kLcp, kConfigureRequest);
  EXPECT_EQ(next.at - asked.at, milliseconds(300));
  EXPECT_EQ(next.whole, asked.whole);
}

// 16.8
TEST_F(Rfc1661_6_4, ARejectedMagicNumberIsAsGoodAsAnAcknowledgedOne) {
  dial();
  discover();
  const Packet asked = hear(kLcp, kConfigureRequest);
  peer.say(kLcp, kConfigureReject, asked.id, option(kMagic, *asked.option(kMagic)));
  EXPECT_EQ(ack(kLcp).option(kMagic), std::nullopt);
  request(kLcp, 1, {});
  EXPECT_TRUE(hear(kLcp, kConfigureAck).data.empty());
  peer.echo_magic = 0;
  open_networks();
  EXPECT_TRUE(usable(Family::V4));
}

// 16.10
TEST_F(Rfc1661_6_Sizes, AMagicNumberOfAWrongSizeIsNaked) {
  dial_and_listen();
  expect_all(kConfigureNak, kMagic, sizes(kMagic, 0, 6, 4));
  expect_discard(kMagic);
}

// 17.1, 17.2, 17.5, 17.6
TEST_F(Rfc1661_6_5, CompressionOfTheProtocolFieldIsNeverAskedForAndAlwaysRejected) {
  dial();
  discover();
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kPfc), std::nullopt);
  for (const Octets& one : {option(kPfc), option(kPfc, u8(0)), option(kPfc, u32(1))}) {
    request(kLcp, next_id(), one + magic());
    EXPECT_EQ(hear(kLcp, kConfigureReject).data, one);
  }
}

// 18.1, 18.2, 18.4, 18.5
TEST_F(Rfc1661_6_6, CompressionOfAddressAndControlIsNeverAskedForAndAlwaysRejected) {
  dial();
  discover();
  EXPECT_EQ(hear(kLcp, kConfigureRequest).option(kAcfc), std::nullopt);
  for (const Octets& one : {option(kAcfc), option(kAcfc, u8(0)), option(kAcfc, u32(1))}) {
    request(kLcp, next_id(), magic() + one);
    EXPECT_EQ(hear(kLcp, kConfigureReject).data, one);
  }
}

// 18.3: on PPPoE no frame has these fields (RFC 2516 §4); one that has them is of no known protocol.
TEST_F(Rfc1661_6_6, FramesWithAddressAndControlFieldsAreOfAnUnknownProtocol) {
  come_up();
  peer.ppp(hex("ff 03 c0 21 09 01 00 08 0a 0b 0c 0d"));
  EXPECT_EQ(slice(hear(kLcp, kProtocolReject).data, 0, 4), hex("ff 03 c0 21"));
  EXPECT_TRUE(heard_before_an_echo().empty());
}

// 19.1
TEST_F(Rfc1661_6, AnOptionListedTwiceIsNotAcknowledged) {
  come_up();
  request(kLcp, 1, mru(1492) + mru(1400) + magic());
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, mru(1400));
  request(kLcp, 2, magic() + magic());
  EXPECT_EQ(hear(kLcp, kConfigureReject).data, magic());
}

}  // namespace
}  // namespace michi::conformance

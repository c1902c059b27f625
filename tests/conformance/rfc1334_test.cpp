// RFC 1334 §2: PAP, as the one who is asked and as the one who asks.
#include <set>

#include "conformance/line.hpp"
#include "kit/configs.hpp"

namespace michi::conformance {
namespace {

constexpr unsigned kRequest = 1, kAck = 2, kNak = 3;
const Octets kDemand = hex("c0 23");
const Octets kCredentials = u8(8) + text("user@isp") + u8(6) + text("secret");

struct Pap : DaemonTest {
  Pap() { kit::ppp(config).auth = {model::AuthKind::Pap}; }
};
struct PapServer : SessionTest {
  PapServer() {
    settings.role = engine::ppp::Role::Server;
    settings.demanded = engine::ppp::AuthMethod::Pap;
  }
  void open() {
    start();
    open_lcp();
  }
};

using Rfc1334_2_2_1 = Pap;
using Rfc1334_2_2_2 = Pap;
using Rfc1334_2_2_Authenticator = PapServer;

TEST_F(Rfc1334_2_2_1, TheRequestHoldsNameAndPasswordEachBehindItsLength) {
  open_with(kDemand);
  EXPECT_EQ(to_hex(hear(kPap, kRequest).data), to_hex(kCredentials));
}

TEST_F(Rfc1334_2_2_1, ItIsRepeatedUnderANewIdentifierUntilAnAnswerComes) {
  open_with(kDemand);
  std::set<unsigned> identifiers;
  for (int i = 0; i < 5; ++i) {
    const Packet asked = hear(kPap, kRequest);
    EXPECT_EQ(asked.data, kCredentials);
    identifiers.insert(asked.id);
    if (i == 4) peer.say(kPap, kAck, asked.id, u8(0));
  }
  EXPECT_EQ(identifiers.size(), 5u);
  EXPECT_TRUE(silent(kPap, minutes(1)));
}

TEST_F(Rfc1334_2_2_1, NothingIsSaidBeforeLcpIsOpenOrWithoutADemand) {
  dial();
  discover();
  request(kLcp, 1, option(kAuthentication, kDemand) + magic());
  hear(kLcp, kConfigureAck);
  EXPECT_TRUE(silent(kPap, seconds(5)));
}

TEST_F(Rfc1334_2_2_2, AnAckOpensTheNetworks) {
  open_with(kDemand);
  peer.say(kPap, kAck, hear(kPap, kRequest).id, u8(5) + text("hello"));
  open_networks();
  EXPECT_TRUE(usable(Family::V4));
}

TEST_F(Rfc1334_2_2_2, AnAckToAnEarlierRepetitionCountsToo) {
  open_with(kDemand);
  const Packet first = hear(kPap, kRequest);
  hear(kPap, kRequest);
  hear(kPap, kRequest);
  peer.say(kPap, kAck, first.id, u8(0));
  hear(kIpcp, kConfigureRequest);
}

TEST_F(Rfc1334_2_2_2, AnAckWithoutTheLengthOfAMessageIsOne) {
  open_with(kDemand);
  peer.say(kPap, kAck, hear(kPap, kRequest).id);
  hear(kIpcp, kConfigureRequest);
}

TEST_F(Rfc1334_2_2_2, ANakEndsTheLinkWithItsWords) {
  open_with(kDemand);
  peer.say(kPap, kNak, hear(kPap, kRequest).id, u8(12) + text("unknown user"));
  peer.say(kLcp, kTerminateAck, hear(kLcp, kTerminateRequest).id);
  hear_discovery(kPadt);
  EXPECT_EQ(facts().reason, model::Reason::AuthFailed);
  EXPECT_EQ(facts().detail, "unknown user");
}

TEST_F(Rfc1334_2_2_2, AnswersWithAnotherIdentifierOrALengthThatLiesAreDiscarded) {
  open_with(kDemand);
  const Packet asked = hear(kPap, kRequest);
  peer.say(kPap, kAck, asked.id + 1, u8(0));
  peer.say(kPap, kNak, asked.id + 1, u8(0));
  peer.say(kPap, kAck, asked.id - 1, u8(0));
  for (const unsigned length : {0u, 1u, 2u, 3u, 6u, 1500u}) {
    peer.say_with_length(kPap, kAck, asked.id, length, u8(0));
    peer.say_with_length(kPap, kNak, asked.id, length, u8(0));
  }
  EXPECT_TRUE(heard_before_an_echo().size() == 0);
  EXPECT_TRUE(silent(kIpcp, milliseconds(200)));
  EXPECT_EQ(state(), "connecting");
}

TEST_F(Rfc1334_2_2_1, ThePasswordIsNeverSaidWherePapIsNotAllowed) {
  kit::ppp(config).auth = {model::AuthKind::MsChapV2, model::AuthKind::ChapMd5};
  dial();
  discover();
  for (unsigned i = 1; i < 12; ++i) request(kLcp, i, option(kAuthentication, kDemand) + magic());
  peer.say(kPap, kAck, 1, u8(0));
  EXPECT_NE(hear(kLcp, kConfigureNak).option(kAuthentication), kDemand);
  EXPECT_TRUE(silent(kPap, minutes(1)));
}

TEST_F(Rfc1334_2_2_Authenticator, RightCredentialsAreAcknowledgedAsOftenAsTheyCome) {
  open();
  for (const unsigned id : {4u, 4u, 9u}) {
    peer.say(kPap, kRequest, id, kCredentials);
    EXPECT_EQ(hear(kPap, kAck).id, id);
  }
  hear(kIpcp, kConfigureRequest);
}

TEST_F(Rfc1334_2_2_Authenticator, WrongOnesAreRefusedAndTheLinkEnds) {
  open();
  peer.say(kPap, kRequest, 4, u8(8) + text("user@isp") + u8(6) + text("guess!"));
  EXPECT_EQ(hear(kPap, kNak).id, 4u);
  hear(kLcp, kTerminateRequest);
  EXPECT_TRUE(silent(kIpcp, seconds(10)));
}

TEST_F(Rfc1334_2_2_Authenticator, ARequestWhoseLengthsLieIsDiscarded) {
  open();
  for (const char* data : {"", "08", "08 75", "ff 75 73 65 72", "08 75 73 65 72 40 69 73 70 07 73 65 63 72 65 74"})
    peer.say(kPap, kRequest, 4, hex(data));
  peer.say(kPap, kAck, 4, u8(0));
  EXPECT_TRUE(silent(kPap, milliseconds(100)));
  EXPECT_TRUE(peer.waiting(kIpcp).empty());
  peer.say(kPap, kRequest, 5, kCredentials);
  hear(kPap, kAck);
}

}  // namespace
}  // namespace michi::conformance

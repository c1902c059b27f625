#include <gtest/gtest.h>

#include "kit/ppp_pair.hpp"
#include "kit/ppp_peer.hpp"

namespace michi::engine::ppp {
namespace {

using kit::Code;
using kit::Options;
using kit::PppPair;
using kit::PppPeer;
using kit::Protocol;
using wire::lcp::OptionType;

Options only_magic() { return {wire::lcp::magic_option(0x01020304)}; }

TEST(Lcp, TheFirstConfigureRequestLeavesAtStartByteForByte) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto request = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  ASSERT_TRUE(request);
  // RFC 1661 §6.1 and §6.4: type 1 length 4 MRU 1492, type 5 length 6 and four random octets.
  EXPECT_EQ(to_hex(Bytes(request->data).first(6)), "010405d40506");
  EXPECT_EQ(request->data.size(), 10u);
  EXPECT_NE(to_hex(Bytes(request->data).subspan(6)), "00000000");
}

TEST(Lcp, UnknownOptionsAreRejectedWholeInOrderAndUnchanged) {
  PppPeer peer(kit::client_settings());
  peer.start();
  // PFC, ACFC, MRRU, endpoint discriminator, ACCM, an option nobody knows; MRU between them is fine.
  const auto asked = *from_hex("0702 010405d4 0802 1104 05d4 1305 0102aa 0206 00000000 c805 010203");
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 9, asked);
  const auto reject = peer.take(Protocol::Lcp, Code::ConfigureReject);
  ASSERT_TRUE(reject);
  EXPECT_EQ(reject->id, 9);
  EXPECT_EQ(to_hex(reject->data), "07020802110405d413050102aa020600000000c805010203");
}

TEST(Lcp, ASecondInstanceOfAnOptionIsRejected) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 9, *from_hex("010405d4 01040400"));
  const auto reject = peer.take(Protocol::Lcp, Code::ConfigureReject);
  ASSERT_TRUE(reject);
  EXPECT_EQ(to_hex(reject->data), "01040400");
}

TEST(Lcp, AnAckRepeatsTheOptionsAsTheyCame) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 77, *from_hex("0506a1b2c3d4 010405d4"));
  const auto ack = peer.take(Protocol::Lcp, Code::ConfigureAck);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->id, 77);
  EXPECT_EQ(to_hex(ack->data), "0506a1b2c3d4010405d4");
}

TEST(Lcp, PacketsWithBadLengthsAreDroppedInSilence) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  for (const char* hex : {"c021", "c0210109", "c02101090003", "c0210109000a0104", "c02101090006 0101",
                          "c02101090005 01", "c02101090008 010905d4", "21", "", "ff03c02101090004"})
    peer.raw(*from_hex(hex));
  EXPECT_TRUE(peer.silent());
  EXPECT_EQ(peer.session.counters().malformed, 10u);
}

TEST(Lcp, OnlyTheLatestIdentifierCountsAndOnlyOnce) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto request = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  peer.say(Protocol::Lcp, Code::ConfigureAck, static_cast<std::uint8_t>(request->id - 1), request->data);
  EXPECT_EQ(peer.session.state_text().substr(0, 11), "lcp ReqSent");
  ByteVec changed = request->data;
  changed.back() ^= std::byte{1};
  peer.say(Protocol::Lcp, Code::ConfigureAck, request->id, changed);
  EXPECT_EQ(peer.session.state_text().substr(0, 11), "lcp ReqSent") << "an Ack must be what was asked";
  peer.say(Protocol::Lcp, Code::ConfigureAck, request->id, request->data);
  EXPECT_EQ(peer.session.state_text().substr(0, 11), "lcp AckRcvd");
  peer.say(Protocol::Lcp, Code::ConfigureAck, request->id, request->data);
  EXPECT_EQ(peer.session.state_text().substr(0, 11), "lcp AckRcvd") << "a doubled Ack is no second one";
  EXPECT_EQ(peer.session.counters().unexpected, 3u);
}

TEST(Lcp, ARetransmissionKeepsItsIdentifierAndNewOptionsGetANewOne) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto first = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  peer.wait(milliseconds(299));
  EXPECT_TRUE(peer.silent());
  peer.wait(milliseconds(1));
  const auto second = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(second->data, first->data);
  peer.say(Protocol::Lcp, Code::ConfigureNak, second->id, Options{wire::lcp::mru_option(1454)});
  const auto third = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  ASSERT_TRUE(third);
  EXPECT_NE(third->id, second->id);
  EXPECT_EQ(wire::lcp::mru(third->options()[0]), 1454);
  peer.say(Protocol::Lcp, Code::ConfigureReject, third->id, Options{third->options()[1]});
  const auto fourth = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  ASSERT_TRUE(fourth);
  EXPECT_EQ(fourth->options().size(), 1u);
}

TEST(Lcp, ARejectOfWhatWasNeverAskedIsIgnored) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto request = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  peer.say(Protocol::Lcp, Code::ConfigureReject, request->id, *from_hex("01040400"));
  EXPECT_TRUE(peer.silent());
  EXPECT_EQ(peer.session.counters().unexpected, 1u);
}

TEST(Lcp, APeerWithoutAnMruOptionCanReceive1500ButIsSentNoMoreThanConfigured) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.ack(Protocol::Lcp);
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 1, only_magic());
  ASSERT_EQ(peer.all<LinkUp>().size(), 1u);
  EXPECT_EQ(peer.all<LinkUp>()[0].mtu, 1492);
  auto fletss = kit::client_settings();
  fletss.mru = 1454;
  PppPeer narrow(fletss);
  narrow.start();
  narrow.open_lcp();
  EXPECT_EQ(narrow.all<LinkUp>()[0].mtu, 1454);
  EXPECT_EQ(narrow.all<LinkUp>()[0].mru, 1454);
}

TEST(Lcp, TwoMrusInOneSessionTheLaterOneCounts) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp(AuthMethod::None, 1492);
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 9, Options{wire::lcp::mru_option(1442), only_magic()[0]});
  peer.ack(Protocol::Lcp);
  ASSERT_EQ(peer.all<LinkUp>().size(), 2u);
  EXPECT_EQ(peer.all<LinkUp>()[1].mtu, 1442);
  EXPECT_EQ(peer.all<LinkRenegotiating>().size(), 1u);
}

TEST(Lcp, AnUnknownCodeIsRejectedCutToThePeersMruWithAnIdentifierOfItsOwn) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp(AuthMethod::None, 200);
  peer.forget();
  peer.say(Protocol::Lcp, Code{77}, 5, ByteVec(600, std::byte{0x5a}));
  const auto reject = peer.take(Protocol::Lcp, Code::CodeReject);
  ASSERT_TRUE(reject);
  EXPECT_EQ(reject->data.size(), 196u);
  EXPECT_EQ(to_hex(Bytes(reject->data).first(5)), "4d05025c5a");
  peer.say(Protocol::Lcp, Code::VendorSpecific, 6, bytes_of("abcdefgh"));
  const auto again = peer.take(Protocol::Lcp, Code::CodeReject);
  ASSERT_TRUE(again);
  EXPECT_NE(again->id, reject->id);
}

TEST(Lcp, IdentificationTimeRemainingAndDiscardRequestAreToleratedInEveryState) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  for (const Code code : {Code::Identification, Code::TimeRemaining, Code::DiscardRequest})
    peer.say(Protocol::Lcp, code, 1, bytes_of("....hello"));
  EXPECT_TRUE(peer.silent());
  EXPECT_FALSE(peer.session.ended());
}

TEST(Lcp, AnUnknownProtocolIsRejectedOnlyInOpenedAndCutToThePeersMru) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  ByteVec ccp = *from_hex("80fd 01010006 1203");
  peer.raw(ccp);
  EXPECT_TRUE(peer.silent()) << "before Opened: silence";
  peer.session.on_deadline(peer.now + milliseconds(300));
  peer.drain();
  peer.open_lcp(AuthMethod::None, 200);
  peer.forget();
  ccp.resize(700);
  peer.raw(ccp);
  const auto reject = peer.take(Protocol::Lcp, Code::ProtocolReject);
  ASSERT_TRUE(reject);
  EXPECT_EQ(reject->data.size(), 196u);
  EXPECT_EQ(to_hex(Bytes(reject->data).first(4)), "80fd0101");
}

TEST(Lcp, ACodeRejectOfANeededCodeIsFatalAndOfEchoOnlyEndsOurEchoes) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp();
  peer.open_ipcp();
  ASSERT_TRUE(peer.take(Protocol::Lcp, Code::EchoRequest) || peer.session.counters().echo_sent == 1);
  peer.say(Protocol::Lcp, Code::CodeReject, 1, *from_hex("09010008 00000000"));
  peer.forget();
  peer.wait(minutes(5));
  EXPECT_FALSE(peer.take(Protocol::Lcp, Code::EchoRequest));
  EXPECT_FALSE(peer.session.ended());
  peer.say(Protocol::Lcp, Code::CodeReject, 1, *from_hex("01010004"));
  peer.wait(seconds(10));
  ASSERT_TRUE(peer.end());
  EXPECT_EQ(peer.end()->cause, EndCause::LcpFailed);
}

TEST(Lcp, AnUnsolicitedTerminateAckRestartsNegotiation) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.open_lcp();
  peer.forget();
  peer.say(Protocol::Lcp, Code::TerminateAck, 1, std::string_view{});
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::ConfigureRequest));
  EXPECT_TRUE(peer.has<LinkRenegotiating>());
}

TEST(Lcp, OurOwnFramesComingBackAreALoopAfterTenInARow) {
  PppPeer peer(kit::client_settings());
  peer.start();
  int rounds = 0;
  while (!peer.session.ended() && ++rounds < 100) {
    const auto heard = std::exchange(peer.heard, {});
    for (const auto& h : heard) peer.say(h.protocol, h.code, h.id, h.data);
    if (heard.empty()) peer.wait(seconds(1));
  }
  ASSERT_TRUE(peer.end());
  EXPECT_EQ(peer.end()->cause, EndCause::Loopback);
}

TEST(Lcp, AnEqualMagicNumberIsNakedAndTheCountStartsAnewWithAnotherOne) {
  PppPeer peer(kit::client_settings());
  peer.start();
  const auto request = peer.take(Protocol::Lcp, Code::ConfigureRequest);
  for (int i = 0; i < 30; ++i) {
    const bool equal = i % 10 != 9;
    peer.say(Protocol::Lcp, Code::ConfigureRequest, static_cast<std::uint8_t>(i),
             Options{equal ? request->options()[1] : wire::lcp::magic_option(7)});
    ASSERT_TRUE(peer.take(Protocol::Lcp, equal ? Code::ConfigureNak : Code::ConfigureAck)) << i;
  }
  EXPECT_FALSE(peer.session.ended());
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 99, Options{wire::lcp::magic_option(0)});
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::ConfigureNak)) << "zero is no magic number";
}

TEST(Lcp, APeerThatNeverAgreesIsGivenUpWithinItsCaps) {
  PppPeer peer(kit::client_settings());
  peer.start();
  for (int i = 0; i < 200 && !peer.session.ended(); ++i) {
    if (const auto request = peer.take(Protocol::Lcp, Code::ConfigureRequest))
      peer.say(Protocol::Lcp, Code::ConfigureNak, request->id, Options{wire::lcp::mru_option(500)});
    peer.wait(milliseconds(10));
  }
  peer.wait(seconds(2));
  ASSERT_TRUE(peer.end());
  EXPECT_EQ(peer.end()->cause, EndCause::LcpFailed);
  EXPECT_LE(peer.session.counters().frames_out, 50u);
}

TEST(Lcp, AfterFiveNaksTheSixthIsAReject) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.forget();
  for (int i = 0; i < 5; ++i) {
    peer.say(Protocol::Lcp, Code::ConfigureRequest, 1, Options{wire::lcp::mru_option(10)});
    ASSERT_TRUE(peer.take(Protocol::Lcp, Code::ConfigureNak));
  }
  peer.say(Protocol::Lcp, Code::ConfigureRequest, 1, Options{wire::lcp::mru_option(10)});
  EXPECT_TRUE(peer.take(Protocol::Lcp, Code::ConfigureReject));
}

TEST(Lcp, ARestartTimerShorterThanTheRoundTripStillConverges) {
  PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::ChapMd5), kit::accounts(),
               kit::perfect(milliseconds(550)));
  pair.start();
  EXPECT_TRUE(pair.run_until([&] { return pair.client.up4(); }, seconds(25))) << pair.transcript;
}

}  // namespace
}  // namespace michi::engine::ppp

#include <gtest/gtest.h>

#include "kit/ppp_pair.hpp"
#include "kit/ppp_peer.hpp"

namespace michi::engine::ppp {
namespace {

using kit::Code;
using kit::Option;
using kit::Options;
using kit::PppPair;
using kit::PppPeer;
using kit::Protocol;
using wire::ipcp::OptionType;

PppPeer opened(Settings settings = kit::client_settings()) {
  PppPeer peer(std::move(settings));
  peer.start();
  peer.open_lcp();
  return peer;
}

Options address(const char* text) { return {wire::ipcp::address_option(OptionType::IpAddress, *parse_ipv4(text))}; }
Options identifier(std::uint64_t id) { return {wire::ipv6cp::interface_id_option(id)}; }

TEST(Ipcp, AsksForAnAddressAndTwoNameServersByteForByte) {
  auto peer = opened();
  const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  ASSERT_TRUE(request);
  // RFC 1332 §3.3 and RFC 1877 §1: all zero asks the peer to choose.
  EXPECT_EQ(to_hex(request->data),
            "030600000000"
            "810600000000"
            "830600000000");
}

TEST(Ipcp, RejectedNameServersAreGivenUpOneByOne) {
  auto peer = opened();
  auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  peer.say(Protocol::Ipcp, Code::ConfigureReject, request->id, Options{request->options()[2]});
  request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  ASSERT_TRUE(request);
  EXPECT_EQ(to_hex(request->data),
            "030600000000"
            "810600000000");
  peer.say(
      Protocol::Ipcp, Code::ConfigureNak, request->id,
      Options{address("192.0.2.77")[0], wire::ipcp::address_option(OptionType::PrimaryDns, *parse_ipv4("192.0.2.53"))});
  peer.ack(Protocol::Ipcp);
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 1, address("192.0.2.1"));
  ASSERT_TRUE(peer.has<Ipv4Up>());
  ASSERT_EQ(peer.all<Ipv4Up>()[0].dns.size(), 1u);
  EXPECT_EQ(to_text(peer.all<Ipv4Up>()[0].dns[0]), "192.0.2.53");
}

TEST(Ipcp, NameServersAcknowledgedAsZeroAreNone) {
  auto peer = opened();
  const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  peer.say(Protocol::Ipcp, Code::ConfigureNak, request->id, address("192.0.2.77"));
  peer.ack(Protocol::Ipcp);
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 1, address("192.0.2.1"));
  EXPECT_TRUE(peer.all<Ipv4Up>().at(0).dns.empty());
}

TEST(Ipcp, ANameServerNakedWithNothingNewIsNotAskedForAgain) {
  auto peer = opened();
  const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  peer.say(Protocol::Ipcp, Code::ConfigureNak, request->id, *from_hex("810600000000"));
  const auto next = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  EXPECT_EQ(to_hex(next->data),
            "030600000000"
            "830600000000");
}

TEST(Ipcp, APeerWithoutAnAddressIsWelcomeAndOneThatAsksForOneIsToldNo) {
  auto peer = opened();
  const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  peer.say(Protocol::Ipcp, Code::ConfigureNak, request->id, address("192.0.2.77"));
  peer.ack(Protocol::Ipcp);
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 1, address("0.0.0.0"));
  const auto reject = peer.take(Protocol::Ipcp, Code::ConfigureReject);
  ASSERT_TRUE(reject);
  EXPECT_EQ(to_hex(reject->data), "030600000000");
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 2, Options{});
  ASSERT_TRUE(peer.has<Ipv4Up>());
  EXPECT_TRUE(peer.all<Ipv4Up>()[0].peer.is_unspecified());
}

TEST(Ipcp, CompressionOldAddressesAndNbnsAreRejectedUnchanged) {
  auto peer = opened();
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 1,
           *from_hex("0206002d0f01 0306c0000201 010ac0000201c0000202 820600000000"));
  const auto reject = peer.take(Protocol::Ipcp, Code::ConfigureReject);
  ASSERT_TRUE(reject);
  EXPECT_EQ(to_hex(reject->data),
            "0206002d0f01"
            "010ac0000201c0000202"
            "820600000000");
}

TEST(Ipcp, AnAddressNakedForEverEndsInACapNotInALoop) {
  auto settings = kit::client_settings();
  settings.ipv6 = false;
  auto peer = opened(settings);
  int naks = 0;
  for (; naks < 200 && !peer.session.ended(); ++naks) {
    const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
    if (!request) break;
    peer.say(Protocol::Ipcp, Code::ConfigureNak, request->id,
             Options{wire::ipcp::address_option(OptionType::IpAddress,
                                                Ipv4{0xc0000200u + static_cast<std::uint32_t>(naks % 200) + 1})});
  }
  EXPECT_LT(naks, 60);
  peer.wait(seconds(5));
  ASSERT_TRUE(peer.end());
  EXPECT_EQ(peer.end()->cause, EndCause::NoNetwork);
}

TEST(Ipcp, ARejectForEverEndsInACapToo) {
  auto settings = kit::client_settings();
  settings.ipv6 = false;
  auto peer = opened(settings);
  for (int i = 0; i < 100; ++i) {
    // Trap 30: it rejects what is no longer asked and acknowledges nothing.
    if (const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest))
      peer.say(Protocol::Ipcp, Code::ConfigureReject, request->id,
               request->data.empty() ? *from_hex("030600000000") : request->data);
    peer.say(Protocol::Ipcp, Code::ConfigureRequest, static_cast<std::uint8_t>(i), address("192.0.2.1"));
  }
  peer.wait(seconds(40));
  ASSERT_TRUE(peer.end());
  EXPECT_EQ(peer.end()->cause, EndCause::NoNetwork);
  EXPECT_LT(peer.session.counters().frames_out, 200u);
}

TEST(Ipcp, AClientWithoutAnAddressHasNoIpv4) {
  auto settings = kit::client_settings();
  settings.ipv6 = false;
  settings.request_dns = false;
  auto peer = opened(settings);
  const auto request = peer.take(Protocol::Ipcp, Code::ConfigureRequest);
  peer.say(Protocol::Ipcp, Code::ConfigureReject, request->id, request->data);
  peer.ack(Protocol::Ipcp);
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 1, address("192.0.2.1"));
  EXPECT_FALSE(peer.has<Ipv4Up>());
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::NoNetwork);
}

TEST(Ipv6cp, ZeroAndEqualIdentifiersAreNakedWithAnother) {
  auto peer = opened();
  const auto ours = peer.take(Protocol::Ipv6cp, Code::ConfigureRequest);
  ASSERT_TRUE(ours);
  const auto own = wire::ipv6cp::interface_id(ours->options().at(0));
  ASSERT_TRUE(own && *own != 0);
  for (const std::uint64_t bad : {std::uint64_t{0}, *own}) {
    peer.say(Protocol::Ipv6cp, Code::ConfigureRequest, 1, identifier(bad));
    const auto nak = peer.take(Protocol::Ipv6cp, Code::ConfigureNak);
    ASSERT_TRUE(nak);
    const auto better = wire::ipv6cp::interface_id(nak->options().at(0));
    EXPECT_TRUE(*better != 0 && *better != *own);
  }
  peer.say(Protocol::Ipv6cp, Code::ConfigureRequest, 2, identifier(1));
  EXPECT_TRUE(peer.take(Protocol::Ipv6cp, Code::ConfigureAck));
  peer.say(Protocol::Ipv6cp, Code::ConfigureAck, ours->id, ours->data);
  ASSERT_TRUE(peer.has<Ipv6Up>());
  EXPECT_EQ(peer.all<Ipv6Up>()[0].peer_id, 1u);
  EXPECT_EQ(peer.all<Ipv6Up>()[0].local_id, *own);
}

TEST(Ipv6cp, ANakIsFollowedUnlessItSuggestsZeroOrThePeersOwn) {
  auto peer = opened();
  peer.say(Protocol::Ipv6cp, Code::ConfigureRequest, 2, identifier(5));
  auto request = peer.take(Protocol::Ipv6cp, Code::ConfigureRequest);
  for (const std::uint64_t suggested : {std::uint64_t{0}, std::uint64_t{5}, std::uint64_t{0x1234}}) {
    if (!request) request = peer.take(Protocol::Ipv6cp, Code::ConfigureRequest);
    ASSERT_TRUE(request);
    peer.say(Protocol::Ipv6cp, Code::ConfigureNak, request->id, identifier(suggested));
    request = peer.take(Protocol::Ipv6cp, Code::ConfigureRequest);
    ASSERT_TRUE(request);
    const auto id = wire::ipv6cp::interface_id(request->options().at(0));
    EXPECT_TRUE(*id != 0 && *id != 5);
    EXPECT_EQ(*id == 0x1234, suggested == 0x1234);
  }
}

TEST(Ipv6cp, ARejectedIdentifierMeansNoIpv6AndLeavesIpv4Alone) {
  auto peer = opened();
  const auto request = peer.take(Protocol::Ipv6cp, Code::ConfigureRequest);
  peer.wait(milliseconds(300));
  peer.open_ipcp();
  peer.say(Protocol::Ipv6cp, Code::ConfigureReject, request->id, request->data);
  peer.ack(Protocol::Ipv6cp);
  peer.say(Protocol::Ipv6cp, Code::ConfigureRequest, 2, identifier(5));
  EXPECT_TRUE(peer.has<Ipv4Up>());
  EXPECT_FALSE(peer.has<Ipv6Up>());
  peer.wait(seconds(5));
  EXPECT_FALSE(peer.session.ended());
}

TEST(Networks, AreIndependentOneEndsOrIsRejectedTheOtherStays) {
  for (const bool by_protocol_reject : {false, true}) {
    PppPair pair(kit::client_settings(), kit::server_settings(AuthMethod::None), {}, kit::perfect(milliseconds(5)));
    pair.start();
    pair.run_for(seconds(1));
    ASSERT_TRUE(pair.client.has<Ipv4Up>() && pair.client.has<Ipv6Up>());
    const ByteVec frame =
        by_protocol_reject ? *from_hex("c021 08 63 000a 8057 01010004") : *from_hex("8057 05 63 0004");
    pair.client.session.on_frame(frame, pair.now);
    pair.drain();
    pair.run_for(seconds(5));
    EXPECT_TRUE(pair.client.has<Ipv6Down>());
    EXPECT_TRUE(pair.client.up4());
    EXPECT_FALSE(pair.client.has<Ipv4Down>() || pair.client.session.ended());
  }
}

TEST(Networks, ASessionWithOnlyOneOfThemIsUp) {
  for (const bool only_v4 : {false, true}) {
    auto server = kit::server_settings(AuthMethod::ChapMd5);
    (only_v4 ? server.ipv6 : server.ipv4) = false;
    PppPair pair(kit::client_settings(), server, kit::accounts(), kit::perfect(milliseconds(5)));
    pair.start();
    pair.run_for(minutes(3));
    EXPECT_EQ(pair.client.has<Ipv4Up>(), only_v4);
    EXPECT_EQ(pair.client.has<Ipv6Up>(), !only_v4);
    EXPECT_FALSE(pair.client.session.ended() || pair.server.session.ended());
  }
}

TEST(Networks, WithBothRejectedTheSessionEnds) {
  auto peer = opened();
  peer.say(Protocol::Lcp, Code::ProtocolReject, 1, *from_hex("8021 01010004"));
  EXPECT_FALSE(peer.session.ended());
  peer.say(Protocol::Lcp, Code::ProtocolReject, 2, *from_hex("8057 01010004"));
  peer.wait(seconds(3));
  EXPECT_EQ(peer.end()->cause, EndCause::NoNetwork);
}

TEST(Networks, APacketBeforeItsPhaseIsDiscarded) {
  PppPeer peer(kit::client_settings());
  peer.start();
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 1, address("192.0.2.1"));
  peer.open_lcp(AuthMethod::ChapMd5);
  peer.say(Protocol::Ipcp, Code::ConfigureRequest, 2, address("192.0.2.1"));
  EXPECT_FALSE(peer.take(Protocol::Ipcp, Code::ConfigureAck));
  EXPECT_EQ(peer.session.counters().unexpected, 2u);
}

TEST(Networks, TheServerCorrectsAnAddressTheClientInvents) {
  auto settings = kit::client_settings();
  settings.wanted_address = *parse_ipv4("10.9.8.7");
  PppPair pair(settings, kit::server_settings(AuthMethod::Pap), kit::accounts(), kit::perfect(milliseconds(5)));
  pair.start();
  pair.run_for(seconds(1));
  EXPECT_EQ(to_text(pair.client.last<Ipv4Up>().local), "192.0.2.77");
  EXPECT_EQ(to_text(pair.server.last<Ipv4Up>().peer), "192.0.2.77");
}

}  // namespace
}  // namespace michi::engine::ppp

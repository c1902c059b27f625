#include "engine/dhcp6/client.hpp"

#include <gtest/gtest.h>

#include "kit/dhcp6_peer.hpp"

namespace michi::engine::dhcp6 {
namespace {

using kit::delegation;
using kit::dhcp6_settings;
using kit::Dhcp6Peer;
using wire::dhcp6::find_option;
using wire::dhcp6::Ia;
using wire::dhcp6::IaType;
using wire::dhcp6::Message;
using wire::dhcp6::MessageType;
using wire::dhcp6::Option;
using wire::dhcp6::OptionCode;
using wire::dhcp6::status_option;
using wire::dhcp6::StatusCode;

constexpr std::string_view kPrefix = "2400:4050:1234:5600::/56";

Ia refused(StatusCode code, IaType type = IaType::Pd, std::uint32_t iaid = 0) {
  return {type, iaid, 0, 0, {code, "sorry"}, {}};
}

bool requests(const Message& message, OptionCode code) {
  const Option* list = find_option(message.options, OptionCode::OptionRequest);
  if (list == nullptr) return false;
  for (Reader in(list->value); in.remaining() >= 2;)
    if (*in.u16() == static_cast<std::uint16_t>(code)) return true;
  return false;
}

TEST(Dhcp6Client, TheFourMessagesGiveAPrefix) {
  Dhcp6Peer peer;
  peer.start();
  ASSERT_EQ(peer.sent.size(), 1U);  // no delay on a point-to-point link
  EXPECT_EQ(to_text(peer.sent[0].destination), "ff02::1:2");
  const Message solicit = peer.last();
  EXPECT_EQ(solicit.type, MessageType::Solicit);
  EXPECT_EQ(to_hex(find_option(solicit.options, OptionCode::ClientId)->value), "00030001001e13c269c2");
  EXPECT_EQ(to_hex(find_option(solicit.options, OptionCode::ElapsedTime)->value), "0000");
  EXPECT_EQ(find_option(solicit.options, OptionCode::ServerId), nullptr);
  EXPECT_EQ(find_option(solicit.options, OptionCode::RapidCommit), nullptr);
  EXPECT_EQ(find_option(solicit.options, OptionCode::ReconfigureAccept), nullptr);
  EXPECT_TRUE(requests(solicit, OptionCode::DnsServers));
  EXPECT_TRUE(requests(solicit, OptionCode::SolMaxRt));
  ASSERT_EQ(peer.named().size(), 1U);
  EXPECT_EQ(peer.named()[0], (Ia{IaType::Pd, 0, 0, 0, {}, {}}));  // no hint

  peer.advertise({delegation(kPrefix)});
  ASSERT_EQ(peer.sent.size(), 2U);
  EXPECT_EQ(to_text(peer.sent[1].destination), "ff02::1:2");
  EXPECT_EQ(peer.last_type(), MessageType::Request);
  EXPECT_NE(peer.last().transaction_id, solicit.transaction_id);
  EXPECT_EQ(find_option(peer.last().options, OptionCode::ServerId)->value, peer.server);
  EXPECT_TRUE(requests(peer.last(), OptionCode::SolMaxRt));
  ASSERT_EQ(peer.named().size(), 1U);
  EXPECT_EQ(peer.named()[0], delegation(kPrefix, 0, 0, 0, 0));

  EXPECT_TRUE(peer.reports.empty());  // nothing is used before the Reply
  peer.reply({delegation(kPrefix)}, {{OptionCode::DnsServers, ByteVec(16, std::byte{0x20})}});
  EXPECT_EQ(peer.client.state(), State::Bound);
  ASSERT_EQ(peer.count<Leased>(), 1U);
  const Held held = peer.all<Leased>()[0].held;
  ASSERT_EQ(held.leases.size(), 1U);
  EXPECT_EQ(to_text(held.leases[0].prefix), kPrefix);
  EXPECT_EQ(held.leases[0].valid, seconds(14400));
  EXPECT_EQ(held.t1, seconds(7200));
  EXPECT_EQ(held.t2, seconds(11520));
  EXPECT_EQ(held.server, peer.server);
  EXPECT_EQ(held.server_address, kit::kDhcp6Server);
  EXPECT_EQ(held.info.dns.size(), 1U);
  EXPECT_EQ(peer.client.next_deadline(), peer.now + seconds(7200));
}

TEST(Dhcp6Client, WithRapidCommitTheReplyComesAtOnce) {
  Settings settings = dhcp6_settings();
  settings.rapid_commit = true;
  Dhcp6Peer peer(settings);
  peer.start();
  EXPECT_NE(find_option(peer.last().options, OptionCode::RapidCommit), nullptr);
  peer.reply({delegation(kPrefix)});  // RFC 8415 §18.2.10: without the option it is none
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  peer.reply({delegation(kPrefix)}, {{OptionCode::RapidCommit, {}}});
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_EQ(peer.count<Leased>(), 1U);
}

TEST(Dhcp6Client, AReplyWithRapidCommitThatRefusesLeavesTheSolicitOpen) {
  Settings settings = dhcp6_settings();
  settings.rapid_commit = true;
  Dhcp6Peer peer(settings);
  peer.start();
  for (int i = 0; i < 3; ++i) peer.reply({refused(StatusCode::NoPrefixAvail)}, {{OptionCode::RapidCommit, {}}});
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::Refused);
  peer.advertise({delegation(kPrefix)});
  EXPECT_EQ(peer.last_type(), MessageType::Request);  // and at once
}

TEST(Dhcp6Client, AReplyToASolicitNobodyAskedToCommitIsIgnored) {
  Dhcp6Peer peer;
  peer.start();
  peer.reply({delegation(kPrefix)}, {{OptionCode::RapidCommit, {}}});
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  EXPECT_EQ(peer.client.counters().of(Drop::NotAsked), 1U);
}

TEST(Dhcp6Client, AnAnswerFromAGlobalAddressIsTaken) {
  Dhcp6Peer peer;
  peer.start();
  const Ipv6 global = *parse_ipv6("2404:1a8:7f01::1");
  peer.hear(wire::dhcp6::write_message(peer.answer(MessageType::Advertise, {delegation(kPrefix)})), global);
  peer.hear(wire::dhcp6::write_message(peer.answer(MessageType::Reply, {delegation(kPrefix)})), global);
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_EQ(peer.all<Leased>().at(0).held.server_address, global);
}

TEST(Dhcp6Client, WhatIsNotForUsIsCountedAndIgnored) {
  Dhcp6Peer peer;
  peer.start();
  Message other = peer.answer(MessageType::Advertise, {delegation(kPrefix)});
  other.transaction_id ^= 1;
  peer.say(other);
  Message stranger = peer.answer(MessageType::Advertise, {delegation(kPrefix)});
  stranger.options[0].value.back() ^= std::byte{1};
  peer.say(stranger);
  Message nobody = peer.answer(MessageType::Advertise, {delegation(kPrefix)});
  nobody.options.erase(nobody.options.begin());
  peer.say(nobody);
  Message anonymous = peer.answer(MessageType::Advertise, {delegation(kPrefix)});
  anonymous.options.erase(anonymous.options.begin() + 1);
  peer.say(anonymous);
  peer.say(peer.answer(MessageType::Reconfigure, {}));
  peer.say(peer.answer(MessageType::Solicit, {delegation(kPrefix)}));
  peer.say(peer.answer(MessageType::Advertise, {}));
  peer.hear(ByteVec(3));
  peer.hear(*from_hex("0d00000000"));
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  EXPECT_EQ(peer.sent.size(), 1U);
  const Counters& counters = peer.client.counters();
  EXPECT_EQ(counters.of(Drop::WrongTransaction), 1U);
  EXPECT_EQ(counters.of(Drop::WrongClient), 2U);
  EXPECT_EQ(counters.of(Drop::NoServer), 1U);
  EXPECT_EQ(counters.of(Drop::WrongType), 2U);
  EXPECT_EQ(counters.of(Drop::NothingUsable), 1U);
  EXPECT_EQ(counters.of(Drop::Malformed), 2U);
  EXPECT_EQ(counters.received[2], 5U);
  EXPECT_EQ(counters.received[10], 1U);
  EXPECT_EQ(counters.sent[1], 1U);
}

TEST(Dhcp6Client, ServerUnicastIsIgnored) {
  Dhcp6Peer peer;
  peer.start();
  const Option unicast{OptionCode::ServerUnicast, ByteVec(16, std::byte{0x20})};
  peer.advertise({delegation(kPrefix)}, {unicast});
  peer.reply({delegation(kPrefix)}, {unicast});
  peer.wait(seconds(7200));
  EXPECT_EQ(peer.last_type(), MessageType::Renew);
  for (const auto& sent : peer.sent) EXPECT_EQ(sent.destination, wire::dhcp6::kAllServers);
}

TEST(Dhcp6Client, AServerThatAnswersAfterFourSecondsIsHeard) {
  Dhcp6Peer peer;
  peer.start();
  const Message answer = peer.answer(MessageType::Advertise, {delegation(kPrefix)});
  peer.wait(seconds(4));
  EXPECT_EQ(peer.sent.size(), 3U);
  peer.say(answer);  // repeated Solicits have the same transaction
  EXPECT_EQ(peer.last_type(), MessageType::Request);
  peer.say(peer.answer(MessageType::Advertise, {delegation(kPrefix)}));  // the answers to the repeated ones
  EXPECT_EQ(peer.sent.size(), 4U);
}

TEST(Dhcp6Client, SilenceIsReportedOnceAndSolicitsGoOn) {
  Dhcp6Peer peer;
  peer.start();
  peer.wait(seconds(6));
  EXPECT_EQ(peer.sent.size(), 3U);
  EXPECT_EQ(peer.count<Failed>(), 0U);
  peer.wait(seconds(3));
  ASSERT_EQ(peer.count<Failed>(), 1U);
  EXPECT_EQ(peer.all<Failed>()[0].cause, FailCause::NoServer);
  peer.wait(hours(24));
  EXPECT_EQ(peer.count<Failed>(), 1U);
  EXPECT_GT(peer.sent.size(), 24U);
  EXPECT_LT(peer.sent.size(), 50U);
  const Duration last_gap = peer.sent.back().when - peer.sent[peer.sent.size() - 2].when;
  EXPECT_GE(last_gap, seconds(3240));  // SOL_MAX_RT, a tenth around
  EXPECT_LE(last_gap, seconds(3960));
}

TEST(Dhcp6Client, AdvertisesThatCannotBeTakenAreNoSilence) {
  Dhcp6Peer peer;
  peer.start();
  Message stranger = peer.answer(MessageType::Advertise, {delegation(kPrefix)});
  stranger.options[0].value.back() ^= std::byte{1};
  peer.say(stranger);
  peer.wait(seconds(9));
  ASSERT_EQ(peer.count<Failed>(), 1U);
  EXPECT_EQ(peer.all<Failed>()[0].cause, FailCause::NotAccepted);
  EXPECT_EQ(peer.all<Failed>()[0].detail,
            "none of the 1 answers to Solicit was accepted, the last one is for another client");
}

TEST(Dhcp6Client, ARefusalInAnAdvertiseIsReportedInTheServersWordsAndItsLimitHolds) {
  Dhcp6Peer peer;
  peer.start();
  Writer sixty;
  sixty.u32(60);
  peer.advertise({refused(StatusCode::NoPrefixAvail)}, {{OptionCode::SolMaxRt, copy_of(sixty.view())}});
  peer.advertise({refused(StatusCode::NoPrefixAvail)});
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  ASSERT_EQ(peer.count<Failed>(), 1U);
  EXPECT_EQ(peer.all<Failed>()[0].cause, FailCause::Refused);
  EXPECT_EQ(peer.all<Failed>()[0].detail, "a server says NoPrefixAvail: sorry");
  peer.wait(hours(1));
  EXPECT_LE(peer.sent.back().when - peer.sent[peer.sent.size() - 2].when, seconds(66));
}

TEST(Dhcp6Client, ALimitOutsideItsBoundsIsIgnored) {
  for (const std::uint32_t value : {0U, 59U, 86401U, 0xffffffffU}) {
    Dhcp6Peer peer;
    peer.start();
    Writer out;
    out.u32(value);
    peer.advertise({refused(StatusCode::NoPrefixAvail)}, {{OptionCode::SolMaxRt, copy_of(out.view())}});
    peer.wait(hours(24));
    const Duration gap = peer.sent.back().when - peer.sent[peer.sent.size() - 2].when;
    EXPECT_GE(gap, seconds(3240)) << value;
    EXPECT_LE(gap, seconds(3960)) << value;
  }
}

TEST(Dhcp6Client, ARequestNobodyRepliesToIsRepeatedTenTimesThenServersAreLookedForAgain) {
  Dhcp6Peer peer;
  peer.start();
  peer.advertise({delegation(kPrefix)});
  const std::uint32_t transaction = peer.last().transaction_id;
  peer.wait(seconds(240));
  unsigned requests = 0;
  for (const auto& sent : peer.sent) requests += sent.message.transaction_id == transaction ? 1 : 0;
  EXPECT_EQ(requests, 10U);
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  ASSERT_GE(peer.count<Failed>(), 1U);
  EXPECT_EQ(peer.all<Failed>()[0].cause, FailCause::NoReply);
}

TEST(Dhcp6Client, ElapsedTimeOfARepeatedMessageIsSinceItsFirst) {
  Dhcp6Peer peer;
  peer.start();
  peer.wait(seconds(2));
  ASSERT_EQ(peer.sent.size(), 2U);
  const auto hundredths = whole_milliseconds(peer.sent[1].when - peer.sent[0].when) / 10;
  EXPECT_EQ(Reader(find_option(peer.last().options, OptionCode::ElapsedTime)->value).u16(), hundredths);
  EXPECT_EQ(peer.sent[0].message.transaction_id, peer.sent[1].message.transaction_id);
}

TEST(Dhcp6Client, ARefusedRequestLeadsBackToSolicitEachTimeLater) {
  for (const StatusCode code : {StatusCode::NoPrefixAvail, StatusCode::NotOnLink, StatusCode::NoBinding}) {
    Dhcp6Peer peer;
    peer.start();
    std::vector<Duration> pauses;
    for (int i = 0; i < 5; ++i) {
      ASSERT_EQ(peer.last_type(), MessageType::Solicit);
      peer.advertise({delegation(kPrefix)});
      ASSERT_EQ(peer.last_type(), MessageType::Request);
      const Instant refused_at = peer.now;
      peer.reply({refused(code)});
      EXPECT_EQ(peer.client.state(), State::Soliciting);
      peer.wait(pauses.empty() ? Duration{} : std::max<Duration>(pauses.back() * 2, seconds(1)));
      pauses.push_back(peer.sent.back().when - refused_at);
    }
    EXPECT_EQ(pauses, (std::vector<Duration>{{}, seconds(1), seconds(2), seconds(4), seconds(8)}));
    EXPECT_EQ(peer.count<Failed>(), 1U);
    EXPECT_EQ(peer.all<Failed>()[0].cause, FailCause::Refused);
  }
}

TEST(Dhcp6Client, AReplyWithoutAnythingIsARefusal) {
  Dhcp6Peer peer;
  peer.start();
  peer.advertise({delegation(kPrefix)});
  peer.reply({});
  EXPECT_EQ(peer.client.state(), State::Soliciting);
  EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::Refused);
}

TEST(Dhcp6Client, AfterUnspecFailOrUseMulticastTheRequestIsRepeatedAtItsTime) {
  for (const bool inside : {false, true}) {
    for (const StatusCode code : {StatusCode::UnspecFail, StatusCode::UseMulticast, StatusCode{77}}) {
      Dhcp6Peer peer;
      peer.start();
      peer.advertise({delegation(kPrefix)});
      if (inside)
        peer.reply({refused(code)});
      else
        peer.reply({delegation(kPrefix)}, {status_option({code, "later"})});
      EXPECT_EQ(peer.client.state(), State::Requesting);
      EXPECT_EQ(peer.sent.size(), 2U);
      EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::ServerTrouble);
      peer.wait(milliseconds(1100));
      EXPECT_EQ(peer.last_type(), MessageType::Request);
      EXPECT_EQ(peer.sent.size(), 3U);
      peer.reply({delegation(kPrefix)});
      EXPECT_EQ(peer.client.state(), State::Bound);
    }
  }
}

TEST(Dhcp6Client, NoPeerMakesItSendMoreThanTwentyMessagesInTwentySeconds) {
  Dhcp6Peer peer;
  peer.bind({delegation(kPrefix)});
  const Instant begun = peer.now;
  for (int i = 0; i < 500; ++i) {
    peer.link_up();
    peer.advertise({delegation(kPrefix)});
    peer.reply({delegation(kPrefix, 0, 0)});
  }
  EXPECT_LE(peer.sent.size(), 20U);
  EXPECT_TRUE(peer.client.next_deadline());
  peer.wait(seconds(21));
  EXPECT_LE(peer.sent.size(), 40U);
  EXPECT_GT(peer.sent.back().when, begun);
}

TEST(Dhcp6Client, TheSameSeedSaysTheSame) {
  const auto life = [](std::uint64_t seed) {
    Dhcp6Peer peer(dhcp6_settings(), seed);
    peer.start();
    peer.wait(hours(2));
    std::vector<std::pair<Instant, Message>> out;
    for (const auto& sent : peer.sent) out.emplace_back(sent.when, sent.message);
    return out;
  };
  EXPECT_EQ(life(5), life(5));
  EXPECT_NE(life(5), life(6));
}

}  // namespace
}  // namespace michi::engine::dhcp6

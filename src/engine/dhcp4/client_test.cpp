#include "engine/dhcp4/client.hpp"

#include "kit/dhcp4_line.hpp"

namespace michi::engine::dhcp4::test {
namespace {

class Dhcp4Client : public Line {};

TEST_F(Dhcp4Client, GoesFromDiscoverToALeaseAndSaysSo) {
  bind();
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_EQ(leased[0].address, kFirst);
  EXPECT_EQ(leased[0].server_mac, servers[0].settings().device);
  EXPECT_EQ(count(MessageType::Discover), 1U);
  EXPECT_EQ(count(MessageType::Request), 1U);
  EXPECT_EQ(edges, (std::vector<std::string>{"Stopped -> Init on Start", "Init -> Selecting on Begin",
                                             "Selecting -> Requesting on Choose", "Requesting -> Checking on Ack",
                                             "Checking -> Bound on Clear"}));
  EXPECT_TRUE(servers[0].complaints().empty()) << servers[0].complaints().front();
}

TEST_F(Dhcp4Client, AsksFromNowhereToEverybody) {
  start();
  for (const Sent& one : sent) {
    if (one.frame.ether_type != wire::ether::kTypeIpv4) continue;
    EXPECT_EQ(one.frame.destination, Mac::broadcast());
    EXPECT_EQ(one.source, Ipv4{});
    EXPECT_EQ(one.destination, Ipv4{0xffffffff});
  }
}

TEST_F(Dhcp4Client, SaysWhoItIsAndWhatItWants) {
  settings.host_name = "michi";
  settings.vendor_class = "ipoe";
  settings.broadcast = BroadcastReplies::Wanted;
  start();
  const Message& discover = latest(MessageType::Discover).message;
  EXPECT_EQ(discover.flags, wire::dhcp4::kBroadcastFlag);
  EXPECT_EQ(text_of(find_option(discover.options, OptionCode::HostName)->value), "michi");
  EXPECT_EQ(text_of(find_option(discover.options, OptionCode::VendorClass)->value), "ipoe");
  EXPECT_EQ(find_option(discover.options, OptionCode::ClientIdentifier)->value, settings.client_identifier);
  EXPECT_EQ(to_hex(find_option(discover.options, OptionCode::ParameterRequestList)->value), "017903060f1a2a33363a3bd4");
  EXPECT_EQ(u16_of(discover.options, OptionCode::MaxMessageSize), 1500);
  settings = {};
  settings.local = kUs;
  sent.clear();
  start();
  EXPECT_EQ(latest(MessageType::Discover).message.flags, 0);
  EXPECT_EQ(find_option(latest(MessageType::Discover).message.options, OptionCode::ClientIdentifier), nullptr);
}

TEST_F(Dhcp4Client, OverlongNamesStillMakeAMessageThatFitsAFrame) {
  settings.host_name.assign(5000, 'h');
  settings.vendor_class.assign(5000, 'v');
  settings.client_identifier.assign(5000, std::byte{7});
  start();
  EXPECT_LE(sent[0].frame.bytes.size(), 1500U);
}

TEST_F(Dhcp4Client, TheRequestHasTheNumberAndTheSecondsOfTheDiscover) {
  servers[0].offers = false;
  start();
  wait(seconds(20));
  servers[0].offers = true;
  wait(seconds(60));
  const Message& discover = latest(MessageType::Discover).message;
  const Message& request = latest(MessageType::Request).message;
  EXPECT_GT(discover.secs, 4);
  EXPECT_EQ(request.secs, discover.secs);
  EXPECT_EQ(request.xid, discover.xid);
}

TEST_F(Dhcp4Client, TheFirstUsableOfferIsTaken) {
  servers[0].twist = [](Message& answer) { answer.yiaddr = Ipv4{}; };
  second();
  bind();
  EXPECT_EQ(leased[0].server, (Ipv4{0xc0000202}));
  EXPECT_EQ(client->counters().unacceptable, 1U);
  EXPECT_EQ(client->servers().size(), 2U);
}

TEST_F(Dhcp4Client, APreferredServerIsWaitedForAndOthersAreKept) {
  settings.servers = {Ipv4{0xc0000202}};
  second();
  bind();
  EXPECT_EQ(leased[0].server, (Ipv4{0xc0000202}));

  servers[1].alive = false;
  leased.clear();
  sent.clear();
  start();
  EXPECT_EQ(count(MessageType::Request), 0U);
  wait(milliseconds(499));
  EXPECT_EQ(count(MessageType::Request), 0U);
  wait(milliseconds(1));
  EXPECT_EQ(count(MessageType::Request), 1U);
}

TEST_F(Dhcp4Client, AnswersForOthersAreCountedAndIgnored) {
  servers[0].alive = false;
  start();
  hear(MessageType::Offer, [](Message& m) { ++m.xid; });
  hear(MessageType::Offer, [](Message& m) { m.set_client(kNeighbour); });
  hear(MessageType::Offer, [](Message& m) { m.hardware_length = 8; });
  hear(MessageType::Offer, [](Message& m) {
    m.options.push_back(wire::dhcp4::bytes_option(OptionCode::ClientIdentifier, *from_hex("0102")));
  });
  hear(MessageType::Offer, [](Message& m) { m.op = wire::dhcp4::Op::Request; });
  hear(MessageType::Offer, [](Message&) {}, kUs);
  hear(MessageType::Discover);
  hear(MessageType::Ack);
  hear(MessageType::Nak);
  EXPECT_EQ(client->state(), State::Selecting);
  EXPECT_EQ(client->counters().other_transaction, 1U);
  EXPECT_EQ(client->counters().other_client, 3U);
  EXPECT_EQ(client->counters().foreign, 3U);
  EXPECT_EQ(client->counters().unexpected, 2U);
  hear(MessageType::Offer, [&](Message& m) {
    m.options.push_back(wire::dhcp4::bytes_option(OptionCode::ClientIdentifier, settings.client_identifier));
  });
  EXPECT_EQ(client->state(), State::Requesting);
}

TEST_F(Dhcp4Client, OctetsThatAreNoDhcpAreCountedAndIgnored) {
  start();
  const Mac server = servers[0].settings().device;
  client->on_ip_frame({}, server, now);
  client->on_ip_frame(ByteVec(300, std::byte{0x45}), server, now);
  const ByteVec rubbish(20);
  client->on_ip_frame(wire::udp4::write_packet({Ipv4{1}, Ipv4{2}, 67, 68, rubbish}), server, now);
  client->on_ip_frame(wire::udp4::write_packet({Ipv4{1}, Ipv4{2}, 53, 68, rubbish}), server, now);
  client->on_arp(rubbish, now);
  EXPECT_EQ(client->counters().malformed, 4U);
  EXPECT_EQ(client->counters().foreign, 1U);
}

TEST_F(Dhcp4Client, OnlyTheChosenServerCanAcknowledgeOrRefuse) {
  servers[0].acknowledges = false;
  start();
  ASSERT_EQ(client->state(), State::Requesting);
  const auto other = [](Message& m) {
    replace(m, wire::dhcp4::address_option(OptionCode::ServerIdentifier, Ipv4{0xc0000203}));
  };
  hear(MessageType::Ack, other);
  hear(MessageType::Nak, other);
  hear(MessageType::Nak, [](Message& m) { m.options.resize(1); });
  EXPECT_EQ(client->state(), State::Requesting);
  EXPECT_EQ(client->counters().other_server, 3U);
  hear(MessageType::Ack);
  EXPECT_EQ(client->state(), State::Checking);
}

TEST_F(Dhcp4Client, AnAckOfAnotherAddressIsNone) {
  servers[0].acknowledges = false;
  start();
  hear(MessageType::Ack, [](Message& m) { ++m.yiaddr.value; });
  hear(MessageType::Ack, [](Message& m) { replace(m, wire::dhcp4::u32_option(OptionCode::LeaseTime, 0)); });
  EXPECT_EQ(client->state(), State::Requesting);
  EXPECT_EQ(client->counters().unacceptable, 2U);
}

TEST_F(Dhcp4Client, OffersNobodyCouldUseAreAReasonInTheReport) {
  servers[0].twist = [](Message& answer) { answer.yiaddr = Ipv4{0x7f000001}; };
  start();
  wait(seconds(140));
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].cause, FailCause::Unusable);
  EXPECT_EQ(failed[0].detail, "no usable offer: 127.0.0.1 is no host's address");
  EXPECT_EQ(count(MessageType::Request), 0U);
}

TEST_F(Dhcp4Client, AServerThatOffersAndNeverAcknowledgesGivesWayToAnother) {
  servers[0].acknowledges = false;
  second();
  start();
  wait(seconds(65));
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].cause, FailCause::NoAck);
  EXPECT_EQ(failed[0].detail, "192.0.2.1 offers 192.0.2.100 and does not acknowledge it");
  wait(seconds(15));
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_EQ(leased[0].server, (Ipv4{0xc0000202}));
}

TEST_F(Dhcp4Client, ARefusedAddressIsFollowedByADiscoverAtOnce) {
  start(Held{Ipv4{0xc0000299}, std::nullopt});
  wait(seconds(2));
  EXPECT_EQ(leased.size(), 1U);
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].cause, FailCause::Refused);
}

TEST_F(Dhcp4Client, TheWordsOfARefusalAreMadePrintable) {
  servers[0].alive = false;
  start(Held{kFirst, std::nullopt});
  hear(MessageType::Nak,
       [](Message& m) { m.options.push_back(wire::dhcp4::text_option(OptionCode::Message, "no\x1b such")); });
  EXPECT_EQ(failed.at(0).detail, "192.0.2.1 refuses the address: no. such");
}

TEST_F(Dhcp4Client, ALeaseForEverIsNeverRenewed) {
  servers[0].settings().lease = 0xffffffff;
  bind();
  EXPECT_EQ(client->next_deadline(), std::nullopt);
  EXPECT_EQ(client->held()->expires, std::nullopt);
}

TEST_F(Dhcp4Client, StopKeepsTheLeaseAtTheServerAndReleaseGivesItBack) {
  bind();
  client->stop(Ending::Keep, now);
  drain();
  EXPECT_EQ(count(MessageType::Release), 0U);
  EXPECT_EQ(client->next_deadline(), std::nullopt);
  EXPECT_EQ(client->lease(), nullptr);
  EXPECT_EQ(servers[0].leases().size(), 1U);

  leased.clear();
  client->start(now);
  drain();
  wait(seconds(1));
  ASSERT_EQ(leased.size(), 1U);
  client->stop(Ending::Release, now);
  drain();
  EXPECT_TRUE(last().is(MessageType::Release));
  EXPECT_EQ(last().source, kFirst);
  EXPECT_EQ(last().destination, servers[0].settings().identifier);
  EXPECT_EQ(last().frame.destination, servers[0].settings().device);
  EXPECT_TRUE(servers[0].leases().empty());
  EXPECT_TRUE(servers[0].complaints().empty()) << servers[0].complaints().front();
  const std::size_t before = sent.size();
  wait(hours(48));
  EXPECT_EQ(sent.size(), before);
}

TEST_F(Dhcp4Client, AStoredAddressIsConfirmedWithoutADiscover) {
  bind();
  const auto held = client->held();
  client->stop(Ending::Keep, now);
  sent.clear();
  leased.clear();
  start(held);
  wait(seconds(1));
  EXPECT_EQ(count(MessageType::Discover), 0U);
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_EQ(leased[0].address, kFirst);
  EXPECT_TRUE(servers[0].complaints().empty()) << servers[0].complaints().front();
}

TEST_F(Dhcp4Client, AStoredAddressThatIsOverIsOnlySuggested) {
  now += hours(1);
  start(Held{kFirst, now - seconds(1)});
  ASSERT_GE(sent.size(), 1U);
  EXPECT_TRUE(sent[0].is(MessageType::Discover));
  EXPECT_EQ(sent[0].address(OptionCode::RequestedAddress), kFirst);
}

TEST_F(Dhcp4Client, AStoredAddressNobodyConfirmsIsFollowedByADiscover) {
  servers[0].alive = false;
  start(Held{kFirst, std::nullopt});
  wait(seconds(32));
  EXPECT_EQ(count(MessageType::Request), 3U);
  EXPECT_GE(count(MessageType::Discover), 1U);
  EXPECT_TRUE(leased.empty());
}

TEST_F(Dhcp4Client, AfterALossOfTheLinkTheLeaseIsConfirmedAndStays) {
  bind();
  sent.clear();
  client->on_link_up(now);
  drain();
  EXPECT_TRUE(sent.at(0).is(MessageType::Request));
  EXPECT_EQ(sent[0].address(OptionCode::RequestedAddress), kFirst);
  EXPECT_NE(client->lease(), nullptr);
  wait(seconds(1));
  EXPECT_EQ(client->state(), State::Bound);
  EXPECT_EQ(renewed.size(), 1U);
  EXPECT_EQ(leased.size(), 1U);
  EXPECT_TRUE(expired.empty());
}

TEST_F(Dhcp4Client, AfterALossOfTheLinkASilentServerDoesNotCostTheLease) {
  bind();
  servers[0].alive = false;
  client->on_link_up(now);
  drain();
  wait(seconds(32));
  EXPECT_EQ(client->state(), State::Bound);
  EXPECT_TRUE(expired.empty());
  wait(hours(1));
  EXPECT_EQ(expired.size(), 1U);
}

TEST_F(Dhcp4Client, AfterALossOfTheLinkARefusalEndsTheLease) {
  bind();
  servers[0].forget();
  client->on_link_up(now);
  drain();
  EXPECT_EQ(expired.size(), 1U);
  wait(seconds(2));
  EXPECT_EQ(leased.size(), 2U);
}

TEST_F(Dhcp4Client, AFlappingLinkMakesAtMostOneExchangeASecond) {
  servers[0].alive = false;
  start(Held{kFirst, std::nullopt});
  sent.clear();
  for (int i = 0; i < 1000; ++i) {
    client->on_link_up(now);
    drain();
    wait(milliseconds(10));
  }
  EXPECT_LE(sent.size(), 11U);
}

TEST_F(Dhcp4Client, TheSameSeedGivesTheSameLife) {
  std::vector<ByteVec> before;
  for (int life = 0; life < 2; ++life) {
    sent.clear();
    servers.assign(1, kit::Dhcp4Server{});
    now = Instant{};
    start();
    wait(hours(5));
    std::vector<ByteVec> frames;
    for (const Sent& one : sent) frames.push_back(one.frame.bytes);
    if (life == 0) before = frames;
    EXPECT_EQ(frames, before);
  }
  seed = 2;
  sent.clear();
  now = Instant{};
  start();
  EXPECT_NE(sent[0].frame.bytes, before[0]);
}

}  // namespace
}  // namespace michi::engine::dhcp4::test

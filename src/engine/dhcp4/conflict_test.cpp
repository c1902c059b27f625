// Is the address used by somebody else? RFC 2131 §3.1.5 and §4.4.1, RFC 5227 in spirit.

#include "kit/dhcp4_line.hpp"

namespace michi::engine::dhcp4::test {
namespace {

using wire::arp::Operation;
using wire::arp::Packet;

class Dhcp4Conflict : public Line {
 protected:
  void hear_arp(const Packet& packet) {
    client->on_arp(wire::arp::write_packet(packet), now);
    drain();
  }
  static Packet used_by(const Mac& mac) { return {Operation::Reply, mac, kFirst, kUs, Ipv4{}}; }
};

TEST_F(Dhcp4Conflict, ThreeProbesGoOutAndTheAddressIsAnnouncedWithinASecond) {
  start();
  ASSERT_EQ(client->state(), State::Checking);
  EXPECT_EQ(probed, (std::vector{kFirst}));
  wait(milliseconds(699));
  EXPECT_EQ(client->state(), State::Checking);
  wait(milliseconds(1));
  EXPECT_EQ(client->state(), State::Bound);
  std::vector<Packet> arps;
  for (const Sent& one : sent)
    if (one.frame.ether_type == wire::ether::kTypeArp) {
      EXPECT_EQ(one.frame.destination, Mac::broadcast());
      arps.push_back(one.arp);
    }
  const Packet probe = wire::arp::probe(kUs, kFirst);
  EXPECT_EQ(arps, (std::vector{probe, probe, probe, wire::arp::announcement(kUs, kFirst)}));
}

TEST_F(Dhcp4Conflict, TheCheckNeverTakesMoreThanASecondAndCanBeOff) {
  settings.probes = 200;
  settings.probe_interval = settings.probe_wait = minutes(5);
  start();
  wait(seconds(1));
  EXPECT_EQ(client->state(), State::Bound);
  EXPECT_EQ(client->counters().arp_probe, 5U);

  settings.probes = 0;
  leased.clear();
  sent.clear();
  start();
  EXPECT_EQ(leased.size(), 1U);
  for (const Sent& one : sent) EXPECT_EQ(one.frame.ether_type, wire::ether::kTypeIpv4);
}

TEST_F(Dhcp4Conflict, AnAddressInUseIsDeclinedAndAnotherIsAskedForAfterTenSeconds) {
  start();
  hear_arp(used_by(kNeighbour));
  ASSERT_TRUE(last().is(MessageType::Decline));
  EXPECT_EQ(last().frame.destination, Mac::broadcast());
  EXPECT_EQ(last().address(OptionCode::RequestedAddress), kFirst);
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].cause, FailCause::Conflict);
  EXPECT_EQ(failed[0].detail, "192.0.2.100 is used by somebody else");
  EXPECT_TRUE(leased.empty());
  EXPECT_TRUE(expired.empty());
  wait(milliseconds(9999));
  EXPECT_EQ(count(MessageType::Discover), 1U);
  wait(seconds(3));
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_NE(leased[0].address, kFirst);
  EXPECT_TRUE(servers[0].complaints().empty()) << servers[0].complaints().front();
}

TEST_F(Dhcp4Conflict, ALinkThatComesBackDoesNotShortenTheTenSeconds) {
  start();
  hear_arp(used_by(kNeighbour));
  client->on_link_up(now);
  drain();
  wait(milliseconds(9999));
  EXPECT_EQ(count(MessageType::Discover), 1U);
  wait(milliseconds(1));
  EXPECT_EQ(count(MessageType::Discover), 2U);
}

TEST_F(Dhcp4Conflict, AnotherHostThatProbesTheSameAddressIsAConflictToo) {
  start();
  hear_arp(wire::arp::probe(kNeighbour, kFirst));
  EXPECT_EQ(client->counters().decline, 1U);
}

TEST_F(Dhcp4Conflict, OurOwnProbesOtherAddressesAndOrdinaryRequestsAreNone) {
  start();
  hear_arp(wire::arp::probe(kUs, kFirst));
  hear_arp(used_by(kUs));
  hear_arp(wire::arp::probe(kNeighbour, Ipv4{kFirst.value + 1}));
  hear_arp({Operation::Request, kNeighbour, Ipv4{kFirst.value + 1}, Mac{}, kFirst});
  EXPECT_EQ(client->state(), State::Checking);
  EXPECT_EQ(client->counters().conflicts, 0U);
}

TEST_F(Dhcp4Conflict, AGatewayThatAnswersForEveryAddressIsNone) {
  start();
  hear_arp(used_by(servers[0].settings().device));
  EXPECT_EQ(client->state(), State::Checking);
  EXPECT_EQ(client->counters().proxied, 1U);
}

TEST_F(Dhcp4Conflict, InALeaseAnArpPacketIsOnlyCountedAndTheCallersWordEndsIt) {
  bind();
  hear_arp(used_by(kNeighbour));
  EXPECT_EQ(client->state(), State::Bound);
  EXPECT_EQ(client->counters().conflicts, 1U);
  client->on_conflict(now);
  drain();
  EXPECT_TRUE(last().is(MessageType::Decline));
  EXPECT_EQ(expired, (std::vector{kFirst}));
  EXPECT_EQ(client->lease(), nullptr);
  EXPECT_TRUE(servers[0].complaints().empty()) << servers[0].complaints().front();
}

TEST_F(Dhcp4Conflict, WithoutAnAddressThereIsNothingToConflictWith) {
  servers[0].alive = false;
  client.emplace(settings, Random::seeded(1));
  client->on_conflict(now);
  client->start(now);
  client->on_conflict(now);
  drain();
  EXPECT_EQ(client->state(), State::Selecting);
  EXPECT_EQ(client->counters().impossible, 2U);
  EXPECT_TRUE(failed.empty());
}

TEST_F(Dhcp4Conflict, AConflictAfterALossOfTheLinkEndsTheLease) {
  bind();
  client->on_link_up(now);
  drain();
  ASSERT_EQ(client->state(), State::Checking);
  hear_arp(used_by(kNeighbour));
  EXPECT_EQ(expired, (std::vector{kFirst}));
  EXPECT_EQ(count(MessageType::Decline), 1U);
}

}  // namespace
}  // namespace michi::engine::dhcp4::test

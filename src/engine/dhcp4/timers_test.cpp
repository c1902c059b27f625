// Silence, 1 ms before each timer and at it. RFC 2131 §4.1, §4.4.1, §4.4.5.

#include "kit/dhcp4_line.hpp"

namespace michi::engine::dhcp4::test {
namespace {

class Dhcp4Timers : public Line {
 protected:
  Dhcp4Timers() { settings.probes = 0; }

  std::vector<Instant> times(MessageType type) const {
    std::vector<Instant> out;
    for (const Sent& one : sent)
      if (one.is(type)) out.push_back(one.at);
    return out;
  }
  /// Nothing is sent 1 ms before `at`, something at it.
  void expect_silence_until(Instant at) {
    const std::size_t before = sent.size();
    wait(at - milliseconds(1) - now);
    EXPECT_EQ(sent.size(), before) << "too early";
    wait(milliseconds(1));
    EXPECT_GT(sent.size(), before) << "too late";
  }
};

void expect_waits(const std::vector<Instant>& at, const std::vector<int>& waits) {
  ASSERT_GT(at.size(), waits.size());
  bool spread = false;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const Duration wait = at[i + 1] - at[i];
    EXPECT_GE(wait, seconds(waits[i] - 1)) << i;
    EXPECT_LE(wait, seconds(waits[i] + 1)) << i;
    spread |= wait != seconds(waits[i]);
  }
  EXPECT_TRUE(spread) << "the waits are not randomised";
}

TEST_F(Dhcp4Timers, DiscoverIsRepeatedAfterFourToSixtyFourSecondsAndThenReported) {
  servers[0].alive = false;
  start();
  wait(seconds(60));
  EXPECT_TRUE(failed.empty());
  wait(seconds(70));
  expect_waits(times(MessageType::Discover), {4, 8, 16, 32});
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].cause, FailCause::NoOffer);
  const Sent first = sent.front();
  EXPECT_EQ(sent[4].message.xid, first.message.xid);
  EXPECT_EQ(sent[4].message.secs, std::chrono::duration_cast<seconds>(sent[4].at - first.at).count());
}

TEST_F(Dhcp4Timers, TheWaitGrowsNoFurtherThanSixtyFourSeconds) {
  servers[0].alive = false;
  settings.discover_attempts = 8;
  start();
  wait(minutes(6));
  expect_waits(times(MessageType::Discover), {4, 8, 16, 32, 64, 64, 64});
}

TEST_F(Dhcp4Timers, TheClientNeverTiresAndBacksOffBetweenItsAttempts) {
  servers[0].alive = false;
  start();
  wait(hours(24));
  EXPECT_GT(failed.size(), 400U);
  EXPECT_LT(sent.size(), 2700U);
  EXPECT_EQ(sent.back().message.secs, 0xffff);
  servers[0].alive = true;
  wait(minutes(3));
  EXPECT_EQ(leased.size(), 1U);
}

TEST_F(Dhcp4Timers, RequestIsSentFourTimesInSixtySeconds) {
  servers[0].acknowledges = false;
  start();
  wait(seconds(65));
  expect_waits(times(MessageType::Request), {4, 8, 16});
  EXPECT_EQ(count(MessageType::Request), 4U);
  EXPECT_EQ(failed.size(), 1U);
}

TEST_F(Dhcp4Timers, TheStartCanBeSpread) {
  settings.start_delay = seconds(10);
  start();
  EXPECT_TRUE(sent.empty());
  const auto due = client->next_deadline();
  ASSERT_TRUE(due && *due > now && *due <= now + seconds(10));
  expect_silence_until(*due);
}

TEST_F(Dhcp4Timers, RenewalIsAskedOfTheServerAtT1FromTheAddress) {
  start();
  const Instant renew = *client->next_deadline();
  EXPECT_LE(renew, now + seconds(1800));
  EXPECT_GE(renew, now + seconds(1800) - seconds(36));
  servers[0].alive = false;
  expect_silence_until(renew);
  EXPECT_EQ(client->state(), State::Renewing);
  EXPECT_EQ(last().source, kFirst);
  EXPECT_EQ(last().destination, servers[0].settings().identifier);
  EXPECT_EQ(last().frame.destination, servers[0].settings().device);
  EXPECT_EQ(last().message.ciaddr, kFirst);
  EXPECT_EQ(last().message.secs, 0);
  EXPECT_TRUE(servers[0].complaints().empty());
}

TEST_F(Dhcp4Timers, SilenceIsAnsweredAtHalfOfWhatIsLeftAndAtT2ByEverybody) {
  start();
  servers[0].alive = false;
  const Instant begun = now;
  const Instant renew = *client->next_deadline();
  const Instant rebind = begun + seconds(3150), end = begun + seconds(3600);
  wait(renew - now);
  const Instant second = renew + (rebind - renew) / 2;
  expect_silence_until(second);
  EXPECT_EQ(client->state(), State::Renewing);
  wait(rebind - now - milliseconds(1));
  EXPECT_EQ(client->state(), State::Renewing);
  wait(milliseconds(1));
  EXPECT_EQ(client->state(), State::Rebinding);
  EXPECT_EQ(last().frame.destination, Mac::broadcast());
  EXPECT_EQ(last().destination, Ipv4{0xffffffff});
  EXPECT_EQ(last().source, kFirst);
  expect_silence_until(rebind + (end - rebind) / 2);
  expect_silence_until(rebind + (end - rebind) * 3 / 4);
  wait(end - now - milliseconds(1));
  EXPECT_TRUE(expired.empty());
  wait(milliseconds(1));
  EXPECT_EQ(expired, (std::vector{kFirst}));
  EXPECT_TRUE(last().is(MessageType::Discover));
  EXPECT_EQ(last().address(OptionCode::RequestedAddress), kFirst);
  for (std::size_t i = 1; i < sent.size(); ++i) {
    if (sent[i].message.ciaddr.is_unspecified() || sent[i - 1].message.ciaddr.is_unspecified()) continue;
    EXPECT_TRUE(sent[i].at - sent[i - 1].at >= seconds(60) || sent[i].at == rebind);
    EXPECT_NE(sent[i].message.xid, sent[i - 1].message.xid);
  }
}

TEST_F(Dhcp4Timers, ARenewalCountsFromItsRequest) {
  start();
  wait(*client->next_deadline() - now);
  ASSERT_EQ(renewed.size(), 1U);
  EXPECT_EQ(client->held()->expires, now + seconds(3600));
  EXPECT_EQ(leased.size(), 1U);
  EXPECT_EQ(count(MessageType::Discover), 1U);
}

TEST_F(Dhcp4Timers, ARenewalMayBringOtherParametersAndAnotherServer) {
  start();
  servers[0].alive = false;
  kit::Dhcp4Server& other = second();
  other.settings().first = kFirst;
  other.settings().options = {wire::dhcp4::address_option(OptionCode::DomainNameServer, Ipv4{0x08080808})};
  wait(seconds(3100));
  EXPECT_TRUE(renewed.empty());
  other.twist = [](Message& answer) {  // it knows the lease, as a partner of the first would
    if (message_type(answer.options) != MessageType::Nak) return;
    answer.yiaddr = kFirst;
    replace(answer, wire::dhcp4::type_option(MessageType::Ack));
    replace(answer, wire::dhcp4::u32_option(OptionCode::LeaseTime, 3600));
    replace(answer, wire::dhcp4::u32_option(OptionCode::SubnetMask, 0xffffff00));
    replace(answer, wire::dhcp4::address_option(OptionCode::DomainNameServer, Ipv4{0x08080808}));
  };
  wait(seconds(100));
  ASSERT_EQ(renewed.size(), 1U);
  EXPECT_EQ(renewed[0].dns.size(), 1U);
  EXPECT_EQ(renewed[0].server, Ipv4{0xc0000202});
  EXPECT_EQ(renewed[0].server_mac, other.settings().device);
}

TEST_F(Dhcp4Timers, ARefusedRenewalEndsTheLeaseAndBeginsAnewAtOnce) {
  start();
  servers[0].forget();
  wait(*client->next_deadline() - now);
  EXPECT_EQ(expired.size(), 1U);
  EXPECT_EQ(failed.at(0).cause, FailCause::Refused);
  EXPECT_EQ(leased.size(), 2U);
}

TEST_F(Dhcp4Timers, ANakStormIsMetWithABackOffThatGrows) {
  servers[0].refuses = true;
  start();
  wait(minutes(10));
  EXPECT_GE(failed.size(), 10U);
  EXPECT_LE(failed.size(), 14U);
  const auto asked = times(MessageType::Request);
  EXPECT_LE(asked[1] - asked[0], seconds(2));
  EXPECT_GE(asked[2] - asked[1], seconds(10));
  EXPECT_GE(asked.back() - asked[asked.size() - 2], seconds(64));
  for (int i = 0; i < 1000; ++i) hear(MessageType::Nak);
  servers[0].refuses = false;
  wait(seconds(70));
  EXPECT_EQ(leased.size(), 1U);
}

TEST_F(Dhcp4Timers, AWakeUpAfterALongSleepGoesStraightToWhatIsDue) {
  for (const auto& [asleep, state] : {std::pair{seconds(1900), State::Renewing}, {seconds(3200), State::Rebinding}}) {
    now = Instant{};
    servers.assign(1, kit::Dhcp4Server{});
    start();
    servers[0].alive = false;
    now += asleep;
    client->on_deadline(now);
    drain();
    EXPECT_EQ(client->state(), state);
  }
  now += hours(24);
  client->on_deadline(now);
  drain();
  EXPECT_EQ(client->state(), State::Selecting);
  EXPECT_EQ(expired.size(), 1U);
}

TEST_F(Dhcp4Timers, DeadlinesThatComeEarlyOrTwiceDoNothing) {
  start();
  const std::size_t before = sent.size();
  for (int i = 0; i < 100; ++i) client->on_deadline(now);
  drain();
  EXPECT_EQ(sent.size(), before);
  wait(*client->next_deadline() - now);
  const std::size_t renewal = sent.size();
  for (int i = 0; i < 100; ++i) client->on_deadline(now);
  drain();
  EXPECT_EQ(sent.size(), renewal);
}

TEST_F(Dhcp4Timers, TheShortestLeaseIsRenewedInTime) {
  servers[0].settings().lease = 10;
  start();
  wait(minutes(10));
  EXPECT_TRUE(expired.empty());
  EXPECT_GE(renewed.size(), 119U);
  EXPECT_LE(renewed.size(), 130U);
}

}  // namespace
}  // namespace michi::engine::dhcp4::test

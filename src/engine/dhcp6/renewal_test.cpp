#include <gtest/gtest.h>

#include "engine/dhcp6/client.hpp"
#include "kit/dhcp6_peer.hpp"

namespace michi::engine::dhcp6 {
namespace {

using kit::delegation;
using kit::dhcp6_settings;
using kit::Dhcp6Peer;
using wire::dhcp6::find_option;
using wire::dhcp6::Ia;
using wire::dhcp6::IaType;
using wire::dhcp6::kInfinity;
using wire::dhcp6::MessageType;
using wire::dhcp6::OptionCode;
using wire::dhcp6::StatusCode;

constexpr std::string_view kOld = "2400:4050:1234:5600::/56";
constexpr std::string_view kNew = "2400:4150:9999:8800::/56";

Ia no_binding(std::uint32_t iaid = 0) { return {IaType::Pd, iaid, 0, 0, {StatusCode::NoBinding, ""}, {}}; }

Held stored(std::string_view prefix = kOld) {
  Held held;
  held.leases = {{IaType::Pd, 0, *parse_prefix(prefix), seconds(3000), seconds(4000)}};
  held.server = copy_of(wire::Duid::link_layer(Mac{{2, 0, 0, 0, 0, 9}}).bytes());
  return held;
}

TEST(Dhcp6Renewal, BeginsAtT1AndNotBefore) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200) - milliseconds(1));
  EXPECT_EQ(peer.sent.size(), 2U);
  peer.wait(milliseconds(1));
  ASSERT_EQ(peer.sent.size(), 3U);
  EXPECT_EQ(peer.last_type(), MessageType::Renew);
  EXPECT_EQ(find_option(peer.last().options, OptionCode::ServerId)->value, peer.server);
  EXPECT_EQ(peer.named().at(0), delegation(kOld, 0, 0, 0, 0));
  peer.reply({delegation(kOld)});
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_EQ(peer.count<Leased>(), 1U);
  ASSERT_EQ(peer.count<Renewed>(), 1U);
  EXPECT_EQ(peer.all<Renewed>()[0].held.leases.at(0).valid, seconds(14400));
  EXPECT_EQ(peer.count<Withdrawn>(), 0U);
}

TEST(Dhcp6Renewal, ALostServerIsRenewedThenReboundThenReplacedByAnother) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  const Instant bound = peer.now;
  peer.wait(seconds(11520) - milliseconds(1));
  EXPECT_EQ(peer.last_type(), MessageType::Renew);
  peer.wait(milliseconds(1));
  EXPECT_EQ(peer.last_type(), MessageType::Rebind);
  EXPECT_EQ(find_option(peer.last().options, OptionCode::ServerId), nullptr);
  EXPECT_EQ(peer.client.state(), State::Rebinding);
  peer.wait(bound + seconds(14400) - milliseconds(1) - peer.now);
  EXPECT_EQ(peer.count<Withdrawn>(), 0U);
  peer.wait(milliseconds(1));
  ASSERT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(peer.all<Withdrawn>()[0].cause, WithdrawCause::Expired);
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
  EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::LeaseExpired);
  EXPECT_FALSE(peer.client.held(peer.now));
}

TEST(Dhcp6Renewal, AnotherServersReplyToARebindIsTaken) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(11520));
  peer.server.back() = std::byte{77};
  peer.reply({delegation(kOld)});
  EXPECT_EQ(peer.client.state(), State::Bound);
  peer.wait(seconds(7200));
  EXPECT_EQ(find_option(peer.last().options, OptionCode::ServerId)->value, peer.server);
}

TEST(Dhcp6Renewal, NoBindingLeadsToARequestAndIsNoSuccess) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200));
  peer.reply({no_binding()});
  EXPECT_EQ(peer.last_type(), MessageType::Request);
  EXPECT_EQ(peer.named().at(0), delegation(kOld, 0, 0, 0, 0));
  EXPECT_EQ(peer.count<Renewed>(), 0U);
  EXPECT_EQ(peer.count<Withdrawn>(), 0U);
  peer.reply({delegation(kNew)});
  EXPECT_EQ(peer.client.state(), State::Bound);
  ASSERT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(to_text(peer.all<Withdrawn>()[0].leases.at(0).prefix), kOld);
  EXPECT_EQ(peer.all<Withdrawn>()[0].cause, WithdrawCause::ByServer);
  EXPECT_EQ(peer.all<Withdrawn>()[0].leases[0].valid, seconds(7200));
  ASSERT_EQ(peer.count<Leased>(), 2U);
  EXPECT_EQ(to_text(peer.all<Leased>()[1].held.leases.at(0).prefix), kNew);
}

TEST(Dhcp6Renewal, NoBindingOfTheWholeMessageIsTheSame) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200));
  peer.reply({}, {wire::dhcp6::status_option({StatusCode::NoBinding, ""})});
  EXPECT_EQ(peer.last_type(), MessageType::Request);
}

TEST(Dhcp6Renewal, OneIaWithoutBindingMakesARequestForAll) {
  Dhcp6Peer peer(dhcp6_settings({{IaType::Pd, 1, {}}, {IaType::Pd, 2, {}}}));
  peer.bind({delegation(kOld, 14400, 14400, 7200, 11520, 1), delegation(kNew, 14400, 14400, 7200, 11520, 2)});
  peer.wait(seconds(7200));
  peer.reply({delegation(kOld, 14400, 14400, 7200, 11520, 1), no_binding(2)});
  EXPECT_EQ(peer.last_type(), MessageType::Request);
  EXPECT_EQ(peer.named().size(), 2U);
}

TEST(Dhcp6Renewal, AWithdrawnPrefixIsWithdrawnAtOnceAndServersAreLookedFor) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200));
  peer.reply({delegation(kOld, 0, 0)});
  ASSERT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(peer.all<Withdrawn>()[0].cause, WithdrawCause::ByServer);
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
  EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::Refused);
}

TEST(Dhcp6Renewal, AReplyMayReplaceThePrefixInOneStep) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200));
  Ia both = delegation(kOld, 0, 0);
  both.leases.push_back({*parse_prefix(kNew), 14400, 14400, {}});
  peer.reply({both});
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_EQ(peer.count<Withdrawn>(), 1U);
  ASSERT_EQ(peer.count<Leased>(), 2U);
  const auto leases = peer.all<Leased>()[1].held.leases;
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(to_text(leases[0].prefix), kNew);
}

TEST(Dhcp6Renewal, AReplyMayAddAPrefixAndShortenAnother) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200));
  Ia both = delegation(kOld, 0, 300, 0, 0);
  both.leases.push_back({*parse_prefix(kNew), 1000, 1000, {}});
  peer.reply({both});
  ASSERT_EQ(peer.count<Leased>(), 2U);
  EXPECT_EQ(peer.all<Leased>()[1].held.leases.size(), 2U);
  peer.wait(seconds(150));  // half of the shortest life
  EXPECT_EQ(peer.last_type(), MessageType::Renew);
  Ia rest = delegation(kNew, 1000, 1000, 0, 0);
  peer.reply({rest});
  peer.wait(seconds(150));
  ASSERT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(peer.all<Withdrawn>()[0].cause, WithdrawCause::Expired);
  EXPECT_EQ(to_text(peer.all<Withdrawn>()[0].leases.at(0).prefix), kOld);
  EXPECT_EQ(peer.client.state(), State::Bound);
}

TEST(Dhcp6Renewal, AnIaTheServerIsSilentAboutIsAskedForAtTheUsualTimes) {
  Dhcp6Peer peer(dhcp6_settings({{IaType::Pd, 1, {}}, {IaType::Pd, 2, {}}}));
  peer.bind({delegation(kOld, 14400, 14400, 7200, 11520, 1), delegation(kNew, 14400, 14400, 7200, 11520, 2)});
  peer.wait(seconds(7200));
  const std::size_t before = peer.sent.size();
  peer.reply({delegation(kOld, 14400, 14400, 7200, 11520, 1)});
  EXPECT_EQ(peer.client.state(), State::Renewing);
  EXPECT_EQ(peer.count<Renewed>(), 1U);  // what it gave is used
  EXPECT_EQ(peer.sent.size(), before);
  peer.wait(seconds(11));
  EXPECT_EQ(peer.sent.size(), before + 1);
  peer.reply({delegation(kOld, 14400, 14400, 7200, 11520, 1), delegation(kNew, 14400, 14400, 7200, 11520, 2)});
  EXPECT_EQ(peer.client.state(), State::Bound);
}

TEST(Dhcp6Renewal, AReplyThatOnlyComplainsChangesNothing) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.wait(seconds(7200));
  peer.reply({}, {wire::dhcp6::status_option({StatusCode::UnspecFail, "busy"})});
  peer.reply({{IaType::Pd, 0, 0, 0, {StatusCode::NoPrefixAvail, ""}, {}}});
  peer.reply({});
  EXPECT_EQ(peer.client.state(), State::Renewing);
  EXPECT_EQ(peer.count<Withdrawn>(), 0U);
  EXPECT_EQ(peer.sent.size(), 3U);
  EXPECT_EQ(peer.client.counters().of(Drop::NothingUsable), 3U);
}

TEST(Dhcp6Renewal, ALeaseForEverIsNeverAskedForAgain) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld, kInfinity, kInfinity, 0, 0)});
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_FALSE(peer.client.next_deadline());
  EXPECT_EQ(peer.all<Leased>().at(0).held.leases.at(0).valid, kForever);
}

TEST(Dhcp6Renewal, AfterALongSleepTheFirstWakeUpDoesWhatIsRightThen) {
  for (const auto& [slept, type] :
       {std::pair{seconds(8000), MessageType::Renew}, std::pair{seconds(12000), MessageType::Rebind},
        std::pair{seconds(100000), MessageType::Solicit}}) {
    Dhcp6Peer peer;
    peer.bind({delegation(kOld)});
    peer.now += slept;
    peer.client.on_deadline(peer.now);
    peer.drain();
    EXPECT_EQ(peer.last_type(), type);
  }
}

TEST(Dhcp6Held, AStoredLeaseIsReboundTwiceThenServersAreLookedFor) {
  Dhcp6Peer peer;
  const Held held = stored();
  peer.start(&held);
  EXPECT_EQ(peer.client.state(), State::Confirming);
  EXPECT_EQ(peer.last_type(), MessageType::Rebind);
  EXPECT_EQ(peer.named().at(0), delegation(kOld, 0, 0, 0, 0));
  peer.wait(milliseconds(3400));
  ASSERT_EQ(peer.sent.size(), 3U);
  EXPECT_EQ(peer.sent[1].message.type, MessageType::Rebind);
  EXPECT_EQ(peer.sent[2].message.type, MessageType::Solicit);
  EXPECT_TRUE(peer.named().at(0).leases.empty());  // NTT's networks want no exact hint
  EXPECT_TRUE(peer.reports.empty());               // not confirmed, so not announced
  peer.advertise({delegation(kNew)});
  peer.reply({delegation(kNew)});
  EXPECT_EQ(peer.count<Leased>(), 1U);
  ASSERT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(to_text(peer.all<Withdrawn>()[0].leases.at(0).prefix), kOld);
}

TEST(Dhcp6Held, OnRequestTheOldPrefixIsTheHint) {
  Settings settings = dhcp6_settings();
  settings.hint_held = true;
  Dhcp6Peer peer(settings);
  const Held held = stored();
  peer.start(&held);
  peer.wait(milliseconds(3400));
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
  EXPECT_EQ(peer.named().at(0), delegation(kOld, 0, 0, 0, 0));
}

TEST(Dhcp6Held, AConfirmedLeaseIsAnnouncedAsANewOne) {
  Dhcp6Peer peer;
  const Held held = stored();
  peer.start(&held);
  peer.reply({delegation(kOld)});
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_EQ(peer.count<Leased>(), 1U);
  EXPECT_EQ(peer.count<Withdrawn>(), 0U);
}

TEST(Dhcp6Held, AZeroLifetimeWithdrawsAtOnceAndNoBindingAsksAnew) {
  Dhcp6Peer peer;
  const Held held = stored();
  peer.start(&held);
  peer.reply({delegation(kOld, 0, 0)});
  EXPECT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
  Dhcp6Peer other;
  other.start(&held);
  other.reply({no_binding()});
  EXPECT_EQ(other.last_type(), MessageType::Request);
}

TEST(Dhcp6Held, ALeaseThatHasRunOutIsNotHeld) {
  Dhcp6Peer peer;
  Held held = stored();
  held.leases[0].valid = {};
  peer.start(&held);
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
}

TEST(Dhcp6Held, ALeaseThatRunsOutWhileItIsConfirmedIsWithdrawnOnce) {
  Dhcp6Peer peer;
  Held held = stored();
  held.leases[0].valid = seconds(2);
  peer.start(&held);
  peer.wait(seconds(2));
  EXPECT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
  EXPECT_EQ(peer.count<Failed>(), 0U);
}

TEST(Dhcp6Link, AfterANewSessionTheLeaseIsConfirmedOnIt) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.link_down();
  EXPECT_EQ(peer.client.state(), State::Offline);
  peer.wait(seconds(100));
  EXPECT_EQ(peer.sent.size(), 2U);
  peer.link_up();
  EXPECT_EQ(peer.last_type(), MessageType::Rebind);
  peer.reply({delegation(kOld)});
  EXPECT_EQ(peer.client.state(), State::Bound);
  EXPECT_EQ(peer.count<Leased>(), 2U);
}

TEST(Dhcp6Link, LeasesAgeWhileItIsAway) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.link_down();
  peer.wait(seconds(14400));
  ASSERT_EQ(peer.count<Withdrawn>(), 1U);
  EXPECT_EQ(peer.all<Withdrawn>()[0].cause, WithdrawCause::Expired);
  EXPECT_EQ(peer.sent.size(), 2U);
  EXPECT_FALSE(peer.client.next_deadline());
  peer.link_up();
  EXPECT_EQ(peer.last_type(), MessageType::Solicit);
}

TEST(Dhcp6Link, WithoutAStartItStartsNothing) {
  Dhcp6Peer peer;
  peer.link_up();
  peer.link_down();
  EXPECT_TRUE(peer.sent.empty());
  EXPECT_EQ(peer.client.state(), State::Idle);
}

TEST(Dhcp6Stop, KeepsTheLeaseUnlessToldToReleaseIt) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  EXPECT_TRUE(peer.client.held(peer.now));
  peer.stop(OnStop::Keep);
  EXPECT_EQ(peer.client.state(), State::Idle);
  EXPECT_EQ(peer.sent.size(), 2U);
  EXPECT_EQ(peer.reports.size(), 1U);
  EXPECT_FALSE(peer.client.next_deadline());
}

TEST(Dhcp6Stop, AReleaseNamesServerAndLeasesAndEndsWithAnyReply) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.stop(OnStop::Release);
  EXPECT_EQ(peer.last_type(), MessageType::Release);
  EXPECT_EQ(find_option(peer.last().options, OptionCode::ServerId)->value, peer.server);
  EXPECT_EQ(find_option(peer.last().options, OptionCode::OptionRequest), nullptr);
  EXPECT_EQ(peer.named().at(0), delegation(kOld, 0, 0, 0, 0));
  EXPECT_EQ(peer.all<Withdrawn>().at(0).cause, WithdrawCause::Released);
  EXPECT_EQ(peer.count<Released>(), 0U);
  peer.reply({no_binding()});
  EXPECT_EQ(peer.client.state(), State::Idle);
  EXPECT_EQ(peer.count<Released>(), 1U);
}

TEST(Dhcp6Stop, AReleaseNobodyHearsIsSentFourTimes) {
  Dhcp6Peer peer;
  peer.bind({delegation(kOld)});
  peer.stop(OnStop::Release);
  peer.wait(minutes(5));
  EXPECT_EQ(peer.sent.size(), 6U);
  EXPECT_EQ(peer.client.state(), State::Idle);
  EXPECT_EQ(peer.count<Released>(), 1U);
  EXPECT_FALSE(peer.client.next_deadline());
}

TEST(Dhcp6Stop, AReleaseOfNothingIsOverAtOnce) {
  Dhcp6Peer peer;
  peer.start();
  peer.stop(OnStop::Release);
  EXPECT_EQ(peer.client.state(), State::Idle);
  EXPECT_EQ(peer.count<Released>(), 1U);
  EXPECT_EQ(peer.sent.size(), 1U);
  Dhcp6Peer away;
  away.bind({delegation(kOld)});
  away.link_down();
  away.stop(OnStop::Release);
  EXPECT_EQ(away.count<Released>(), 1U);
  EXPECT_EQ(away.count<Withdrawn>(), 1U);
  EXPECT_EQ(away.sent.size(), 2U);
}

}  // namespace
}  // namespace michi::engine::dhcp6

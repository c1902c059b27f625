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
using wire::dhcp6::Message;
using wire::dhcp6::MessageType;
using wire::dhcp6::Option;
using wire::dhcp6::OptionCode;
using wire::dhcp6::status_option;
using wire::dhcp6::StatusCode;

constexpr std::string_view kPrefix = "2400:4050:1234:5600::/56";

Settings multi_access() {
  Settings settings = dhcp6_settings();
  settings.link = LinkType::MultiAccess;
  return settings;
}

Ia refused(StatusCode code, IaType type = IaType::Pd, std::uint32_t iaid = 0) {
  return {type, iaid, 0, 0, {code, "sorry"}, {}};
}

TEST(Dhcp6Choice, AHintIsALengthOrAPrefixAndHasNoLifetimes) {
  Dhcp6Peer peer(dhcp6_settings({{IaType::Pd, 4, *parse_prefix("::/60")}, {IaType::Pd, 5, *parse_prefix(kPrefix)}}));
  peer.start();
  const auto named = peer.named();
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0], delegation("::/60", 0, 0, 0, 0, 4));
  EXPECT_EQ(named[1], delegation(kPrefix, 0, 0, 0, 0, 5));
}

TEST(Dhcp6Choice, OnAMultiAccessLinkTheFirstSolicitWaitsAndTheBestOfferIsTaken) {
  Dhcp6Peer peer(multi_access());
  peer.start();
  EXPECT_TRUE(peer.sent.empty());
  peer.wait(seconds(1));
  ASSERT_EQ(peer.sent.size(), 1U);
  const Instant sent_at = peer.sent[0].when;
  peer.now = sent_at;
  const ByteVec first = peer.server;
  peer.advertise({delegation(kPrefix)}, {{OptionCode::Preference, {std::byte{7}}}});
  peer.server.back() = std::byte{2};
  peer.advertise({delegation("2001:db8:2::/56")}, {{OptionCode::Preference, {std::byte{9}}}});
  const ByteVec best = peer.server;
  peer.server.back() = std::byte{3};
  peer.advertise({delegation("2001:db8:3::/56")});
  peer.wait(seconds(1));
  EXPECT_EQ(peer.sent.size(), 1U);  // not before the first timeout, which is above one second
  peer.wait(milliseconds(100));
  ASSERT_EQ(peer.sent.size(), 2U);
  EXPECT_EQ(peer.last_type(), MessageType::Request);
  EXPECT_EQ(find_option(peer.last().options, OptionCode::ServerId)->value, best);
  EXPECT_NE(best, first);
}

TEST(Dhcp6Choice, OnAMultiAccessLinkPreference255EndsTheWait) {
  Dhcp6Peer peer(multi_access());
  peer.start();
  peer.wait(seconds(1));
  peer.advertise({delegation(kPrefix)}, {{OptionCode::Preference, {std::byte{255}}}});
  EXPECT_EQ(peer.last_type(), MessageType::Request);
}

TEST(Dhcp6Choice, OnAMultiAccessLinkAnAdvertiseAfterTheFirstTimeoutIsTakenAtOnce) {
  Dhcp6Peer peer(multi_access());
  peer.start();
  peer.wait(seconds(3));
  ASSERT_GE(peer.sent.size(), 2U);
  peer.advertise({delegation(kPrefix)});
  EXPECT_EQ(peer.last_type(), MessageType::Request);
}

TEST(Dhcp6Choice, ANoAddrsAvailForTheAddressDoesNotDiscardThePrefix) {
  const std::vector<Wanted> wanted = {{IaType::Na, 1, {}}, {IaType::Pd, 0, {}}};
  for (const bool at_the_top : {false, true}) {
    Dhcp6Peer peer(dhcp6_settings(wanted));
    peer.start();
    wire::dhcp6::Options top;
    if (at_the_top) top.push_back(status_option({StatusCode::NoAddrsAvail, "none"}));
    peer.advertise({refused(StatusCode::NoAddrsAvail, IaType::Na, 1), delegation(kPrefix)}, top);
    EXPECT_EQ(peer.last_type(), MessageType::Request);
    EXPECT_EQ(peer.named().size(), 2U);
    peer.reply({refused(StatusCode::NoAddrsAvail, IaType::Na, 1), delegation(kPrefix)}, top);
    EXPECT_EQ(peer.client.state(), State::Bound);
    EXPECT_EQ(peer.all<Leased>().at(0).held.leases.size(), 1U);
  }
}

TEST(Dhcp6Choice, OfSeveralIasThoseThatWereAskedForAreTaken) {
  Dhcp6Peer peer(dhcp6_settings({{IaType::Pd, 1, {}}, {IaType::Pd, 2, {}}}));
  const std::vector<Ia> ias = {delegation("2001:db8:100::/56", 100, 200, 0, 0, 1),
                               delegation("2001:db8:200::/56", 100, 200, 0, 0, 2),
                               delegation("2001:db8:300::/56", 100, 200, 0, 0, 3)};
  peer.bind(ias);
  const auto leases = peer.all<Leased>().at(0).held.leases;
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_EQ(leases[0].iaid, 1U);
  EXPECT_EQ(to_text(leases[0].prefix), "2001:db8:100::/56");
  EXPECT_EQ(leases[1].iaid, 2U);
}

}  // namespace
}  // namespace michi::engine::dhcp6

#include <gtest/gtest.h>

#include "engine/dhcp6/client.hpp"
#include "kit/dhcp6_peer.hpp"

namespace michi::engine::dhcp6 {
namespace {

using kit::dhcp6_settings;
using kit::Dhcp6Peer;
using wire::dhcp6::find_option;
using wire::dhcp6::MessageType;
using wire::dhcp6::OptionCode;
using wire::dhcp6::u32_option;

const wire::dhcp6::Option kDns{OptionCode::DnsServers, copy_of(parse_ipv6("2404:1a8:7f01:a::3")->bytes())};

TEST(Dhcp6Stateless, AnInformationRequestBringsInformationAndNoLease) {
  Dhcp6Peer peer(dhcp6_settings({}));
  peer.start();
  ASSERT_EQ(peer.sent.size(), 1U);
  EXPECT_EQ(peer.last_type(), MessageType::InformationRequest);
  EXPECT_TRUE(peer.named().empty());
  EXPECT_NE(find_option(peer.last().options, OptionCode::ClientId), nullptr);
  // RFC 8415 §21.23 and §21.25: both are asked for
  const std::string asked = to_hex(find_option(peer.last().options, OptionCode::OptionRequest)->value);
  EXPECT_NE(asked.find("00200053"), std::string::npos) << asked;
  peer.reply({}, {kDns});
  EXPECT_EQ(peer.client.state(), State::Informed);
  ASSERT_EQ(peer.count<Informed>(), 1U);
  EXPECT_EQ(to_text(peer.all<Informed>()[0].info.dns.at(0)), "2404:1a8:7f01:a::3");
  EXPECT_EQ(peer.all<Informed>()[0].server_address, kit::kDhcp6Server);
  EXPECT_FALSE(peer.client.held(peer.now));
}

TEST(Dhcp6Stateless, ItIsRefreshedAfterTheTimeTheServerNames) {
  struct Case {
    wire::dhcp6::Options more;
    Duration refresh;
  };
  const Case cases[] = {{{kDns}, seconds(86400)},
                        {{kDns, u32_option(OptionCode::InformationRefreshTime, 3600)}, seconds(3600)},
                        {{kDns, u32_option(OptionCode::InformationRefreshTime, 10)}, seconds(600)}};
  for (const Case& one : cases) {
    Dhcp6Peer peer(dhcp6_settings({}));
    peer.start();
    peer.reply({}, one.more);
    peer.wait(one.refresh - milliseconds(1));
    EXPECT_EQ(peer.sent.size(), 1U);
    peer.wait(seconds(1) + milliseconds(1));  // a random delay of up to a second
    ASSERT_EQ(peer.sent.size(), 2U);
    EXPECT_EQ(peer.last_type(), MessageType::InformationRequest);
    peer.reply({}, {kDns});
    EXPECT_EQ(peer.count<Informed>(), 2U);
  }
}

TEST(Dhcp6Stateless, AnInfiniteRefreshTimeMeansNever) {
  Dhcp6Peer peer(dhcp6_settings({}));
  peer.start();
  peer.reply({}, {u32_option(OptionCode::InformationRefreshTime, wire::dhcp6::kInfinity)});
  EXPECT_FALSE(peer.client.next_deadline());
}

TEST(Dhcp6Stateless, SilenceIsReportedAndRequestsGoOn) {
  Dhcp6Peer peer(dhcp6_settings({}));
  peer.start();
  peer.wait(seconds(9));
  EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::NoServer);
  EXPECT_EQ(peer.all<Failed>().at(0).detail, "nobody answers Information-request");
  peer.wait(hours(24));
  EXPECT_EQ(peer.count<Failed>(), 1U);
  peer.reply({}, {kDns});
  EXPECT_EQ(peer.count<Informed>(), 1U);
}

TEST(Dhcp6Stateless, AComplaintIsReportedAndTheServersLimitHolds) {
  Dhcp6Peer peer(dhcp6_settings({}));
  peer.start();
  peer.reply({}, {wire::dhcp6::status_option({wire::dhcp6::StatusCode::UnspecFail, "no"}),
                  u32_option(OptionCode::InfMaxRt, 60)});
  EXPECT_EQ(peer.client.state(), State::Informing);
  EXPECT_EQ(peer.all<Failed>().at(0).cause, FailCause::ServerTrouble);
  peer.wait(hours(1));
  EXPECT_LE(peer.sent.back().when - peer.sent[peer.sent.size() - 2].when, seconds(66));
}

TEST(Dhcp6Stateless, OnAMultiAccessLinkTheFirstRequestWaits) {
  Settings settings = dhcp6_settings({});
  settings.link = LinkType::MultiAccess;
  Dhcp6Peer peer(settings);
  peer.start();
  EXPECT_TRUE(peer.sent.empty());
  peer.wait(seconds(1));
  EXPECT_EQ(peer.sent.size(), 1U);
}

TEST(Dhcp6Stateless, AnAdvertiseIsNoAnswer) {
  Dhcp6Peer peer(dhcp6_settings({}));
  peer.start();
  peer.advertise({});
  EXPECT_EQ(peer.client.state(), State::Informing);
  EXPECT_EQ(peer.client.counters().of(Drop::NotAsked), 1U);
}

TEST(Dhcp6Stateless, ANewLinkAsksAgain) {
  Dhcp6Peer peer(dhcp6_settings({}));
  peer.start();
  peer.reply({}, {kDns});
  peer.link_down();
  EXPECT_FALSE(peer.client.next_deadline());
  peer.link_up();
  EXPECT_EQ(peer.last_type(), MessageType::InformationRequest);
  EXPECT_EQ(peer.sent.size(), 2U);
}

}  // namespace
}  // namespace michi::engine::dhcp6

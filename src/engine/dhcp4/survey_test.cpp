#include "engine/dhcp4/survey.hpp"

#include <gtest/gtest.h>

#include "kit/dhcp4_server.hpp"
#include "wire/udp4.hpp"

namespace michi::engine::dhcp4 {
namespace {

using wire::dhcp4::MessageType;
using wire::dhcp4::OptionCode;

constexpr Mac kUs{{2, 0, 0, 0, 0, 1}};

struct Dhcp4Survey : testing::Test {
  Dhcp4Survey() { server.settings().options = {wire::dhcp4::address_option(OptionCode::Router, Ipv4{0xc00002fe})}; }
  ByteVec question() {
    auto packet = survey.poll();
    return packet ? std::move(*packet) : ByteVec{};
  }
  void carry(kit::Dhcp4Server& to) {
    if (const auto back = to.answer(asked, now)) survey.on_ip_frame(*back, to.settings().device);
  }
  void start() {
    survey.start(now);
    asked = question();
  }

  Survey survey{kUs, Random::seeded(1)};
  kit::Dhcp4Server server;
  Instant now{seconds(5)};
  ByteVec asked;
};

TEST_F(Dhcp4Survey, AsksEverybodyForAnOfferThatIsBroadcastAndSaysItIsNoHost) {
  start();
  const auto datagram = wire::udp4::parse_packet(asked);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->destination, Ipv4{0xffffffff});
  const auto message = wire::dhcp4::parse_message(datagram->payload);
  ASSERT_TRUE(message);
  EXPECT_EQ(wire::dhcp4::message_type(message->options), MessageType::Discover);
  EXPECT_EQ(message->flags, wire::dhcp4::kBroadcastFlag);
  EXPECT_TRUE(message->is_for(kUs));
  const auto* id = wire::dhcp4::find_option(message->options, OptionCode::ClientIdentifier);
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(id->value.front(), std::byte{0});
  EXPECT_NE(id->value, wire::dhcp4::client_identifier(kUs));
}

TEST_F(Dhcp4Survey, TellsWhoOffersWhatAndTakesNoLease) {
  start();
  carry(server);
  ASSERT_EQ(survey.servers().size(), 1U);
  const auto& found = survey.servers()[0];
  EXPECT_EQ(found.identifier, server.settings().identifier);
  EXPECT_EQ(found.mac, server.settings().device);
  EXPECT_EQ(found.offered, server.settings().first);
  EXPECT_EQ(found.router, Ipv4{0xc00002fe});
  EXPECT_FALSE(survey.poll()) << "nothing follows an offer";
  EXPECT_EQ(server.heard(MessageType::Request), 0U);
}

TEST_F(Dhcp4Survey, AsksASecondTimeAndCountsAServerOnce) {
  start();
  carry(server);
  ASSERT_TRUE(survey.next_deadline());
  now = *survey.next_deadline() - milliseconds(1);
  survey.on_deadline(now);
  EXPECT_FALSE(survey.poll());
  now += milliseconds(1);
  survey.on_deadline(now);
  asked = question();
  ASSERT_FALSE(asked.empty());
  carry(server);
  EXPECT_EQ(survey.servers().size(), 1U);
  EXPECT_FALSE(survey.next_deadline()) << "and never again";
}

TEST_F(Dhcp4Survey, TellsTwoServersOfOneAddressApart) {
  start();
  carry(server);
  kit::Dhcp4Server other;
  other.settings().device = Mac{{2, 0, 0, 0, 0, 9}};
  carry(other);
  EXPECT_EQ(survey.servers().size(), 2U);
}

TEST_F(Dhcp4Survey, IgnoresItsOwnFramesAnswersForOthersAndWhatIsNoOffer) {
  start();
  const auto offer = server.answer(asked, now);
  ASSERT_TRUE(offer);
  survey.on_ip_frame(*offer, kUs);
  survey.on_ip_frame(asked, server.settings().device);
  Survey another(kUs, Random::seeded(2));
  another.start(now);
  another.on_ip_frame(*offer, server.settings().device);
  EXPECT_TRUE(another.servers().empty()) << "another xid";
  server.twist = [](wire::dhcp4::Message& answer) {
    std::erase_if(answer.options, [](const auto& option) { return option.code == OptionCode::MessageType; });
    answer.options.push_back(wire::dhcp4::type_option(MessageType::Nak));
  };
  carry(server);
  survey.stop();
  survey.on_ip_frame(*offer, server.settings().device);
  EXPECT_TRUE(survey.servers().empty());
}

TEST_F(Dhcp4Survey, KeepsNoMoreThanAFew) {
  start();
  for (std::uint8_t i = 0; i < 50; ++i) {
    kit::Dhcp4Server one;
    one.settings().device = Mac{{2, 0, 0, 0, 1, i}};
    carry(one);
  }
  EXPECT_EQ(survey.servers().size(), Survey::kMost);
}

}  // namespace
}  // namespace michi::engine::dhcp4

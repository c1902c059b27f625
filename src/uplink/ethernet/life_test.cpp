// The life of an uplink that is an interface itself, told by hand; its conversations have stories of their own.
#include "uplink/ethernet/life.hpp"

#include <gtest/gtest.h>

#include <set>

#include "kit/configs.hpp"

namespace michi::uplink::ethernet {
namespace {

using model::Reason;
using model::UplinkState;

const InterfaceFacts kWire{.carrier = true, .mtu = 1500, .mac = Mac{{2, 0, 0, 0, 0, 1}}};

model::UplinkConfig fixed() {
  model::UplinkConfig config;
  config.id.name = "fix";
  config.kind = model::StaticConfig{};
  config.over = model::OnLine{"wan0"};
  config.mtu = 1500;
  kit::fixed(config).address = *parse_prefix("203.0.113.2/29");
  kit::fixed(config).gateway = *parse_ipv4("203.0.113.1");
  return config;
}

struct Static : testing::Test {
  Life life{{.config = fixed(), .random = Random::seeded(1)}};
  Instant now{seconds(10)};
  std::vector<std::string> said() {
    std::vector<std::string> out;
    while (auto output = life.poll())
      if (const auto* event = std::get_if<model::Event>(&*output)) out.push_back(event->code);
    return out;
  }
};

TEST_F(Static, WaitsForItsInterfaceAndIsUpWithTheCarrier) {
  life.start(now);
  EXPECT_EQ(life.facts().reason, Reason::NoInterface);
  life.on_interface(InterfaceFacts{.carrier = false, .mtu = 1500, .mac = kWire.mac}, now);
  EXPECT_EQ(life.facts().reason, Reason::NoCarrier);
  EXPECT_EQ(life.waiting_for(), std::vector<std::string>{"carrier on wan0"});
  life.on_interface(kWire, now);
  EXPECT_EQ(life.facts().state, UplinkState::Up);
  EXPECT_TRUE(life.facts().attached);
  EXPECT_EQ(life.facts().v4->gateway, parse_ipv4("203.0.113.1"));
  EXPECT_FALSE(life.next_deadline());
}

TEST_F(Static, TheSmallestMtuCounts) {
  life.start(now);
  life.on_interface(InterfaceFacts{.carrier = true, .mtu = 1400, .mac = kWire.mac}, now);
  EXPECT_EQ(life.facts().mtu, 1400);
  auto config = fixed();
  config.mtu = 1300;
  EXPECT_EQ(life.configure(config, std::nullopt, now), Applied::InPlace);
  EXPECT_EQ(life.facts().mtu, 1300);
}

TEST_F(Static, IsHeldWhileAnotherUplinkHasItsAddress) {
  life.on_interface(kWire, now);
  life.start(now);
  life.on_duplicate_address(true, now);
  EXPECT_EQ(life.phase(), "Held");
  EXPECT_FALSE(life.facts().attached);
  EXPECT_TRUE(life.facts().v4);
  EXPECT_EQ(life.facts().reason, Reason::DuplicateAddress);
  life.on_duplicate_address(false, now);
  EXPECT_TRUE(life.facts().usable(Family::V4));
  EXPECT_EQ(life.facts().reason, Reason::None);
}

TEST_F(Static, OutlivesItsCarrierForTwoSeconds) {
  life.on_interface(kWire, now);
  life.start(now);
  life.on_interface(InterfaceFacts{.carrier = false, .mtu = 1500, .mac = kWire.mac}, now);
  EXPECT_EQ(life.phase(), "LinkHold");
  ASSERT_EQ(life.next_deadline(), now + seconds(2));
  life.on_deadline(now + seconds(2) - milliseconds(1));
  EXPECT_TRUE(life.facts().v4);
  life.on_deadline(now + seconds(2));
  EXPECT_EQ(life.phase(), "WaitInterface");
  EXPECT_FALSE(life.facts().v4);
  EXPECT_FALSE(life.facts().attached);
}

TEST_F(Static, AnInterfaceThatVanishesEndsItAtOnceAndAnotherAddressBeginsAnew) {
  life.on_interface(kWire, now);
  life.start(now);
  std::ignore = said();
  life.on_interface(std::nullopt, now);
  EXPECT_EQ(said(), std::vector<std::string>{"uplink.lost"});
  life.on_interface(kWire, now);
  EXPECT_EQ(life.facts().state, UplinkState::Up);
  std::ignore = said();
  life.on_interface(InterfaceFacts{.carrier = true, .mtu = 1500, .mac = Mac{{2, 0, 0, 0, 0, 9}}}, now);
  EXPECT_EQ(life.facts().state, UplinkState::Up);
  EXPECT_EQ(said(), (std::vector<std::string>{"uplink.lost", "uplink.phase", "uplink.up"}));
}

TEST_F(Static, StopsAtOnce) {
  life.on_interface(kWire, now);
  life.start(now);
  life.stop(now);
  EXPECT_TRUE(life.settled_down());
  EXPECT_FALSE(life.facts().attached);
  EXPECT_FALSE(life.next_deadline());
}

TEST(LineDevice, AnotherAddressOfTheDeviceIsSpokenFromAtOnce) {
  model::UplinkConfig config;
  config.id.name = "line";
  config.kind = model::IpoeConfig{};
  config.over = model::OnLine{"wan0"};
  config.ipv4 = false;
  Life life({.config = config, .random = Random::seeded(1)});
  Instant now{seconds(10)};
  const Ipv6 first = *parse_ipv6("fe80::1"), second = *parse_ipv6("fe80::2");
  std::set<Ipv6> sources;
  const auto listen = [&](Duration how_long) {
    for (const Instant end = now + how_long; now < end; now += milliseconds(50)) {
      life.on_deadline(now);
      while (auto output = life.poll())
        if (const auto* sent = std::get_if<Datagram>(&*output))
          sources.insert(sent->source);
        else if (const auto* wanted = std::get_if<ChannelsWanted>(&*output))
          for (const ChannelWant& one : wanted->channels) life.on_channel(one.kind, {ChannelState::What::Open}, now);
    }
  };
  life.on_interface(kWire, now);
  life.on_device(DeviceFacts{{first}}, now);
  life.start(now);
  listen(seconds(3));
  EXPECT_EQ(sources, std::set{first});
  sources.clear();
  life.on_device(DeviceFacts{{second}}, now);
  listen(seconds(3));
  EXPECT_EQ(sources, std::set{second});
}

}  // namespace
}  // namespace michi::uplink::ethernet

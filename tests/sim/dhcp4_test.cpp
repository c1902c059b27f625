// DHCPv4 on wires that lose, double and turn frames round; servers that restart, refuse or stay away;
// a month of renewals. What holds at every step stands in kit/dhcp4_node.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "kit/dhcp4_node.hpp"
#include "kit/dhcp4_server.hpp"

namespace michi::kit {
namespace {

using engine::dhcp4::FailCause;
using engine::dhcp4::Held;
using engine::dhcp4::State;
using wire::dhcp4::MessageType;

engine::dhcp4::Settings plain_client(std::uint8_t last_octet = 1) {
  engine::dhcp4::Settings out;
  out.local = Mac{{2, 0, 0, 0, 0, last_octet}};
  out.client_identifier = wire::dhcp4::client_identifier(out.local);
  return out;
}

Weather bad_weather() {
  Weather out;
  out.delay = milliseconds(5);
  out.jitter = milliseconds(40);
  out.loss = 200;
  out.duplicate = 100;
  out.reorder = 100;
  out.hold_back = milliseconds(200);
  return out;
}

struct Access {
  explicit Access(std::uint64_t seed = 1, Weather weather = {}, engine::dhcp4::Settings settings = plain_client())
      : world(seed), wire(world, weather), server(world, wire), client(world, wire, std::move(settings)) {}

  ~Access() {
    EXPECT_TRUE(world.trouble().empty()) << world.trouble();
    EXPECT_TRUE(client.broken_laws.empty()) << client.broken_laws.front() << ", seed " << world.seed();
    EXPECT_TRUE(server.complaints().empty()) << server.complaints().front() << ", seed " << world.seed();
  }
  bool bound(Duration limit) {
    return world.run_until([&] { return client->state() == State::Bound; }, limit);
  }

  World world;
  Wire wire;
  Dhcp4Server server;
  Dhcp4Node client;
};

TEST(Dhcp4Story, AQuietWireCarriesALeaseInLessThanASecond) {
  Access a;
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(seconds(1)));
  EXPECT_EQ(a.client.address, (Ipv4{0xc0000264}));
  EXPECT_EQ(a.client.frames, 6U) << "DISCOVER, REQUEST, three probes, an announcement";
}

TEST(Dhcp4Story, ABadWireDelaysALeaseAndNothingElse) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Access a(seed, bad_weather());
    a.client->start(a.world.now());
    ASSERT_TRUE(a.bound(minutes(3))) << "seed " << seed;
    a.world.run(hours(2));
    EXPECT_TRUE(a.client.address) << "seed " << seed;
    EXPECT_EQ(a.server.leases().size(), 1U);
  }
}

TEST(Dhcp4Story, AMonthOfRenewalsKeepsOneAddress) {
  Access a;
  a.server.settings().lease = 4 * 3600;
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(seconds(1)));
  a.world.run(hours(24 * 30));
  EXPECT_EQ(a.client.leased, 1U);
  EXPECT_EQ(a.client.expired, 0U);
  EXPECT_GE(a.client.renewed, 360U);
  EXPECT_LE(a.client.renewed, 370U);
  EXPECT_EQ(a.client.frames, 6U + a.client.renewed) << "one REQUEST for each";
  EXPECT_TRUE(a.client.failures.empty());
}

TEST(Dhcp4Story, AMonthOnABadWireLosesNoLease) {
  Access a(7, bad_weather());
  a.server.settings().lease = 24 * 3600;
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(minutes(3)));
  a.world.run(hours(24 * 30));
  EXPECT_EQ(a.client.expired, 0U);
  EXPECT_EQ(a.client.leased, 1U);
  EXPECT_GE(a.client.renewed, 40U);
}

TEST(Dhcp4Story, AServerThatRestartsWithoutItsMemoryGivesAnAddressAgain) {
  Access a;
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(seconds(1)));
  a.server.forget();
  a.world.run(seconds(1810));
  EXPECT_EQ(a.client.expired, 1U);
  EXPECT_EQ(a.client.leased, 2U);
  EXPECT_EQ(a.client.failures.at(0).second.cause, FailCause::Refused);
}

TEST(Dhcp4Story, AnOutageShorterThanTheLeaseIsNotNoticed) {
  Access a;
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(seconds(1)));
  a.world.run(seconds(1700));
  a.server.alive = false;
  a.world.run(seconds(1500));
  EXPECT_EQ(a.client->state(), State::Rebinding);
  a.server.alive = true;
  a.world.run(seconds(300));
  EXPECT_EQ(a.client->state(), State::Bound);
  EXPECT_EQ(a.client.expired, 0U);
}

TEST(Dhcp4Story, AnOutageLongerThanTheLeaseEndsItAndTheNextOneComesByItself) {
  Access a;
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(seconds(1)));
  a.server.alive = false;
  a.world.run(hours(12));
  EXPECT_FALSE(a.client.address);
  EXPECT_EQ(a.client.expired, 1U);
  EXPECT_GE(a.client.failures.size(), 10U);
  a.server.alive = true;
  EXPECT_TRUE(a.bound(minutes(3)));
  EXPECT_EQ(a.client.leased, 2U);
}

TEST(Dhcp4Story, NakStormsInEveryStateAreSurvivedAndBounded) {
  for (const unsigned minutes_to_storm : {0U, 10U, 29U, 35U, 54U}) {
    Access a(minutes_to_storm + 1, bad_weather());
    a.client->start(a.world.now());
    a.world.run(minutes(minutes_to_storm));
    a.server.refuses = true;
    const unsigned before = a.client.frames;
    a.world.run(hours(2));
    EXPECT_FALSE(a.client.address);
    EXPECT_LT(a.client.frames - before, 700U);
    a.server.refuses = false;
    EXPECT_TRUE(a.bound(minutes(5))) << minutes_to_storm;
  }
}

TEST(Dhcp4Story, AddressesInUseAreDeclinedUntilAFreeOneIsFound) {
  Access a;
  for (const std::uint32_t value : {0xc0000264U, 0xc0000265U, 0xc0000266U}) a.server.used_by_others.insert(Ipv4{value});
  a.client->start(a.world.now());
  ASSERT_TRUE(a.bound(minutes(3)));
  EXPECT_EQ(a.client.address, (Ipv4{0xc0000267}));
  EXPECT_EQ(a.client.failures.size(), 3U);
  EXPECT_EQ(a.server.heard(MessageType::Decline), 3U);
  EXPECT_EQ(a.client.expired, 0U);
}

TEST(Dhcp4Story, OfTwoServersTheOneThatKeepsItsWordIsFound) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Access a(seed);
    Dhcp4Settings settings;
    settings.device = Mac{{0x02, 0xd4, 0, 0, 0, 2}};
    settings.identifier = Ipv4{0xc0000202};
    settings.first = Ipv4{0xc00002c8};
    Dhcp4Server honest(a.world, a.wire, settings);
    a.server.acknowledges = false;
    a.client->start(a.world.now());
    ASSERT_TRUE(a.bound(minutes(2)));
    EXPECT_EQ(a.client->lease()->server, settings.identifier);
    EXPECT_EQ(a.client->servers().size(), 2U);
  }
}

TEST(Dhcp4Story, ManyClientsOnOneWireGetAddressesOfTheirOwn) {
  Access a(3, bad_weather());
  std::vector<std::unique_ptr<Dhcp4Node>> others;
  for (std::uint8_t i = 2; i <= 20; ++i)
    others.push_back(std::make_unique<Dhcp4Node>(a.world, a.wire, plain_client(i)));
  a.client->start(a.world.now());
  for (auto& other : others) (*other)->start(a.world.now());
  a.world.run(minutes(10));
  std::set<Ipv4> addresses{*a.client.address};
  for (auto& other : others) {
    ASSERT_TRUE(other->address);
    addresses.insert(*other->address);
    EXPECT_TRUE(other->broken_laws.empty()) << other->broken_laws.front();
  }
  EXPECT_EQ(addresses.size(), 20U);
}

/// Lives with everything at once: cables pulled, servers that come and go, operators who stop and start.
TEST(Dhcp4Story, RandomLivesNeverBreakALawAndEndWithALease) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Access a(seed, bad_weather());
    Random fate = a.world.random().fork();
    a.server.settings().lease = static_cast<std::uint32_t>(30 + fate.below(7200));
    std::optional<Held> held;
    for (unsigned deed = 0; deed < 60; ++deed) {
      switch (fate.below(9)) {
        case 0:
          a.client->start(a.world.now(), held);
          break;
        case 1:
          held = a.client->held();
          a.client->stop(fate.below(2) == 0 ? engine::dhcp4::Ending::Keep : engine::dhcp4::Ending::Release,
                         a.world.now());
          a.client.drain(a.world.now());
          a.client.address.reset();
          break;
        case 2:
          a.client->on_link_up(a.world.now());
          break;
        case 3:
          a.server.forget();
          break;
        case 4:
          a.server.alive = fate.below(3) != 0;
          break;
        case 5:
          a.server.refuses = fate.below(3) == 0;
          break;
        case 6:
          a.server.acknowledges = fate.below(3) != 0;
          break;
        case 7:
          a.client->on_conflict(a.world.now());
          break;
        default:
          break;
      }
      a.world.run(fate.between(milliseconds(1), minutes(20)));
    }
    a.server.alive = a.server.acknowledges = true;
    a.server.refuses = false;
    a.client->start(a.world.now());
    ASSERT_TRUE(a.world.run_until([&] { return a.client.address.has_value(); }, minutes(10))) << "seed " << seed;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace michi::kit

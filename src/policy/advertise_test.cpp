// What is said on the LANs, as uplinks come, go and get other prefixes.

#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;

model::AdvertisementWant on(const model::Desired& desired, std::string_view lan) {
  auto at = std::ranges::find(desired.advertisements, lan, &model::AdvertisementWant::lan);
  return at == desired.advertisements.end() ? model::AdvertisementWant{} : *at;
}

TEST(Advertise, NothingWhileIpv6IsNoneOfMichisBusiness) {
  House house;
  house.usual_lines().all_up();
  EXPECT_TRUE(house.derived().advertisements.empty());
}

TEST(Advertise, EveryPrefixOfTheLanWithTheEndsOfItsLease) {
  House house;
  house.usual_lines().dual_stack();
  const auto want = on(house.derived(), "home");
  EXPECT_EQ(want.device, "lan0");
  EXPECT_TRUE(want.default_router);
  EXPECT_EQ(want.mtu, 1454U);
  const auto half = house.now + hours(2), whole = house.now + hours(4);
  EXPECT_EQ(want.prefixes, (std::vector<model::AdvertisedPrefix>{{prefix("2001:db8:100:1::/64"), half, whole},
                                                                 {prefix("2001:db8:200:1::/64"), half, whole}}));
  EXPECT_EQ(want.dns, (std::vector{ipv6("2001:db8:100:1::1"), ipv6("2001:db8:200:1::1")}));
  EXPECT_EQ(want.domains, std::vector<std::string>{"home.example"});
  EXPECT_TRUE(want.other);
  EXPECT_EQ(on(house.derived(), "dmz").prefixes.size(), 1U) << "a LAN of isp";
}

TEST(Advertise, APrefixWhoseUplinkIsLostIsNotPreferredButValidToItsEnd) {
  House house;
  house.usual_lines().dual_stack().down("isp");
  const auto want = on(house.derived(), "home");
  EXPECT_EQ(want.prefixes.front(),
            (model::AdvertisedPrefix{prefix("2001:db8:100:1::/64"), Instant{}, house.now + hours(4)}));
  EXPECT_NE(want.prefixes.back().preferred_until, Instant{});
  EXPECT_TRUE(want.default_router);
  EXPECT_EQ(want.dns, std::vector{ipv6("2001:db8:200:1::1")});
  EXPECT_EQ(want.mtu, 1492U);
  EXPECT_FALSE(on(house.derived(), "dmz").default_router) << "it goes by isp only";
  house.down("lte");
  EXPECT_FALSE(on(house.derived(), "home").default_router);
}

TEST(Advertise, AnUnconfirmedPrefixIsNotPreferredThoughItsUplinkIsUp) {
  House house;
  house.usual_lines().dual_stack().down6("isp");
  house.delegate("isp", "2001:db8:101::/56");
  const auto want = on(house.derived(), "home");
  ASSERT_EQ(want.prefixes.size(), 3U);
  EXPECT_EQ(want.prefixes[0].prefix, prefix("2001:db8:101:1::/64"));
  EXPECT_NE(want.prefixes[0].preferred_until, Instant{});
  EXPECT_EQ(want.prefixes[1].prefix, prefix("2001:db8:100:1::/64"));
  EXPECT_EQ(want.prefixes[1].preferred_until, Instant{});
}

TEST(Advertise, AClosedNetworkMakesNoDefaultRouter) {
  House house;
  house.usual_lines().all_up();
  house.delegate("flets", "2001:db8:f00::/56");
  const auto want = on(house.derived(), "home");
  EXPECT_FALSE(want.default_router);
  EXPECT_EQ(want.prefixes.size(), 1U);
}

TEST(Advertise, TheHousesOwnPrefixStaysWhateverTheUplinksDo) {
  House house;
  house.config.lans.front().ula = model::UlaKind::Auto;
  house.usual_lines().all_up();
  house.ula = prefix("fd12:3456:789a::/48");
  const auto want = on(house.derived(), "home");
  EXPECT_EQ(want.prefixes, (std::vector<model::AdvertisedPrefix>{{prefix("fd12:3456:789a:1::/64")}}));
  EXPECT_EQ(want.routes, std::vector{prefix("fd12:3456:789a::/48")});
  EXPECT_EQ(want.dns, std::vector{ipv6("fd12:3456:789a:1::1")});
  EXPECT_FALSE(want.default_router);
  const auto desired = house.derived();
  EXPECT_TRUE(holds(desired.addresses, model::AddressEntry{"lan0", prefix("fd12:3456:789a:1::1/64"), false}));
  EXPECT_TRUE(std::ranges::any_of(desired.routes, [](const model::RouteEntry& route) {
    return route.table == 254 && route.to == prefix("fd12:3456:789a::/48");
  }));
}

TEST(Advertise, ALanThatAdvertisesNothingHasItsAddressesAllTheSame) {
  House house;
  house.config.lans.front().advertise = false;
  house.usual_lines().dual_stack();
  EXPECT_EQ(on(house.derived(), "home").lan, "");
  EXPECT_TRUE(holds(house.derived().addresses, model::AddressEntry{"lan0", prefix("2001:db8:100:1::1/64"), false}));
}

}  // namespace
}  // namespace michi::policy

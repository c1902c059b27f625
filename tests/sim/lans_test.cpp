// What hosts of a LAN hear of uplinks' prefixes: beginnings, ends, restarts, reboots, devices that go.
#include "sim/lan_rig.hpp"

namespace michi::sim {
namespace {

using namespace wire::icmp6;

constexpr auto kFirst = "2001:db8:1::/64", kSecond = "2001:db8:2::/64", kUla = "fd00:1::/64";

class LanStory : public LanRig {};

TEST_F(LanStory, APrefixIsSaidInTheTurnInWhichTheRoutersAddressStands) {
  decide();
  ASSERT_EQ(said.size(), 1u) << "the router, without the prefix";
  EXPECT_FALSE(told(kFirst));
  clock.time += milliseconds(200);
  put_address(kFirst);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said.back().at, clock.time);
  EXPECT_EQ(said.back().to, kAllNodes);
  EXPECT_EQ(told(kFirst)->preferred, Lifetime(2700));
  EXPECT_EQ(told(kFirst)->valid, Lifetime(5400));
  EXPECT_EQ(last().lifetime, 2700);
  EXPECT_EQ(count("lan.prefix-advertised"), 1u);
}

TEST_F(LanStory, LifetimesAreWhatIsLeftOfTheLease) {
  wish(kFirst).preferred_until = clock.time + seconds(600);
  wish(kFirst).valid_until = clock.time + seconds(1200);
  clock.time += seconds(100);
  begin();
  EXPECT_EQ(told(kFirst)->preferred, Lifetime(500));
  EXPECT_EQ(told(kFirst)->valid, Lifetime(1100));
}

TEST_F(LanStory, SaysWhatElseIsWantedAndTheLinkLocalAddressAsAServer) {
  want.other = true;
  want.mtu = 1454;
  want.dns = {Ipv6{}};
  want.domains = {"home.example"};
  want.routes = {net("fd00:1::/48")};
  begin();
  EXPECT_TRUE(last().other && !last().managed);
  EXPECT_EQ(kit::nd::all<Mtu>(last().options).at(0).value, 1454u);
  EXPECT_EQ(kit::nd::all<Rdnss>(last().options).at(0).servers, std::vector{kRouter});
  EXPECT_EQ(kit::nd::all<Dnssl>(last().options).at(0).domains, std::vector<std::string>{"home.example"});
  EXPECT_EQ(kit::nd::all<RouteInformation>(last().options).at(0).prefix, net("fd00:1::/48"));
}

TEST_F(LanStory, AnEndIsSaidInTheSameTurnAlthoughAnotherWordWentOutASecondAgo) {
  begin();
  clock.time += seconds(1);
  wish(kSecond);
  decide();
  put_address(kSecond);
  clock.time += seconds(1);
  const auto before = said.size();
  wish(kFirst).preferred_until = kGone;
  decide();
  ASSERT_EQ(said.size(), before + 1);
  EXPECT_EQ(said.back().at, clock.time);
  EXPECT_TRUE(is_deprecated(kFirst));
  EXPECT_EQ(told(kFirst)->valid, Lifetime(5400)) << "for the connections that are left";
  EXPECT_TRUE(is_preferred(kSecond));
  EXPECT_EQ(last().lifetime, 2700);
  EXPECT_EQ(count("lan.prefix-deprecated"), 1u);
  const Instant ended = clock.time;
  run(seconds(20));
  ASSERT_EQ(said.size(), before + 4) << "and three times more";
  for (auto i = before + 1; i < said.size(); ++i) EXPECT_GE(said[i].at - said[i - 1].at, seconds(3));
  EXPECT_LE(said.back().at, ended + seconds(12));
}

TEST_F(LanStory, WithoutAnUplinkItIsNoDefaultRouter) {
  begin();
  want.default_router = false;
  wish(kFirst).preferred_until = kGone;
  decide();
  EXPECT_EQ(last().lifetime, 0);
  EXPECT_TRUE(is_deprecated(kFirst));
  want.default_router = true;
  wish(kFirst).preferred_until = Instant::max();
  decide();
  EXPECT_EQ(last().lifetime, 2700);
  EXPECT_TRUE(is_preferred(kFirst)) << "its address never went";
}

TEST_F(LanStory, AnotherPrefixIsSaidFirstAndTheOldOneTakenBackForWhatIsLeft) {
  begin();
  clock.time += hours(1);
  want.prefixes.clear();
  wish(kSecond);
  decide();
  put_address(kSecond);
  EXPECT_TRUE(is_preferred(kSecond));
  EXPECT_TRUE(is_deprecated(kFirst));
  EXPECT_LE(told(kFirst)->valid, Lifetime(7200));
  run(hours(3));
  EXPECT_FALSE(told(kFirst));
}

TEST_F(LanStory, ARestartDoesNotDeprecateWhatIsBackWithinFiveSeconds) {
  begin();
  run(hours(1));
  said.clear();
  crash();
  want.default_router = false;
  wish(kFirst).preferred_until = kGone;
  decide();
  run(seconds(4));
  hear(RouterSolicitation{}, ip("fe80::99"), kAllRouters);
  EXPECT_TRUE(said.empty()) << "hosts go on as they were told";
  EXPECT_EQ(lans->snapshots(clock.time).at(0).state, "held");
  want.default_router = true;
  wish(kFirst).preferred_until = Instant::max();
  decide();
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(is_preferred(kFirst));
  run(minutes(1));
  EXPECT_FALSE(ever_deprecated(kFirst));
}

TEST_F(LanStory, ARestartWaitsForTheSlowerUplinkWithoutKeepingTheFasterOneBack) {
  wish(kSecond);
  begin();
  put_address(kSecond);
  said.clear();
  crash();
  wish(kSecond).preferred_until = kGone;
  decide();
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(is_preferred(kFirst));
  EXPECT_FALSE(told(kSecond)) << "not a word about it yet";
  run(seconds(4));
  wish(kSecond).preferred_until = Instant::max();
  decide();
  EXPECT_TRUE(is_preferred(kSecond));
  run(minutes(1));
  EXPECT_FALSE(ever_deprecated(kSecond));
}

TEST_F(LanStory, WhatIsNotBackAfterFiveSecondsIsDeprecated) {
  wish(kSecond);
  begin();
  put_address(kSecond);
  crash();
  said.clear();
  want.prefixes.pop_back();
  const Instant started = clock.time;
  decide();
  run(milliseconds(4999));
  EXPECT_FALSE(ever_deprecated(kSecond));
  run(milliseconds(2));
  EXPECT_TRUE(is_deprecated(kSecond));
  EXPECT_EQ(said.back().at, started + runtime::Lan::kReturn);
}

TEST_F(LanStory, NothingIsKeptBackWhereNothingWasSaidBefore) {
  want.default_router = false;
  want.prefixes.clear();
  decide();
  EXPECT_EQ(said.size(), 1u);
}

TEST_F(LanStory, ARebootWithoutAClockDeprecatesThePrefixOfBefore) {
  begin();
  run(minutes(1));
  said.clear();
  reboot(7);
  want.prefixes.clear();
  wish(kSecond);
  decide();
  put_address(kSecond);
  run(seconds(6));
  EXPECT_TRUE(is_preferred(kSecond));
  EXPECT_TRUE(is_deprecated(kFirst));
  EXPECT_EQ(told(kFirst)->valid, Lifetime(5395)) << "as it was last advertised, less the time it had to return";
}

TEST_F(LanStory, WhatHadEndedLongBeforeTheRebootIsNotSaidAgain) {
  begin();
  lans->end(runtime::Ending::Stop, clock.time);
  said.clear();
  reboot(clock.wall + 3 * 3600);
  want.prefixes.clear();
  decide();
  run(seconds(6));
  EXPECT_FALSE(told(kFirst));
}

TEST_F(LanStory, ADeviceThatWentAndCameBackIsToldAtOnce) {
  begin();
  drop_link("lan0");
  EXPECT_FALSE(datagrams.is_open("lan0", port::Speaker::NdRouter));
  EXPECT_EQ(lans->snapshots(clock.time).at(0).state, "waiting");
  said.clear();
  run(minutes(10));
  EXPECT_TRUE(said.empty());
  links["lan0"] = {};
  put_link("lan0");
  links["lan0"].up = false;
  see();
  EXPECT_TRUE(said.empty());
  links["lan0"].up = true;
  see();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_FALSE(told(kFirst)) << "its address is not there yet";
  put_address(kFirst);
  EXPECT_TRUE(is_preferred(kFirst));
  EXPECT_FALSE(ever_deprecated(kFirst));
}

TEST_F(LanStory, NothingIsSaidBeforeThereIsALinkLocalAddress) {
  addresses.clear();
  decide();
  put_address(kFirst);
  EXPECT_TRUE(said.empty());
  addresses.insert({.device = "lan0", .address = net("fe80::1/64")});
  see();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(is_preferred(kFirst));
}

TEST_F(LanStory, ASocketThatDoesNotOpenIsToldOnceAndTriedAgain) {
  datagrams.missing.insert("lan0");
  decide();
  run(seconds(20));
  EXPECT_EQ(count("lan.not-advertised"), 1u);
  datagrams.missing.clear();
  run(seconds(5));
  EXPECT_FALSE(said.empty());
}

TEST_F(LanStory, ALanThatLeavesTheFileIsToldThatNothingHoldsAndForgotten) {
  begin();
  EXPECT_TRUE(store.state.contains("lan.lan0"));
  decide(std::vector<model::AdvertisementWant>{});
  EXPECT_EQ(last().lifetime, 0);
  EXPECT_TRUE(is_deprecated(kFirst));
  EXPECT_FALSE(store.state.contains("lan.lan0"));
  EXPECT_FALSE(datagrams.is_open("lan0", port::Speaker::NdRouter));
  EXPECT_FALSE(lans->next_deadline());
}

TEST_F(LanStory, ALanThatLeftTheFileWhileNobodyRanIsToldSoToo) {
  begin();
  crash();
  said.clear();
  decide(std::vector<model::AdvertisementWant>{});
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(last().lifetime, 0);
  EXPECT_TRUE(is_deprecated(kFirst));
  EXPECT_FALSE(store.state.contains("lan.lan0"));
}

TEST_F(LanStory, AnOrderlyEndTakesTheDefaultRouteAndLeavesThePrefixes) {
  begin();
  said.clear();
  lans->end(runtime::Ending::Stop, clock.time);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(last().lifetime, 0);
  EXPECT_TRUE(is_preferred(kFirst));
  wish(kFirst).preferred_until = kGone;
  decide();
  run(minutes(20));
  EXPECT_EQ(said.size(), 1u) << "what the uplinks' end leads to is not said any more";
  EXPECT_FALSE(lans->next_deadline());
  boot();
  wish(kFirst).preferred_until = Instant::max();
  decide();
  EXPECT_TRUE(is_preferred(kFirst));
  EXPECT_FALSE(ever_deprecated(kFirst));
}

TEST_F(LanStory, AFlushTakesEverythingBackAlsoOfAnEarlierLife) {
  begin();
  crash();
  said.clear();
  lans->end(runtime::Ending::Flush, clock.time);
  EXPECT_TRUE(said.empty()) << "the kernel has not been seen yet";
  see();
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(is_deprecated(kFirst));
  EXPECT_EQ(last().lifetime, 0);
  EXPECT_TRUE(store.state.empty());
}

TEST_F(LanStory, AnotherRouterIsToldAndShown) {
  begin();
  RouterAdvertisement other;
  other.lifetime = 1800;
  other.managed = true;
  hear(other, ip("fe80::99"), kAllNodes);
  hear(other, ip("fe80::99"), kAllNodes);
  EXPECT_EQ(count("lan.foreign-router"), 1u);
  const auto shown = lans->snapshots(clock.time).at(0);
  ASSERT_EQ(shown.foreign_routers.size(), 1u);
  EXPECT_EQ(shown.foreign_routers[0].address, ip("fe80::99"));
  EXPECT_TRUE(shown.foreign_routers[0].is_default);
  EXPECT_EQ(shown.foreign_routers[0].conflicts, std::vector<std::string>{"managed flag"});
  run(minutes(31));
  EXPECT_TRUE(lans->snapshots(clock.time).at(0).foreign_routers.empty());
}

TEST_F(LanStory, AStoreThatCannotWriteStopsNothing) {
  store.full = true;
  begin();
  EXPECT_TRUE(is_preferred(kFirst));
  EXPECT_TRUE(store.state.empty());
  EXPECT_FALSE(store.done.empty());
}

TEST_F(LanStory, AFloodOfSolicitationsIsTakenInSlices) {
  begin();
  run(seconds(20));
  for (int i = 0; i < 1000; ++i)
    datagrams.arrive("lan0", port::Speaker::NdRouter,
                     {write_message(RouterSolicitation{}, ip("fe80::99"), kAllRouters), ip("fe80::99"), kAllRouters,
                      std::uint8_t{255}});
  wakes = 0;
  turn();
  EXPECT_EQ(lans->snapshots(clock.time).at(0).solicitations, 64u);
  EXPECT_EQ(wakes, 1u) << "asks for another turn";
}

TEST_F(LanStory, TheSecondLanOnAnInterfaceIsNotHeard) {
  auto other = want;
  other.lan = "guests";
  other.prefixes = {{.prefix = net(kSecond)}};
  decide({want, other});
  put_address(kFirst);
  put_address(kSecond);
  EXPECT_TRUE(is_preferred(kFirst));
  EXPECT_FALSE(told(kSecond));
}

TEST_F(LanStory, ShowsWhatIsSaidAndWhatWasTakenBack) {
  wish(kFirst).preferred_until = clock.time + seconds(600);
  wish(kFirst).valid_until = clock.time + seconds(1200);
  wish(kUla);
  begin();
  put_address(kUla);
  const auto shown = lans->snapshots(clock.time).at(0);
  EXPECT_EQ(shown.name, "home");
  EXPECT_EQ(shown.device, "lan0");
  EXPECT_EQ(shown.state, "advertising");
  EXPECT_TRUE(shown.default_router);
  ASSERT_EQ(shown.prefixes.size(), 2u);
  EXPECT_EQ(shown.prefixes[0].preferred, seconds(600));
  EXPECT_EQ(shown.prefixes[0].valid, seconds(1200));
  EXPECT_EQ(shown.prefixes[1].preferred, std::nullopt);
  EXPECT_EQ(shown.advertisements, said.size());
  want.prefixes.erase(want.prefixes.begin());
  decide();
  const auto later = lans->snapshots(clock.time).at(0);
  ASSERT_EQ(later.prefixes.size(), 2u);
  EXPECT_EQ(later.prefixes[1].prefix, net(kFirst));
  EXPECT_EQ(later.prefixes[1].preferred, Duration::zero());
}

}  // namespace
}  // namespace michi::sim

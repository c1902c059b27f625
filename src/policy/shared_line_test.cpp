// The /64 of the line itself, of which a LAN has a part by neighbour discovery proxy.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kit/typical_house.hpp"

namespace michi::policy {
namespace {

using namespace testing;
using Words = std::set<std::string>;

class SharedLine : public ::testing::Test {
 protected:
  SharedLine() {
    house.usual_lines().all_up();
    house.link("wan1", "veth");
    house.share("lte", "2001:db8:9:9::/64", "2001:db8:9:9::ff");
  }

  Words routes(std::string_view inside) const {
    Words found;
    for (const auto& route : house.derived().routes)
      if (route.table == kTableMain && route.to.family() == Family::V6 && prefix(inside).contains(route.to))
        found.insert(fmt::format("{} {} {}", to_text(route.to), route.metric,
                                 route.type == model::RouteType::Unicast ? route.device.str() : "unreachable"));
    return found;
  }
  Words elements(const std::string& set) const {
    const auto table = house.derived().firewall;
    const auto at = table.elements.find(set);
    return at == table.elements.end() ? Words{} : at->second;
  }
  const model::AdvertisementWant* said(std::string_view lan) {
    desired = house.derived();
    const auto at = std::ranges::find(desired.advertisements, lan, &model::AdvertisementWant::lan);
    return at == desired.advertisements.end() ? nullptr : &*at;
  }

  House house;
  model::Desired desired;
};

TEST_F(SharedLine, IsAdvertisedOnTheFirstLanWithItsLifetimesAndNobodyIsReachedWithoutTheRouter) {
  const auto* home = said("home");
  ASSERT_NE(home, nullptr);
  const auto half = house.now + hours(2), whole = house.now + hours(4);
  EXPECT_EQ(home->prefixes, (std::vector<model::AdvertisedPrefix>{{prefix("2001:db8:9:9::/64"), half, whole, false}}));
  EXPECT_TRUE(home->default_router);
  EXPECT_EQ(home->dns, std::vector{Ipv6{}}) << "the router's link-local address";
  EXPECT_TRUE(said("dmz")->prefixes.empty()) << "it belongs to another uplink";
  auto& cellar = house.config.lans.emplace_back();
  cellar.name = "cellar";
  cellar.interface = "lan2";
  cellar.subnet = 0;
  house.configure();
  EXPECT_EQ(said("cellar")->prefixes.size(), 1U) << "its number is the lowest";
  EXPECT_TRUE(said("home")->prefixes.empty());
  EXPECT_EQ(desired.proxies,
            (std::vector<model::ProxyWant>{{"lte", "wan1", prefix("2001:db8:9:9::/64"), "cellar", "lan2", true}}));
}

TEST_F(SharedLine, GivesTheRouterNoAddressOnTheLan) {
  for (const auto& entry : house.derived().addresses)
    EXPECT_FALSE(entry.device == "lan0" && entry.address.family() == Family::V6) << to_text(entry.address);
}

TEST_F(SharedLine, StaysOnTheWanAndEachHostThatHasShownItselfIsOnTheLan) {
  const Words line = {"2001:db8:9:9::/64 100 wan1", "2001:db8:9:9::/64 4096 unreachable"};
  EXPECT_EQ(routes("2001:db8:9:9::/64"), line);
  house.neighbours = {
      {ipv6("2001:db8:9:9::77"), "lan0"}, {ipv6("2001:db8:9:9::78"), "lan1"}, {ipv6("2001:db8:1::77"), "lan0"}};
  auto with_host = line;
  with_host.insert("2001:db8:9:9::77/128 100 lan0");
  EXPECT_EQ(routes("::/0"), with_host) << "of another LAN or another prefix there is none";
  house.down("lte");
  EXPECT_EQ(routes("::/0"), (Words{"2001:db8:9:9::77/128 100 lan0", "2001:db8:9:9::/64 4096 unreachable"}))
      << "flows that go another way now come back to it";
}

TEST_F(SharedLine, ItsHostsLeaveByItUntranslatedAndTheirAnswersAreHeldThere) {
  EXPECT_TRUE(elements("own6").contains("\"wan1\" . 2001:db8:9:9::/64"));
  EXPECT_TRUE(elements("policy-2-own").contains("2001:db8:9:9::/64 : goto flow-lte"));
  EXPECT_TRUE(elements("source6").contains("\"wan1\" : 2001:db8:9:9::ff")) << "others become the router";
  const auto answer = explain(house.inputs(), {.destination = ipv6("2001:db8:ffff::1"),
                                               .source = ipv6("2001:db8:9:9::77"),
                                               .arrives_on = "lan0",
                                               .protocol = model::Protocol::Tcp,
                                               .port = 443,
                                               .source_port = 4000});
  EXPECT_EQ(answer.uplink, "lte");
  EXPECT_EQ(answer.translated_source, "2001:db8:9:9::77");
  bool law6 = false;
  for (const auto& rule : house.derived().rules)
    law6 = law6 || (rule.priority == 20500 && rule.from == prefix("2001:db8:9:9::/64") && rule.mark == 0);
  EXPECT_TRUE(law6);
}

TEST_F(SharedLine, IsExplainedAsItIsRouted) {
  const auto to = [&](const char* address) {
    return explain(house.inputs(),
                   {.destination = ipv6(address), .source = ipv6("2001:db8:9:9::77"), .arrives_on = "lan0"});
  };
  house.neighbours = {{ipv6("2001:db8:9:9::78"), "lan0"}};
  EXPECT_EQ(to("2001:db8:9:9::78").device, "lan0");
  EXPECT_EQ(to("2001:db8:9:9::79").device, "wan1");
  house.down("lte");
  EXPECT_EQ(to("2001:db8:9:9::78").device, "lan0");
  EXPECT_EQ(to("2001:db8:9:9::79").verdict, Explanation::Verdict::Unreachable);
}

TEST_F(SharedLine, IsDeprecatedWhenTheLineIsLostAndNothingLeavesWithItsAddresses) {
  house.down("lte");
  EXPECT_EQ(
      said("home")->prefixes,
      (std::vector<model::AdvertisedPrefix>{{prefix("2001:db8:9:9::/64"), Instant{}, house.now + hours(4), false}}));
  EXPECT_EQ(elements("own6"), Words{});
  ASSERT_EQ(desired.proxies.size(), 1U);
  EXPECT_FALSE(desired.proxies[0].answers);
}

TEST_F(SharedLine, OfNobodysWishIsLeftToTheLine) {
  house.config.lans.front().advertise = false;
  house.config.lans.back().advertise = false;
  house.configure();
  EXPECT_EQ(routes("::/0"), Words{});
  EXPECT_TRUE(house.derived().proxies.empty());
  EXPECT_EQ(elements("own6"), Words{"\"wan1\" . 2001:db8:9:9::ff/128"});
}

TEST_F(SharedLine, ThatIsNotToBeSharedIsLeftToTheLine) {
  house.facts["lte"].prefixes.front().shared = false;
  house.tell();
  EXPECT_EQ(routes("::/0"), Words{});
  EXPECT_TRUE(house.derived().proxies.empty());
  EXPECT_TRUE(said("home")->prefixes.empty());
}

TEST_F(SharedLine, OfALanOfTheFileOrOfAnotherUplinkIsNotTaken) {
  house.config.lans.front().addresses.push_back(prefix("2001:db8:9:9::1/64"));
  house.configure();
  EXPECT_TRUE(house.derived().proxies.empty());
  house.config.lans.front().addresses.pop_back();
  house.configure();
  EXPECT_EQ(house.derived().proxies.size(), 1U);
  house.delegate("isp", "2001:db8:9::/48");
  EXPECT_TRUE(house.derived().proxies.empty());
  EXPECT_EQ(hold_prefixes(house.config, house.facts).refused,
            (std::vector{std::pair(model::UplinkId{"lte"}, prefix("2001:db8:9:9::/64"))}));
}

TEST_F(SharedLine, ThatIsNoSlash64IsNotTaken) {
  house.facts["lte"].prefixes.front().prefix = prefix("2001:db8:9::/56");
  house.tell();
  EXPECT_TRUE(house.derived().proxies.empty());
}

}  // namespace
}  // namespace michi::policy

// The whole daemon in virtual time: from the first dump to routes and rules, through crash, damage,
// reload and stop.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "kit/fake_isp.hpp"
#include "sim/core_rig.hpp"
#include "wire/icmp6.hpp"

namespace michi::sim {
namespace {

model::UplinkConfig uplink(std::string name) {
  model::UplinkConfig config;
  config.id.name = std::move(name);
  config.over = model::OnLine{"wan0"};
  kit::ppp(config).user = "user@isp";
  return config;
}

model::PolicyConfig everything(std::vector<model::UplinkId> use) {
  model::PolicyConfig policy;
  policy.label = "policy 1";
  policy.use = std::move(use);
  policy.otherwise = model::Otherwise::Unreachable;
  return policy;
}

class CoreStory : public ::testing::Test {
 protected:
  CoreStory() {
    machine.kernel.add_ethernet("wan0", 1);
    machine.kernel.add_ethernet("lan0", 2);
    config.uplinks = {uplink("biz"), uplink("isp")};
    config.lans = {{.name = "home",
                    .interface = "lan0",
                    .addresses = {*parse_prefix("192.168.10.1/24")},
                    .uplink = {},
                    .dhcp = {},
                    .domain = {}}};
    config.policies = {everything({{"isp"}, {"biz"}})};
    config.global.padi_burst = 0;
  }

  void TearDown() override {
    if (!HasFailure()) return;
    std::printf("at %lld ms, trouble: %s\n", static_cast<long long>(whole_milliseconds(world.now() - Instant{})),
                world.trouble().c_str());
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
    for (const auto& [name, facts] : node->facts())
      std::printf("uplink %s %s %s %s\n", name.c_str(), std::string(to_text(facts.state)).c_str(),
                  std::string(to_text(facts.reason)).c_str(), facts.detail.c_str());
    for (const auto& line : node->plan()) std::printf("plan %s\n", line.c_str());
    const auto& journal = machine.kernel.journal;
    for (std::size_t i = journal.size() > 20 ? journal.size() - 20 : 0; i < journal.size(); ++i)
      std::printf("kernel %s\n", journal[i].c_str());
  }

  void begin() {
    node->begin(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}, {"biz", Secret("secret")}});
  }
  bool all_up() { return node.up("isp") && node.up("biz"); }
  bool quiet() { return node->settled(); }
  const model::RouteEntry* default_route(std::uint32_t table) const {
    for (const auto& route : machine.kernel.routes)
      if (route.table == table && route.to == Prefix::everything(Family::V4) && route.type == model::RouteType::Unicast)
        return &route;
    return nullptr;
  }
  std::uint32_t table_of(const std::string& name) { return model::kTableBase + node->numbers().at(name); }

  kit::World world{1};
  kit::Wire wire{world, {}};
  kit::FakeIsp isp{world, wire};
  Machine machine;
  model::Config config;
  CoreNode node{world, {{"wan0", &wire}}, machine};
};

TEST_F(CoreStory, TwoSessionsComeUpAndTheKernelFollows) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  for (const auto* name : {"isp", "biz"}) {
    const auto* route = default_route(table_of(name));
    ASSERT_NE(route, nullptr) << name;
    EXPECT_EQ(route->device, name);
    EXPECT_TRUE(machine.kernel.sessions.contains(name));
    EXPECT_TRUE(machine.store.run.contains(std::string("session.") + name));
  }
  EXPECT_TRUE(machine.kernel.table.has_value());
  EXPECT_EQ(machine.files.sysctls["net/ipv4/ip_forward"], "1");
  EXPECT_TRUE(node->plan().empty());
}

TEST_F(CoreStory, WhatCarriesASessionIsWhatThePlaneSays) {
  begin();
  EXPECT_EQ(node->carried_by("isp"), "");
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  EXPECT_EQ(node->carried_by("isp"), "tun");
  node->down("isp");
  ASSERT_TRUE(world.run_until([&] { return !machine.kernel.sessions.contains("isp"); }, seconds(10)));
  EXPECT_EQ(node->carried_by("isp"), "");
  EXPECT_EQ(node->carried_by("biz"), "tun");
  EXPECT_EQ(node->carried_by("nobody"), "");
}

TEST_F(CoreStory, ASessionMovesToThePlaneTheFileNamesWithoutBeingDialledAgain) {
  machine.kernel.planes = {{"fast", false, true}, {"tun", true, true}};
  node.crash();  // planes are asked at start
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  EXPECT_EQ(node->carried_by("isp"), "fast");
  const auto session = node->facts().at("isp").session->session_id;
  config.uplinks[0].plane = config.uplinks[1].plane = model::PlaneKind::Tun;
  node->apply(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}, {"biz", Secret("secret")}});
  ASSERT_TRUE(world.run_until([&] { return node->carried_by("isp") == "tun"; }, seconds(10)));
  EXPECT_EQ(node->facts().at("isp").session->session_id, session);
  EXPECT_TRUE(node.up("isp"));
}

TEST_F(CoreStory, ARefusedPacketSocketIsTheReasonAndIsOpenedWithinFiveSecondsAfterwards) {
  node.refusals[port::FrameKind::Pppoe] = 1'000'000;
  begin();
  world.run(minutes(60));
  for (const char* name : {"isp", "biz"}) {
    EXPECT_EQ(facts_now(*node, name)->reason, model::Reason::SocketRefused);
    EXPECT_NE(facts_now(*node, name)->detail.find("open packet socket on wan0"), std::string::npos);
  }
  EXPECT_EQ(std::ranges::count(node.events(), "interface.unusable", &model::Event::code), 1);
  node.refusals.clear();
  EXPECT_TRUE(world.run_until([&] { return all_up(); }, seconds(6)));
}

TEST_F(CoreStory, APacketSocketRefusedInMidLifeEndsTheSessionsAndTheyComeBackOverTheNewDevice) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up(); }, seconds(10)));
  node.refusals[port::FrameKind::Pppoe] = 10;
  machine.kernel.remove_link("wan0");
  world.run(seconds(1));
  machine.kernel.add_ethernet("wan0", 1);
  world.run(seconds(20));
  EXPECT_EQ(facts_now(*node, "isp")->reason, model::Reason::SocketRefused);
  EXPECT_TRUE(world.run_until([&] { return all_up(); }, seconds(60)));
}

TEST_F(CoreStory, NobodyIsDialledBeforeTheKernelsObjectsStand) {
  std::optional<bool> stood;
  wire.filter = [&](const kit::Node*, Bytes) {
    if (!stood) stood = machine.kernel.links.contains("isp") && machine.kernel.table.has_value() && quiet();
    return true;
  };
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up(); }, seconds(10)));
  EXPECT_EQ(stood, true);
}

TEST_F(CoreStory, ObjectsTheKernelRefusesHoldTheFirstPadiBackForAQuarterOfASecond) {
  machine.kernel.refuse = [](const std::string& operation) { return operation.contains("isp") ? 1 : 0; };
  std::optional<Instant> first;
  wire.filter = [&](const kit::Node*, Bytes) {
    if (!first) first = world.now();
    return true;
  };
  const Instant begun = world.now();
  begin();
  ASSERT_TRUE(world.run_until([&] { return first.has_value(); }, seconds(10)));
  EXPECT_GE(*first - begun, milliseconds(250));
  EXPECT_LT(*first - begun, milliseconds(260));
}

TEST_F(CoreStory, NumbersOutliveACrashAndOrphansGetTheirPadt) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  const auto numbers = node->numbers();
  node.crash();
  machine.store.state.clear();  // even without the durable record: the rules tell
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  EXPECT_EQ(node->numbers(), numbers);
  EXPECT_EQ(isp.up_count(), 2u);
}

TEST_F(CoreStory, ForeignDamageIsRepairedAtOnce) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  const auto before = std::make_tuple(machine.kernel.routes, machine.kernel.rules, machine.kernel.addresses);
  machine.kernel.remove_route(*default_route(table_of("isp")));
  machine.kernel.remove_rule(*machine.kernel.rules.begin());
  machine.kernel.flush_ruleset("nft (pid 4711)");
  ASSERT_TRUE(world.run_until([&] { return quiet() && machine.kernel.table.has_value(); }, seconds(1)));
  EXPECT_EQ(std::make_tuple(machine.kernel.routes, machine.kernel.rules, machine.kernel.addresses), before);
}

TEST_F(CoreStory, APadtMovesFlowsAndTheUplinkComesBack) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  const auto mark = std::uint32_t{node->numbers().at("isp")} << model::kMarkShift;
  machine.kernel.flows[mark] = 3;
  ASSERT_EQ(node->selector().choices(Family::V4).at(0).usable.at(0).name, "isp");
  // The access concentrator ends it.
  const auto sid = node->facts().at("isp").session->session_id;
  isp->end_session(sid, engine::pppoe::EndBy::Padt, world.now());
  ASSERT_TRUE(world.run_until([&] { return !node.up("isp"); }, seconds(1)));
  ASSERT_TRUE(world.run_until([&] { return machine.kernel.flows[mark] == 0; }, milliseconds(100)));
  EXPECT_EQ(node->selector().choices(Family::V4).at(0).usable.at(0).name, "biz");
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(20)));
}

TEST_F(CoreStory, AReloadThatDropsAnUplinkLeavesNothingOfItAndTheOtherAlone) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  const auto biz = *node->facts().at("biz").session;
  const auto table = table_of("isp");
  auto less = config;
  less.uplinks = {uplink("biz")};
  less.policies = {everything({{"biz"}})};
  const auto changes = node->apply(std::make_shared<const model::Config>(less), {{"biz", Secret("secret")}});
  ASSERT_EQ(changes.size(), 1u);
  ASSERT_TRUE(world.run_until([&] { return quiet() && !machine.kernel.links.contains("isp"); }, seconds(10)));
  EXPECT_TRUE(std::ranges::none_of(machine.kernel.routes, [&](const auto& r) { return r.table == table; }));
  EXPECT_EQ(*node->facts().at("biz").session, biz);
  EXPECT_TRUE(world.run_until([&] { return isp.up_count() == 1; }, seconds(3)));
}

TEST_F(CoreStory, AnUplinkRemovedWhileTheLineIsAwayGetsItsPadtWhenItIsBack) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  const auto wan = machine.kernel.links.at("wan0");
  machine.kernel.remove_link("wan0");
  ASSERT_TRUE(world.run_until([&] { return !node.up("isp"); }, seconds(1)));
  world.run(seconds(5));
  auto less = config;
  less.uplinks = {uplink("biz")};
  less.policies = {everything({{"biz"}})};
  node->apply(std::make_shared<const model::Config>(less), {{"biz", Secret("secret")}});
  ASSERT_TRUE(world.run_until([&] { return !node->facts().contains("isp"); }, seconds(5)));
  EXPECT_EQ(isp.up_count(), 2u);
  machine.kernel.add_link(wan);
  ASSERT_TRUE(world.run_until([&] { return node.up("biz") && isp.up_count() == 1; }, seconds(20)));
  EXPECT_FALSE(machine.store.run.contains("session.isp"));
}

TEST_F(CoreStory, AnUnconfirmedReloadIsRolledBack) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  auto less = config;
  less.uplinks = {uplink("biz")};
  less.policies = {everything({{"biz"}})};
  node->apply(std::make_shared<const model::Config>(less), {{"biz", Secret("secret")}}, seconds(5));
  ASSERT_TRUE(world.run_until([&] { return !node->facts().contains("isp"); }, seconds(4)));
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(30)));
  EXPECT_TRUE(node.saw("reload.rolled-back"));
}

TEST_F(CoreStory, AFullDiskIsToldAndNothingStops) {
  machine.store.full = true;
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  EXPECT_TRUE(node.saw("store.write-failed"));
}

TEST_F(CoreStory, StopEndsTheSessionsAndLeavesDefaultDeny) {
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  node->stop();
  ASSERT_TRUE(world.run_until([&] { return node->stopped(); }, seconds(5)));
  EXPECT_TRUE(world.run_until([&] { return isp.up_count() == 0; }, seconds(1)));
  EXPECT_TRUE(machine.kernel.table.has_value());
  EXPECT_EQ(default_route(table_of("isp")), nullptr);
  EXPECT_FALSE(machine.store.run.contains("session.isp"));
}

TEST_F(CoreStory, FlushLeavesTheKernelAsItWasAlsoAfterACrash) {
  const auto links = machine.kernel.links.size();
  machine.files.sysctls["net/ipv4/fwmark_reflect"] = "0";
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  EXPECT_EQ(machine.files.sysctls["net/ipv4/fwmark_reflect"], "1");
  node.crash();
  begin();
  ASSERT_TRUE(world.run_until([&] { return all_up() && quiet(); }, seconds(10)));
  node->flush();
  ASSERT_TRUE(world.run_until([&] { return node->stopped(); }, seconds(5)));
  EXPECT_TRUE(machine.kernel.routes.empty());
  EXPECT_TRUE(machine.kernel.rules.empty());
  EXPECT_FALSE(machine.kernel.table.has_value());
  EXPECT_EQ(machine.kernel.links.size(), links);
  EXPECT_EQ(machine.files.sysctls["net/ipv4/fwmark_reflect"], "0");
  EXPECT_TRUE(machine.store.run.empty());
}

TEST_F(CoreStory, AFlushWithoutAFileTakesBackWhatAnEarlierLifeAdvertised) {
  machine.kernel.add_address({.device = "lan0", .address = *parse_prefix("fe80::2/64")});
  machine.store.state["lan.lan0"] = "2001:db8:1::/64=5400 LAR\n";
  node->begin(nullptr, {});
  node->flush();
  ASSERT_TRUE(world.run_until([&] { return node->stopped(); }, seconds(10)));
  ASSERT_FALSE(node.datagrams().sent.empty());
  const auto message = wire::icmp6::parse_message(node.datagrams().sent.back().bytes);
  ASSERT_TRUE(message);
  const auto& said = std::get<wire::icmp6::RouterAdvertisement>(*message);
  EXPECT_EQ(said.lifetime, 0);
  ASSERT_EQ(said.options.size(), 2u);
  const auto& prefix = std::get<wire::icmp6::PrefixInformation>(said.options[1]);
  EXPECT_EQ(prefix.prefix, *parse_prefix("2001:db8:1::/64"));
  EXPECT_EQ(prefix.preferred, wire::icmp6::Lifetime(0));
  EXPECT_GT(prefix.valid, wire::icmp6::Lifetime(5390));
  EXPECT_FALSE(machine.store.state.contains("lan.lan0"));
}

}  // namespace
}  // namespace michi::sim

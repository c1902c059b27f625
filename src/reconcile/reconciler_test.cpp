#include "reconcile/reconciler.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kit/desired.hpp"
#include "kit/reconcile_rig.hpp"

namespace michi::reconcile {
namespace {

using kit::address;
using kit::ReconcileRig;
using kit::route;
using kit::rule;
using Lines = std::vector<std::string>;

std::size_t place(const Lines& lines, std::string_view word) {
  const auto at = std::ranges::find_if(lines, [&](const auto& line) { return line.find(word) != std::string::npos; });
  EXPECT_NE(at, lines.end()) << word;
  return static_cast<std::size_t>(at - lines.begin());
}

bool mentions(const Lines& lines, std::string_view word) {
  return std::ranges::any_of(lines, [&](const auto& line) { return line.find(word) != std::string::npos; });
}

model::Link ethernet(const std::string& name, bool up, std::uint32_t mtu) {
  model::Link link;
  link.name = name;
  link.up = link.carrier = up;
  link.mtu = mtu;
  return link;
}

TEST(Reconciler, BuildsEverythingInTheOrderOfDependencies) {
  ReconcileRig rig;
  rig.want(kit::one_uplink("isp", 1));
  EXPECT_TRUE(rig.reconciler->settled()) << fmt::format("{}", fmt::join(rig.reconciler->plan(), "\n"));
  EXPECT_EQ(rig.settled, 1u);
  const Lines& done = rig.kernel.journal;
  const std::vector<std::string_view> order = {"ensure device",       "set link isp up", "attach isp", "add address",
                                               "table 20001 dev isp", "add rule",        "ip_forward"};
  for (std::size_t i = 1; i < order.size(); ++i) {
    EXPECT_LT(place(done, order[i - 1]), place(done, order[i])) << order[i];
  }
  EXPECT_LT(place(done, "commit"), place(done, "ip_forward"));
  EXPECT_EQ(rig.kernel.sessions.size(), 1u);
  EXPECT_EQ(rig.kernel.routes.size(), 2u);
  EXPECT_TRUE(rig.reconciler->plan().empty());
}

TEST(Reconciler, RemovesInReverseAfterTheAdditions) {
  ReconcileRig rig;
  rig.want(kit::one_uplink("isp", 1));
  const auto mark = rig.kernel.journal.size();
  rig.want(kit::one_uplink("lte", 2));
  const Lines done = rig.journal_since(mark);
  EXPECT_LT(place(done, "add rule"), place(done, "delete rule"));
  EXPECT_LT(place(done, "delete rule"), place(done, "delete route"));
  EXPECT_LT(place(done, "delete route"), place(done, "detach isp"));
  EXPECT_LT(place(done, "detach isp"), place(done, "remove device isp"));
  EXPECT_TRUE(rig.reconciler->settled());
  EXPECT_FALSE(rig.kernel.links.contains("isp"));
}

TEST(Reconciler, RemovesNothingWhileAnAdditionIsUnderWay) {
  ReconcileRig rig;
  rig.want(kit::one_uplink("isp", 1));
  auto next = kit::one_uplink("isp", 1);
  next.rules.back().table = 20002;  // another rule, and the old one is not wanted
  rig.reconciler->on_desired(next, rig.now);
  std::vector<Do> tasks;
  while (auto output = rig.reconciler->poll()) {
    if (auto* task = std::get_if<Do>(&*output)) tasks.push_back(*task);
  }
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_TRUE(model::operation_if<model::AddRule>(tasks[0].operation));
  rig.reconciler->on_done(tasks[0].ticket, std::nullopt, rig.now);
  const auto after = rig.reconciler->poll();
  ASSERT_TRUE(after);
  EXPECT_TRUE(model::operation_if<model::DeleteRule>(std::get<Do>(*after).operation));
}

TEST(Reconciler, AdoptsWhatAnEarlierRunLeftAndTouchesNothingElse) {
  ReconcileRig first;
  first.want(kit::one_uplink("isp", 1));
  ASSERT_FALSE(first.memories.empty());

  ReconcileRig second({first.memories.back()});
  second.kernel.links = first.kernel.links;
  second.kernel.addresses = first.kernel.addresses;
  second.kernel.routes = first.kernel.routes;
  second.kernel.rules = first.kernel.rules;
  second.kernel.table = first.kernel.table;
  second.kernel.add_rule(rule(20008, 20009));  // michi's, not wanted any more
  while (second.kernel.net().poll()) {
  }
  while (second.kernel.firewall().poll()) {
  }
  second.kernel.overrun();
  second.kernel.firewall().refresh();
  second.want(kit::one_uplink("isp", 1));
  EXPECT_TRUE(second.reconciler->settled());
  EXPECT_FALSE(mentions(second.kernel.journal, "commit"));
  EXPECT_FALSE(mentions(second.kernel.journal, "add r"));
  EXPECT_FALSE(mentions(second.kernel.journal, "delete route"));
  EXPECT_TRUE(mentions(second.kernel.journal, "attach isp"));
  EXPECT_TRUE(mentions(second.kernel.journal, "delete rule inet priority 20008 lookup 20009"));
}

TEST(Reconciler, ReplacesTheTableOfAnEarlierRunThatSomebodyChanged) {
  ReconcileRig first;
  first.want(kit::one_uplink("isp", 1));
  ReconcileRig second({first.memories.back()});
  while (second.kernel.firewall().poll()) {
  }
  second.kernel.table = first.kernel.table;
  second.kernel.table->structure += "chain evil { }\n";
  second.kernel.firewall().refresh();
  second.want(kit::one_uplink("isp", 1));
  EXPECT_EQ(second.kernel.table->structure, first.kernel.table->structure);
}

TEST(Reconciler, ADifferentRouteIsReplacedAndNeverDeletedFirst) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  const auto mark = rig.kernel.journal.size();
  for (auto& each : want.routes) {
    if (each.type == model::RouteType::Unicast) each.mtu = 1400;
  }
  rig.want(want);
  const Lines done = rig.journal_since(mark);
  EXPECT_EQ(done.size(), 1u);
  EXPECT_TRUE(mentions(done, "add route 0.0.0.0/0 table 20001 dev isp src 192.0.2.1 mtu 1400"));
}

TEST(Reconciler, ForeignObjectsAreNeverTouched) {
  ReconcileRig rig;
  rig.kernel.add_link(ethernet("eth0", true, 1500));
  rig.kernel.add_address(address("eth0", "198.51.100.7/24"));
  auto theirs = route(20001, "10.0.0.0/8", "eth0");
  theirs.protocol = 4;
  rig.kernel.add_route(theirs);
  auto their_rule = rule(20500, 254);
  their_rule.protocol = 0;
  rig.kernel.add_rule(their_rule);
  rig.want(kit::one_uplink("isp", 1));
  EXPECT_TRUE(rig.reconciler->settled());
  const auto mark = rig.kernel.journal.size();
  rig.want(Reconciler::nothing());
  EXPECT_TRUE(rig.reconciler->settled());
  EXPECT_TRUE(rig.kernel.links.contains("eth0"));
  EXPECT_EQ(rig.kernel.addresses.size(), 1u);
  EXPECT_EQ(rig.kernel.routes, std::set<model::RouteEntry>{theirs});
  EXPECT_EQ(rig.kernel.rules, std::multiset<model::RuleEntry>{their_rule});
  EXPECT_FALSE(rig.kernel.table);
  const Lines done = rig.journal_since(mark);
  EXPECT_LT(place(done, "remove device isp"), place(done, "commit"));  // deny until the end
}

TEST(Reconciler, AForeignDeviceOfTheWantedNameIsLeftAloneAndToldOnce) {
  ReconcileRig rig;
  rig.kernel.add_link(ethernet("isp", true, 1400));
  rig.want(kit::one_uplink("isp", 1));
  rig.run(seconds(60));
  EXPECT_FALSE(rig.reconciler->settled());
  EXPECT_TRUE(rig.kernel.addresses.empty());
  EXPECT_EQ(rig.kernel.links["isp"].mtu, 1400u);
  EXPECT_EQ(rig.events_of("kernel.failed"), 1u);
}

TEST(Reconciler, ALanAddressIsPutReplacedOnReloadAndLeftOnExit) {
  ReconcileRig rig;
  rig.kernel.add_link(ethernet("lan0", false, 1500));
  auto want = kit::one_uplink("isp", 1);
  want.links_up = {"lan0"};
  want.addresses.push_back(address("lan0", "192.168.10.1/24"));
  rig.want(want);
  EXPECT_TRUE(rig.kernel.links["lan0"].up);
  want.addresses.back() = address("lan0", "192.168.11.1/24");
  rig.want(want);
  EXPECT_FALSE(rig.kernel.addresses.contains(address("lan0", "192.168.10.1/24")));
  rig.want(Reconciler::nothing());
  EXPECT_EQ(rig.kernel.addresses, std::set<model::AddressEntry>{address("lan0", "192.168.11.1/24")});
  EXPECT_TRUE(rig.kernel.links["lan0"].up);
}

TEST(Reconciler, AnOperationUnderWayIsNotRepeatedWhileFactsLag) {
  ReconcileRig rig;
  rig.want(kit::one_uplink("isp", 1));
  rig.hold_facts = true;
  auto want = kit::one_uplink("isp", 1);
  want.routes.push_back(route(20001, "10.0.0.0/8", "isp"));
  const auto mark = rig.kernel.journal.size();
  rig.want(want);
  for (int i = 0; i < 5; ++i) {
    rig.reconciler->on_observed(rig.observed, rig.now);
    rig.drain();
  }
  EXPECT_EQ(rig.journal_since(mark).size(), 1u);
  EXPECT_FALSE(rig.reconciler->settled());
}

TEST(Reconciler, FailuresAreTriedAgainWithGrowingPausesAndToldOnce) {
  ReconcileRig rig;
  rig.want(kit::one_uplink("isp", 1));
  std::vector<Instant> tries;
  rig.kernel.refuse = [&](const std::string& operation) {
    if (!operation.starts_with("add route 10.")) return 0;
    if (operation.find("10.0.0.0/8") != std::string::npos) tries.push_back(rig.now);
    return 1;
  };
  auto want = kit::one_uplink("isp", 1);
  want.routes.push_back(route(20001, "10.0.0.0/8", "isp"));
  want.routes.push_back(route(20001, "10.1.0.0/16", "isp"));
  rig.want(want);
  rig.run(seconds(100));
  ASSERT_GT(tries.size(), 10u);
  EXPECT_LT(tries.size(), 14u);
  EXPECT_EQ(tries[1] - tries[0], milliseconds(100));
  EXPECT_EQ(tries[2] - tries[1], milliseconds(200));
  EXPECT_EQ(tries.back() - tries[tries.size() - 2], seconds(30));
  EXPECT_EQ(rig.events_of("kernel.failed"), 1u);
  rig.kernel.refuse = nullptr;
  rig.run(seconds(31));
  EXPECT_TRUE(rig.reconciler->settled());
  EXPECT_EQ(rig.events_of("kernel.recovered"), 1u);
}

TEST(Reconciler, WhatIsAcceptedButDoesNotHoldCountsAsAFailure) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  rig.hold_facts = true;  // the kernel says yes and nothing is ever seen
  want.routes.push_back(route(20001, "10.0.0.0/8", "isp"));
  const auto mark = rig.kernel.journal.size();
  rig.want(want);
  rig.run(seconds(60));
  EXPECT_EQ(rig.events_of("kernel.failed"), 1u);
  EXPECT_LT(rig.journal_since(mark).size(), 12u);
}

TEST(Reconciler, FlowsMoveOncePerGenerationAndAfterEverythingElse) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  rig.kernel.flows = {{0x01000000, 5}, {0x02000000, 7}};
  auto mark = rig.kernel.journal.size();
  want.flows_to_move = {{{0x01000000, Family::V4}, 1}};
  want.routes.push_back(route(20001, "10.0.0.0/8", "isp"));
  rig.want(want);
  const Lines done = rig.journal_since(mark);
  EXPECT_LT(place(done, "add route"), place(done, "delete flows 0x1000000"));
  EXPECT_EQ(rig.kernel.flows.size(), 1u);
  mark = rig.kernel.journal.size();
  rig.want(want);
  EXPECT_TRUE(rig.journal_since(mark).empty());
}

TEST(Reconciler, FlowsOfAnotherUplinkThatAreStillBeingDeletedKeepNobodyWaiting) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  const auto deleted = [&](std::uint32_t mark) {
    want.flows_to_move[{mark, Family::V4}] = 1;
    rig.reconciler->on_desired(want, rig.now);
    bool found = false;
    while (auto output = rig.reconciler->poll())
      if (const auto* task = std::get_if<Do>(&*output))
        if (const auto* flows = model::operation_if<model::DeleteFlows>(task->operation)) found |= flows->mark == mark;
    return found;
  };
  EXPECT_TRUE(deleted(0x01000000));
  EXPECT_TRUE(deleted(0x02000000)) << "the first is not done yet";
}

TEST(Reconciler, FlowsOfOneFamilyMoveWithoutThoseOfTheOther) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  rig.kernel.flows = rig.kernel.flows6 = {{0x01000000, 5}};
  want.flows_to_move = {{{0x01000000, Family::V6}, 1}};
  rig.want(want);
  EXPECT_TRUE(rig.kernel.flows6.empty());
  EXPECT_EQ(rig.kernel.flows.size(), 1u);
}

TEST(Reconciler, APrefixsEndInMainComesAfterItsSuccessorAndGoesWithAFlushAndOthersStay) {
  ReconcileRig rig;
  auto foreign = route(254, "2001:db8:f::/48", "lan0");
  foreign.protocol = 4;
  rig.kernel.add_link(
      {.name = "lan0", .index = 0, .up = true, .carrier = true, .mtu = 1500, .mac = {}, .kind = {}, .alias = {}});
  rig.kernel.add_route(foreign);
  auto want = kit::one_uplink("isp", 1);
  want.routes.push_back(kit::unreachable(254, "2001:db8:100::/56"));
  rig.want(want);
  const auto mark = rig.kernel.journal.size();
  want.routes.back() = kit::unreachable(254, "2001:db8:200::/56");
  rig.want(want);
  const Lines done = rig.journal_since(mark);
  EXPECT_LT(place(done, "add route 2001:db8:200::/56"), place(done, "delete route 2001:db8:100::/56"));
  rig.want(Reconciler::nothing());
  EXPECT_EQ(rig.kernel.routes, std::set<model::RouteEntry>{foreign});
}

TEST(Reconciler, AddressesThatAnEarlierLifePutOnALanGoWhenTheirPrefixIsOver) {
  ReconcileRig rig;
  rig.kernel.add_link(
      {.name = "lan0", .index = 0, .up = true, .carrier = true, .mtu = 1500, .mac = {}, .kind = {}, .alias = {}});
  const auto theirs = kit::address("lan0", "2001:db8:f::9/64");
  rig.kernel.add_address(theirs);
  auto want = kit::one_uplink("isp", 1);
  const auto ours = kit::address("lan0", "2001:db8:100:1::1/64");
  want.addresses.push_back(ours);
  rig.want(want);
  ASSERT_TRUE(rig.kernel.addresses.contains(ours));
  rig.reconciler = std::make_unique<Reconciler>();
  rig.kernel.overrun();
  rig.want(want);
  want.addresses.pop_back();
  rig.want(want);
  EXPECT_FALSE(rig.kernel.addresses.contains(ours));
  EXPECT_TRUE(rig.kernel.addresses.contains(theirs));
}

TEST(Reconciler, ASessionIsAttachedAgainWhenItChanges) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  const auto mark = rig.kernel.journal.size();
  std::get<model::EthernetSession>(want.attaches[0].carriage).session_id = 99;
  rig.want(want);
  EXPECT_EQ(rig.journal_since(mark), Lines{"attach isp"});
  EXPECT_EQ(rig.kernel.sessions["isp"].carriage, want.attaches[0].carriage);
}

TEST(Reconciler, AChangeOfOneUplinkOfManyTouchesNoOther) {
  ReconcileRig rig;
  std::vector<model::Desired> parts;
  for (unsigned n = 1; n <= 64; ++n) parts.push_back(kit::one_uplink(fmt::format("isp{}", n), n));
  rig.want(kit::together(parts));
  ASSERT_TRUE(rig.reconciler->settled());
  const auto mark = rig.kernel.journal.size();
  parts[30].devices[0].mtu = 1400;
  parts[30].attaches[0].mtu = 1400;
  rig.want(kit::together(parts));
  EXPECT_EQ(rig.journal_since(mark), (Lines{"set link isp31 mtu 1400", "attach isp31"}));
}

TEST(Reconciler, PlanShowsTheDifferenceAsText) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  rig.want(want);
  rig.hold_facts = true;
  rig.kernel.refuse = [](const std::string&) { return 1; };
  want.routes.push_back(route(20001, "10.0.0.0/8", "isp"));
  want.rules.pop_back();
  want.devices[0].mtu = 1300;
  rig.want(want);
  const Lines plan = rig.reconciler->plan();
  EXPECT_TRUE(mentions(plan, "~ link isp mtu 1300"));
  EXPECT_TRUE(mentions(plan, "+ route 10.0.0.0/8 table 20001 dev isp"));
  EXPECT_TRUE(mentions(plan, "- rule"));
}

TEST(Reconciler, RulesWaitUntilTheClosedPrefixesStand) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  for (unsigned i = 0; i < 3000; ++i) {
    want.routes.push_back(route(model::kTableClosed, fmt::format("10.{}.{}.0/24", i / 256, i % 256), "isp"));
  }
  want.rules.push_back(rule(20050, model::kTableClosed));
  want.rules.push_back(rule(20900, 20001));
  rig.want(want);
  const Lines& done = rig.kernel.journal;
  std::size_t last_route = 0;
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (done[i].starts_with("add route 10.")) last_route = i;
  }
  EXPECT_LT(last_route, place(done, "priority 20050"));
  EXPECT_LT(place(done, "priority 20050"), place(done, "priority 20900"));
  EXPECT_TRUE(rig.reconciler->settled());
}

}  // namespace
}  // namespace michi::reconcile

// The second table, `netdev michi`: wanted only by those who pass PPPoE through.

#include <gtest/gtest.h>

#include <algorithm>

#include "kit/desired.hpp"
#include "kit/reconcile_rig.hpp"

namespace michi::reconcile {
namespace {

model::Desired passing(std::set<std::string> sessions) {
  auto want = kit::one_uplink("isp", 1);
  want.pass_through.structure = "  set up { type ether_addr; }\n";
  want.pass_through.elements["up"] = std::move(sessions);
  return want;
}

std::size_t commits(const kit::ReconcileRig& rig, std::size_t since = 0) {
  const auto lines = rig.journal_since(since);
  return static_cast<std::size_t>(std::ranges::count_if(
      lines, [](const auto& line) { return line.starts_with("commit") && line.contains("netdev michi"); }));
}

TEST(SecondTable, IsNotAskedForWhereItIsNotWanted) {
  kit::ReconcileRig rig;
  rig.want(kit::one_uplink("isp", 1));
  EXPECT_TRUE(rig.reconciler->settled());
  EXPECT_EQ(commits(rig), 0u);
  EXPECT_FALSE(rig.kernel.netdev_table);
}

TEST(SecondTable, ComesTakesElementsOneByOneAndGoes) {
  kit::ReconcileRig rig;
  rig.want(passing({"a"}));
  ASSERT_TRUE(rig.kernel.netdev_table);
  const auto first = *rig.kernel.table;
  rig.want(passing({"b"}));
  EXPECT_EQ(rig.kernel.netdev_table->elements.at("up"), std::set<std::string>{"b"});
  EXPECT_EQ(rig.kernel.journal.back(),
            "commit delete element netdev michi up { a }\nadd element netdev michi up { b }\n");
  EXPECT_TRUE(rig.reconciler->right(model::NftFamily::Netdev));
  rig.want(kit::one_uplink("isp", 1));
  EXPECT_FALSE(rig.kernel.netdev_table);
  EXPECT_EQ(*rig.kernel.table, first) << "the other table was touched";
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST(SecondTable, IsPutBackWhenSomebodyTakesIt) {
  kit::ReconcileRig rig;
  rig.want(passing({"a"}));
  rig.kernel.netdev_table.reset();
  rig.kernel.firewall().refresh();
  rig.drain();
  ASSERT_TRUE(rig.kernel.netdev_table);
  EXPECT_EQ(rig.kernel.netdev_table->elements.at("up"), std::set<std::string>{"a"});
  EXPECT_EQ(rig.events_of("kernel.repaired"), 1u);
}

TEST(SecondTable, OfAnEarlierLifeIsAdoptedIfItIsWhatIsWantedAndElseReplaced) {
  for (const std::string member : {"a", "b"}) {
    kit::ReconcileRig first;
    first.want(passing({"a"}));
    kit::ReconcileRig second(first.memories);
    while (second.kernel.firewall().poll()) {
    }
    second.kernel.table = first.kernel.table;
    second.kernel.netdev_table = first.kernel.netdev_table;
    second.kernel.firewall().refresh();
    second.want(passing({member}));
    EXPECT_EQ(commits(second), member == "a" ? 0u : 1u);
    EXPECT_EQ(second.kernel.netdev_table->elements.at("up"), std::set<std::string>{member});
  }
}

TEST(SecondTable, ThatTheKernelRefusesIsToldWithARemedyAndKeepsNothingElse) {
  kit::ReconcileRig rig;
  rig.kernel.refuse = [](const std::string& operation) { return operation.contains("netdev michi") ? EOPNOTSUPP : 0; };
  rig.want(passing({}));
  EXPECT_FALSE(rig.reconciler->stands(model::NftFamily::Netdev));
  EXPECT_TRUE(rig.kernel.table);
  ASSERT_EQ(rig.events_of("pass-through.unsupported"), 1u);
  const auto told = std::ranges::find(rig.events, "pass-through.unsupported", &model::Event::code);
  EXPECT_TRUE(told->text.contains("nft_fwd_netdev")) << told->text;
  rig.kernel.refuse = {};
  rig.run(seconds(31));
  EXPECT_TRUE(rig.reconciler->stands(model::NftFamily::Netdev));
  EXPECT_TRUE(rig.reconciler->settled());
}

}  // namespace
}  // namespace michi::reconcile

// Damage where the operator does not want it repaired.

#include <gtest/gtest.h>

#include "kit/desired.hpp"
#include "kit/reconcile_rig.hpp"

namespace michi::reconcile {
namespace {

using kit::ReconcileRig;

TEST(Left, DamageIsToldOnceAndLeftWhereRepairIsOff) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  want.repair = false;
  rig.want(want);
  const auto wanted = want.routes.front();
  const auto lost_rule = *rig.kernel.rules.begin();
  auto stray = kit::route(20001, "198.51.100.0/24", "isp");
  rig.kernel.remove_route(wanted);
  rig.kernel.remove_rule(lost_rule);
  rig.kernel.add_route(stray);
  rig.kernel.flush_ruleset("somebody");
  rig.run(seconds(30));
  rig.want(want);
  rig.run(seconds(30));
  EXPECT_FALSE(rig.kernel.routes.contains(wanted));
  EXPECT_FALSE(rig.kernel.rules.contains(lost_rule));
  EXPECT_TRUE(rig.kernel.routes.contains(stray));
  EXPECT_FALSE(rig.kernel.table);
  EXPECT_EQ(rig.events_of("kernel.left"), 4u);
  EXPECT_EQ(rig.events_of("kernel.repaired"), 0u);
  EXPECT_TRUE(rig.reconciler->settled());
  want.repair = true;
  rig.want(want);
  rig.run(seconds(1));
  EXPECT_TRUE(rig.kernel.routes.contains(wanted));
  EXPECT_TRUE(rig.kernel.rules.contains(lost_rule));
  EXPECT_FALSE(rig.kernel.routes.contains(stray));
  EXPECT_TRUE(rig.kernel.table);
}

TEST(Left, MembersThatChangeLaterDoNotHideThatTheTableWasLeftDamaged) {
  ReconcileRig rig;
  auto want = kit::one_uplink("isp", 1);
  want.repair = false;
  rig.want(want);
  ASSERT_TRUE(rig.kernel.table);
  rig.kernel.rewrite_table(rig.kernel.table->structure + "  chain theirs { }\n", "somebody");
  rig.run(seconds(1));
  want.firewall.elements["uplinks"].insert("\"lte\"");
  rig.want(want);
  rig.run(seconds(1));
  EXPECT_TRUE(rig.kernel.table->elements["uplinks"].contains("\"lte\""));
  EXPECT_FALSE(rig.reconciler->plan().empty());
}

}  // namespace
}  // namespace michi::reconcile

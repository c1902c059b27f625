// Members of one map that change without a pass, alone and between everything else that happens to a table.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>

#include "base/random.hpp"
#include "kit/desired.hpp"
#include "kit/reconcile_rig.hpp"

namespace michi::reconcile {
namespace {

using kit::ReconcileRig;
using Elements = std::set<std::string>;

model::Desired balanced(const Elements& slots) {
  auto want = kit::one_uplink("isp", 1);
  want.firewall.structure += "map slots { type mark : verdict; }\n";
  want.shares["slots"] = slots;
  return want;
}

struct Commit {
  std::uint64_t ticket = 0;
  std::string text;
};

/// What is to be committed now, by hand: nothing is done, nobody answers.
std::vector<Commit> commits(Reconciler& reconciler) {
  std::vector<Commit> found;
  while (auto output = reconciler.poll())
    if (const auto* task = std::get_if<Do>(&*output))
      if (const auto* rules = model::operation_if<model::CommitRules>(task->operation))
        found.push_back({task->ticket, rules->text});
  return found;
}

class SharesTest : public ::testing::Test {
 protected:
  SharesTest() {
    rig.want(balanced({"0 : goto a", "1 : goto b"}));
    mark = rig.kernel.journal.size();
  }
  void share(const Elements& slots) { rig.reconciler->on_shares("slots", slots, rig.now); }
  std::vector<std::string> since() {
    auto lines = rig.journal_since(std::exchange(mark, rig.kernel.journal.size()));
    mark = rig.kernel.journal.size();
    return lines;
  }
  Elements there() { return rig.kernel.table ? rig.kernel.table->elements["slots"] : Elements{"no table"}; }
  std::uint64_t one(const std::string& text) {
    const auto all = commits(*rig.reconciler);
    EXPECT_EQ(all.size(), 1u);
    if (all.size() != 1) return 0;
    EXPECT_EQ(all[0].text, text);
    return all[0].ticket;
  }
  void done(std::uint64_t ticket) { rig.reconciler->on_done(ticket, std::nullopt, rig.now); }

  ReconcileRig rig;
  std::size_t mark = 0;
};

TEST_F(SharesTest, TheyAreInTheTableFromTheBeginning) {
  EXPECT_EQ(there(), (Elements{"0 : goto a", "1 : goto b"}));
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST_F(SharesTest, AChangeIsADeltaOfItsMapAndNoPassRuns) {
  share({"0 : goto a", "1 : goto a"});
  EXPECT_TRUE(rig.reconciler->settled()) << "a pass is due";
  const auto ticket =
      one("delete element inet michi slots { 1 : goto b }\n"
          "add element inet michi slots { 1 : goto a }\n");
  done(ticket);
  EXPECT_TRUE(rig.reconciler->settled()) << "a pass is due";
  EXPECT_FALSE(rig.reconciler->poll());
  EXPECT_TRUE(rig.reconciler->plan().empty());
}

TEST_F(SharesTest, TheListingOfAChangeIsNoNewsAndNothingIsRememberedAnew) {
  const auto remembered = rig.memories.size();
  for (const char* uplink : {"a", "b", "a"}) {
    share({"0 : goto a", fmt::format("1 : goto {}", uplink)});
    rig.drain();
  }
  EXPECT_EQ(there(), (Elements{"0 : goto a", "1 : goto a"}));
  EXPECT_EQ(rig.memories.size(), remembered);
  EXPECT_EQ(rig.settled, 1u);
  EXPECT_TRUE(rig.events.empty());
}

TEST_F(SharesTest, WhatIsThereAlreadyAndMapsThatAreNoneOfThemCostNothing) {
  share({"0 : goto a", "1 : goto b"});
  rig.reconciler->on_shares("wan", {"\"other\""}, rig.now);
  rig.reconciler->on_shares("nowhere", {"x"}, rig.now);
  rig.drain();
  EXPECT_TRUE(since().empty());
}

TEST_F(SharesTest, WhatIsToldWhileOneIsUnderWayFollowsTogether) {
  share({"0 : goto b", "1 : goto b"});
  const auto first = commits(*rig.reconciler);
  ASSERT_EQ(first.size(), 1u);
  share({"0 : goto c", "1 : goto b"});
  share({"0 : goto d", "1 : goto b"});
  EXPECT_TRUE(commits(*rig.reconciler).empty());
  done(first[0].ticket);
  one("delete element inet michi slots { 0 : goto b }\nadd element inet michi slots { 0 : goto d }\n");
}

TEST_F(SharesTest, TheyWaitForACommitOfTheTableAndFollowIt) {
  auto want = balanced({"0 : goto a", "1 : goto b"});
  want.firewall.elements["wan"].insert("\"lte\"");
  rig.reconciler->on_desired(want, rig.now);
  const auto ticket = one("add element inet michi wan { \"lte\" }\n");
  share({"0 : goto a", "1 : goto a"});
  EXPECT_TRUE(commits(*rig.reconciler).empty());
  done(ticket);
  one("delete element inet michi slots { 1 : goto b }\nadd element inet michi slots { 1 : goto a }\n");
}

TEST_F(SharesTest, ACommitOfTheTableWaitsForThemAndBringsWhatIsNewer) {
  share({"0 : goto a", "1 : goto a"});
  const auto first = commits(*rig.reconciler);
  ASSERT_EQ(first.size(), 1u);
  auto want = balanced({"0 : goto a"});
  want.firewall.elements["wan"].insert("\"lte\"");
  rig.reconciler->on_desired(want, rig.now);
  EXPECT_TRUE(commits(*rig.reconciler).empty());
  done(first[0].ticket);
  one("add element inet michi wan { \"lte\" }\ndelete element inet michi slots { 1 : goto a }\n");
}

TEST_F(SharesTest, ATableMadeAnewHasThem) {
  share({"0 : goto c"});
  rig.drain();
  auto want = balanced({"0 : goto c"});
  want.firewall.structure += "chain new { }\n";
  rig.want(want);
  EXPECT_EQ(there(), Elements{"0 : goto c"});
  share({"0 : goto d"});
  rig.drain();
  EXPECT_EQ(there(), Elements{"0 : goto d"});
}

TEST_F(SharesTest, ADamagedTableComesBackWithThemAsTheyAreNow) {
  share({"0 : goto c"});
  rig.drain();
  rig.kernel.flush_ruleset("nft (pid 1)");
  rig.drain();
  EXPECT_EQ(there(), Elements{"0 : goto c"});
  rig.run(seconds(1));
  rig.kernel.change_members("slots", {"0 : goto elsewhere"}, "nft (pid 2)");
  rig.drain();
  EXPECT_EQ(there(), Elements{"0 : goto c"});
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST_F(SharesTest, ATableThatGoesWhileTheyAreUnderWayIsPutBackWithTheNewestOnes) {
  rig.kernel.flush_ruleset("nft (pid 1)");
  rig.kernel.untranslated = 3;
  share({"0 : goto c"});  // nobody has told of the flush
  rig.run(seconds(1));
  EXPECT_EQ(there(), Elements{"0 : goto c"});
  EXPECT_EQ(rig.kernel.table->elements["wan"], Elements{"\"isp\""});
  EXPECT_EQ(rig.kernel.untranslated, 0u);
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST_F(SharesTest, ThoseToldWhileRepairsPauseComeWithTheRepair) {
  for (int i = 0; i < 6; ++i) {
    rig.kernel.flush_ruleset("nft (pid 1)");
    rig.run(milliseconds(300));
  }
  ASSERT_FALSE(rig.kernel.table);
  since();
  share({"0 : goto c"});
  rig.drain();
  EXPECT_TRUE(since().empty()) << "there is no table to put them into";
  rig.run(seconds(10));
  EXPECT_EQ(there(), Elements{"0 : goto c"});
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST_F(SharesTest, ATableThatIsLeftAsSomebodyMadeItIsNotTouchedForThem) {
  auto want = balanced({"0 : goto a", "1 : goto b"});
  want.repair = false;
  rig.want(want);
  rig.kernel.flush_ruleset("nft (pid 1)");
  rig.drain();
  since();
  share({"0 : goto c"});
  rig.run(seconds(2));
  EXPECT_TRUE(since().empty());
  want.repair = true;
  want.shares["slots"] = {"0 : goto d"};
  rig.want(want);
  EXPECT_EQ(there(), Elements{"0 : goto d"});
}

TEST_F(SharesTest, AnAdoptedTableHasThemWrittenAnewBecauseNobodyKnowsThem) {
  share({"0 : goto c"});
  rig.drain();
  ReconcileRig next({rig.memories.back()});
  next.kernel.table = rig.kernel.table;
  next.kernel.firewall().refresh();
  next.want(balanced({"0 : goto a", "1 : goto b"}));
  EXPECT_EQ(next.kernel.table->elements["slots"], (Elements{"0 : goto a", "1 : goto b"}));
  std::vector<std::string> written;
  for (const auto& line : next.kernel.journal)
    if (line.starts_with("commit ")) written.push_back(line);
  EXPECT_EQ(written, std::vector<std::string>{"commit flush map inet michi slots\n"
                                              "add element inet michi slots { 0 : goto a, 1 : goto b }\n"});
}

TEST_F(SharesTest, WhichMapsAreSharedIsStructure) {
  auto want = balanced({});
  want.shares.clear();
  want.firewall.elements["slots"] = {"0 : goto z"};
  rig.want(want);
  EXPECT_EQ(there(), Elements{"0 : goto z"});
  share({"0 : goto c"});
  rig.drain();
  EXPECT_EQ(there(), Elements{"0 : goto z"});
  rig.want(balanced({"0 : goto a"}));
  EXPECT_EQ(there(), Elements{"0 : goto a"});
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST_F(SharesTest, ATableThatIsNotWantedAnyMoreTakesThemAlong) {
  share({"0 : goto c"});
  rig.want(Reconciler::nothing());
  EXPECT_FALSE(rig.kernel.table);
  share({"0 : goto d"});
  rig.drain();
  EXPECT_FALSE(rig.kernel.table);
  EXPECT_TRUE(rig.reconciler->settled());
}

TEST(Shares, WhateverHappensToTheTableTheLastOnesAreThereInTheEnd) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random = Random::seeded(seed);
    ReconcileRig rig;
    rig.kernel.completion_first = random.below(2) == 0;
    rig.kernel.refuse = [&](const std::string&) { return random.below(20) == 0 ? 12 : 0; };
    Elements slots = {"0 : goto a"};
    auto want = balanced(slots);
    rig.want(want);
    for (int step = 0; step < 60; ++step) {
      const auto what = random.below(8);
      if (what == 0) rig.kernel.flush_ruleset("nft");
      if (what == 1) rig.kernel.change_members("slots", {"0 : goto evil"}, "nft");
      if (what == 2) want.firewall.elements["wan"] = {fmt::format("\"lte{}\"", random.below(3))};
      if (what == 3) want.firewall.structure += "chain more { }\n";
      slots = {fmt::format("0 : goto {}", random.below(4)), fmt::format("{} : goto x", 1 + random.below(2))};
      want.shares["slots"] = slots;
      if (what == 2 || what == 3)
        rig.reconciler->on_desired(want, rig.now);
      else
        rig.reconciler->on_shares("slots", slots, rig.now);
      if (random.below(2) == 0) rig.run(milliseconds(static_cast<std::int64_t>(random.below(500))));
    }
    rig.kernel.refuse = nullptr;
    rig.run(seconds(45));
    ASSERT_TRUE(rig.reconciler->settled()) << "seed " << seed;
    ASSERT_EQ(rig.kernel.table->elements["slots"], slots) << "seed " << seed;
    ASSERT_EQ(rig.kernel.table->elements["wan"], want.firewall.elements["wan"]) << "seed " << seed;
  }
}

// Ten of them a second must cost nothing that grows with the table: looking once at all of this one takes
// milliseconds.
TEST(Shares, AChangeDoesNotLookAtTheRestOfTheTable) {
  ReconcileRig rig;
  auto want = balanced({"0 : goto a"});
  rig.want(want);
  const std::string listed = rig.memories.back().listed_hash;
  for (int i = 0; i < 100'000; ++i) want.firewall.elements["wan"].insert(fmt::format("\"somebody-{:06}\"", i));
  rig.reconciler->on_desired(want, rig.now);
  for (const auto& commit : commits(*rig.reconciler)) rig.reconciler->on_done(commit.ticket, std::nullopt, rig.now);
  rig.reconciler->on_table_seen(model::NftFamily::Inet, listed, true, "", rig.now);
  while (rig.reconciler->poll()) {
  }
  const auto begin = std::clock();
  for (int i = 0; i < 2'000; ++i) {
    rig.reconciler->on_shares("slots", {i % 2 == 0 ? "0 : goto b" : "0 : goto a"}, rig.now);
    const auto all = commits(*rig.reconciler);
    ASSERT_EQ(all.size(), 1u);
    rig.reconciler->on_table_seen(model::NftFamily::Inet, listed, true, "", rig.now);
    rig.reconciler->on_done(all[0].ticket, std::nullopt, rig.now);
  }
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 1.0);
}

}  // namespace
}  // namespace michi::reconcile

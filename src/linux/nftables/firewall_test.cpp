#include "linux/nftables/firewall.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

class FirewallTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    if (run("nft list ruleset >/dev/null") != 0) GTEST_SKIP() << "needs nft and a kernel with nf_tables";
    door_ = std::make_unique<Firewall>(loop_.context());
  }

  std::optional<port::OsError> perform(port::FirewallOp op) {
    std::optional<port::OsError> error;
    bool done = false;
    door_->submit(std::move(op), ++ticket_);
    EXPECT_TRUE(loop_.run_until([&] {
      while (auto report = door_->poll()) {
        if (const auto* completion = std::get_if<port::Completion>(&*report)) {
          done = true;
          error = completion->error;
        }
        reports_.push_back(std::move(*report));
      }
      return done;
    }));
    return error;
  }

  template <class Report>
  std::optional<Report> next() {
    std::optional<Report> found;
    loop_.run_until(
        [&] {
          while (!found && !reports_.empty()) {
            if (const auto* one = std::get_if<Report>(&reports_.front())) found = *one;
            reports_.erase(reports_.begin());
          }
          while (auto report = door_->poll()) reports_.push_back(std::move(*report));
          return found.has_value();
        },
        2000);
    return found;
  }

  std::unique_ptr<Firewall> door_;
  std::vector<port::FirewallReport> reports_;
  port::Ticket ticket_ = 0;
};

const char* const kStructure =
    "table inet michi {\n"
    "  map address_of { type mark : ipv4_addr; }\n"
    "  set closed { type ipv4_addr; flags interval; }\n"
    "  set sticky { type ipv4_addr; flags dynamic,timeout; timeout 1h; size 1000; }\n"
    "  chain forward { type filter hook forward priority 0; policy accept; ct state invalid counter drop; }\n"
    "  chain output { type filter hook output priority 0; update @sticky { ip saddr }; counter; }\n"
    "  chain nat { type nat hook postrouting priority srcnat; snat ip to ct mark map @address_of; }\n"
    "}\n";

TEST_F(FirewallTest, OurOwnCommitIsSeenAsOursWithAHash) {
  EXPECT_FALSE(perform(port::CommitRules{kStructure}));
  const auto first = next<port::TableSeen>();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->ours);
  EXPECT_EQ(first->hash.size(), 40u);
  EXPECT_FALSE(perform(port::CommitRules{"add element inet michi address_of { 0x01000000 : 192.0.2.1 }"}));
  const auto second = next<port::TableSeen>();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->ours);
  EXPECT_NE(second->hash, first->hash);
}

TEST_F(FirewallTest, OurOwnElementsAreNotListedAndTheirHashIsThatOfAListing) {
  EXPECT_FALSE(perform(port::CommitRules{std::string("table inet michi {\n"
                                                     "  set named { type ifname; }\n"
                                                     "  map known { type mark : verdict; }\n"
                                                     "  set two { type ipv4_addr . inet_service; flags interval; }\n"
                                                     "  chain to { }\n"
                                                     "}\n") +
                                         kStructure}));
  ASSERT_TRUE(next<port::TableSeen>());
  const auto listings = door_->listings();
  for (const char* change :
       {"add element inet michi address_of { 0x01000000 : 192.0.2.1, 0x02000000 : 192.0.2.2 }",
        "add element inet michi closed { 10.0.0.0/8, 192.0.2.0/24 }",
        "add element inet michi named { \"wan0\", \"wan1\" }", "add element inet michi known { 0x01000000 : goto to }",
        "add element inet michi two { 10.1.0.0/16 . 80-90, 10.2.0.0/16 . 443 }",
        "delete element inet michi address_of { 0x02000000 }\n"
        "add element inet michi address_of { 0x02000000 : 192.0.2.77 }",
        "delete element inet michi closed { 10.0.0.0/8 }", "delete element inet michi two { 10.1.0.0/16 . 80-90 }",
        "delete element inet michi known { 0x01000000 }",
        "add element inet michi named { \"wan0\" }\ndelete element inet michi named { \"wan1\" }"}) {
    EXPECT_FALSE(perform(port::CommitRules{change})) << change;
    const auto told = next<port::TableSeen>();
    ASSERT_TRUE(told) << change;
    EXPECT_TRUE(told->ours);
    EXPECT_EQ(told->writer.substr(0, 12), "linux_test (") << told->writer;
    EXPECT_EQ(door_->listings(), listings) << change;
    // Another door knows nothing of what went before: it lists.
    Firewall other(loop_.context());
    other.refresh();
    std::optional<std::string> whole;
    loop_.run_until([&] {
      while (auto report = other.poll())
        if (const auto* seen = std::get_if<port::TableSeen>(&*report); seen && seen->table == model::NftFamily::Inet)
          whole = seen->hash;
      return whole.has_value();
    });
    EXPECT_EQ(told->hash, whole) << change;
  }
}

TEST_F(FirewallTest, SomebodyElsesElementsBetweenOursAreSeen) {
  EXPECT_FALSE(perform(port::CommitRules{kStructure}));
  ASSERT_TRUE(next<port::TableSeen>());
  EXPECT_FALSE(perform(port::CommitRules{"add element inet michi closed { 192.0.2.0/24 }"}));
  ASSERT_TRUE(next<port::TableSeen>());
  ASSERT_EQ(run("nft add element inet michi closed { 198.51.100.0/24 }"), 0);
  EXPECT_FALSE(perform(port::CommitRules{"delete element inet michi closed { 192.0.2.0/24 }"}));
  const auto seen = next<port::TableSeen>();
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->ours) << "ours came with it, and it is the other that is to be told";
  EXPECT_EQ(seen->writer.substr(0, 9), "nft (pid ") << seen->writer;
}

TEST_F(FirewallTest, ForeignDamageIsSeenWithItsWriterAndRepairRestoresTheHash) {
  EXPECT_FALSE(perform(port::CommitRules{kStructure}));
  const auto whole = next<port::TableSeen>();
  ASSERT_TRUE(whole);
  for (const char* damage : {"nft flush chain inet michi forward", "nft add element inet michi closed { 10.0.0.0/8 }",
                             "nft insert rule inet michi forward accept"}) {
    ASSERT_EQ(run(damage), 0);
    const auto seen = next<port::TableSeen>();
    ASSERT_TRUE(seen) << damage;
    EXPECT_FALSE(seen->ours) << damage;
    EXPECT_NE(seen->hash, whole->hash) << damage;
    EXPECT_EQ(seen->writer.substr(0, 9), "nft (pid ") << seen->writer;
    EXPECT_FALSE(perform(port::CommitRules{std::string("delete table inet michi\n") + kStructure}));
    const auto repaired = next<port::TableSeen>();
    ASSERT_TRUE(repaired);
    EXPECT_TRUE(repaired->ours);
    EXPECT_EQ(repaired->hash, whole->hash) << damage;
  }
  ASSERT_EQ(run("nft flush ruleset"), 0);
  const auto gone = next<port::TableSeen>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->hash, "");
}

TEST_F(FirewallTest, ChangesOfOtherTablesAreNotReported) {
  EXPECT_FALSE(perform(port::CommitRules{kStructure}));
  ASSERT_TRUE(next<port::TableSeen>());
  ASSERT_EQ(run("nft add table inet other && nft add table ip michi"), 0);
  EXPECT_FALSE(next<port::TableSeen>());
}

TEST_F(FirewallTest, TrafficDoesNotChangeTheHash) {
  EXPECT_FALSE(perform(port::CommitRules{kStructure}));
  const auto before = next<port::TableSeen>();
  ASSERT_TRUE(before);
  ASSERT_EQ(run("ping -c1 -W1 127.0.0.1 >/dev/null"), 0);
  ASSERT_NE(output_of("nft list set inet michi sticky").find("127.0.0.1"), std::string::npos);
  door_->refresh();
  const auto after = next<port::TableSeen>();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->hash, before->hash);
}

TEST_F(FirewallTest, NamedCountersAreToldWhenAsked) {
  EXPECT_TRUE(door_->counters().empty());
  EXPECT_FALSE(
      perform(port::CommitRules{"table inet michi { counter refused { }\n counter leaks { }\n"
                                "chain input { type filter hook input priority 0; counter name refused; }\n}"}));
  ASSERT_EQ(run("ip link set lo up && ping -qc1 127.0.0.1 >/dev/null"), 0);
  const auto counters = door_->counters();
  ASSERT_EQ(counters.size(), 2u);
  EXPECT_EQ(counters[0], (model::FirewallCounter{.name = "leaks"}));
  EXPECT_EQ(counters[1].name, "refused");
  EXPECT_EQ(counters[1].packets, 2u) << "the request and its answer";
  EXPECT_EQ(counters[1].bytes, 168u);
}

TEST_F(FirewallTest, ABadTextChangesNothingAndCarriesTheWordsOfNft) {
  EXPECT_FALSE(perform(port::CommitRules{kStructure}));
  const std::string before = output_of("nft -s list ruleset");
  const auto error =
      perform(port::CommitRules{"add element inet michi closed { 192.0.2.0/24 }\n"
                                "add rule inet michi nowhere accept\n"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ENOENT);
  EXPECT_NE(error->operation.find("Could not process rule"), std::string::npos) << error->operation;
  EXPECT_EQ(output_of("nft -s list ruleset"), before);
}

TEST_F(FirewallTest, ForeignChainsThatDropAreNamedOnRefresh) {
  ASSERT_EQ(run("nft 'table inet fw { chain passing { type filter hook forward priority 0; policy drop; }; "
                "chain coming { type filter hook input priority 0; tcp dport 22 drop; }; "
                "chain going { type filter hook output priority 0; counter; }; }'"),
            0);
  door_->refresh();
  const auto foreign = next<port::ForeignChains>();
  ASSERT_TRUE(foreign);
  ASSERT_EQ(foreign->chains.size(), 2u);
  EXPECT_EQ(foreign->chains[0].chain, "passing");
  EXPECT_EQ(foreign->chains[0].policy, "drop");
  EXPECT_EQ(foreign->chains[0].hook, "forward");
  EXPECT_EQ(foreign->chains[1].chain, "coming");
}

class ConntrackTest : public FirewallTest {
 protected:
  void SetUp() override {
    FirewallTest::SetUp();
    if (IsSkipped()) return;
    if (run("conntrack -L >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs conntrack and a kernel with ctnetlink";
  }
  static int entry(int number, const char* source, const char* mark) {
    return run(
        fmt::format("conntrack -I -s {} -d 198.51.100.1 -p udp --sport {} --dport 53 -t 600 -m {} >/dev/null 2>&1",
                    source, 1000 + number, mark));
  }
  static std::string flows() { return output_of("conntrack -L 2>/dev/null | grep -o 'sport=10[0-9][0-9]' | sort"); }
};

TEST_F(ConntrackTest, FlowsOfOneMarkGoAndThoseOfOthersStay) {
  ASSERT_EQ(entry(1, "192.168.10.1", "0x01000000"), 0);
  ASSERT_EQ(entry(2, "192.168.10.1", "0x02000000"), 0);
  ASSERT_EQ(entry(3, "192.168.10.1", "0x02000007"), 0);  // someone else's lower bits
  ASSERT_EQ(entry(4, "192.168.10.1", "0x0"), 0);
  EXPECT_FALSE(perform(port::DeleteFlows{0x02000000, 0xff000000, Family::V4}));
  EXPECT_EQ(flows(), "sport=1001\nsport=1004\n");
}

TEST_F(ConntrackTest, OnlyUntranslatedFlowsOfTheInsideGoAfterARepair) {
  ASSERT_EQ(entry(1, "192.168.10.1", "0x01000000"), 0);
  ASSERT_EQ(entry(2, "203.0.113.9", "0x01000000"), 0);
  ASSERT_EQ(entry(3, "192.168.10.1", "0xff000000"), 0);
  ASSERT_EQ(entry(4, "192.168.77.1", "0x01000000"), 0);
  EXPECT_FALSE(perform(port::DeleteUntranslated{0xff000000, {*parse_prefix("192.168.10.0/24")}}));
  EXPECT_EQ(flows(), "sport=1002\nsport=1003\nsport=1004\n");
}

TEST_F(FirewallTest, ACommitFor64UplinksKeepsTheLoopFree) {
  std::string text = kStructure;
  for (int i = 0; i < 64; ++i) {
    text += fmt::format(
        "add set inet michi pub{0} {{ type inet_proto . inet_service; }}\n"
        "add chain inet michi up{0}\n"
        "add rule inet michi up{0} ip saddr != 192.0.2.{0} counter drop\n"
        "add rule inet michi up{0} meta l4proto . th dport @pub{0} ct mark set {1:#x} accept\n"
        "add element inet michi address_of {{ {1:#x} : 192.0.2.{0} }}\n",
        i + 1, (i + 1) << 24);
  }
  const auto measure = [&](const std::string& what) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t work = std::clock();
    EXPECT_FALSE(perform(port::CommitRules{what}));
    const auto commit = std::chrono::steady_clock::now() - begin;
    const auto commit_work = std::clock() - work;
    EXPECT_TRUE(next<port::TableSeen>());
    const auto listed_work = std::clock() - work - commit_work;
    fmt::print("{} bytes of nft: commit {} us ({} us of work), digest {} us of work\n", what.size(),
               commit / std::chrono::microseconds(1), commit_work, listed_work);
    return commit_work;
  };
  measure(text);
  EXPECT_LT(measure("delete element inet michi address_of { 0x05000000 }\n"
                    "add element inet michi address_of { 0x05000000 : 192.0.2.99 }\n"),
            50000);
}

}  // namespace
}  // namespace michi::linux

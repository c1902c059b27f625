#include "engine/dhcp6/bindings.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/dhcp6/answer.hpp"
#include "kit/dhcp6_peer.hpp"

namespace michi::engine::dhcp6 {
namespace {

using kit::delegation;
using wire::dhcp6::Ia;
using wire::dhcp6::IaType;
using wire::dhcp6::kInfinity;

const Instant kNow = Instant{} + seconds(5000);
const std::vector<Wanted> kTwo = {{IaType::Na, 1, {}}, {IaType::Pd, 2, {}}};

Ia address(std::string_view text, std::uint32_t preferred, std::uint32_t valid, std::uint32_t t1, std::uint32_t t2) {
  return {IaType::Na, 1, t1, t2, {}, {{Prefix::host(*parse_address(text)), preferred, valid, {}}}};
}

Bindings bound(const Ia& ia) {
  const std::vector<Wanted> wanted = {{ia.type, ia.iaid, {}}};
  Bindings bindings(wanted);
  bindings.replace(std::span(&ia, 1), kNow);
  return bindings;
}

TEST(Dhcp6Bindings, TheEarliestT1OfAllIasCounts) {
  Bindings bindings(kTwo);
  const Ia ias[] = {address("2001:db8::1", 1000, 2000, 300, 850), delegation("2001:db8:1::/48", 900, 900, 500, 800, 2)};
  const auto change = bindings.replace(ias, kNow);
  EXPECT_TRUE(change.changed);
  EXPECT_EQ(bindings.t1(), kNow + seconds(300));
  EXPECT_EQ(bindings.t2(), kNow + seconds(800));
  EXPECT_EQ(bindings.next_expiry(), kNow + seconds(900));
}

TEST(Dhcp6Bindings, TimesLeftToUsAreHalfAndFourFifthsOfTheShortestPreferredLifetime) {
  Ia ia = delegation("2001:db8:1::/48", 1000, 4000, 0, 0);
  ia.leases.push_back({*parse_prefix("2001:db8:2::/48"), 600, 4000, {}});
  ia.leases.push_back({*parse_prefix("2001:db8:3::/48"), 0, 4000, {}});  // no longer preferred
  const Bindings bindings = bound(ia);
  EXPECT_EQ(bindings.t1(), kNow + seconds(300));
  EXPECT_EQ(bindings.t2(), kNow + seconds(480));
}

TEST(Dhcp6Bindings, OneTimeGivenAndOneLeftToUsStayInOrder) {
  EXPECT_EQ(bound(delegation("2001:db8:1::/48", 1000, 2000, 900, 0)).t2(), kNow + seconds(900));
  const Bindings early = bound(delegation("2001:db8:1::/48", 1000, 2000, 0, 200));
  EXPECT_EQ(early.t1(), kNow + seconds(200));
  EXPECT_EQ(early.t2(), kNow + seconds(200));
}

TEST(Dhcp6Bindings, TimesBehindTheEndOfTheLeaseAreReplaced) {
  const Bindings bindings = bound(delegation("2001:db8:1::/48", 100, 100, 3000, 4000));
  EXPECT_EQ(bindings.t1(), kNow + seconds(50));
  EXPECT_EQ(bindings.t2(), kNow + seconds(80));
}

TEST(Dhcp6Bindings, WhatIsForEverIsNeverRenewed) {
  const Bindings bindings = bound(delegation("2001:db8:1::/48", kInfinity, kInfinity, 0, 0));
  EXPECT_EQ(bindings.t1(), Instant::max());
  EXPECT_EQ(bindings.t2(), Instant::max());
  EXPECT_EQ(bindings.next_expiry(), Instant::max());
  EXPECT_EQ(bindings.leases(kNow + hours(24 * 365))[0].valid, kForever);
  EXPECT_EQ(bound(delegation("2001:db8:1::/48", 100, 200, kInfinity, kInfinity)).t1(), kNow + seconds(50));
  EXPECT_EQ(bound(delegation("2001:db8:1::/48", kInfinity, kInfinity, 60, 90)).t1(), kNow + seconds(60));
}

TEST(Dhcp6Bindings, TheLongestFiniteLifetimesDoNotWrap) {
  const Bindings bindings = bound(delegation("2001:db8:1::/48", kInfinity - 1, kInfinity - 1, 0, 0));
  EXPECT_GT(bindings.t1(), kNow + seconds(2000000000));
  EXPECT_GT(bindings.t2(), bindings.t1());
  EXPECT_GT(bindings.next_expiry(), bindings.t2());
  EXPECT_LT(bindings.next_expiry(), Instant::max());
}

TEST(Dhcp6Bindings, ARenewalShortensGrowsAndWithdrawsAndLeavesTheRest) {
  Ia ia = delegation("2001:db8:1::/48", 1000, 2000);
  ia.leases.push_back({*parse_prefix("2001:db8:2::/48"), 1000, 2000, {}});
  ia.leases.push_back({*parse_prefix("2001:db8:3::/48"), 1000, 2000, {}});
  Bindings bindings = bound(ia);
  Ia reply = delegation("2001:db8:1::/48", 10, 20);                        // shorter
  reply.leases.push_back({*parse_prefix("2001:db8:2::/48"), 0, 0, {}});    // withdrawn
  reply.leases.push_back({*parse_prefix("2001:db8:4::/48"), 30, 40, {}});  // new
  const auto change = bindings.update(std::span(&reply, 1), kNow + seconds(100));
  EXPECT_TRUE(change.changed);
  EXPECT_TRUE(change.covered);
  ASSERT_EQ(change.withdrawn.size(), 1U);
  EXPECT_EQ(to_text(change.withdrawn[0].prefix), "2001:db8:2::/48");
  EXPECT_EQ(change.withdrawn[0].valid, seconds(1900));
  const auto leases = bindings.leases(kNow + seconds(100));
  ASSERT_EQ(leases.size(), 3U);
  EXPECT_EQ(leases[0].valid, seconds(20));
  EXPECT_EQ(to_text(leases[1].prefix), "2001:db8:3::/48");
  EXPECT_EQ(leases[1].valid, seconds(1900));
  EXPECT_EQ(to_text(leases[2].prefix), "2001:db8:4::/48");
}

TEST(Dhcp6Bindings, AReplyToRequestIsAllThereIs) {
  Bindings bindings = bound(delegation("2001:db8:1::/48"));
  const Ia other = delegation("2001:db8:2::/48");
  const auto change = bindings.replace(std::span(&other, 1), kNow);
  ASSERT_EQ(change.withdrawn.size(), 1U);
  EXPECT_EQ(to_text(change.withdrawn[0].prefix), "2001:db8:1::/48");
  EXPECT_TRUE(change.changed);
  const auto again = bindings.replace(std::span(&other, 1), kNow);
  EXPECT_FALSE(again.changed);
}

TEST(Dhcp6Bindings, AnIaThatIsNotSpokenOfIsNotCovered) {
  Bindings bindings(kTwo);
  const Ia both[] = {address("2001:db8::1", 1000, 2000, 0, 0), delegation("2001:db8:1::/48", 900, 900, 0, 0, 2)};
  bindings.replace(both, kNow);
  EXPECT_FALSE(bindings.update(std::span(both).subspan(1), kNow).covered);
  EXPECT_TRUE(bindings.update(both, kNow).covered);
}

TEST(Dhcp6Bindings, AnIaOfWhichOnlyAnEndIsSaidKeepsItsTimesAndIsNotCovered) {
  Ia ia = delegation("2001:db8:1::/48", 1000, 2000, 0, 0);
  ia.leases.push_back({*parse_prefix("2001:db8:2::/48"), 1000, 2000, {}});
  Bindings bindings = bound(ia);
  const Ia end = delegation("2001:db8:2::/48", 0, 0, 0, 0);
  EXPECT_FALSE(bindings.update(std::span(&end, 1), kNow).covered);
  EXPECT_EQ(bindings.t1(), kNow + seconds(500));
}

TEST(Dhcp6Bindings, WhatWasStoredIsHeldOnlyForIasThatAreWanted) {
  Bindings bindings(kTwo);
  const Lease stored[] = {{IaType::Pd, 2, *parse_prefix("2001:db8:1::/48"), seconds(10), seconds(20)},
                          {IaType::Pd, 3, *parse_prefix("2001:db8:2::/48"), seconds(10), seconds(20)},
                          {IaType::Pd, 2, *parse_prefix("2001:db8:3::/48"), seconds(10), seconds(0)},
                          {IaType::Pd, 2, *parse_prefix("192.0.2.0/24"), seconds(10), seconds(20)},
                          {IaType::Pd, 2, *parse_prefix("2001:db8:4::/48"), kForever, kForever}};
  bindings.hold(stored, kNow);
  const auto leases = bindings.leases(kNow);
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_EQ(to_text(leases[0].prefix), "2001:db8:1::/48");
  EXPECT_EQ(leases[1].valid, kForever);
  EXPECT_EQ(bindings.expire(kNow + seconds(20)).size(), 1U);
  EXPECT_EQ(bindings.leases(kNow).size(), 1U);
}

TEST(Dhcp6Bindings, ThePrefixesOfTheProvidersAreUsable) {
  std::ifstream file(MICHI_VECTORS "/vne_prefix_hint.csv");
  std::string line;
  std::getline(file, line);
  unsigned checked = 0;
  const std::vector<Wanted> wanted = {Wanted{}};
  while (std::getline(file, line)) {
    auto prefix = parse_prefix(line.substr(0, line.find(',')));
    ASSERT_TRUE(prefix) << line;
    prefix->length = 56;
    const wire::dhcp6::Options options{wire::dhcp6::ia_option({IaType::Pd, 0, 0, 0, {}, {{*prefix, 10, 20, {}}}})};
    std::uint64_t unread = 0;
    EXPECT_EQ(read_answer(options, wanted, unread).served, 1U) << line;
    ++checked;
  }
  EXPECT_EQ(checked, 15U);
}

TEST(Dhcp6Answer, PrefixesNobodyCanUseAreLeftOut) {
  const std::vector<Wanted> wanted = {Wanted{}};
  for (const char* text : {"fe80::/64", "ff00::/8", "::/48", "64:ff9b::/96", "::ffff:0:0/96", "f000::/4"}) {
    const wire::dhcp6::Options options{wire::dhcp6::ia_option(delegation(text))};
    std::uint64_t unread = 0;
    EXPECT_EQ(read_answer(options, wanted, unread).served, 0U) << text;
  }
}

TEST(Dhcp6Answer, ForeignRepeatedContradictoryAndBrokenIasAreLeftOut) {
  const std::vector<Wanted> wanted = {Wanted{}};
  wire::dhcp6::Options options{{wire::dhcp6::OptionCode::IaPd, ByteVec(11)},
                               wire::dhcp6::ia_option(delegation("2001:db8:1::/48", 10, 20, 0, 0, 5)),
                               wire::dhcp6::ia_option(delegation("2001:db8:2::/48", 10, 20, 8, 4)),
                               wire::dhcp6::ia_option(delegation("2001:db8:3::/48", 10, 20)),
                               wire::dhcp6::ia_option(delegation("2001:db8:4::/48", 10, 20))};
  std::uint64_t unread = 0;
  const Answer answer = read_answer(options, wanted, unread);
  EXPECT_EQ(unread, 1U);
  ASSERT_EQ(answer.ias.size(), 1U);
  EXPECT_EQ(to_text(answer.ias[0].leases[0].prefix), "2001:db8:3::/48");
}

TEST(Dhcp6Answer, ARefusedIaCountsOnlyForWhatItTakesAway) {
  const std::vector<Wanted> wanted = {Wanted{}};
  Ia ia = delegation("2001:db8:1::/48", 10, 20);
  ia.status = {wire::dhcp6::StatusCode::NoPrefixAvail, "none\n"};
  ia.leases.push_back({*parse_prefix("2001:db8:2::/48"), 0, 0, {}});
  std::uint64_t unread = 0;
  const wire::dhcp6::Options options{wire::dhcp6::ia_option(ia)};
  const Answer answer = read_answer(options, wanted, unread);
  EXPECT_EQ(answer.served, 0U);
  ASSERT_EQ(answer.ias.size(), 1U);
  EXPECT_EQ(answer.ias[0].leases.size(), 1U);
  EXPECT_EQ(describe(answer.complaint), "NoPrefixAvail: none");
  EXPECT_EQ(describe({static_cast<wire::dhcp6::StatusCode>(99), ""}), "status 99");
}

}  // namespace
}  // namespace michi::engine::dhcp6

#include "uplink/ip/ipv6_part.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kit/ndisc.hpp"
#include "wire/dhcp6_info.hpp"
#include "wire/icmp6.hpp"

namespace michi::uplink {
namespace {

namespace dhcp6 = engine::dhcp6;
namespace msg = wire::dhcp6;
using msg::MessageType;

const Ipv6 kUs = *parse_ipv6("fe80::1");
const Ipv6 kPeer = *parse_ipv6("fe80::ffff");
constexpr Mac kCarrier{{2, 0, 0, 0, 0, 7}};
const ByteVec kServer = copy_of(wire::Duid::link_layer(Mac{{2, 0, 0, 0, 0, 9}}).bytes());

Prefix net(std::string_view text) { return *parse_prefix(text); }

class Ipv6PartTest : public testing::Test {
 protected:
  void make(Ipv6Memory memory = {}) {
    side.emplace("isp", config, std::move(memory), Random::seeded(1), now);
    drain();
  }
  void up() {
    side->on_link_up({.local = kUs,
                      .mac = std::nullopt,
                      .carrier = kCarrier,
                      .mtu = 1454,
                      .kind = engine::ndisc::LinkKind::PointToPoint},
                     now);
    drain();
    const auto before = asked.size();
    wait(milliseconds(19));
    EXPECT_EQ(asked.size(), before) << "the peer's IPv6 may not stand yet";
    wait(milliseconds(1));
  }
  void down() {
    side->on_link_down(now);
    drain();
  }
  void drain() {
    while (auto output = side->poll()) {
      if (auto* datagram = std::get_if<Datagram>(&*output)) {
        EXPECT_EQ(datagram->source, kUs);
        if (datagram->service == Service::Dhcp6)
          asked.push_back(*msg::parse_message(datagram->bytes));
        else
          ++solicitations;
      } else if (auto* persist = std::get_if<PersistLease>(&*output)) {
        record = persist->record;
        recorded_at = now;
        ++records;
      } else {
        events.push_back(std::get<model::Event>(*output));
      }
    }
  }
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (side->next_deadline() && *side->next_deadline() <= end) {
      now = std::max(now, *side->next_deadline());
      side->on_deadline(now);
      drain();
    }
    now = end;
  }
  MessageType last() const { return asked.empty() ? MessageType{} : asked.back().type; }
  std::uint32_t iaid() const { return config.iaid.value_or(iaid_of("isp")); }

  msg::Ia prefix_of(std::string_view prefix, std::uint32_t preferred = 3600, std::uint32_t valid = 7200) const {
    return {msg::IaType::Pd, iaid(), 0, 0, {}, {{net(prefix), preferred, valid, {}}}};
  }
  void say(MessageType type, const std::vector<msg::Ia>& ias, msg::Options more = {}) {
    const auto& question = asked.back();
    msg::Message out{type, question.transaction_id, {}};
    out.options.push_back(*msg::find_option(question.options, msg::OptionCode::ClientId));
    out.options.push_back(msg::bytes_option(msg::OptionCode::ServerId, kServer));
    for (const auto& ia : ias) out.options.push_back(msg::ia_option(ia));
    out.options.insert(out.options.end(), more.begin(), more.end());
    const ByteVec bytes = msg::write_message(out);
    side->on_datagram({Service::Dhcp6, bytes, kPeer, kUs, 64}, now);
    drain();
  }
  void delegate(std::string_view prefix, std::uint32_t preferred = 3600, std::uint32_t valid = 7200) {
    if (last() == MessageType::Solicit) say(MessageType::Advertise, {prefix_of(prefix, preferred, valid)});
    const auto dns = *parse_ipv6("2001:db8::53");
    say(MessageType::Reply, {prefix_of(prefix, preferred, valid)},
        {msg::bytes_option(msg::OptionCode::DnsServers, dns.bytes())});
  }
  void advertise(std::string_view on_link, bool other = false, std::uint32_t valid = 86400) {
    wire::icmp6::RouterAdvertisement ra;
    ra.lifetime = 1800;
    ra.other = other;
    ra.options.push_back(wire::icmp6::Mtu{1400});
    ra.options.push_back(wire::icmp6::PrefixInformation{net(on_link), true, true, wire::icmp6::Lifetime{valid},
                                                        wire::icmp6::Lifetime{valid / 2}});
    const ByteVec bytes = wire::icmp6::write_message(ra, kPeer, wire::icmp6::kAllNodes);
    side->on_datagram({Service::NeighbourDiscovery, bytes, kPeer, wire::icmp6::kAllNodes, 255}, now);
    drain();
  }
  const std::vector<model::PrefixFacts>& prefixes() const { return side->learned().prefixes; }
  std::size_t told(std::string_view code) const {
    return static_cast<std::size_t>(std::ranges::count(events, code, &model::Event::code));
  }
  Ipv6Memory after(Duration age) const { return {.record = aged(*record, age), .machine = {}, .wall_seconds = 0}; }

  model::DelegationConfig config;
  std::optional<Ipv6Part> side;
  Instant now = Instant{} + seconds(1000);
  std::vector<msg::Message> asked;
  unsigned solicitations = 0;
  std::vector<model::Event> events;
  std::optional<LeaseRecord> record;
  Instant recorded_at{};
  unsigned records = 0;
};

TEST_F(Ipv6PartTest, ADelegatedPrefixIsConfirmedUntilTheLinkGoesAndThenRememberedUntilItsEnd) {
  make();
  EXPECT_FALSE(side->next_deadline());
  up();
  EXPECT_EQ(last(), MessageType::Solicit);
  EXPECT_EQ(solicitations, 1U);
  delegate("2001:db8:a::/56");
  ASSERT_EQ(prefixes().size(), 1U);
  EXPECT_TRUE(prefixes()[0].confirmed);
  EXPECT_EQ(prefixes()[0].valid_until, now + seconds(7200));
  EXPECT_EQ(side->learned().dns, std::vector{*parse_ipv6("2001:db8::53")});
  EXPECT_EQ(told("prefix.delegated"), 1U);
  const Instant end = now + seconds(7200);
  down();
  ASSERT_EQ(prefixes().size(), 1U);
  EXPECT_FALSE(prefixes()[0].confirmed);
  EXPECT_EQ(prefixes()[0].valid_until, end);
  EXPECT_TRUE(side->learned().dns.empty());
  wait(seconds(7199));
  EXPECT_EQ(prefixes().size(), 1U);
  wait(seconds(1));
  EXPECT_TRUE(prefixes().empty());
  EXPECT_FALSE(side->next_deadline());
  EXPECT_FALSE(record) << "nothing is kept of what is over";
}

TEST_F(Ipv6PartTest, ANewLinkAsksWhetherThePrefixStillHoldsAndNeverReleasesIt) {
  make();
  up();
  delegate("2001:db8:a::/56");
  down();
  wait(seconds(100));
  up();
  EXPECT_EQ(last(), MessageType::Rebind);
  EXPECT_FALSE(prefixes()[0].confirmed);
  delegate("2001:db8:a::/56");
  EXPECT_TRUE(prefixes()[0].confirmed);
  EXPECT_EQ(told("prefix.delegated"), 2U);
  EXPECT_TRUE(std::ranges::none_of(asked, [](const auto& m) { return m.type == MessageType::Release; }));
}

TEST_F(Ipv6PartTest, TheSameSessionOpenedAnewKeepsItsPrefixWhileItIsAskedForAndLosesItWithoutAnAnswer) {
  make();
  up();
  delegate("2001:db8:a::/56");
  up();
  EXPECT_EQ(last(), MessageType::Rebind);
  EXPECT_TRUE(prefixes()[0].confirmed);
  wait(seconds(5));
  EXPECT_EQ(last(), MessageType::Solicit);
  EXPECT_FALSE(prefixes()[0].confirmed);
}

TEST_F(Ipv6PartTest, AnotherPrefixStandsBesideTheOldOneWhichIsOnlyRemembered) {
  make();
  up();
  delegate("2001:db8:a::/56");
  down();
  wait(seconds(10));
  up();
  wait(seconds(5));
  delegate("2001:db8:b::/56");
  ASSERT_EQ(prefixes().size(), 2U);
  EXPECT_EQ(prefixes()[0].prefix, net("2001:db8:b::/56"));
  EXPECT_TRUE(prefixes()[0].confirmed);
  EXPECT_EQ(prefixes()[1].prefix, net("2001:db8:a::/56"));
  EXPECT_FALSE(prefixes()[1].confirmed);
  EXPECT_EQ(told("prefix.changed"), 1U);
}

TEST_F(Ipv6PartTest, ALifetimeOfZeroTakesTheConfirmationAndLeavesTheTimeThatHostsWereTold) {
  make();
  up();
  delegate("2001:db8:a::/56");
  const Instant end = now + seconds(7200);
  wait(seconds(1800));
  ASSERT_EQ(last(), MessageType::Renew);
  msg::Ia both = prefix_of("2001:db8:a::/56", 0, 0);
  both.leases.push_back({net("2001:db8:b::/56"), 3600, 7200, {}});
  say(MessageType::Reply, {both});
  ASSERT_EQ(prefixes().size(), 2U);
  EXPECT_EQ(prefixes()[0].prefix, net("2001:db8:b::/56"));
  EXPECT_EQ(prefixes()[1].valid_until, end);
  EXPECT_FALSE(prefixes()[1].confirmed);
  EXPECT_EQ(told("prefix.lost"), 1U);
}

TEST_F(Ipv6PartTest, AServerThatRenumbersAtEveryTurnCannotMakeItGrow) {
  make();
  up();
  for (int i = 1; i <= 40; ++i) {
    delegate("2001:db8:" + std::to_string(i) + "00::/56");
    down();
    up();
    wait(seconds(5));
  }
  EXPECT_LE(prefixes().size(), KnownPrefixes::kMost);
  ASSERT_TRUE(record);
  EXPECT_LE(record->prefixes.size(), KnownPrefixes::kMost);
}

TEST_F(Ipv6PartTest, WhatIsKeptBringsThePrefixBackUnconfirmedAtOnceAndARebindConfirmsIt) {
  make();
  up();
  delegate("2001:db8:a::/56");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->server, kServer);
  now += seconds(600);
  make(after(seconds(600)));
  ASSERT_EQ(prefixes().size(), 1U);
  EXPECT_FALSE(prefixes()[0].confirmed);
  EXPECT_EQ(prefixes()[0].valid_until, now + seconds(6600));
  const unsigned before = records;
  up();
  EXPECT_EQ(last(), MessageType::Rebind);
  delegate("2001:db8:a::/56");
  EXPECT_TRUE(prefixes()[0].confirmed);
  wait(minutes(1));
  EXPECT_EQ(records, before + 1U) << "the new ends";
}

TEST_F(Ipv6PartTest, ARecordIsWrittenForEveryOtherPrefixAtOnceAndForNewEndsOnceAMinute) {
  make();
  up();
  delegate("2001:db8:a::/56", 4, 8);
  ASSERT_EQ(records, 1U);
  for (int i = 0; i < 100; ++i) {
    wait(milliseconds(100));
    while (last() != MessageType::Renew) wait(milliseconds(100));
    say(MessageType::Reply, {prefix_of("2001:db8:a::/56", 4, 8)});
    asked.push_back(msg::Message{});
  }
  EXPECT_GT(now, recorded_at);
  EXPECT_GE(records, 3U);
  EXPECT_LE(records, 6U) << "in " << whole_milliseconds(now.time_since_epoch()) / 1000 - 1000 << " s";
}

TEST_F(Ipv6PartTest, WithoutADelegationTheLinesOwnPrefixTakesItsPlaceAfterTheFirstFailure) {
  make();
  up();
  advertise("2001:db8:c:1::/64");
  EXPECT_TRUE(prefixes().empty()) << "a server may still answer";
  EXPECT_EQ(side->learned().addresses.size(), 1U);
  EXPECT_EQ(side->learned().mtu, 1400U);
  EXPECT_EQ(side->learned().router, kPeer);
  wait(seconds(10));
  EXPECT_EQ(told("dhcp6.no-answer"), 1U);
  ASSERT_EQ(prefixes().size(), 1U);
  EXPECT_TRUE(prefixes()[0].on_link && prefixes()[0].confirmed);
  EXPECT_EQ(prefixes()[0].prefix, net("2001:db8:c:1::/64"));
  EXPECT_EQ(told("prefix.on-link"), 1U);
  EXPECT_EQ(side->waiting_for(), "a DHCPv6 server (Solicit sent 4 times)");
  down();
  EXPECT_FALSE(prefixes()[0].confirmed);
  up();
  advertise("2001:db8:c:1::/64");
  EXPECT_TRUE(prefixes()[0].confirmed) << "the next link does not wait for the same failure";
  delegate("2001:db8:a::/56");
  ASSERT_EQ(prefixes().size(), 2U);
  EXPECT_EQ(prefixes()[0].prefix, net("2001:db8:a::/56"));
  EXPECT_FALSE(prefixes()[1].confirmed);
}

TEST_F(Ipv6PartTest, WithoutAWishForALeaseOptionsAreAskedForWhereRoutersSayThatThereAreSome) {
  config.prefix = false;
  make();
  up();
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(side->waiting_for(), "a router advertisement");
  advertise("2001:db8:c:1::/64", true);
  ASSERT_EQ(prefixes().size(), 1U);
  EXPECT_TRUE(prefixes()[0].on_link);
  EXPECT_EQ(last(), MessageType::InformationRequest);
  const auto dns = *parse_ipv6("2001:db8::53");
  say(MessageType::Reply, {}, {msg::bytes_option(msg::OptionCode::DnsServers, dns.bytes())});
  EXPECT_EQ(side->learned().dns, std::vector{dns});
}

TEST_F(Ipv6PartTest, WhatDhcpv6SaysOfCarryingIpv4IsLearnedAsItCame) {
  config.prefix = false;
  make();
  up();
  advertise("2001:db8:c:1::/64", true);
  const std::string name = "gw.example.jp";
  const ByteVec rules{std::byte{0}, std::byte{89}, std::byte{0}, std::byte{0}};
  say(MessageType::Reply, {},
      {msg::Option{msg::OptionCode::AftrName, wire::dhcp6::write_names(std::span(&name, 1))},
       msg::Option{msg::OptionCode::S46ContMapE, rules}});
  ASSERT_TRUE(side->learned().softwire);
  EXPECT_EQ(side->learned().softwire->aftr, name);
  EXPECT_EQ(side->learned().softwire->s46, (std::vector<model::SoftwireFacts::Option>{{94, rules}}));
  down();
  EXPECT_FALSE(side->learned().softwire);
}

TEST_F(Ipv6PartTest, AnAssignedAddressIsNoPrefixAndEndsWithItsLink) {
  config.address = true;
  make();
  up();
  const msg::Ia address{msg::IaType::Na, iaid(), 0, 0, {}, {{net("2001:db8:e::5/128"), 3600, 7200, {}}}};
  say(MessageType::Advertise, {prefix_of("2001:db8:a::/56"), address});
  say(MessageType::Reply, {prefix_of("2001:db8:a::/56"), address});
  EXPECT_EQ(side->learned().addresses, std::vector{*parse_ipv6("2001:db8:e::5")});
  ASSERT_EQ(prefixes().size(), 1U);
  down();
  EXPECT_TRUE(side->learned().addresses.empty());
}

TEST_F(Ipv6PartTest, ARefusalIsToldOnceHoweverOftenTheLinkComesBack) {
  make();
  for (int i = 0; i < 3; ++i) {
    up();
    msg::Ia none{msg::IaType::Pd, iaid(), 0, 0, {msg::StatusCode::NoPrefixAvail, "none left"}, {}};
    say(MessageType::Advertise, {none});
    down();
  }
  EXPECT_EQ(told("dhcp6.refused"), 3U);
  EXPECT_EQ(std::ranges::count(events, model::Severity::Warning, &model::Event::severity), 1);
}

TEST_F(Ipv6PartTest, ItReleasesOnlyWhenItIsTold) {
  make();
  up();
  delegate("2001:db8:a::/56");
  side->release(now);
  drain();
  EXPECT_EQ(last(), MessageType::Release);
  EXPECT_TRUE(side->releasing());
  say(MessageType::Reply, {});
  EXPECT_FALSE(side->releasing());
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->leases.empty());
  EXPECT_EQ(record->prefixes.size(), 1U) << "hosts still know it";
  EXPECT_FALSE(prefixes()[0].confirmed);
}

TEST_F(Ipv6PartTest, AnotherDuidIsAnotherClientAndClaimsNoLease) {
  make();
  up();
  delegate("2001:db8:a::/56");
  auto other = config;
  other.duid = model::DuidKind::Bytes;
  other.duid_bytes = *from_hex("0003000102000000aaaa");
  side->configure(other, now);
  wait(milliseconds(20));
  EXPECT_EQ(last(), MessageType::Solicit);
  EXPECT_EQ(msg::find_option(asked.back().options, msg::OptionCode::ClientId)->value, other.duid_bytes);
  ASSERT_EQ(prefixes().size(), 1U);
  EXPECT_FALSE(prefixes()[0].confirmed);
}

TEST_F(Ipv6PartTest, DuidsThatAreMadeOnceStayWhatTheyAre) {
  for (const auto kind : {model::DuidKind::LinkLayerTime, model::DuidKind::Uuid}) {
    config.duid = kind;
    make({.record = std::nullopt, .machine = {}, .wall_seconds = 1'750'000'000});
    up();
    ASSERT_TRUE(record) << "before anybody has answered";
    const ByteVec duid = msg::find_option(asked.back().options, msg::OptionCode::ClientId)->value;
    EXPECT_EQ(record->duid, duid);
    auto memory = after(hours(1));
    memory.wall_seconds = 1'760'000'000;
    make(memory);
    up();
    EXPECT_EQ(msg::find_option(asked.back().options, msg::OptionCode::ClientId)->value, duid);
  }
}

TEST_F(Ipv6PartTest, NonsenseChangesNothing) {
  make();
  up();
  delegate("2001:db8:a::/56");
  const auto before = prefixes();
  Random random = Random::seeded(5);
  for (int i = 0; i < 2000; ++i) {
    const ByteVec bytes = random.bytes(random.below(80));
    side->on_datagram({i % 2 == 0 ? Service::Dhcp6 : Service::NeighbourDiscovery, bytes, kPeer, kUs, 255}, now);
    drain();
  }
  EXPECT_EQ(prefixes(), before);
}

TEST(Iaid, IsTheSameForTheSameNameAndDiffersBetweenNames) {
  EXPECT_EQ(iaid_of("isp"), iaid_of("isp"));
  EXPECT_NE(iaid_of("isp"), iaid_of("isp2"));
}

}  // namespace
}  // namespace michi::uplink

#include "linux/netlink/kernel_net.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

Prefix prefix(std::string_view text) { return *parse_prefix(text); }

class KernelNetTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip tuntap add isp mode tun && ip link set isp up"), 0);
  }

  void open() {
    door_ = std::make_unique<KernelNet>(loop_.context());
    ASSERT_TRUE(reported<port::DumpEnd>([](const auto&) { return true; }));
  }

  // Runs until a report of this kind is as wanted; keeps all reports.
  template <class Report>
  bool reported(const std::function<bool(const Report&)>& wanted) {
    return loop_.run_until([&] {
      bool found = false;
      for (auto& report : drain(*door_)) {
        if (const auto* one = std::get_if<Report>(&report)) found |= wanted(*one);
        reports_.push_back(std::move(report));
      }
      return found;
    });
  }

  std::optional<port::OsError> perform(port::NetOp op) {
    std::optional<port::OsError> error;
    const port::Ticket ticket = ++ticket_;
    door_->submit(std::move(op), ticket);
    EXPECT_TRUE(reported<port::Completion>([&](const port::Completion& completion) {
      if (completion.ticket == ticket) error = completion.error;
      return completion.ticket == ticket;
    }));
    return error;
  }

  template <class Report>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(reports_, [](const auto& report) { return std::holds_alternative<Report>(report); }));
  }

  static model::RouteEntry route(std::string_view to, std::string device = "isp") {
    return {.table = 20001,
            .to = prefix(to),
            .metric = 0,
            .type = model::RouteType::Unicast,
            .device = std::move(device),
            .source = std::nullopt,
            .protocol = model::kRouteProtocol,
            .mtu = 0};
  }
  static model::RuleEntry rule(Family family) {
    return {.family = family,
            .priority = 20700,
            .action = model::RuleAction::Lookup,
            .table = 20001,
            .from = std::nullopt,
            .oif = "",
            .iif = "",
            .mark = 1u << 24,
            .mark_mask = 0xff000000,
            .suppress_prefix_length = std::nullopt,
            .protocol = 109};
  }

  std::unique_ptr<KernelNet> door_;
  std::vector<port::NetReport> reports_;
  port::Ticket ticket_ = 0;
};

TEST_F(KernelNetTest, AddingAndRemovingTwiceSucceedsAndForeignObjectsStayUntouched) {
  // Without an address left on the device the kernel would drop every IPv4 route there.
  ASSERT_EQ(run("ip addr add 192.0.2.200/32 dev isp && ip route add 203.0.113.0/24 dev isp && ip route add "
                "198.51.100.0/24 dev isp table 77 && "
                "ip rule add pref 100 lookup 77 && ip -6 route add 2001:db8:9::/48 dev isp"),
            0);
  const std::string foreign = output_of("ip route; ip route show table 77; ip rule; ip -6 route; ip -6 rule; ip addr");
  open();
  auto unreachable = route("0.0.0.0/0", "");
  unreachable.type = model::RouteType::Unreachable;
  unreachable.metric = 4000;
  const std::vector<port::NetOp> adds = {port::AddAddress{{"isp", prefix("192.0.2.1/32"), true}},
                                         port::AddAddress{{"isp", prefix("2001:db8::1/128"), true}},
                                         port::AddRoute{route("0.0.0.0/0")},
                                         port::AddRoute{route("::/0")},
                                         port::AddRoute{unreachable},
                                         port::AddRule{rule(Family::V4)},
                                         port::AddRule{rule(Family::V6)}};
  for (int round = 0; round < 2; ++round) {
    for (const auto& op : adds) EXPECT_FALSE(perform(op)) << round;
  }
  EXPECT_EQ(output_of("ip rule show pref 20700"),
            "20700:\tfrom all fwmark 0x1000000/0xff000000 lookup 20001 proto 109\n");
  EXPECT_NE(output_of("ip route show table 20001").find("unreachable default proto 109 metric 4000"),
            std::string::npos);
  const std::vector<port::NetOp> removals = {port::DeleteRule{rule(Family::V6)},
                                             port::DeleteRule{rule(Family::V4)},
                                             port::DeleteRoute{unreachable},
                                             port::DeleteRoute{route("::/0")},
                                             port::DeleteRoute{route("0.0.0.0/0")},
                                             port::DeleteAddress{{"isp", prefix("2001:db8::1/128"), true}},
                                             port::DeleteAddress{{"isp", prefix("192.0.2.1/32"), true}}};
  for (int round = 0; round < 2; ++round) {
    for (const auto& op : removals) {
      const auto error = perform(op);
      EXPECT_FALSE(error) << round << error->text();
    }
  }
  EXPECT_EQ(output_of("ip route; ip route show table 77; ip rule; ip -6 route; ip -6 rule; ip addr"), foreign);
}

TEST_F(KernelNetTest, RemovingADefaultRouteThatIsGoneDoesNotTakeTheUnreachableOne) {
  open();
  auto last = route("0.0.0.0/0", "");
  last.type = model::RouteType::Unreachable;
  last.metric = 4000;
  EXPECT_FALSE(perform(port::AddRoute{last}));
  EXPECT_FALSE(perform(port::DeleteRoute{route("0.0.0.0/0")}));
  EXPECT_EQ(output_of("ip route show table 20001"), "unreachable default proto 109 metric 4000 \n");
}

TEST_F(KernelNetTest, WhatAnOperationChangedIsReportedBeforeItsCompletion) {
  open();
  reports_.clear();
  EXPECT_FALSE(perform(port::AddRoute{route("198.51.100.0/24")}));
  ASSERT_GE(reports_.size(), 2u);
  const auto* seen = std::get_if<port::RouteSeen>(&reports_.front());
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->route, route("198.51.100.0/24"));
  EXPECT_TRUE(std::holds_alternative<port::Completion>(reports_.back()));
}

TEST_F(KernelNetTest, ARouteReplacesTheOneWithItsKey) {
  open();
  ASSERT_EQ(run("ip tuntap add second mode tun && ip link set second up"), 0);
  for (const char* to : {"198.51.100.0/24", "2001:db8:1::/48"}) {
    EXPECT_FALSE(perform(port::AddRoute{route(to)}));
    EXPECT_FALSE(perform(port::AddRoute{route(to, "second")}));
  }
  EXPECT_EQ(output_of("ip route show table 20001"), "198.51.100.0/24 dev second proto 109 scope link linkdown \n");
  const std::string v6 = output_of("ip -6 route show table 20001");
  EXPECT_NE(v6.find("dev second"), std::string::npos);
  EXPECT_EQ(v6.find("dev isp"), std::string::npos);
}

TEST_F(KernelNetTest, ADumpHoldsOurObjectsAndEverybodysLinksAndAddresses) {
  ASSERT_EQ(run("ip addr add 192.0.2.1/32 dev isp && ip route add 198.51.100.0/24 dev isp table 20001 proto 109 && "
                "ip route add 203.0.113.0/24 dev isp && "
                "ip rule add pref 20100 lookup main suppress_prefixlength 0 protocol 109"),
            0);
  open();
  ASSERT_TRUE(std::holds_alternative<port::DumpBegin>(reports_.front()));
  EXPECT_EQ(count<port::LinkSeen>(), 2u);
  EXPECT_EQ(count<port::RouteSeen>(), 1u);
  ASSERT_EQ(count<port::RuleSeen>(), 1u);
  for (const auto& report : reports_) {
    if (const auto* one = std::get_if<port::RuleSeen>(&report)) {
      EXPECT_EQ(one->rule.suppress_prefix_length, 0u);
      EXPECT_EQ(one->rule.table, 254u);
    }
    if (const auto* one = std::get_if<port::LinkSeen>(&report); one != nullptr && one->link.name == "isp") {
      EXPECT_EQ(one->link.kind, "tun");
      EXPECT_TRUE(one->link.up);
    }
  }
}

TEST_F(KernelNetTest, AnIpv6AddressIsReportedWhenDuplicateDetectionIsOver) {
  ASSERT_EQ(run("ip link add lan0 type veth peer name host0 && ip link set lan0 up && ip link set host0 up"), 0);
  open();
  const auto seen = [](std::string_view text) {
    return [text](const port::AddressSeen& report) { return to_text(report.address.address) == text; };
  };
  ASSERT_EQ(run("ip addr add 2001:db8:7::2/64 dev host0 nodad && ip addr add 2001:db8:7::2/64 dev lan0 && "
                "ip addr add 2001:db8:7::1/64 dev lan0"),
            0);
  EXPECT_TRUE(reported<port::AddressSeen>(seen("2001:db8:7::1/64")));
  EXPECT_EQ(output_of("ip -6 addr show dev lan0 tentative -dadfailed to 2001:db8:7::1"), "");
  const auto of_lan = [](const auto& report) {
    const auto* address = std::get_if<port::AddressSeen>(&report);
    return address && address->address.device == "lan0" && to_text(address->address.address) == "2001:db8:7::2/64";
  };
  EXPECT_TRUE(std::ranges::none_of(reports_, of_lan)) << "somebody else has it";
}

TEST_F(KernelNetTest, ChangesByOthersAreReported) {
  open();
  ASSERT_EQ(run("ip route add 198.51.100.0/24 dev isp table 20001"), 0);
  EXPECT_TRUE(reported<port::RouteSeen>([](const auto& seen) { return seen.route.protocol == 3; }));
  ASSERT_EQ(run("ip rule add pref 20500 lookup 20001"), 0);
  EXPECT_TRUE(reported<port::RuleSeen>([](const auto& seen) { return seen.rule.priority == 20500; }));
  ASSERT_EQ(run("ip rule del pref 20500 && ip addr add 192.0.2.77/32 dev isp"), 0);
  EXPECT_TRUE(
      reported<port::AddressSeen>([](const auto& seen) { return to_text(seen.address.address) == "192.0.2.77/32"; }));
  EXPECT_EQ(count<port::RuleGone>(), 1u);
  ASSERT_EQ(run("ip link set isp name other"), 0);
  EXPECT_TRUE(reported<port::LinkGone>([](const auto& gone) { return gone.name == "isp"; }));
  ASSERT_EQ(run("ip link del other"), 0);
  EXPECT_TRUE(reported<port::LinkGone>([](const auto& gone) { return gone.name == "other"; }));
}

TEST_F(KernelNetTest, ForwardingAndTheReversePathFilterAreToldAtFirstAndWhenTheyChange) {
  open();
  const auto told = [&](std::string_view path, std::string_view value) {
    return std::ranges::any_of(reports_, [&](const auto& report) {
      const auto* seen = std::get_if<port::SysctlSeen>(&report);
      return seen != nullptr && seen->path == path && seen->value == value;
    });
  };
  EXPECT_TRUE(told("net/ipv4/ip_forward", "0") || told("net/ipv4/ip_forward", "1"));
  EXPECT_TRUE(told("net/ipv4/conf/isp/rp_filter", "0") || told("net/ipv4/conf/isp/rp_filter", "2"));
  for (const char* value : {"1", "0"}) {
    ASSERT_EQ(run(fmt::format("sysctl -qw net.ipv4.ip_forward={0} net.ipv4.conf.isp.rp_filter={0}", value)), 0);
    EXPECT_TRUE(reported<port::SysctlSeen>(
        [&](const auto& seen) { return seen.path == "net/ipv4/conf/isp/rp_filter" && seen.value == value; }));
    EXPECT_TRUE(told("net/ipv4/ip_forward", value));
  }
}

TEST_F(KernelNetTest, WhatADeviceHasCountedIsTold) {
  open();
  EXPECT_FALSE(door_->link_counters("nobody"));
  ASSERT_EQ(run("ip link set lo up"), 0);
  const auto before = door_->link_counters("lo");
  ASSERT_TRUE(before);
  ASSERT_EQ(run("ping -c 3 -i 0.01 -q 127.0.0.1 > /dev/null"), 0);
  const auto after = door_->link_counters("lo");
  ASSERT_TRUE(after);
  EXPECT_GE(after->rx_packets, before->rx_packets + 6);
  EXPECT_GE(after->rx_bytes, before->rx_bytes + 6U * 84);
  EXPECT_EQ(after->tx_packets, after->rx_packets);
}

TEST_F(KernelNetTest, WhatMainSaysOfAnAddressIsToldWithGatewaysAndRefusals) {
  open();
  const auto ask = [&](std::string_view to) { return door_->main_route(*parse_address(to), 0xff000000); };
  EXPECT_FALSE(ask("198.51.100.1"));
  ASSERT_EQ(run("ip addr add 192.0.2.1/24 dev isp && ip route add default via 192.0.2.254 && "
                "ip route add 203.0.113.0/24 nexthop via 192.0.2.253 nexthop via 192.0.2.252 && "
                "ip route add unreachable 203.0.113.128/25 && ip route add 198.18.0.0/15 dev isp table 500"),
            0);
  for (const auto& [to, prefix] : {std::pair("198.18.0.1", "0.0.0.0/0"), std::pair("192.0.2.9", "192.0.2.0/24"),
                                   std::pair("203.0.113.1", "203.0.113.0/24")}) {
    const auto route = ask(to);
    ASSERT_TRUE(route) << to;
    EXPECT_EQ(to_text(route->to), prefix);
    EXPECT_EQ(route->device.view(), "isp");
    EXPECT_EQ(route->type, model::RouteType::Unicast);
  }
  const auto refused = ask("203.0.113.200");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->type, model::RouteType::Unreachable);
  EXPECT_FALSE(ask("192.0.2.1")) << "local, not main's";
  ASSERT_EQ(run("ip rule add pref 500 lookup 500"), 0);
  EXPECT_FALSE(ask("198.18.0.1")) << "somebody's rule before: not main's word";
}

TEST_F(KernelNetTest, ForeignRoutesElsewhereMakeNoReport) {
  open();
  reports_.clear();
  ASSERT_EQ(run("ip route add 203.0.113.0/24 dev isp && ip route add 203.0.113.0/24 dev isp table 500"), 0);
  EXPECT_FALSE(perform(port::AddRoute{route("198.51.100.0/24")}));
  EXPECT_EQ(count<port::RouteSeen>(), 1u);
}

TEST_F(KernelNetTest, RoutesThatLeaveWithoutAWordAreFoundByANewDump) {
  open();
  EXPECT_FALSE(perform(port::AddRoute{route("198.51.100.0/24")}));
  reports_.clear();
  ASSERT_EQ(run("ip link set isp down"), 0);
  ASSERT_TRUE(reported<port::DumpEnd>([](const auto&) { return true; }));
  EXPECT_EQ(count<port::DumpBegin>(), 1u);
  EXPECT_EQ(count<port::RouteSeen>(), 0u);
}

TEST_F(KernelNetTest, AnErrorCarriesTheOperationAndTheKernelsWords) {
  open();
  auto bad = route("198.51.100.0/24");
  bad.source = *parse_address("192.0.2.200");  // not an address of this machine
  const auto error = perform(port::AddRoute{bad});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->operation,
            "add route 198.51.100.0/24 table 20001 dev isp src 192.0.2.200 (Invalid prefsrc address)");
  const auto missing = perform(port::SetLink{.name = "nowhere", .up = true, .mtu = {}, .alias = {}});
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code, ENODEV);
}

TEST_F(KernelNetTest, ALinkGetsItsMtuAndAliasAndGoesDown) {
  open();
  EXPECT_FALSE(perform(port::SetLink{.name = "isp", .up = false, .mtu = 1454, .alias = "michi"}));
  EXPECT_TRUE(std::ranges::any_of(reports_, [](const auto& report) {
    const auto* seen = std::get_if<port::LinkSeen>(&report);
    return seen != nullptr && seen->link.mtu == 1454 && seen->link.alias == "michi" && !seen->link.up;
  }));
}

TEST_F(KernelNetTest, TenThousandRoutesAreAppliedWellWithinASecond) {
  open();
  constexpr port::Ticket kRoutes = 10000;
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t work_begin = std::clock();  // of this process and the kernel for it: fair on a busy machine
  for (port::Ticket i = 0; i < kRoutes; ++i) {
    auto one = route("10.0.0.0/32");
    one.table = model::kTableClosed;
    one.to.address = Ipv4{0x0a000000u + static_cast<std::uint32_t>(i)};
    door_->submit(port::AddRoute{one}, i);
  }
  std::size_t done = 0, seen = 0, failed = 0;
  ASSERT_TRUE(loop_.run_until([&] {
    for (const auto& report : drain(*door_)) {
      if (const auto* completion = std::get_if<port::Completion>(&report)) {
        ++done;
        failed += completion->error ? 1u : 0u;
      }
      seen += std::holds_alternative<port::RouteSeen>(report) ? 1u : 0u;
    }
    return done == kRoutes;
  }));
  const auto applied = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(failed, 0u);
  EXPECT_EQ(seen, kRoutes);
  const std::clock_t work = (std::clock() - work_begin) * 1000 / CLOCKS_PER_SEC;
  EXPECT_LT(work, 1000);

  door_->refresh();
  std::size_t dumped = 0;
  bool ended = false;
  const auto dump_begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(loop_.run_until([&] {
    for (const auto& report : drain(*door_)) {
      dumped += std::holds_alternative<port::RouteSeen>(report) ? 1u : 0u;
      ended |= std::holds_alternative<port::DumpEnd>(report);
    }
    return ended;
  }));
  EXPECT_EQ(dumped, kRoutes);
  const auto dump = std::chrono::steady_clock::now() - dump_begin;
  fmt::print("10,000 routes: applied in {} ms ({} ms of work), dumped in {} ms\n",
             applied / std::chrono::milliseconds(1), work, dump / std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace michi::linux

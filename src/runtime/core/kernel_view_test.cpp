#include "runtime/core/kernel_view.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

model::RouteEntry route(std::string device) {
  return {.table = 20001,
          .to = *parse_prefix("0.0.0.0/0"),
          .metric = 0,
          .type = model::RouteType::Unicast,
          .device = std::move(device),
          .source = {},
          .mtu = 0};
}

TEST(KernelView, ADumpBecomesVisibleOnlyAtItsEnd) {
  KernelView view;
  EXPECT_FALSE(view.on_report(port::DumpBegin{}));
  EXPECT_FALSE(view.on_report(port::RouteSeen{route("isp")}));
  EXPECT_FALSE(view.observed().complete);
  EXPECT_TRUE(view.observed().routes.empty());
  EXPECT_TRUE(view.on_report(port::DumpEnd{}));
  EXPECT_TRUE(view.observed().complete);
  EXPECT_EQ(view.observed().routes.size(), 1u);
}

TEST(KernelView, ASecondDumpForgetsWhatItDoesNotShow) {
  KernelView view;
  view.on_report(port::DumpBegin{});
  view.on_report(port::RouteSeen{route("isp")});
  view.on_report(port::DumpEnd{});
  view.on_report(port::DumpBegin{});
  view.on_report(port::DumpEnd{});
  EXPECT_TRUE(view.observed().routes.empty());
}

TEST(KernelView, ARouteWithTheSameKeyTakesTheOlderOnesPlace) {
  KernelView view;
  EXPECT_TRUE(view.on_report(port::RouteSeen{route("isp")}));
  EXPECT_FALSE(view.on_report(port::RouteSeen{route("isp")}));
  EXPECT_TRUE(view.on_report(port::RouteSeen{route("biz")}));
  ASSERT_EQ(view.observed().routes.size(), 1u);
  EXPECT_EQ(view.observed().routes.begin()->device, "biz");
}

TEST(KernelView, ADeviceThatGoesTakesItsAddressesAlong) {
  KernelView view;
  view.on_report(port::LinkSeen{{.name = "isp", .mac = {}, .kind = {}, .alias = {}}});
  view.on_report(port::AddressSeen{{"isp", *parse_prefix("192.0.2.1/32"), true}});
  view.on_report(port::AddressSeen{{"lan0", *parse_prefix("192.168.1.1/24"), false}});
  EXPECT_TRUE(view.on_report(port::LinkGone{"isp"}));
  ASSERT_EQ(view.observed().addresses.size(), 1u);
  EXPECT_EQ(view.observed().addresses.begin()->device, "lan0");
}

TEST(KernelView, ARuleToldTwiceAroundADumpIsOneRule) {
  KernelView view;
  model::RuleEntry rule;
  rule.priority = 20200;
  EXPECT_TRUE(view.on_report(port::RuleSeen{rule}));
  EXPECT_FALSE(view.on_report(port::RuleSeen{rule}));
  EXPECT_EQ(view.observed().rules.size(), 1u);
  EXPECT_TRUE(view.on_report(port::RuleGone{rule}));
  EXPECT_TRUE(view.observed().rules.empty());
}

TEST(KernelView, OtherPeoplesRulesAreKeptApartAndMoveNothing) {
  KernelView view;
  model::RuleEntry rule;
  rule.priority = 500;
  EXPECT_FALSE(view.on_report(port::ForeignRuleSeen{rule}));
  EXPECT_FALSE(view.on_report(port::ForeignRuleSeen{rule}));
  EXPECT_TRUE(view.observed().rules.empty());
  EXPECT_EQ(view.observed().foreign_rules.size(), 1u);
  EXPECT_FALSE(view.on_report(port::ForeignRuleGone{rule}));
  EXPECT_TRUE(view.observed().foreign_rules.empty());
}

}  // namespace
}  // namespace michi::runtime

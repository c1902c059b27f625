#include "health/doctor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace michi::health {
namespace {

using model::Reason;
using model::Verdict;

class Doctor : public testing::Test {
 protected:
  Doctor() {
    model::UplinkConfig isp;
    isp.id = {"isp"};
    isp.over = model::OnLine{"wan0"};
    model::LanConfig home;
    home.name = "home";
    home.interface = "lan0";
    config.uplinks = {isp};
    config.lans = {home};
    facts.id = {"isp"};
    facts.state = model::UplinkState::Up;
    facts.reason = Reason::None;
    facts.attached = true;
    facts.mtu = 1492;
    facts.v6 = model::Ipv6Facts{.local = *parse_ipv6("fe80::2"), .peer = *parse_ipv6("fe80::1")};
    evidence.links["wan0"].mac = *parse_mac("02:00:00:00:00:01");
    evidence.links["lan0"].mac = *parse_mac("02:00:00:00:00:02");
  }

  std::vector<model::Finding> examined() {
    evidence.config = &config;
    uplink.config = config.uplinks.data();
    uplink.facts = &facts;
    evidence.uplinks = {uplink};
    evidence.uplinks.insert(evidence.uplinks.end(), others.begin(), others.end());
    lan.config = config.lans.data();
    evidence.lans = {lan};
    return examine(evidence);
  }
  /// Codes of what is not good.
  std::set<std::string> troubles() {
    std::set<std::string> codes;
    for (const auto& finding : examined())
      if (finding.verdict != Verdict::Good) codes.insert(finding.check);
    return codes;
  }
  model::Finding finding(const std::string& check) {
    const auto all = examined();
    const auto at = std::ranges::find(all, check, &model::Finding::check);
    return at == all.end() ? model::Finding{} : *at;
  }
  void delegate() { facts.prefixes = {{.prefix = *parse_prefix("2001:db8:a::/56"), .confirmed = true}}; }
  void fail(Reason reason, std::string detail = {}) {
    facts.state = model::UplinkState::Waiting;
    facts.attached = false;
    facts.v6.reset();
    facts.reason = reason;
    facts.detail = std::move(detail);
  }

  using Codes = std::set<std::string>;
  model::Config config;
  model::UplinkFacts facts;
  UplinkEvidence uplink;
  std::vector<UplinkEvidence> others;
  LanEvidence lan;
  Evidence evidence;
};

TEST_F(Doctor, AHouseInOrderHasNoTroubleAndSaysWhatWasLookedAt) {
  delegate();
  lan.dhcp_servers.emplace();
  lan.foreign_routers.emplace();
  EXPECT_EQ(troubles(), Codes{});
  EXPECT_GE(examined().size(), 5u);
}

TEST_F(Doctor, WhatWasNotLookedAtIsNotCalledGood) {
  delegate();
  EXPECT_EQ(finding("lan.dhcp-servers").check, "");
}

TEST_F(Doctor, AnAdvertiseOnTheWireThatTheClientNeverHearsIsTheFirewallsDoing) {
  uplink.dhcp6 = Dhcp6Evidence{.asking = true, .solicits = 4, .duid = "ll", .answers_on_wire = 3};
  EXPECT_EQ(troubles(), Codes{"prefix.not-accepted"}) << "and not that nothing is delegated: this is why";
  EXPECT_NE(finding("prefix.not-accepted").remedy.find("546"), std::string::npos);
}

TEST_F(Doctor, ASilentServerIsNotBlamedOnTheFirewall) {
  uplink.dhcp6 = Dhcp6Evidence{.asking = true, .solicits = 4, .duid = "ll", .answers_on_wire = 0};
  EXPECT_EQ(troubles(), Codes{"prefix.not-delegated"});
}

TEST_F(Doctor, PacketsThatLeaveAndNeverReturnAreEvidenceOfAPrefixThatWasNotDelegated) {
  config.uplinks[0].delegation.prefix = false;
  uplink.sent6 = 40;
  uplink.received6 = 0;
  const auto found = finding("prefix.not-delegated");
  EXPECT_EQ(found.verdict, Verdict::Suspect);
  ASSERT_FALSE(found.evidence.empty());
  EXPECT_EQ(found.evidence.back(), "40 IPv6 packets left, none came back");
}

TEST_F(Doctor, ARefusalWithAnUnusualIdentifierNamesTheIdentifier) {
  uplink.dhcp6 =
      Dhcp6Evidence{.asking = true, .solicits = 2, .advertises = 2, .refusal = "NoPrefixAvail", .duid = "uuid"};
  EXPECT_TRUE(troubles().contains("prefix.duid-refused"));
  uplink.dhcp6->duid = "ll";
  EXPECT_TRUE(troubles().contains("prefix.refused"));
}

TEST_F(Doctor, AddressesOfAClosedNetworkAreNoInternet) {
  facts.v6->addresses = {*parse_ipv6("3fff:c00::5")};
  uplink.closed_only = true;
  EXPECT_EQ(troubles(), Codes{"address.closed-only"});
}

TEST_F(Doctor, NoOfferPointsAtPassThrough) {
  fail(Reason::NoAnswer, "no PADO on wan0 after 5 PADIs");
  EXPECT_EQ(troubles(), Codes{"session.no-offer"});
  EXPECT_NE(finding("session.no-offer").remedy.find("pass-through"), std::string::npos);
}

TEST_F(Doctor, ARefusedSessionBesideAWorkingIpoeMayBeTheContract) {
  fail(Reason::AuthFailed, "Access denied");
  model::UplinkConfig native;
  native.id = {"native"};
  native.kind = model::IpoeConfig{};
  native.over = model::OnLine{"wan0"};
  model::UplinkFacts up;
  up.state = model::UplinkState::Up;
  up.attached = true;
  up.v6 = model::Ipv6Facts{};
  up.v6->addresses = {*parse_ipv6("2001:db8::5")};
  others = {{.config = &native, .facts = &up}};
  EXPECT_TRUE(troubles().contains("line.forbids-both"));
  native.over = model::OnLine{"wan1"};
  EXPECT_FALSE(troubles().contains("line.forbids-both")) << "another line";
}

TEST_F(Doctor, ARefusedAccountAndAFullLineAreToldApart) {
  fail(Reason::AuthFailed, "Access denied");
  EXPECT_EQ(troubles(), Codes{"session.account"});
  fail(Reason::SessionLimit);
  EXPECT_EQ(troubles(), Codes{"line.session-limit"});
}

TEST_F(Doctor, ASmallerMtuThanTheFileAsksForIsTold) {
  delegate();
  facts.mtu = 1454;
  EXPECT_EQ(troubles(), Codes{"path.mtu"});
  config.uplinks[0].mtu = 1454;
  EXPECT_EQ(troubles(), Codes{});
}

TEST_F(Doctor, AnAdvertisedMtuBelowTheLinksIsTold) {
  delegate();
  facts.v6->mtu = 1280;
  EXPECT_EQ(troubles(), Codes{"path.advertised-mtu"});
}

TEST_F(Doctor, ASecondDhcpServerIsToldWithWhatItOffers) {
  delegate();
  config.lans[0].dhcp = model::DhcpRange{*parse_ipv4("192.168.10.100"), *parse_ipv4("192.168.10.200")};
  lan.dhcp_servers = {{.identifier = *parse_ipv4("192.168.10.254"),
                       .mac = *parse_mac("02:00:00:00:00:99"),
                       .offered = *parse_ipv4("192.168.10.77"),
                       .router = *parse_ipv4("192.168.10.254")}};
  const auto found = finding("lan.dhcp-servers");
  EXPECT_EQ(found.verdict, Verdict::Bad);
  EXPECT_EQ(found.evidence,
            std::vector<std::string>{"192.168.10.254 (02:00:00:00:00:99) offers 192.168.10.77, router 192.168.10.254"});
}

TEST_F(Doctor, WhereMichiServesNoAddressesOneServerIsRightAndTwoAreNot) {
  delegate();
  config.lans[0].addresses = {*parse_prefix("192.168.10.1/24")};
  lan.dhcp_servers = {{.identifier = *parse_ipv4("192.168.10.2"), .mac = {}, .router = *parse_ipv4("192.168.10.1")}};
  EXPECT_EQ(finding("lan.dhcp-servers").verdict, Verdict::Good);
  lan.dhcp_servers->front().router = *parse_ipv4("192.168.10.2");
  EXPECT_EQ(finding("lan.dhcp-servers").verdict, Verdict::Suspect);
  lan.dhcp_servers->push_back({.identifier = *parse_ipv4("192.168.10.3"), .mac = {}});
  EXPECT_EQ(finding("lan.dhcp-servers").verdict, Verdict::Bad);
}

TEST_F(Doctor, EqualEthernetAddressesAreFoundByWhatIsUsedOnTheWire) {
  delegate();
  evidence.links["lan0"].mac = evidence.links["wan0"].mac;
  EXPECT_EQ(troubles(), Codes{"line.same-mac"});
  std::get<model::OnLine>(config.uplinks[0].over).mac = *parse_mac("02:00:00:00:00:99");
  EXPECT_EQ(troubles(), Codes{});
}

TEST_F(Doctor, OneInterfaceForBothSidesIsNoEqualAddress) {
  delegate();
  config.lans[0].interface = "wan0";
  EXPECT_EQ(troubles(), Codes{});
}

TEST_F(Doctor, AResolverAskedByAnotherRoadThanItsOwnIsTold) {
  delegate();
  evidence.resolvers = {{.server = *parse_address("192.0.2.53"), .belongs_to = "isp", .leaves_by = "isp"}};
  EXPECT_EQ(troubles(), Codes{});
  evidence.resolvers[0].leaves_by = "main";
  EXPECT_EQ(troubles(), Codes{"dns.wrong-uplink"});
}

TEST_F(Doctor, DamageThatIsLeftByWillNamesTheSwitch) {
  delegate();
  evidence.damage = {"firewall: differs"};
  config.global.repair = false;
  EXPECT_NE(finding("kernel.damage").remedy.find("repair = false"), std::string::npos);
}

TEST_F(Doctor, TheWorstComesFirst) {
  fail(Reason::NoAnswer);
  lan.foreign_routers.emplace({*parse_ipv6("fe80::9")});
  const auto all = examined();
  ASSERT_GE(all.size(), 3u);
  EXPECT_EQ(all[0].verdict, Verdict::Bad);
  EXPECT_EQ(all[1].verdict, Verdict::Suspect);
  EXPECT_EQ(all.back().verdict, Verdict::Good);
}

/// A kind that no product has: it stands on isp.
struct Tunnel {
  bool operator==(const Tunnel&) const = default;
  static constexpr model::Traits kTraits = {.name = "tunnel", .counts_as_session = false, .default_mtu = 1460};
};

class CarriedDoctor : public Doctor {
 protected:
  CarriedDoctor() {
    delegate();
    child.id = {"mape"};
    child.kind = Tunnel{};
    child.over = model::OnUplink{{"isp"}};
    child.ipv6 = false;
    child.mtu = 1460;
    up.id = child.id;
    up.state = model::UplinkState::Up;
    up.reason = Reason::None;
    up.mtu = 1460;
    others = {{.config = &child, .facts = &up}};
    others.front().probes = {silent(Family::V4)};
  }
  static model::ProbeSnapshot silent(Family family) {
    return {.family = family, .health = {model::Health::Dead, "nothing answers"}};
  }
  std::multiset<std::string> judged() {
    std::multiset<std::string> found;
    for (const auto& finding : examined())
      if (finding.check == "probe" && finding.verdict == Verdict::Bad) found.insert(finding.uplink);
    return found;
  }
  model::UplinkConfig child;
  model::UplinkFacts up;
};

TEST_F(CarriedDoctor, OfAnUplinkOnASilentOneNothingIsSaid) {
  EXPECT_EQ(judged(), (std::multiset<std::string>{"mape"}));
  uplink.probes = {silent(Family::V4)};
  EXPECT_EQ(judged(), (std::multiset<std::string>{"isp", "mape"})) << "it is carried by IPv6";
  uplink.probes = {silent(Family::V6)};
  EXPECT_EQ(judged(), (std::multiset<std::string>{"isp"}));
}

TEST_F(CarriedDoctor, ASmallMtuIsAskedOfTheUplinkBelow) {
  others.front().probes.clear();
  up.mtu = 1400;
  EXPECT_NE(finding("path.mtu").remedy.find("raise the MTU of isp "), std::string::npos) << finding("path.mtu").remedy;
}

}  // namespace
}  // namespace michi::health

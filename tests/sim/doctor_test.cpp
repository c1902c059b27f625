// The doctor's questions to a LAN in the whole daemon: who serves addresses there, asked on the wire and only when
// somebody asks the doctor.
#include <gtest/gtest.h>

#include <algorithm>

#include "kit/dhcp4_server.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {
namespace {

using model::Verdict;
using wire::dhcp4::MessageType;

kit::Dhcp4Settings server_at(std::uint8_t number) {
  kit::Dhcp4Settings out;
  out.device = Mac{{0x02, 0xd4, 0, 0, 0, number}};
  out.identifier = Ipv4{0xc0a80a00U + number};  // 192.168.10.number
  out.first = Ipv4{0xc0a80a32};                 // 192.168.10.50
  out.options = {wire::dhcp4::address_option(wire::dhcp4::OptionCode::Router, out.identifier)};
  return out;
}

class DoctorOnALan : public ::testing::Test {
 protected:
  DoctorOnALan() {
    machine.kernel.add_ethernet("lan0", 1);
    model::LanConfig lan;
    lan.name = "home";
    lan.interface = "lan0";
    lan.addresses = {*parse_prefix("192.168.10.1/24")};
    lan.dhcp = model::DhcpRange{*parse_ipv4("192.168.10.100"), *parse_ipv4("192.168.10.200")};
    config.lans = {lan};
  }
  void begin() {
    node->begin(std::make_shared<const model::Config>(config), {});
    world.run(seconds(1));
  }
  model::Finding examined() {
    EXPECT_EQ(node->examine(""), runtime::Core::Answer::Done);
    EXPECT_TRUE(world.run_until([&] { return !node->examining(); }, seconds(10)));
    const auto all = node->findings();
    const auto at = std::ranges::find(all, "lan.dhcp-servers", &model::Finding::check);
    return at == all.end() ? model::Finding{} : *at;
  }

  model::Config config;
  Machine machine;
  kit::World world{11};
  kit::Wire wire{world, {}};
  CoreNode node{world, {{"lan0", &wire}}, machine};
};

TEST_F(DoctorOnALan, ASecondServerIsFoundByWhatItOffersAndKeepsItsLeases) {
  kit::Dhcp4Server foreign(world, wire, server_at(2));
  begin();
  world.run(minutes(10));
  EXPECT_EQ(foreign.heard(MessageType::Discover), 0U) << "nobody has asked the doctor";
  const auto found = examined();
  EXPECT_EQ(found.verdict, Verdict::Bad);
  EXPECT_EQ(found.uplink, "lan.home");
  EXPECT_EQ(found.evidence,
            std::vector<std::string>{"192.168.10.2 (02:d4:00:00:00:02) offers 192.168.10.50, router 192.168.10.2"});
  EXPECT_FALSE(found.remedy.empty());
  EXPECT_EQ(foreign.heard(MessageType::Discover), 2U);
  EXPECT_EQ(foreign.heard(MessageType::Request), 0U);
  EXPECT_EQ(foreign.complaints(), std::vector<std::string>{});
  world.run(minutes(10));
  EXPECT_EQ(foreign.heard(MessageType::Discover), 2U) << "and it asks no more";
}

TEST_F(DoctorOnALan, SilenceIsGoodAndALostQuestionIsRepeated) {
  kit::Dhcp4Server foreign(world, wire, server_at(2));
  begin();
  foreign.alive = false;
  EXPECT_EQ(examined().verdict, Verdict::Good);
  foreign.alive = true;
  unsigned lost = 0;
  wire.filter = [&](const kit::Node* from, Bytes) { return from != &node || ++lost > 1; };
  EXPECT_EQ(examined().verdict, Verdict::Bad);
}

TEST_F(DoctorOnALan, WhereMichiServesNoAddressesTwoServersAreTold) {
  config.lans[0].dhcp.reset();
  kit::Dhcp4Server one(world, wire, server_at(2));
  begin();
  EXPECT_EQ(examined().verdict, Verdict::Suspect) << "it names itself as the router";
  kit::Dhcp4Server two(world, wire, server_at(3));
  const auto found = examined();
  EXPECT_EQ(found.verdict, Verdict::Bad);
  EXPECT_EQ(found.evidence.size(), 2U);
}

TEST_F(DoctorOnALan, ALanWithoutACarrierIsNotAsked) {
  machine.kernel.set_carrier("lan0", false);
  begin();
  EXPECT_EQ(examined().check, "");
}

}  // namespace
}  // namespace michi::sim

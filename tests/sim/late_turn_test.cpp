// A loop that is held up: what was said before goes out in time, what waits is heard before timers decide.
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "kit/configs.hpp"
#include "kit/fake_isp.hpp"
#include "sim/core_rig.hpp"
#include "wire/ether.hpp"
#include "wire/pppoe.hpp"

namespace michi::sim {
namespace {

constexpr Duration kHeldUp = milliseconds(450);  // longer than the restart timer of a Terminate-Request

class LateTurn : public ::testing::Test {
 protected:
  LateTurn() {
    machine.kernel.add_ethernet("wan0", 1);
    model::UplinkConfig isp_config;
    isp_config.id.name = "isp";
    isp_config.over = model::OnLine{"wan0"};
    kit::ppp(isp_config).user = "user@isp";
    model::PolicyConfig policy;
    policy.label = "policy 1";
    policy.use = {{"isp"}};
    config.uplinks = {isp_config};
    config.policies = {policy};
    config.global.padi_burst = 0;
  }

  void come_up() {
    node->begin(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}});
    ASSERT_TRUE(world.run_until([&] { return node.up("isp") && node->settled(); }, seconds(10)));
    wire.recording = true;
  }

  std::ptrdiff_t said(std::string_view words) const {
    return std::ranges::count_if(wire.transcript(), [&](const auto& line) { return line.contains(words); });
  }

  kit::World world{1};
  kit::Wire wire{world, {}};
  kit::FakeIsp isp{world, wire};
  Machine machine;
  model::Config config;
  CoreNode node{world, {{"wan0", &wire}}, machine};
};

TEST_F(LateTurn, ARedialSaysItsTerminateRequestAtOnceAndOnce) {
  come_up();
  node.busy_for(kHeldUp);
  node->redial("isp");
  world.run(milliseconds(100));
  EXPECT_EQ(said("Terminate-Request"), 1) << "it does not wait for the turn";
  world.run(kHeldUp);
  ASSERT_TRUE(world.run_until([&] { return node.up("isp"); }, seconds(5)));
  EXPECT_EQ(said("Terminate-Request"), 1);
  EXPECT_EQ(said("Terminate-Ack"), 1);
}

TEST_F(LateTurn, AnAnswerThatWaitsBehindHundredsOfFramesIsHeardBeforeItsTimer) {
  come_up();
  const auto session = *node->facts().at("isp").session;
  node.busy_for(kHeldUp);
  const auto other = static_cast<std::uint16_t>(session.session_id + 1);
  for (int i = 0; i < 800; ++i)
    wire.send(nullptr, wire::pppoe::write_frame(session.local, session.peer, wire::pppoe::Code::Session, other, {}));
  node->redial("isp");
  world.run(kHeldUp + milliseconds(10));
  ASSERT_TRUE(world.run_until([&] { return node.up("isp"); }, seconds(5)));
  EXPECT_EQ(said("Terminate-Request"), 1);
}

TEST_F(LateTurn, AFloodDoesNotHoldTheTurnAndAllOfItIsReadInTheEnd) {
  come_up();
  const auto session = *node->facts().at("isp").session;
  node.busy_for(kHeldUp);
  const auto other = static_cast<std::uint16_t>(session.session_id + 1);
  for (int i = 0; i < 5000; ++i)
    wire.send(nullptr, wire::pppoe::write_frame(session.local, session.peer, wire::pppoe::Code::Session, other, {}));
  world.run(kHeldUp - milliseconds(1));
  ASSERT_GE(node.frames_waiting(), 5000u);
  node.busy_for({});
  node.on_deadline(world.now());
  ASSERT_TRUE(node.drain(world.now()));
  EXPECT_GE(node.frames_waiting(), 3000u);
  EXPECT_LT(node.frames_waiting(), 4500u);
  world.run(milliseconds(1));
  EXPECT_EQ(node.frames_waiting(), 0u);
}

}  // namespace
}  // namespace michi::sim

// A prefix in the life of the whole daemon: delegated on a session, remembered without one, confirmed by
// Rebind on the next, kept across crash and reboot, never released unless the file says so.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "kit/dhcp6_world.hpp"
#include "kit/fake_isp.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {
namespace {

using wire::dhcp6::MessageType;

/// Carries what an uplink says in DHCPv6 to the provider's server and back, while its session is attached.
class Relay final : public kit::Node {
 public:
  Relay(kit::World& world, kit::Wire& wire, CoreNode& node, Machine& machine, std::string device)
      : wire_(wire), node_(node), machine_(machine), device_(std::move(device)) {
    world.add(*this);
    wire.attach(*this);
    node.datagrams().on_sent = [this](const kit::FakeDatagrams::Sent& sent) { carry(sent); };
  }
  void on_frame(Bytes frame, Instant) override {
    if (!attached() || deaf) return;
    node_.datagrams().arrive(device_, port::Speaker::Dhcp6Client,
                             {.bytes = copy_of(frame.subspan(32)),
                              .source = *Ipv6::from_bytes(frame.first(16)),
                              .destination = *Ipv6::from_bytes(frame.subspan(16, 16)),
                              .hop_limit = 64});
  }
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool drain(Instant) override { return false; }

  bool deaf = false;  // answers are dropped on their way in

 private:
  bool attached() const { return machine_.kernel.sessions.contains(device_); }
  void carry(const kit::FakeDatagrams::Sent& sent) {
    if (sent.device != device_ || sent.speaker != port::Speaker::Dhcp6Client || !attached()) return;
    ASSERT_TRUE(sent.source.has_value());
    Writer frame;
    frame.put(sent.source->bytes()).put(sent.destination.bytes()).put(sent.bytes);
    wire_.send(this, std::move(frame).take());
  }
  kit::Wire& wire_;
  CoreNode& node_;
  Machine& machine_;
  std::string device_;
};

class PrefixStory : public ::testing::Test {
 protected:
  PrefixStory() {
    machine.kernel.add_ethernet("wan0", 1);
    machine.files.sysctls["kernel/random/boot_id"] = "first";
    model::UplinkConfig uplink;
    uplink.id.name = "isp";
    uplink.over = model::OnLine{"wan0"};
    kit::ppp(uplink).user = "user@isp";
    config.uplinks = {uplink};
    config.global.padi_burst = 0;
  }
  void TearDown() override {
    if (!HasFailure()) return;
    std::printf("at %lld ms, trouble: %s\n", static_cast<long long>(whole_milliseconds(world.now() - Instant{})),
                world.trouble().c_str());
    for (const auto& event : node.events())
      std::printf("event %s %s: %s\n", event.code.c_str(), event.uplink.c_str(), event.text.c_str());
    std::printf("state %s\n", protocol_state(*node, "isp").c_str());
    for (const auto& [key, value] : machine.store.state) std::printf("record %s:\n%s\n", key.c_str(), value.c_str());
  }

  void begin() { node->begin(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}}); }
  const std::vector<model::PrefixFacts>& prefixes() { return node->facts().at("isp").prefixes; }
  bool delegated() { return node->facts().contains("isp") && !prefixes().empty() && prefixes()[0].confirmed; }
  bool wait_delegated(Duration limit = seconds(30)) {
    return world.run_until([&] { return delegated() && node->settled(); }, limit);
  }
  bool recorded() const { return machine.store.state.contains("lease.isp"); }

  kit::World world{1};
  kit::Wire wire{world, {}};
  kit::Wire inside{world, {}};
  kit::FakeIsp isp{world, wire};
  kit::Dhcp6Server server{world, inside};
  Machine machine;
  model::Config config;
  CoreNode node{world, {{"wan0", &wire}}, machine};
  Relay relay{world, inside, node, machine, "isp"};
};

TEST_F(PrefixStory, ASessionWithIpv6GetsAPrefixAndItIsWrittenDown) {
  begin();
  ASSERT_TRUE(wait_delegated(seconds(3)));
  EXPECT_EQ(prefixes()[0].prefix.length, 56);
  EXPECT_EQ(node->facts().at("isp").v6->dns.size(), 1u);
  EXPECT_TRUE(node->facts().at("isp").carries(Family::V6));
  EXPECT_TRUE(recorded());
  EXPECT_TRUE(node.saw("prefix.delegated"));
  EXPECT_NE(protocol_state(*node, "isp").find("dhcp6 Bound"), std::string::npos);
  EXPECT_TRUE(waiting_for(*node, "isp").empty());
  EXPECT_EQ(node->uplinks().find("isp")->life().next_renewal(world.now()), prefixes()[0].valid_until - seconds(7200));
  EXPECT_EQ(server.heard(MessageType::Solicit), 1u);
}

TEST_F(PrefixStory, ALostSessionLeavesItsPrefixBehindAndTheNextOneConfirmsIt) {
  begin();
  ASSERT_TRUE(wait_delegated());
  const auto before = prefixes()[0];
  isp->end_session(node->facts().at("isp").session->session_id, engine::pppoe::EndBy::Padt, world.now());
  ASSERT_TRUE(world.run_until([&] { return !node.up("isp"); }, seconds(1)));
  ASSERT_EQ(prefixes().size(), 1u);
  EXPECT_FALSE(prefixes()[0].confirmed);
  EXPECT_EQ(prefixes()[0].valid_until, before.valid_until);
  EXPECT_FALSE(node.datagrams().is_open("isp", port::Speaker::Dhcp6Client));
  ASSERT_TRUE(wait_delegated());
  EXPECT_EQ(prefixes()[0].prefix, before.prefix);
  EXPECT_EQ(server.heard(MessageType::Solicit), 1u);
  EXPECT_EQ(server.heard(MessageType::Rebind), 1u);
  EXPECT_EQ(server.heard(MessageType::Release), 0u);
}

TEST_F(PrefixStory, ADaemonThatDiedKnowsItsPrefixBeforeItDialsAndTakesNoSecondLease) {
  begin();
  ASSERT_TRUE(wait_delegated());
  const auto before = prefixes()[0];
  node.crash();
  world.run(seconds(100));
  std::optional<bool> known;
  wire.filter = [&](const kit::Node* from, Bytes) {
    if (!known && from == &node) known = prefixes().size() == 1 && !prefixes()[0].confirmed;
    return true;
  };
  begin();
  ASSERT_TRUE(wait_delegated());
  EXPECT_EQ(known, true);
  EXPECT_EQ(prefixes()[0].prefix, before.prefix);
  EXPECT_EQ(server.heard(MessageType::Rebind), 1u);
  EXPECT_EQ(server.heard(MessageType::Release), 0u);
  EXPECT_EQ(server.bindings(), 1u);
}

TEST_F(PrefixStory, TimeGoesOnForARecordAlsoAcrossARebootAndStandsStillWhereNobodyCanTell) {
  begin();
  ASSERT_TRUE(wait_delegated());
  const auto written = prefixes()[0];
  const auto left_after_restart = [&](const char* boot) {
    node.crash();
    world.run(seconds(1000));
    machine.files.sysctls["kernel/random/boot_id"] = boot;
    server.behaviour.silent = true;
    begin();
    EXPECT_TRUE(world.run_until([&] { return node->facts().contains("isp"); }, seconds(5)));
    return prefixes().at(0).valid_until - world.now();
  };
  const Duration left = left_after_restart("second");
  EXPECT_LE(left, written.valid_until - world.now() + seconds(1));
  EXPECT_GE(left, written.valid_until - world.now() - seconds(2));
  auto& text = machine.store.state.at("lease.isp");
  text.replace(text.find("wall="), 15, "wall=9999999999");
  EXPECT_GE(left_after_restart("third"), seconds(14399));
}

TEST_F(PrefixStory, AnotherPrefixTakesThePlaceAndTheOldOneStaysUntilItsEnd) {
  begin();
  ASSERT_TRUE(wait_delegated());
  const auto old = prefixes()[0];
  server.forget();
  node->redial("isp");
  ASSERT_TRUE(world.run_until([&] { return !delegated(); }, seconds(5)));
  ASSERT_TRUE(wait_delegated());
  ASSERT_EQ(prefixes().size(), 2u);
  EXPECT_NE(prefixes()[0].prefix, old.prefix);
  EXPECT_EQ(prefixes()[1].prefix, old.prefix);
  EXPECT_FALSE(prefixes()[1].confirmed);
  EXPECT_TRUE(node.saw("prefix.changed"));
  ASSERT_TRUE(world.run_until([&] { return prefixes().size() == 1; }, hours(5)));
  EXPECT_LE(world.now() - old.valid_until, seconds(1));
}

TEST_F(PrefixStory, NobodyWhoAnswersLeavesTheUplinkUpAndStatusSaysWhatItWaitsFor) {
  server.behaviour.silent = true;
  begin();
  ASSERT_TRUE(world.run_until([&] { return node.saw("dhcp6.no-answer"); }, seconds(30)));
  EXPECT_TRUE(node.up("isp"));
  const auto waits = waiting_for(*node, "isp");
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_EQ(waits[0], "a DHCPv6 server (Solicit sent 4 times)");
  server.behaviour.silent = false;
  EXPECT_TRUE(wait_delegated(minutes(5)));
}

TEST_F(PrefixStory, StoppingKeepsTheLeaseUnlessTheFileWantsItReleased) {
  begin();
  ASSERT_TRUE(wait_delegated());
  node->down("isp");
  ASSERT_TRUE(world.run_until([&] { return node->facts().at("isp").state == model::UplinkState::Down; }, seconds(5)));
  EXPECT_EQ(server.heard(MessageType::Release), 0u);
  EXPECT_EQ(prefixes().size(), 1u);
  config.uplinks[0].delegation.release = true;
  const auto changes = node->apply(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, runtime::UplinkChange::Kind::InPlace);
  node->up("isp");
  ASSERT_TRUE(wait_delegated());
  node->down("isp");
  ASSERT_TRUE(world.run_until([&] { return node->facts().at("isp").state == model::UplinkState::Down; }, seconds(5)));
  EXPECT_EQ(server.heard(MessageType::Release), 1u);
  EXPECT_EQ(server.bindings(), 0u);
  world.run(milliseconds(10));
  EXPECT_EQ(isp.up_count(), 0u);
}

TEST_F(PrefixStory, AReleaseThatNobodyAnswersDoesNotHoldTheEndUp) {
  config.uplinks[0].delegation.release = true;
  begin();
  ASSERT_TRUE(wait_delegated());
  server.behaviour.silent = true;
  const Instant begun = world.now();
  node->stop();
  ASSERT_TRUE(world.run_until([&] { return node->stopped(); }, seconds(10)));
  EXPECT_FALSE(node->gave_up());
  EXPECT_LT(world.now() - begun, seconds(2));
}

TEST_F(PrefixStory, AnotherWishIsAskedForAtOnceOnTheSameSession) {
  begin();
  ASSERT_TRUE(wait_delegated());
  const auto session = node->facts().at("isp").session;
  config.uplinks[0].delegation.iaid = 7;
  node->apply(std::make_shared<const model::Config>(config), {{"isp", Secret("secret")}});
  ASSERT_TRUE(world.run_until([&] { return server.bindings() == 2; }, seconds(5)));
  ASSERT_TRUE(wait_delegated());
  EXPECT_EQ(node->facts().at("isp").session, session);
}

TEST_F(PrefixStory, AnUplinkThatIsRemovedLeavesNoRecord) {
  begin();
  ASSERT_TRUE(wait_delegated());
  auto less = config;
  less.uplinks.clear();
  node->apply(std::make_shared<const model::Config>(less), {});
  ASSERT_TRUE(world.run_until([&] { return node->facts().empty() && node->settled(); }, seconds(10)));
  EXPECT_FALSE(recorded());
  machine.store.state["lease.gone"] = "version=1\n";
  node.crash();
  begin();
  ASSERT_TRUE(wait_delegated());
  EXPECT_FALSE(machine.store.state.contains("lease.gone"));
}

TEST_F(PrefixStory, SocketsThatCannotBeOpenedAreTriedAgain) {
  node.datagrams().missing.insert("isp");
  begin();
  ASSERT_TRUE(world.run_until([&] { return node.saw("dhcp6.unusable"); }, seconds(5)));
  world.run(seconds(30));
  EXPECT_EQ(std::ranges::count(node.events(), "dhcp6.unusable", &model::Event::code), 1);
  node.datagrams().missing.clear();
  EXPECT_TRUE(wait_delegated(seconds(6)));
}

TEST_F(PrefixStory, AFloodOfNonsenseOnTheDeviceCostsNoMoreThanItsTurns) {
  begin();
  ASSERT_TRUE(wait_delegated());
  const auto before = prefixes();
  Random random = Random::seeded(3);
  for (int i = 0; i < 5000; ++i)
    node.datagrams().arrive("isp", i % 2 == 0 ? port::Speaker::NdHost : port::Speaker::Dhcp6Client,
                            {.bytes = random.bytes(random.below(100)),
                             .source = *parse_ipv6("fe80::bad"),
                             .destination = *parse_ipv6("ff02::1"),
                             .hop_limit = 255});
  world.run(seconds(1));
  EXPECT_EQ(prefixes(), before);
  EXPECT_EQ(world.trouble(), "");
}

TEST_F(PrefixStory, TheDoctorTellsADroppedAnswerFromASilentServer) {
  relay.deaf = true;
  begin();
  ASSERT_TRUE(world.run_until([&] { return node.up("isp"); }, seconds(5)));
  const auto trouble = [&] {
    EXPECT_EQ(node->examine("isp"), runtime::Core::Answer::Done);
    EXPECT_TRUE(world.run_until([&] { return !node->examining(); }, seconds(5)));
    for (const auto& finding : node->findings())
      if (finding.verdict == model::Verdict::Bad) return finding.check;
    return std::string();
  };
  EXPECT_EQ(trouble(), "prefix.not-delegated");
  node.observers().passed["isp"] = 2;
  EXPECT_EQ(trouble(), "prefix.not-accepted");
  relay.deaf = false;
  ASSERT_TRUE(wait_delegated());
  EXPECT_EQ(trouble(), "");
  EXPECT_EQ(node->examine("nobody"), runtime::Core::Answer::UnknownUplink);
}

}  // namespace
}  // namespace michi::sim

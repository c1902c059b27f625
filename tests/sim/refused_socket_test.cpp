// The interface is there and the kernel gives no socket: what the uplink says meanwhile, and that it goes on at once.
#include <gtest/gtest.h>

#include "kit/configs.hpp"
#include "kit/line_rig.hpp"
#include "kit/scene.hpp"

namespace michi::kit {
namespace {

using model::Reason;
using uplink::ChannelKind;

constexpr uplink::InterfaceFacts kWire{.carrier = true, .mtu = 1500, .mac = Mac{{2, 0, 0, 0, 0, 1}}};

TEST(RefusedSocket, APppoeUplinkSaysSoAndDialsAsSoonAsThereIsOne) {
  Scene s;
  s.up.refuse(ChannelKind::Pppoe, true);
  s.up.boot();
  s.world.run(minutes(5));
  EXPECT_EQ(s.up->phase(), "WaitInterface");
  EXPECT_EQ(s.up.facts().reason, Reason::SocketRefused);
  EXPECT_EQ(s.up.facts().detail, "socket: Too many open files");
  EXPECT_EQ(s.up->waiting_for(), std::vector<std::string>{"a socket on wan0: socket: Too many open files"});
  EXPECT_EQ(s.up.padis(), 0U);
  s.up.refuse(ChannelKind::Pppoe, false);
  EXPECT_TRUE(s.world.run_until([&] { return s.up.up(); }, seconds(1)));
  EXPECT_TRUE(s.up.broken_laws().empty());
}

TEST(RefusedSocket, OnAnInterfaceThatIsAbsentTheInterfaceIsWhatIsMissing) {
  Scene s;
  s.up.refuse(ChannelKind::Pppoe, true);
  s.up.boot();
  s.world.run({});
  s.up.unplug();
  EXPECT_EQ(s.up->facts().reason, Reason::NoInterface);
  EXPECT_TRUE(s.up->facts().detail.empty());
  s.up.plug();
  EXPECT_EQ(s.up->facts().reason, Reason::SocketRefused);
}

TEST(RefusedSocket, ASessionWhoseSocketIsGoneIsLeftBehindAndEndedBeforeTheNext) {
  Scene s;
  ASSERT_TRUE(s.come_up());
  s.up.refuse(ChannelKind::Pppoe, true);
  s.world.run(seconds(30));
  EXPECT_EQ(s.up->phase(), "WaitInterface");
  EXPECT_FALSE(s.up.usable());
  EXPECT_TRUE(s.up.record()) << "PADT could not be sent yet";
  s.up.refuse(ChannelKind::Pppoe, false);
  EXPECT_TRUE(s.world.run_until([&] { return s.up.usable(); }, seconds(3)));
  EXPECT_EQ(s.isp->sessions().size(), 1U);
  EXPECT_EQ(s.up.count("PADT for the session that was left behind"), 1U);
  EXPECT_TRUE(s.up.broken_laws().empty());
}

TEST(RefusedSocket, ASessionIsUpWithoutSocketsOnItsDeviceAndAsksForAPrefixOnceThereAre) {
  Scene s;
  s.up.refuse(ChannelKind::Dhcp6, true);
  s.up.device(true);
  ASSERT_TRUE(s.come_up());
  s.world.run(seconds(10));
  EXPECT_TRUE(s.up.asked().empty());
  const auto waiting = s.up->waiting_for();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0], "a socket: DHCPv6 on isp: socket: Too many open files");
  s.up.refuse(ChannelKind::Dhcp6, false);
  s.world.run(seconds(3));
  EXPECT_FALSE(s.up.asked().empty());
  EXPECT_TRUE(s.up.broken_laws().empty());
}

model::UplinkConfig line_config() {
  model::UplinkConfig config;
  config.id.name = "line";
  config.kind = model::IpoeConfig{};
  config.over = model::OnLine{"wan0"};
  config.mtu = 1500;
  return config;
}

TEST(RefusedSocket, ALineWithoutADhcpv4SocketNamesItAndAsksAsSoonAsThereIsOne) {
  LineRig rig(line_config(), 1);
  rig.refuse(ChannelKind::Dhcp4, true);
  rig.interface(kWire);
  rig.device(*parse_ipv6("fe80::1"));
  rig->start(rig.now());
  rig.settle();
  rig.run(minutes(2));
  EXPECT_EQ(rig->phase(), "Unanswered");
  EXPECT_EQ(rig->facts().reason, Reason::SocketRefused);
  EXPECT_EQ(rig->facts().detail,
            "no socket for DHCPv4 on wan0: bind: Address already in use; neither a router advertisement nor a DHCPv6 "
            "server");
  EXPECT_EQ(rig->waiting_for().at(0), "a socket: DHCPv4 on wan0: bind: Address already in use");
  EXPECT_TRUE(rig.asked4().empty());
  EXPECT_FALSE(rig.asked6().empty()) << "the other family is asked for";
  rig.refuse(ChannelKind::Dhcp4, false);
  rig.run(seconds(11));
  EXPECT_FALSE(rig.asked4().empty());
}

TEST(RefusedSocket, ALineAsksForIpv4WhileDhcpv6HasNoSocket) {
  LineRig rig(line_config(), 1);
  rig.refuse(ChannelKind::Dhcp6, true);
  rig.interface(kWire);
  rig.device(*parse_ipv6("fe80::1"));
  rig->start(rig.now());
  rig.settle();
  rig.run(seconds(20));
  EXPECT_FALSE(rig.asked4().empty());
  EXPECT_TRUE(rig.asked6().empty());
  EXPECT_EQ(rig->waiting_for().at(0), "a socket: DHCPv6 on wan0: bind: Address already in use");
  rig.refuse(ChannelKind::Dhcp6, false);
  rig.run(seconds(5));
  EXPECT_FALSE(rig.asked6().empty());
}

}  // namespace
}  // namespace michi::kit

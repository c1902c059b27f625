// The plane against a real kernel, in network namespaces of its own: what leaves is judged on the far
// side of a wire, never by our own counters alone.

#include "dataplane/tun/test_world.hpp"
#include "dataplane/tun/wire.hpp"

namespace michi::dataplane::tun {
namespace {

using namespace std::chrono_literals;
using test::End;
using test::ethernet;
using test::inbound;
using test::kFar;
using test::kNear;
using test::kOther;
using test::kSession;
using test::next_frame;
using test::packet_socket;
using test::shell;

class Plane : public test::World {};

TEST_F(Plane, MakesAMarkedPersistentDeviceAdoptsItAndRemovesIt) {
  {
    End end;
    ASSERT_EQ("", end.perform(port::EnsureDevice{"isp"}));
    shell("ip -d link show isp | grep -q 'alias michi' && ip link show isp | grep -q 'qlen 1000'");
    shell("ip -d link show isp | grep -q 'addrgenmode none' && ip link set isp up");
    shell("ip link show isp | grep -q LOWER_UP");
    shell("test -z \"$(ip -6 addr show dev isp)\"");
  }
  shell("ip link show isp | grep -q NO-CARRIER");
  End end;
  ASSERT_EQ("", end.perform(port::EnsureDevice{"isp"}));
  ASSERT_EQ("", end.perform(port::EnsureDevice{"isp"}));
  shell("ip link show isp | grep -q LOWER_UP");
  ASSERT_EQ("", end.perform(port::RemoveDevice{"isp"}));
  ASSERT_EQ("", end.perform(port::RemoveDevice{"isp"}));
  shell("! ip link show isp 2>/dev/null");
}

TEST_F(Plane, NeverTouchesADeviceThatIsNotOurs) {
  shell("ip tuntap add mode tun name isp");
  End end;
  const auto made = end.attempt(port::EnsureDevice{"isp"});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->code, EEXIST);
  const auto removed = end.attempt(port::RemoveDevice{"near0"});
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->code, EEXIST);
  shell("ip link show near0 >/dev/null && ip link show isp >/dev/null");
}

TEST_F(Plane, TheInternalDeviceHasNobodyReadingIt) {
  End end;
  ASSERT_EQ("", end.perform(port::EnsureDevice{std::string(model::kSelfDevice), model::InternalDevice{}}));
  shell("ip link set michi0 up && ip link show michi0 | grep -q NO-CARRIER");
}

TEST_F(Plane, DatagramsLeaveAsTheWireWantsThemAlsoWhenTheKernelHandsThemOverAsOne) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  const port::Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  const int segment = 1000;
  ASSERT_EQ(::setsockopt(udp.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {inet_addr("198.51.100.1")}, .sin_zero = {}};
  const ByteVec data = test::pattern(10500);
  ASSERT_EQ(::sendto(udp.get(), data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 10500);
  for (int i = 0; i < 11; ++i) {
    ByteVec got = next_frame(wire_.get());
    const auto opened = open_frame(got, 1454);
    ASSERT_TRUE(opened) << i;
    EXPECT_EQ(opened->channel, (Channel{kFar, kNear, kSession}));
    EXPECT_EQ(opened->packet.size(), i < 10 ? 1028u : 528u);
    EXPECT_EQ(got.size(), opened->packet.size() + kEncapsulation);
    EXPECT_TRUE(test::sound(opened->packet));
  }
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.tx_packets == 11 && c.tx_bytes == 10 * 1028 + 528; }));
}

TEST_F(Plane, ASourceThatIsNotTheSessionsOwnNeverReachesTheWire) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  shell("ip addr add 10.1.1.1/32 dev isp");
  const port::Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in from{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {inet_addr("10.1.1.1")}, .sin_zero = {}};
  sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {inet_addr("198.51.100.1")}, .sin_zero = {}};
  ASSERT_EQ(::bind(udp.get(), reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
  ASSERT_EQ(::sendto(udp.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 1);
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.foreign_source == 1; }));
  EXPECT_TRUE(next_frame(wire_.get(), 50ms).empty());
  EXPECT_EQ(end.plane.counters({"isp"}).tx_packets, 0u);
}

TEST_F(Plane, FramesOfOthersAndTaggedFramesAreRefused) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  shell("ip link set near0 promisc on");
  const ByteVec packet = inbound(100);
  inject(frame(packet, kOther));
  inject(frame(packet, kNear, kOther));
  inject(frame(packet, kNear, kFar, kSession + 1));
  ByteVec tagged = frame(packet);
  const ByteVec tag = *from_hex("8100 0007");
  tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
  inject(tagged);
  tagged[15] = std::byte{0};  // VLAN id 0 is only a priority
  inject(tagged);
  inject(frame(packet));
  // The wire keeps its order: when the last one is in, those before it have been judged.
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 2; }));
  const auto counters = end.plane.counters({"isp"});
  EXPECT_EQ(counters.rx_packets, 2u);
  EXPECT_EQ(counters.rx_bytes, 2 * packet.size());
  EXPECT_EQ(counters.rx_dropped, 0u);
}

TEST_F(Plane, AFloodOfStrangersFillsNoRoomForAThirdOfASecond) {
  // Nobody reads meanwhile: as when the machine is busy elsewhere.
  auto wire = Wire::open("near0");
  ASSERT_TRUE(wire);
  const ByteVec stranger = frame(inbound(1000), kNear, kOther, kSession + 1);
  for (int i = 0; i < 1200; ++i) inject(stranger);
  inject(frame(inbound(10)));
  ReceiveBatch batch;
  int waiting = 0;
  for (int got = batch.read(wire->fd()); got > 0; got = batch.read(wire->fd())) waiting += got;
  EXPECT_EQ(waiting, 1201);
}

TEST_F(Plane, MalformedAndOversizedFramesAreCountedAndDropped) {
  End end;
  auto session = want();
  session.mru = 1454;
  bring_up(end, session, "192.0.2.10", "198.51.100.0/24");
  inject(frame(inbound(1454 - 28 + 1)));
  ByteVec lying = frame(inbound(100));
  put_u16(lying, 18, 500);
  inject(lying);
  ByteVec wrong = frame(inbound(100));
  put_u16(wrong, 20, 0x0057);
  inject(wrong);
  inject(frame(inbound(1454 - 28)));
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1 && c.rx_dropped == 3; }));
}

TEST_F(Plane, BulkTcpArrivesWholeAndEveryFrameOnTheWireIsSound) {
  End near;
  bring_up(near, want(), "192.0.2.10", "198.51.100.1");
  enter(far_);
  End far;
  auto session = want();
  ethernet(session).interface = "far0";
  std::swap(ethernet(session).local, ethernet(session).peer);
  session.own_sources = {*parse_prefix("198.51.100.1")};
  bring_up(far, session, "198.51.100.1", "192.0.2.10");
  const port::Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {inet_addr("198.51.100.1")}, .sin_zero = {}};
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  enter(near_);
  const port::Fd client(::socket(AF_INET, SOCK_STREAM, 0));
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  const port::Fd server(::accept(listener.get(), nullptr, nullptr));
  const ByteVec data = test::pattern(4 << 20);
  std::thread sender([&] {
    std::size_t sent = 0;
    while (sent < data.size()) {
      const ssize_t n = ::send(client.get(), data.data() + sent, std::min<std::size_t>(data.size() - sent, 1 << 16), 0);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  });
  ByteVec got(data.size());
  ::setsockopt(server.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ASSERT_EQ(::recv(server.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  sender.join();
  EXPECT_EQ(got, data);
  std::size_t full = 0;
  for (ByteVec seen = next_frame(wire_.get(), 20ms); !seen.empty(); seen = next_frame(wire_.get(), 20ms)) {
    const auto opened = open_frame(seen, 1454);
    ASSERT_TRUE(opened);
    EXPECT_LE(seen.size(), 1454u + kEncapsulation);
    EXPECT_EQ(seen.size(), opened->packet.size() + kEncapsulation);
    EXPECT_TRUE(test::sound(opened->packet));
    full += opened->packet.size() == 1454;
  }
  EXPECT_GT(full, 1000u);
  EXPECT_EQ(far.plane.counters({"isp"}).rx_dropped, 0u);
  const auto& counted = near.plane.counters({"isp"});
  EXPECT_GT(counted.tx_bytes, data.size());
}

TEST_F(Plane, UnfinishedChecksumsOfASenderKernelAreRightForTheReader) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  const port::Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {inet_addr("192.0.2.10")}, .sin_zero = {}};
  ASSERT_EQ(::bind(udp.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  enter(far_);
  const port::Fd raw(packet_socket("far0"));
  const int on = 1;
  ASSERT_EQ(::setsockopt(raw.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on), 0);
  enter(near_);
  test::Packet p{.protocol = 17, .source = "198.51.100.1", .destination = "192.0.2.10", .payload = test::pattern(333)};
  ByteVec packet = test::make(p);
  test::make_partial(packet, p);
  // virtio header: NEEDS_CSUM, no GSO, start 22+20, offset 6, in host order.
  ByteVec bytes = *from_hex("01 00 0000 0000 2a00 0600");
  const ByteVec whole = frame(packet);
  bytes.insert(bytes.end(), whole.begin(), whole.end());
  ASSERT_EQ(::send(raw.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  const timeval limit{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(udp.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ByteVec got(500);
  ASSERT_EQ(::recv(udp.get(), got.data(), got.size(), 0), 333);
  got.resize(333);
  EXPECT_EQ(got, p.payload);
}

TEST_F(Plane, LinkLossIsReportedOnceAndTheSessionWorksAgainAfterIt) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  shell("ip link set near0 down");
  end.wait_for_fault();
  ASSERT_EQ(end.faults.size(), 1u);
  EXPECT_EQ(end.faults[0].uplink.name, "isp");
  EXPECT_EQ(end.faults[0].error.code, ENETDOWN);
  shell("ip link set near0 up");
  ASSERT_EQ("", end.perform(port::Attach{want()}));
  inject(frame(inbound(10)));
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1; }));
  EXPECT_EQ(end.faults.size(), 1u);
}

TEST_F(Plane, AnInterfaceThatGoesAwayIsAFaultAndItsReturnIsUsedByTheNextAttach) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  shell("ip link del near0");
  end.wait_for_fault();
  ASSERT_EQ(end.faults.size(), 1u);
  ASSERT_NE("", end.perform(port::Attach{want()}));
  shell("ip link add near0 address 02:00:00:00:00:01 type veth peer name far0 address 02:00:00:00:00:02");
  shell("ip link set near0 up && ip link set far0 up");
  ASSERT_EQ("", end.perform(port::Attach{want()}));
  wire_ = port::Fd(packet_socket("far0"));
  inject(frame(inbound(10)));
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1; }));
}

TEST_F(Plane, ADeviceThatSomebodyRemovesIsAFaultAndIsMadeAgain) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  shell("ip link del isp");
  end.wait_for_fault();
  ASSERT_EQ(end.faults.size(), 1u);
  EXPECT_EQ(end.faults[0].error.code, ENODEV);
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  inject(frame(inbound(10)));
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1; }));
}

TEST_F(Plane, AttachingTheSameSessionAgainKeepsItsCountersAndANewOneStartsAtZero) {
  End end;
  bring_up(end, want(), "192.0.2.10", "198.51.100.0/24");
  inject(frame(inbound(10)));
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1; }));
  auto session = want();
  session.own_sources.push_back(*parse_prefix("203.0.113.0/29"));
  ASSERT_EQ("", end.perform(port::Attach{session}));
  EXPECT_EQ(end.plane.counters({"isp"}).rx_packets, 1u);
  ethernet(session).session_id = 9;
  ASSERT_EQ("", end.perform(port::Attach{session}));
  EXPECT_EQ(end.plane.counters({"isp"}).rx_packets, 0u);
  ASSERT_EQ("", end.perform(port::Detach{{"isp"}}));
  auto neighbour = want();
  neighbour.uplink.name = neighbour.device = "biz";
  ethernet(neighbour).session_id = 10;
  ASSERT_EQ("", end.perform(port::EnsureDevice{"biz"}));
  ASSERT_EQ("", end.perform(port::Attach{neighbour}));
  shell("ip link set biz up");
  inject(frame(inbound(10), kNear, kFar, 9));
  inject(frame(inbound(10), kNear, kFar, 10));
  // Behind it on the same wire, so the one before has been judged.
  EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1; }, "biz"));
  EXPECT_EQ(end.plane.counters({"isp"}).rx_packets, 0u);
}

TEST_F(Plane, TwoHundredAndFiftySessionsShareOneWire) {
  End end;
  for (int i = 0; i < 250; ++i) {
    auto session = want();
    session.uplink.name = session.device = "u" + std::to_string(i);
    ethernet(session).session_id = static_cast<std::uint16_t>(i + 1);
    ASSERT_EQ("", end.perform(port::EnsureDevice{session.device}));
    ASSERT_EQ("", end.perform(port::Attach{session}));
  }
  shell("for i in $(seq 0 249); do echo link set u$i up; done | ip -batch -");
  for (int i = 0; i < 250; ++i) inject(frame(inbound(10), kNear, kFar, static_cast<std::uint16_t>(i + 1)));
  for (int i = 0; i < 250; ++i)
    EXPECT_TRUE(end.eventually([](const auto& c) { return c.rx_packets == 1; }, "u" + std::to_string(i))) << i;
}

}  // namespace
}  // namespace michi::dataplane::tun

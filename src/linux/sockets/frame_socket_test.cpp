#include "linux/sockets/frame_socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "linux/sockets/frame_filter.hpp"
#include "linux/support_test.hpp"
#include "port/fd.hpp"

namespace michi::linux {
namespace {

// Runs a filter as the kernel would, with this VLAN tag taken off the frame.
bool accepts(const FrameFilter& filter, Bytes frame, std::uint16_t vlan_tag = 0) {
  const auto load = [&](std::uint32_t offset, std::size_t size) -> std::optional<std::uint32_t> {
    if (offset == static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG)) return vlan_tag;
    if (offset + size > frame.size()) return std::nullopt;
    Reader reader(frame.subspan(offset, size));
    return size == 4 ? *reader.u32() : size == 2 ? *reader.u16() : *reader.u8();
  };
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const sock_filter& step = filter[at];
    switch (step.code) {
      case BPF_LD | BPF_H | BPF_ABS:
      case BPF_LD | BPF_B | BPF_ABS:
      case BPF_LD | BPF_W | BPF_ABS: {
        const auto size = BPF_SIZE(step.code);
        const auto value = load(step.k, size == BPF_W ? 4 : size == BPF_H ? 2 : 1);
        if (!value) return false;
        a = *value;
        break;
      }
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += a >= step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        at += (a & step.k) != 0 ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k != 0;
      default:
        ADD_FAILURE() << "unknown instruction";
        return false;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return false;
}

const Mac kOurs = *parse_mac("02:00:00:00:00:01"), kSecond = *parse_mac("02:00:00:00:00:99"),
          kOther = *parse_mac("02:00:00:00:00:77"), kPeer = *parse_mac("02:00:00:00:00:02");

ByteVec frame(const Mac& to, std::uint16_t type, std::uint16_t protocol, std::optional<std::uint16_t> vlan = {}) {
  Writer out;
  out.put(to.bytes()).put(kPeer.bytes());
  if (vlan) out.u16(ETH_P_8021Q).u16(*vlan);
  out.u16(type).u16(0x1100).u16(0x0001).u16(2).u16(protocol);
  while (out.size() < 64) out.u8(0);
  return std::move(out).take();
}

TEST(FrameFilter, OfOthersDiscoveryAndTheFirstWordsOfASessionAreHeard) {
  const FrameFilter filter = pass_through_filter();
  auto request = frame(kOther, ETH_P_PPP_SES, 0xc021);
  EXPECT_FALSE(accepts(filter, request)) << "code 0";
  request[22] = std::byte{1};  // Configure-Request
  EXPECT_TRUE(accepts(filter, request));
  EXPECT_TRUE(accepts(filter, request, 0xe000)) << "a priority";
  EXPECT_FALSE(accepts(filter, request, 5)) << "another VLAN";
  request[22] = std::byte{9};  // Echo-Request
  EXPECT_FALSE(accepts(filter, request));
  EXPECT_TRUE(accepts(filter, frame(kOther, ETH_P_PPP_DISC, 0)));
  EXPECT_FALSE(accepts(filter, frame(kOther, ETH_P_PPP_DISC, 0), 5));
  EXPECT_FALSE(accepts(filter, frame(kOther, ETH_P_PPP_SES, 0x0021)));
  EXPECT_FALSE(accepts(filter, frame(kOther, ETH_P_IP, 0xc021)));
  EXPECT_FALSE(accepts(filter, Bytes(request).first(21)));
}

TEST(FrameFilter, SessionFramesPassUnlessTheyAreUserData) {
  const FrameFilter filter = session_control_filter();
  EXPECT_TRUE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0xc021)));   // LCP
  EXPECT_TRUE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0x8057)));   // IPv6CP
  EXPECT_TRUE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0x002d)));   // compressed TCP, never agreed on
  EXPECT_TRUE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0xff03)));   // no protocol at all
  EXPECT_FALSE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0x0021)));  // IPv4
  EXPECT_FALSE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0x0057)));  // IPv6
  EXPECT_FALSE(accepts(filter, frame(kOurs, ETH_P_PPP_SES, 0x2145)));  // IPv4 with a compressed protocol field
  EXPECT_FALSE(accepts(filter, Bytes(frame(kOurs, ETH_P_PPP_SES, 0xc021)).first(21)));
}

TEST(FrameFilter, AnOwnAddressHearsItsControlFramesWithoutAVlanId) {
  const FrameFilter filter = own_address_filter(kSecond);
  EXPECT_TRUE(accepts(filter, frame(kSecond, ETH_P_PPP_DISC, 0)));
  EXPECT_TRUE(accepts(filter, frame(kSecond, ETH_P_PPP_SES, 0xc021)));
  EXPECT_TRUE(accepts(filter, frame(kSecond, ETH_P_PPP_SES, 0xc021), 0xe000));  // priority only
  EXPECT_FALSE(accepts(filter, frame(kSecond, ETH_P_PPP_SES, 0xc021), 0x0005));
  EXPECT_TRUE(accepts(filter, frame(kSecond, ETH_P_PPP_SES, 0x002d)));
  for (const unsigned data : {0x0021u, 0x0057u, 0x2145u, 0x5760u})
    EXPECT_FALSE(accepts(filter, frame(kSecond, ETH_P_PPP_SES, static_cast<std::uint16_t>(data))));
  EXPECT_FALSE(accepts(filter, frame(kOther, ETH_P_PPP_DISC, 0)));
  EXPECT_FALSE(accepts(filter, frame(kSecond, ETH_P_IP, 0xc021)));
  Mac nearly = kSecond;
  nearly.octets[5] ^= 1;
  EXPECT_FALSE(accepts(filter, frame(nearly, ETH_P_PPP_DISC, 0)));
}

TEST(FrameFilter, NeighboursAreHeardFromOneHopAwayAndNothingElseIs) {
  const auto packet = [](std::uint16_t header_and_hops, std::uint16_t type_and_code) {
    Writer out;
    out.put(kOurs.bytes()).put(kPeer.bytes()).u16(ETH_P_IPV6).u32(0x60000000).u16(24).u16(header_and_hops);
    while (out.size() < 54) out.u8(0);
    out.u16(type_and_code);
    while (out.size() < 78) out.u8(0);
    return std::move(out).take();
  };
  const FrameFilter filter = neighbour_filter();
  EXPECT_TRUE(accepts(filter, packet(0x3aff, 0x8700)));
  EXPECT_TRUE(accepts(filter, packet(0x3aff, 0x8800)));
  EXPECT_FALSE(accepts(filter, packet(0x3a40, 0x8700))) << "forwarded";
  EXPECT_FALSE(accepts(filter, packet(0x3aff, 0x8600))) << "a router";
  EXPECT_FALSE(accepts(filter, packet(0x3aff, 0x8701)));
  EXPECT_FALSE(accepts(filter, packet(0x11ff, 0x8700))) << "UDP";
  EXPECT_FALSE(accepts(filter, Bytes(packet(0x3aff, 0x8700)).first(54)));
}

class FrameSocketTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip link add wan0 address 02:00:00:00:00:01 type veth peer name peer0 address 02:00:00:00:00:02 && "
                  "ip link set wan0 up && ip link set peer0 up"),
              0);
    bind_peer();
    auto socket = sockets_.open("wan0", port::FrameKind::Pppoe);
    ASSERT_TRUE(socket);
    door_ = std::move(*socket);
  }

  void bind_peer() {
    peer_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex("peer0"));
    ASSERT_EQ(::bind(peer_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  void peer_sends(const ByteVec& bytes) {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  // All frames up to two that are certain to come, one through each socket.
  std::vector<ByteVec> received() {
    const ByteVec last = frame(kOurs, ETH_P_PPP_SES, 0xfffd), lastly = frame(kOurs, ETH_P_PPP_DISC, 0xffff);
    peer_sends(last);
    peer_sends(lastly);
    std::vector<ByteVec> all;
    EXPECT_TRUE(loop_.run_until([&] {
      for (auto& one : drain(*door_)) all.push_back(std::move(one));
      return std::ranges::find(all, last) != all.end() && std::ranges::find(all, lastly) != all.end();
    }));
    std::erase(all, last);
    std::erase(all, lastly);
    return all;
  }

  FrameSockets sockets_{loop_.context()};
  std::unique_ptr<port::FrameSocket> door_;
  port::Fd peer_;
};

TEST_F(FrameSocketTest, ControlFramesForUsComeAndEverythingElseDoesNot) {
  const std::vector<ByteVec> ours = {frame(kOurs, ETH_P_PPP_DISC, 1), frame(kOurs, ETH_P_PPP_SES, 0xc021),
                                     frame(kOurs, ETH_P_PPP_SES, 0xc223)};
  for (const ByteVec& one : ours) peer_sends(one);
  peer_sends(frame(kOurs, ETH_P_PPP_SES, 0x0021));         // data
  peer_sends(frame(kOurs, ETH_P_PPP_SES, 0xc021, 5));      // VLAN 5
  peer_sends(frame(kOurs, ETH_P_PPP_DISC, 1, 5));          // VLAN 5
  peer_sends(frame(kOther, ETH_P_PPP_DISC, 1));            // another host
  peer_sends(frame(kSecond, ETH_P_PPP_DISC, 1));           // not asked for yet
  peer_sends(frame(Mac::broadcast(), ETH_P_PPP_DISC, 1));  // PADI of someone else
  auto got = received();
  EXPECT_EQ(got.size(), ours.size());
  for (const ByteVec& one : ours) EXPECT_NE(std::ranges::find(got, one), got.end());
}

TEST_F(FrameSocketTest, AConfirmationComesBeforeTheFirstFrameOfItsSession) {
  const ByteVec confirmation = frame(kOurs, ETH_P_PPP_DISC, 0x65), request = frame(kOurs, ETH_P_PPP_SES, 0xc021);
  for (int round = 0; round < 50; ++round) {
    peer_sends(confirmation);
    peer_sends(request);
    std::vector<ByteVec> all;
    ASSERT_TRUE(loop_.run_until([&] {
      for (auto& one : drain(*door_)) all.push_back(std::move(one));
      return all.size() == 2;
    }));
    EXPECT_EQ(all[0], confirmation);
    EXPECT_EQ(all[1], request);
  }
}

TEST_F(FrameSocketTest, AConfirmationBehindAnOfferComesBeforeTheFirstFrameOfItsSession) {
  const ByteVec offer = frame(kOurs, ETH_P_PPP_DISC, 0x07), confirmation = frame(kOurs, ETH_P_PPP_DISC, 0x65),
                request = frame(kOurs, ETH_P_PPP_SES, 0xc021);
  for (int round = 0; round < 20; ++round) {
    loop_.run_until([&] { return !drain(*door_).empty(); }, 5);  // it rests, and the next frame is the first in a while
    peer_sends(offer);
    peer_sends(confirmation);
    peer_sends(request);
    std::vector<ByteVec> all;
    ASSERT_TRUE(loop_.run_until([&] {
      for (auto& one : drain(*door_)) all.push_back(std::move(one));
      return all.size() == 3;
    }));
    EXPECT_EQ(all[1], confirmation) << round;
    EXPECT_EQ(all[2], request) << round;
  }
}

TEST_F(FrameSocketTest, AFrameWithPriorityButNoVlanIdIsUntagged) {
  peer_sends(frame(kOurs, ETH_P_PPP_SES, 0xc021, 0xe000));
  const auto got = received();
  ASSERT_EQ(got.size(), 1u);
  ByteVec expected = frame(kOurs, ETH_P_PPP_SES, 0xc021);
  expected.resize(60);  // it was padded before the tag was taken off
  EXPECT_EQ(got[0], expected);
}

TEST_F(FrameSocketTest, AnOwnAddressHearsItsFramesOnceAndNoTaggedOnes) {
  ASSERT_TRUE(door_->add_address(kSecond));
  ASSERT_TRUE(door_->add_address(kSecond));
  ASSERT_TRUE(door_->add_address(kOurs));
  peer_sends(frame(kSecond, ETH_P_PPP_SES, 0xc021));
  peer_sends(frame(kOurs, ETH_P_PPP_SES, 0xc021));
  peer_sends(frame(kSecond, ETH_P_PPP_SES, 0xc021, 5));
  peer_sends(frame(kSecond, ETH_P_PPP_SES, 0x0021));
  EXPECT_EQ(received().size(), 2u);
}

TEST_F(FrameSocketTest, SentFramesReachTheWireAsTheyAreAndDoNotComeBack) {
  ByteVec normal = frame(kPeer, ETH_P_PPP_DISC, 3), urgent = frame(kPeer, ETH_P_PPP_SES, 0xc021);
  ASSERT_TRUE(door_->send(normal, port::Priority::Normal));
  ASSERT_TRUE(door_->send(urgent, port::Priority::Urgent));
  std::vector<ByteVec> wire;
  ByteVec buffer(2048);
  for (;;) {
    const ssize_t got = ::recv(peer_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) break;
    wire.emplace_back(buffer.begin(), buffer.begin() + got);
  }
  EXPECT_NE(std::ranges::find(wire, normal), wire.end());
  EXPECT_NE(std::ranges::find(wire, urgent), wire.end());
  EXPECT_TRUE(received().empty());
}

TEST_F(FrameSocketTest, AnInterfaceThatGoesDownAndComesBackGoesOn) {
  ASSERT_EQ(run("ip link set wan0 down"), 0);
  loop_.run_until([] { return false; }, 50);
  EXPECT_TRUE(drain(*door_).empty());
  EXPECT_FALSE(door_->send(frame(kPeer, ETH_P_PPP_DISC, 1), port::Priority::Normal));
  ASSERT_EQ(run("ip link set wan0 up"), 0);
  // The peer's interface notices its carrier a little later and drops what is sent before.
  EXPECT_TRUE(loop_.run_until([&] {
    peer_sends(frame(kOurs, ETH_P_PPP_DISC, 1));
    return !drain(*door_).empty();
  }));
}

TEST_F(FrameSocketTest, AnInterfaceThatVanishesIsSilentAndCanBeOpenedAgain) {
  ASSERT_EQ(run("ip link del wan0"), 0);
  loop_.run_until([] { return false; }, 50);
  EXPECT_TRUE(drain(*door_).empty());
  EXPECT_FALSE(door_->send(frame(kPeer, ETH_P_PPP_DISC, 1), port::Priority::Normal));
  const auto none = sockets_.open("wan0", port::FrameKind::Pppoe);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ENODEV);
  ASSERT_EQ(run("ip link add wan0 address 02:00:00:00:00:01 type veth peer name peer0 address 02:00:00:00:00:02 && "
                "ip link set wan0 up && ip link set peer0 up"),
            0);
  bind_peer();
  auto again = sockets_.open("wan0", port::FrameKind::Pppoe);
  ASSERT_TRUE(again);
  door_ = std::move(*again);
  peer_sends(frame(kOurs, ETH_P_PPP_DISC, 1));
  EXPECT_EQ(received().size(), 1u);
}

TEST_F(FrameSocketTest, FramesThatWaitAreReadBeforeTheLoopTellsOfThemWhenTheyAreLookedFor) {
  EXPECT_TRUE(drain(*door_).empty());
  for (int i = 0; i < 150; ++i) peer_sends(frame(kOurs, ETH_P_PPP_SES, 0xc021));
  EXPECT_TRUE(drain(*door_).empty()) << "nobody has told of them";
  door_->look();
  EXPECT_EQ(drain(*door_).size(), 150u);
}

TEST_F(FrameSocketTest, AFloodForOthersDoesNotHideOursAndWakesAgain) {
  for (int i = 0; i < 900; ++i) peer_sends(frame(kOther, ETH_P_PPP_DISC, 2));
  peer_sends(frame(kOurs, ETH_P_PPP_DISC, 2));
  EXPECT_EQ(received().size(), 1u);
}

TEST_F(FrameSocketTest, InAFloodOfDiscoveryEveryOtherFrameIsASessions) {
  const ByteVec reply = frame(kOurs, ETH_P_PPP_SES, 0xc021);
  for (int i = 0; i < 300; ++i) peer_sends(frame(kOurs, ETH_P_PPP_DISC, 2));
  for (int i = 0; i < 20; ++i) peer_sends(reply);
  bool ready = false;
  door_->on_wake([&] { ready = true; });
  ASSERT_TRUE(loop_.run_until([&] { return ready; }));
  int replies = 0;
  for (int i = 0; i < 100; ++i) replies += door_->poll() == reply ? 1 : 0;
  EXPECT_EQ(replies, 20);
}

// As when hundreds of sessions are dialled at once: offers, and behind them a confirmation with its session's first
// frame.
TEST_F(FrameSocketTest, BehindManyOffersAConfirmationStillComesBeforeTheFirstFrameOfItsSession) {
  const auto confirmation = [](std::uint8_t session) {
    ByteVec bytes = frame(kOurs, ETH_P_PPP_DISC, 0);
    bytes[15] = std::byte{0x65};
    bytes[17] = std::byte{session};
    return bytes;
  };
  const auto request = [](std::uint8_t session) {
    ByteVec bytes = frame(kOurs, ETH_P_PPP_SES, 0xc021);
    bytes[17] = std::byte{session};
    return bytes;
  };
  for (const int offers : {0, 20, 30, 100}) {
    std::vector<ByteVec> all;
    bool ready = false;
    door_->on_wake([&] { ready = true; });
    loop_.run_until([&] { return !drain(*door_).empty(); }, 5);
    peer_sends(request(99));  // read before the others have come
    ASSERT_TRUE(loop_.run_until([&] { return ready; }));
    for (int i = 0; i < offers; ++i) peer_sends(frame(kOurs, ETH_P_PPP_DISC, 2));
    for (std::uint8_t session = 1; session <= 50; ++session) {
      peer_sends(confirmation(session));
      peer_sends(request(session));
    }
    ASSERT_TRUE(loop_.run_until([&] {
      for (auto& one : drain(*door_)) all.push_back(std::move(one));
      return all.size() == static_cast<std::size_t>(offers) + 101;
    }));
    for (std::uint8_t session = 1; session <= 50; ++session)
      EXPECT_LT(std::ranges::find(all, confirmation(session)), std::ranges::find(all, request(session)))
          << int{session} << " behind " << offers;
  }
}

TEST_F(FrameSocketTest, AFloodThatIsNeverReadToItsEndDoesNotHideASessionSLaterFrames) {
  const ByteVec reply = frame(kOurs, ETH_P_PPP_SES, 0xc021);
  bool ready = false;
  door_->on_wake([&] { ready = true; });
  int replies = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 100; ++i) peer_sends(frame(kOurs, ETH_P_PPP_DISC, 2));
    peer_sends(reply);
    loop_.run_until([] { return false; }, 20);
    for (int i = 0; i < 60; ++i) replies += door_->poll() == reply ? 1 : 0;
  }
  EXPECT_TRUE(ready);
  EXPECT_EQ(replies, 5);
}

TEST_F(FrameSocketTest, AFloodForOneAddressLeavesRoomForAnother) {
  ASSERT_TRUE(door_->add_address(kSecond));
  const ByteVec reply = frame(kSecond, ETH_P_PPP_SES, 0xc021);
  for (int i = 0; i < 300; ++i) peer_sends(frame(kOurs, ETH_P_PPP_SES, 0xc021));
  for (int i = 0; i < 20; ++i) peer_sends(reply);
  bool ready = false;
  door_->on_wake([&] { ready = true; });
  ASSERT_TRUE(loop_.run_until([&] { return ready; }));
  int replies = 0;
  for (int i = 0; i < 100; ++i) replies += door_->poll() == reply ? 1 : 0;
  EXPECT_EQ(replies, 20);
}

}  // namespace
}  // namespace michi::linux

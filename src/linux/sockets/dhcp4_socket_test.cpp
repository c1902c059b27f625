#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

#include "linux/sockets/frame_socket.hpp"
#include "linux/support_test.hpp"
#include "port/fd.hpp"
#include "wire/arp.hpp"
#include "wire/ether.hpp"
#include "wire/udp4.hpp"

namespace michi::linux {
namespace {

const Mac kOurs = *parse_mac("02:00:00:00:00:01"), kPeer = *parse_mac("02:00:00:00:00:02"),
          kOther = *parse_mac("02:00:00:00:00:77");
const Ipv4 kServer = *parse_ipv4("192.0.2.1"), kAddress = *parse_ipv4("192.0.2.100");

ByteVec framed(const Mac& to, std::uint16_t type, Bytes payload, std::optional<std::uint16_t> vlan = {}) {
  Writer out;
  out.put(to.bytes()).put(kPeer.bytes());
  if (vlan) out.u16(ETH_P_8021Q).u16(*vlan);
  out.u16(type).put(payload);
  while (out.size() < 60) out.u8(0);
  return std::move(out).take();
}

ByteVec datagram(const Mac& to, std::uint16_t port, std::optional<std::uint16_t> vlan = {}) {
  const ByteVec text(300);
  return framed(to, ETH_P_IP, wire::udp4::write_packet({kServer, kAddress, 67, port, text}), vlan);
}

ByteVec arp(const Mac& to, wire::arp::Operation operation, Ipv4 sender, Ipv4 target) {
  return framed(to, ETH_P_ARP, wire::arp::write_packet({operation, kPeer, sender, {}, target}));
}

class Dhcp4SocketTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip link add wan0 address 02:00:00:00:00:01 type veth peer name peer0 address 02:00:00:00:00:02"), 0);
    ASSERT_EQ(run("ip link set wan0 up"), 0);
    ASSERT_EQ(run("ip link set peer0 up"), 0);
    peer_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex("peer0"));
    ASSERT_EQ(::bind(peer_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    auto socket = sockets_.open("wan0", port::FrameKind::Dhcp4);
    ASSERT_TRUE(socket);
    door_ = std::move(*socket);
  }

  void peer_sends(const ByteVec& bytes) {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  /// All frames up to two that are certain to come, one through each socket.
  std::vector<ByteVec> received() {
    const ByteVec last = datagram(kOurs, 68), lastly = arp(kOurs, wire::arp::Operation::Reply, kServer, {});
    std::vector<ByteVec> all;
    EXPECT_TRUE(loop_.run_until([&] {
      peer_sends(last);
      peer_sends(lastly);
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

TEST_F(Dhcp4SocketTest, AnswersForAClientComeAndOtherPacketsDoNot) {
  ASSERT_TRUE(received().empty());
  const ByteVec broadcast = datagram(Mac::broadcast(), 68);
  peer_sends(broadcast);
  peer_sends(datagram(kOurs, 67));     // for a server
  peer_sends(datagram(kOurs, 53));     // somebody's
  peer_sends(datagram(kOther, 68));    // another host
  peer_sends(datagram(kOurs, 68, 5));  // VLAN 5
  ByteVec fragment = datagram(kOurs, 68);
  fragment[21] = std::byte{8};  // a later fragment has no ports
  peer_sends(fragment);
  ByteVec tcp = datagram(kOurs, 68);
  tcp[23] = std::byte{6};
  peer_sends(tcp);
  EXPECT_EQ(received(), (std::vector<ByteVec>{broadcast}));
}

TEST_F(Dhcp4SocketTest, OfArpOnlyWhatTellsOfAnAddressInUseComes) {
  using wire::arp::Operation;
  ASSERT_TRUE(received().empty());
  const std::vector<ByteVec> telling = {arp(kOurs, Operation::Reply, kAddress, kServer),
                                        arp(Mac::broadcast(), Operation::Request, {}, kAddress),         // a probe
                                        arp(Mac::broadcast(), Operation::Request, kAddress, kAddress)};  // announced
  for (const ByteVec& one : telling) peer_sends(one);
  peer_sends(arp(Mac::broadcast(), Operation::Request, kServer, kAddress));  // who has?
  EXPECT_EQ(received(), telling);
}

TEST_F(Dhcp4SocketTest, FramesOfBothKindsReachTheWireAsTheyAre) {
  for (const ByteVec& sent : {datagram(kPeer, 67), arp(kPeer, wire::arp::Operation::Request, kAddress, kServer)}) {
    ASSERT_TRUE(door_->send(sent, port::Priority::Normal));
    ByteVec buffer(2048);
    bool seen = false;
    EXPECT_TRUE(loop_.run_until([&] {
      for (ssize_t got = 0; (got = ::recv(peer_.get(), buffer.data(), buffer.size(), 0)) >= 0;)
        seen = seen || ByteVec(buffer.begin(), buffer.begin() + got) == sent;
      return seen;
    }));
  }
}

}  // namespace
}  // namespace michi::linux

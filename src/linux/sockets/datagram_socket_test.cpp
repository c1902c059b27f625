#include "linux/sockets/datagram_socket.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

using port::Speaker;

Ipv6 address(const char* text) { return *parse_ipv6(text); }

// A router solicitation and an advertisement without options, checksum left to the kernel.
const ByteVec kSolicit = *from_hex("8500000000000000");
const ByteVec kAdvertise = *from_hex("86000000400007080000000000000000");
const ByteVec kAnswer = *from_hex("8800000060000000fe800000000000000000000000000001");
const ByteVec kNeighbour = *from_hex("8700000000000000fe800000000000000000000000000002");

class DatagramSocketTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    for (const char* pair : {"wan0", "lan0"}) {
      const std::string own = pair, peer = own + "p";
      ASSERT_EQ(run("ip link add " + own + " type veth peer name " + peer), 0);
      for (const auto& [name, last] : {std::pair{own, "1"}, std::pair{peer, "2"}}) {
        ASSERT_EQ(run("ip link set " + name + " up addrgenmode none"), 0);
        ASSERT_EQ(run("ip addr add fe80::" + std::string(last) + "/64 dev " + name + " nodad"), 0);
      }
    }
  }

  std::unique_ptr<port::DatagramSocket> open(const std::string& device, Speaker speaker) {
    auto opened = sockets_.open(device, speaker);
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }

  std::optional<port::Datagram> next(port::DatagramSocket& socket, int milliseconds = 2000) {
    std::optional<port::Datagram> heard;
    loop_.run_until([&] { return (heard = socket.poll()).has_value(); }, milliseconds);
    return heard;
  }

  DatagramSockets sockets_{loop_.context()};
};

TEST_F(DatagramSocketTest, SolicitationAndAdvertisementGoBothWaysWithHopLimit255) {
  auto host = open("wan0", Speaker::NdHost), router = open("wan0p", Speaker::NdRouter);
  ASSERT_TRUE(host && router);
  ASSERT_TRUE(host->send(kSolicit, address("ff02::2"), {}));
  const auto asked = next(*router);
  ASSERT_TRUE(asked);
  EXPECT_EQ(to_text(asked->source), "fe80::1");
  EXPECT_EQ(to_text(asked->destination), "ff02::2");
  EXPECT_EQ(asked->hop_limit, 255);
  EXPECT_EQ(asked->bytes.size(), kSolicit.size());

  ASSERT_TRUE(router->send(kAdvertise, address("ff02::1"), address("fe80::2")));
  const auto told = next(*host);
  ASSERT_TRUE(told);
  EXPECT_EQ(to_text(told->source), "fe80::2");
  EXPECT_EQ(told->hop_limit, 255);
  EXPECT_EQ(to_hex(Bytes(told->bytes).first(2)), "8600");
}

TEST_F(DatagramSocketTest, OtherTypesAndOtherDevicesAreNotHeard) {
  auto host = open("wan0", Speaker::NdHost), elsewhere = open("lan0", Speaker::NdHost);
  auto router = open("wan0p", Speaker::NdRouter);
  ASSERT_TRUE(host && elsewhere && router);
  ASSERT_TRUE(router->send(kNeighbour, address("ff02::1"), {}));
  ASSERT_TRUE(router->send(kAdvertise, address("ff02::1"), {}));
  const auto told = next(*host);
  ASSERT_TRUE(told);
  EXPECT_EQ(to_hex(Bytes(told->bytes).first(1)), "86");
  EXPECT_FALSE(host->poll());
  EXPECT_FALSE(elsewhere->poll());
}

TEST_F(DatagramSocketTest, AProxyHearsWhatIsAskedOfGroupsThatAreNotOurs) {
  auto proxy = open("wan0", Speaker::NdProxy), elsewhere = open("lan0", Speaker::NdProxy);
  auto other = open("wan0p", Speaker::NdProxy);
  auto host = open("wan0", Speaker::NdHost), router = open("wan0p", Speaker::NdRouter);
  ASSERT_TRUE(proxy && elsewhere && other && host && router);
  ASSERT_TRUE(router->send(kAdvertise, address("ff02::1"), {}));
  ASSERT_TRUE(router->send(kNeighbour, address("ff02::1:ff77:7777"), address("fe80::2")));
  const auto asked = next(*proxy);
  ASSERT_TRUE(asked);
  EXPECT_EQ(to_hex(Bytes(asked->bytes).first(1)), "87");
  EXPECT_EQ(asked->bytes.size(), kNeighbour.size());
  EXPECT_EQ(to_text(asked->source), "fe80::2");
  EXPECT_EQ(to_text(asked->destination), "ff02::1:ff77:7777");
  EXPECT_EQ(asked->hop_limit, 255);
  EXPECT_FALSE(proxy->poll());
  EXPECT_FALSE(elsewhere->poll());
  EXPECT_TRUE(next(*host)) << "others hear what is theirs";

  ASSERT_TRUE(proxy->send(kAnswer, address("fe80::2"), address("fe80::1")));
  auto answered = next(*other);
  // The kernel may have to ask for the neighbour first.
  while (answered && to_hex(Bytes(answered->bytes).first(1)) == "87") answered = next(*other);
  ASSERT_TRUE(answered);
  EXPECT_EQ(to_hex(Bytes(answered->bytes).first(1)), "88");
  EXPECT_EQ(to_text(answered->source), "fe80::1");
  EXPECT_EQ(answered->hop_limit, 255);
  EXPECT_FALSE(proxy->poll()) << "what we say ourselves is not heard";
}

TEST_F(DatagramSocketTest, ADhcpClientSpeaksFromItsPortOnEveryDeviceAtOnce) {
  auto wan = open("wan0", Speaker::Dhcp6Client), lan = open("lan0", Speaker::Dhcp6Client);
  ASSERT_TRUE(wan && lan);
  EXPECT_TRUE(wan->send(*from_hex("01abcdef"), address("ff02::1:2"), {}));
  EXPECT_TRUE(lan->send(*from_hex("01abcdef"), address("ff02::1:2"), {}));
  EXPECT_FALSE(wan->poll());
}

TEST_F(DatagramSocketTest, ADeviceThatIsNotThereIsNamed) {
  const auto opened = sockets_.open("none0", Speaker::NdHost);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ENODEV);
  EXPECT_NE(opened.error().text().find("none0"), std::string::npos);
}

TEST_F(DatagramSocketTest, ASocketOutlivesItsDeviceQuietly) {
  auto host = open("wan0", Speaker::NdHost);
  ASSERT_TRUE(host);
  ASSERT_EQ(run("ip link delete wan0"), 0);
  EXPECT_FALSE(host->poll());
  EXPECT_FALSE(host->send(kSolicit, address("ff02::2"), {}));
}

}  // namespace
}  // namespace michi::linux

#include "linux/sockets/echo_socket.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <tuple>

#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

// Requests with identifier 0x1234 and sequence 1; the checksum of ICMPv6 is left to the kernel.
const ByteVec kAsk4 = *from_hex("0800e5ca12340001"), kAsk6 = *from_hex("8000000012340001");

Address address(const char* text) { return *parse_address(text); }

class EchoSocketTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip link add wan0 type veth peer name peer0"), 0);
    ASSERT_EQ(run("ip link set wan0 up addrgenmode none"), 0);
    ASSERT_EQ(run("ip link set lo up"), 0);
  }

  EchoSockets sockets_{loop_.context()};
};

TEST_F(EchoSocketTest, AnswersAreToldWithTheirSourceAndWithoutTheIpHeader) {
  // Its own addresses, asked over the loopback device: the kernel answers at once.
  for (const auto& [family, target, ask, reply] :
       {std::tuple{Family::V4, "127.0.0.1", kAsk4, "0000edca12340001"}, {Family::V6, "::1", kAsk6, "8100"}}) {
    auto opened = sockets_.open("lo", family);
    ASSERT_TRUE(opened) << opened.error().text();
    auto& socket = **opened;
    bool woken = false;
    socket.on_wake([&] { woken = true; });
    EXPECT_FALSE(socket.poll());
    const auto sent = socket.send(ask, address(target));
    ASSERT_TRUE(sent) << sent.error().text();
    ASSERT_TRUE(loop_.run_until([&] { return woken; }));
    const auto heard = socket.poll();
    ASSERT_TRUE(heard);
    EXPECT_EQ(to_text(heard->source), target);
    EXPECT_EQ(heard->message.size(), 8U);
    EXPECT_TRUE(to_hex(heard->message).starts_with(reply)) << to_hex(heard->message);
    EXPECT_FALSE(socket.poll()) << "the question itself is not heard";
  }
}

TEST_F(EchoSocketTest, AnswersOnAnotherDeviceAreNotHeard) {
  auto wan = sockets_.open("wan0", Family::V4), lo = sockets_.open("lo", Family::V4);
  ASSERT_TRUE(wan && lo);
  ASSERT_TRUE((*lo)->send(kAsk4, address("127.0.0.1")));
  ASSERT_TRUE(loop_.run_until([&] { return (*lo)->poll().has_value(); }));
  EXPECT_FALSE((*wan)->poll());
}

TEST_F(EchoSocketTest, ADeviceThatIsNotThereIsNamed) {
  const auto opened = sockets_.open("none0", Family::V6);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ENODEV);
  EXPECT_NE(opened.error().text().find("none0"), std::string::npos);
}

TEST_F(EchoSocketTest, ASocketOutlivesItsDeviceQuietly) {
  for (Family family : {Family::V4, Family::V6}) {
    ASSERT_EQ(run("ip link add gone0 type veth peer name gone1"), 0);
    auto opened = sockets_.open("gone0", family);
    ASSERT_TRUE(opened);
    ASSERT_EQ(run("ip link delete gone0"), 0);
    EXPECT_FALSE((*opened)->poll());
    EXPECT_FALSE(
        (*opened)->send(family == Family::V4 ? kAsk4 : kAsk6, address(family == Family::V4 ? "192.0.2.9" : "fe80::9")));
  }
}

}  // namespace
}  // namespace michi::linux

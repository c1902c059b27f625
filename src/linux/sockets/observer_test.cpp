#include "linux/sockets/observer.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "linux/sockets/datagram_socket.hpp"
#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

class ObserverTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip link add wan0 type veth peer name far0 && ip link set wan0 up && ip link set far0 up && "
                  "ip addr add fe80::1/64 dev wan0 nodad && ip addr add fe80::2/64 dev far0 nodad"),
              0);
  }
  /// One datagram from the other end; whoever listens is no matter.
  void send(const std::string& port) { ASSERT_EQ(run("bash -c 'echo x > /dev/udp/ff02::1%far0/" + port + "'"), 0); }
};

TEST_F(ObserverTest, CountsWhatArrivesForTheClientAlsoWhereAFilterDropsIt) {
  Observers observers;
  auto observer = observers.open("wan0", port::Passing::Dhcp6Answers);
  ASSERT_TRUE(observer) << observer.error().text();
  ASSERT_EQ(run("nft 'add table inet t; add chain inet t in { type filter hook input priority 0; policy drop; }'"), 0);
  EXPECT_EQ((*observer)->seen(), 0u);
  send("546");
  send("546");
  send("547");
  EXPECT_EQ((*observer)->seen(), 2u);
  EXPECT_EQ((*observer)->seen(), 2u) << "since it was opened, not since the last question";
}

TEST_F(ObserverTest, ADeviceThatIsNotThereIsAnError) {
  auto observer = Observers().open("nowhere0", port::Passing::Dhcp6Answers);
  ASSERT_FALSE(observer);
  EXPECT_EQ(observer.error().code, ENODEV);
}

}  // namespace
}  // namespace michi::linux

#include "linux/nftables/flow_mover.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <fstream>
#include <set>
#include <span>

#include "linux/netlink/netlink_message.hpp"
#include "linux/netlink/netlink_socket.hpp"
#include "linux/nftables/conntrack_codec.hpp"
#include "linux/nftables/firewall.hpp"
#include "linux/support_test.hpp"
#include "port/fd.hpp"

namespace michi::linux {
namespace {

constexpr std::uint32_t kMask = 0xff000000, kLost = 0x01000000, kOther = 0x02000000;

void put_tuple(NetlinkMessage& message, std::uint16_t kind, std::uint32_t from, std::uint32_t to, std::uint16_t sport,
               std::uint16_t dport) {
  nlattr* tuple = message.begin(kind);
  nlattr* addresses = message.begin(CTA_TUPLE_IP);
  message.u32(CTA_IP_V4_SRC, htonl(from)).u32(CTA_IP_V4_DST, htonl(to));
  message.end(addresses);
  nlattr* protocol = message.begin(CTA_TUPLE_PROTO);
  const std::uint16_t ports[] = {htons(sport), htons(dport)};
  message.u8(CTA_PROTO_NUM, IPPROTO_UDP)
      .bytes(CTA_PROTO_SRC_PORT, std::as_bytes(std::span(ports, 1)))
      .bytes(CTA_PROTO_DST_PORT, std::as_bytes(std::span(ports + 1, 1)));
  message.end(protocol);
  message.end(tuple);
}

ByteVec entry(std::uint16_t number, std::uint32_t mark) {
  NetlinkMessage message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, 1);
  message.extra<nfgenmsg>().nfgen_family = AF_INET;
  constexpr std::uint32_t kHost = 0xc0a80a05, kFar = 0xc6336401;
  put_tuple(message, CTA_TUPLE_ORIG, kHost, kFar, number, 53);
  put_tuple(message, CTA_TUPLE_REPLY, kFar, kHost, 53, number);
  message.u32(CTA_TIMEOUT, htonl(600)).u32(CTA_MARK, htonl(mark)).u32(CTA_STATUS, htonl(IPS_CONFIRMED));
  return message.take();
}

class FlowMoverTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    if (run("conntrack -L >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs conntrack and a kernel with ctnetlink";
    ASSERT_EQ(run("ip link set lo up && nft 'table ip t { chain c { type filter hook output priority 0; "
                  "ct state new accept; }; }'"),
              0);
    door_ = std::make_unique<Firewall>(loop_.context());
  }

  static void fill(int count, std::uint32_t mark, int first = 1024) {
    NetlinkSocket socket({.protocol = NETLINK_NETFILTER});
    for (int i = 0; i < count; ++i) ASSERT_TRUE(socket.send(entry(static_cast<std::uint16_t>(first + i), mark)));
  }
  static int count() {
    int entries = 0;
    std::ifstream("/proc/sys/net/netfilter/nf_conntrack_count") >> entries;
    return entries;
  }
  bool done(port::Ticket ticket) {
    while (auto report = door_->poll())
      if (const auto* completion = std::get_if<port::Completion>(&*report)) {
        EXPECT_FALSE(completion->error);
        done_.insert(completion->ticket);
      }
    return done_.contains(ticket);
  }
  static bool logs() { return output_of("nft list tables").find("michi-moving") != std::string::npos; }

  std::unique_ptr<Firewall> door_;
  std::set<port::Ticket> done_;
};

TEST_F(FlowMoverTest, ManyFlowsOfOneMarkGoAndThoseOfOthersStay) {
  fill(20000, kLost);
  fill(50, kOther, 30000);
  door_->submit(port::DeleteFlows{kLost, kMask, Family::V4}, 1);
  door_->submit(port::DeleteFlows{kLost, kMask, Family::V6}, 2);
  ASSERT_TRUE(loop_.run_until([&] { return logs(); })) << "packets of these flows are logged";
  EXPECT_GT(count(), 20000) << "and nobody waits for those that do not run";
  ASSERT_TRUE(loop_.run_until([&] { return done(1) && done(2); }));
  EXPECT_EQ(count(), 50);
  EXPECT_TRUE(loop_.run_until([&] { return !logs(); }));
}

TEST_F(FlowMoverTest, AFlowThatRunsGoesBeforeThoseThatDoNot) {
  fill(20000, kLost);
  port::Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  from.sin_addr.s_addr = to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  from.sin_port = htons(4000);
  to.sin_port = htons(5000);
  ASSERT_EQ(::bind(sender.get(), reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
  const auto send = [&] { ::sendto(sender.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to); };
  const std::string flow = " -p udp -s 127.0.0.1 -d 127.0.0.1 --sport 4000 --dport 5000 ";
  send();
  ASSERT_EQ(run("conntrack -U" + flow + "-m 0x01000000 >/dev/null 2>&1"), 0);
  door_->submit(port::DeleteFlows{kLost, kMask, Family::V4}, 1);
  int others = 0;
  ASSERT_TRUE(loop_.run_until([&] {
    send();
    if (output_of("conntrack -G" + flow + "2>/dev/null").find("mark=0 ") == std::string::npos) return done(1);
    others = count();
    return true;
  }));
  EXPECT_GT(others, 20000) << "it began anew while all others were there";
  ASSERT_TRUE(loop_.run_until([&] { return done(1); }));
  EXPECT_LT(count(), 10);
}

TEST_F(FlowMoverTest, ADoorThatClosesMeanwhileWaitsForNothingAndLeavesNoTable) {
  fill(20000, kLost);
  door_->submit(port::DeleteFlows{kLost, kMask, Family::V4}, 1);
  ASSERT_TRUE(loop_.run_until([&] { return logs(); }));
  door_.reset();
  for (int tries = 0; tries < 100 && logs(); ++tries) run("sleep 0.01");
  EXPECT_FALSE(logs()) << "the kernel removes it with its owner's socket";
}

TEST(FlowOfPacket, IsAskedForByItsAddressesAndPorts) {
  const auto udp = from_hex("4500001c 00000000 40110000 c0a80a05 c6336401 04d20035 00080000");
  const auto request = encode_flow_of(*udp, 7);
  ASSERT_TRUE(request);
  EXPECT_EQ(to_hex(*request), to_hex(*from_hex("48000000 0101 0500 07000000 00000000"  // IPCTNL_MSG_CT_GET
                                               "02 00 0000"
                                               "3400 0180"  // CTA_TUPLE_ORIG
                                               "1400 0180 0800 0100 c0a80a05 0800 0200 c6336401"
                                               "1c00 0280 0500 0100 11000000 0600 0200 04d20000 0600 0300 00350000")));
}

TEST(FlowOfPacket, WhatConntrackCannotTellFromItsStartIsLeftAlone) {
  const auto asked = [](std::string_view hex) { return encode_flow_of(*from_hex(std::string(hex)), 7).has_value(); };
  EXPECT_TRUE(asked("4500001c 00004000 40060000 c0a80a05 c6336401 04d20035 00080000")) << "TCP that is not to be cut";
  EXPECT_TRUE(asked("4500001c 00000000 40010000 c0a80a05 c6336401 08000000 00010001")) << "an echo request";
  EXPECT_FALSE(asked("4500001c 00000000 40010000 c0a80a05 c6336401 03000000 00000000")) << "an error";
  EXPECT_FALSE(asked("4500001c 00000007 40110000 c0a80a05 c6336401 04d20035 00080000")) << "a later fragment";
  EXPECT_FALSE(asked("4500001c 00002000 40110000 c0a80a05 c6336401 04d20035 00080000")) << "a first one";
  EXPECT_FALSE(asked("4500001c 00000000 402f0000 c0a80a05 c6336401 04d20035 00080000")) << "GRE";
  EXPECT_FALSE(asked("4f00001c 00000000 40110000 c0a80a05 c6336401 04d20035 00080000")) << "longer than it is";
  EXPECT_FALSE(asked("4500001c 00000000 40110000 c0a80a05 c6336401 04d2")) << "cut";
  EXPECT_FALSE(asked("")) << "nothing";
  const std::string addresses = "20010db8000000000000000000000001 20010db8000000000000000000000002";
  EXPECT_TRUE(asked("60000000 00081140" + addresses + "04d20035 00080000"));
  EXPECT_FALSE(asked("60000000 00080040" + addresses + "11000000 00000000")) << "hop-by-hop options";
}

}  // namespace
}  // namespace michi::linux

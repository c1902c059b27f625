#pragma once
// What the plane's kernel tests share: two namespaces with a wire between them, a plane with its loop, and
// raw frames.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "dataplane/frame.hpp"
#include "dataplane/test_packets.hpp"
#include "dataplane/tun/tun_plane.hpp"
#include "port/fd.hpp"

namespace michi::dataplane::test {

using tun::TunPlane;

inline const Mac kNear{{2, 0, 0, 0, 0, 1}};
inline const Mac kFar{{2, 0, 0, 0, 0, 2}};
inline const Mac kOther{{2, 0, 0, 0, 0, 3}};
inline constexpr std::uint16_t kSession = 0x0102;

inline void shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

inline int packet_socket(const char* interface) {
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x0003));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(0x0003);  // ETH_P_ALL
  address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const int size = 16 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return fd;
}

/// The next frame that came in from the other end; empty after a silence.
inline ByteVec next_frame(int fd, std::chrono::milliseconds wait = std::chrono::milliseconds(500),
                          bool data_only = true) {
  for (;;) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return {};
    ByteVec buffer(70000);
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return {};
    buffer.resize(static_cast<std::size_t>(got));
    if (from.sll_pkttype == PACKET_OUTGOING || (data_only && from.sll_protocol != htons(0x8864))) continue;
    return buffer;
  }
}

inline model::EthernetSession& ethernet(model::AttachWant& want) {
  return std::get<model::EthernetSession>(want.carriage);
}

/// One of the two ends: a plane with its loop in the namespace it was made in.
struct End {
  boost::asio::io_context loop;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy = make_work_guard(loop);
  TunPlane plane{loop};
  port::Ticket tickets = 0;
  std::vector<port::PlaneFault> faults;
  /// The error's text, empty when it was done.
  std::string perform(port::PlaneOp op) {
    const auto error = attempt(std::move(op));
    return error ? error->text() : "";
  }
  std::optional<port::OsError> attempt(port::PlaneOp op) {
    plane.submit(std::move(op), ++tickets);
    for (int turn = 0; turn < 50; ++turn) {
      while (const auto report = plane.poll()) {
        if (const auto* fault = std::get_if<port::PlaneFault>(&*report)) faults.push_back(*fault);
        if (const auto* done = std::get_if<port::Completion>(&*report))
          if (done->ticket == tickets) return done->error;
      }
      loop.run_one_for(std::chrono::milliseconds(100));
    }
    return port::OsError{"no answer from the plane", ETIMEDOUT};
  }
  void wait_for_fault() {
    for (int i = 0; i < 20 && faults.empty(); ++i) {
      loop.run_one_for(std::chrono::milliseconds(100));
      while (const auto report = plane.poll())
        if (const auto* fault = std::get_if<port::PlaneFault>(&*report)) faults.push_back(*fault);
    }
  }
  /// Polls counters until they say what is expected, at most two seconds.
  template <class Ready>
  bool eventually(Ready ready, const std::string& uplink = "isp") {
    for (int i = 0; i < 400; ++i) {
      if (ready(plane.counters({uplink}))) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
};

class World : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root to make network namespaces";
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "SKIPPED: needs /dev/net/tun";
    home_ = port::Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    far_ = port::Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    near_ = port::Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    shell("ip link add near0 address 02:00:00:00:00:01 type veth peer name far0 address 02:00:00:00:00:02");
    shell("ip link set near0 up && ip link set far0 netns /proc/self/fd/" + std::to_string(inherit(far_)));
    enter(far_);
    shell("ip link set lo up && ip link set far0 up");
    wire_ = port::Fd(packet_socket("far0"));
    enter(near_);
  }
  void TearDown() override {
    if (home_) enter(home_);
  }
  static int inherit(const port::Fd& fd) {
    ::fcntl(fd.get(), F_SETFD, 0);
    return fd.get();
  }
  static void enter(const port::Fd& netns) { ASSERT_EQ(::setns(netns.get(), CLONE_NEWNET), 0); }

  static model::AttachWant want() {
    return {
        .uplink = {"isp"},
        .device = "isp",
        .mtu = 1454,
        .ipv4 = true,
        .ipv6 = true,
        .own_sources = {*parse_prefix("192.0.2.10"), *parse_prefix("2001:db8::10")},
        .plane = "tun",
        .carriage = model::EthernetSession{.interface = "near0", .local = kNear, .peer = kFar, .session_id = kSession}};
  }
  void bring_up(End& end, const model::AttachWant& session, const std::string& own, const std::string& others) {
    ASSERT_EQ("", end.perform(port::EnsureDevice{session.device}));
    shell("ip link set " + session.device + " mtu 1454 up && ip addr add " + own + "/32 dev " + session.device +
          " && ip route add " + others + " dev " + session.device);
    ASSERT_EQ("", end.perform(port::Attach{session}));
  }
  /// A data frame from the access concentrator.
  ByteVec frame(const ByteVec& packet, Mac to = kNear, Mac from = kFar, std::uint16_t session = kSession) {
    ByteVec out(kEncapsulation);
    write_encapsulation(out, {from, to, session}, Family::V4, packet.size());
    out.insert(out.end(), packet.begin(), packet.end());
    return out;
  }
  void inject(const ByteVec& bytes) {
    ASSERT_EQ(::send(wire_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  port::Fd home_, far_, near_, wire_;
};

inline ByteVec inbound(std::size_t size) {
  return make({.protocol = 17, .source = "198.51.100.1", .destination = "192.0.2.10", .payload = pattern(size)});
}

}  // namespace michi::dataplane::test

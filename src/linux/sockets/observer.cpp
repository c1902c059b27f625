#include "linux/sockets/observer.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr std::uint32_t kNextHeader = 6, kUdpDestination = 42;  // in IPv6 without extension headers
constexpr std::uint32_t kDhcp6ClientPort = 546;

/// Incoming, IPv6 directly followed by UDP to that port. Of a packet only its existence is kept.
std::vector<sock_filter> filter_of(port::Passing what) {
  switch (what) {
    case port::Passing::Dhcp6Answers:
      return {
          BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 5, 0),
          BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kNextHeader),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
          BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kUdpDestination),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kDhcp6ClientPort, 0, 1),
          BPF_STMT(BPF_RET | BPF_K, 1),
          BPF_STMT(BPF_RET | BPF_K, 0),
      };
  }
  return {};
}

class Counting final : public port::Observer {
 public:
  explicit Counting(port::Fd fd) : fd_(std::move(fd)) {}
  unsigned seen() override {
    std::byte one{};
    while (true) {
      const auto got = ::recv(fd_.get(), &one, sizeof one, MSG_DONTWAIT | MSG_TRUNC);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return count_;
      ++count_;
    }
  }

 private:
  port::Fd fd_;
  unsigned count_ = 0;
};

}  // namespace

Result<std::unique_ptr<port::Observer>, port::OsError> Observers::open(const std::string& device, port::Passing what) {
  const auto error = [&](const char* step) { return port::OsError{std::string(step) + " on " + device, errno}; };
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0) return Fault(port::OsError{"look at " + device, ENODEV});
  // Without a protocol nothing is heard before the filter stands and the device is named.
  port::Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Fault(error("open a packet socket"));
  auto program = filter_of(what);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
    return Fault(error("attach a filter"));
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_IPV6);
  where.sll_ifindex = static_cast<int>(index);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    return Fault(error("bind a packet socket"));
  return std::make_unique<Counting>(std::move(fd));
}

}  // namespace michi::linux

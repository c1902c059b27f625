#include "linux/sockets/datagram_socket.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "linux/loop/readiness.hpp"
#include "linux/sockets/packet_socket.hpp"
#include "linux/sockets/socket_options.hpp"
#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr std::uint16_t kDhcp6ClientPort = 546, kDhcp6ServerPort = 547;  // RFC 8415 §7.2
constexpr int kHopLimit = 255;                                           // RFC 4861 §6.1
constexpr int kReceiveBuffer = 256 << 10;
constexpr std::size_t kLongest = 9216;

port::OsError error(const std::string& what, const std::string& device) { return {what + " on " + device, errno}; }

in6_addr to_kernel(const Ipv6& address) {
  in6_addr out{};
  std::memcpy(&out, address.octets.data(), sizeof out);
  return out;
}

Ipv6 from_kernel(const in6_addr& address) {
  Ipv6 out;
  std::memcpy(out.octets.data(), &address, sizeof address);
  return out;
}

bool join(int fd, int index, const char* group) {
  ipv6_mreq request{};
  ::inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr);
  request.ipv6mr_interface = static_cast<unsigned>(index);
  return ::setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) == 0;
}

bool prepare(int fd, int index, const std::string& device, port::Speaker speaker) {
  if (!bind_to_device(fd, device) || !set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) ||
      !set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) || !set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index) ||
      !set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0))
    return false;
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  if (speaker == port::Speaker::Dhcp6Client) {
    sockaddr_in6 own{};
    own.sin6_family = AF_INET6;
    own.sin6_port = htons(kDhcp6ClientPort);
    return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
           ::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0;
  }
  if (!set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kHopLimit) ||
      !set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kHopLimit))
    return false;
  if (speaker == port::Speaker::NdProxy) return hear_only_icmp6(fd, {});
  if (speaker == port::Speaker::NdHost) return hear_only_icmp6(fd, {ND_ROUTER_ADVERT});
  return hear_only_icmp6(fd, {ND_ROUTER_SOLICIT, ND_ROUTER_ADVERT}) && join(fd, index, "ff02::2");
}

class Socket final : public port::DatagramSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string device, int index, port::Speaker speaker, port::Fd fd)
      : device_(std::move(device)),
        index_(index),
        port_(speaker == port::Speaker::Dhcp6Client ? kDhcp6ServerPort : std::uint16_t{0}),
        fd_(std::move(fd)),
        readable_(loop, fd_.get(), [this] {
          told_ = true;
          if (wake_) wake_();
        }) {
    readable_.arm();
  }

  Result<void, port::OsError> send(Bytes bytes, const Ipv6& destination, std::optional<Ipv6> source) override {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port_);
    to.sin6_addr = to_kernel(destination);
    to.sin6_scope_id = static_cast<std::uint32_t>(index_);
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (source) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      auto* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = IPPROTO_IPV6;
      header->cmsg_type = IPV6_PKTINFO;
      header->cmsg_len = CMSG_LEN(sizeof(in6_pktinfo));
      const in6_pktinfo from{.ipi6_addr = to_kernel(*source), .ipi6_ifindex = static_cast<unsigned>(index_)};
      std::memcpy(CMSG_DATA(header), &from, sizeof from);
    }
    while (::sendmsg(fd_.get(), &message, 0) < 0)
      if (errno != EINTR) return Fault(error("send to " + to_text(destination), device_));
    return {};
  }

  std::optional<port::Datagram> poll() override {
    if (!told_) return std::nullopt;
    std::array<std::byte, kLongest> buffer;  // not a member: there are two sockets to every session
    while (true) {
      sockaddr_in6 from{};
      iovec part{buffer.data(), buffer.size()};
      alignas(cmsghdr) std::array<std::byte, 256> control{};
      msghdr message{};
      message.msg_name = &from;
      message.msg_namelen = sizeof from;
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      const ssize_t got = ::recvmsg(fd_.get(), &message, 0);
      if (got < 0) {
        if (errno == EINTR || errno == ENETDOWN) continue;
        told_ = false;
        readable_.arm();
        return std::nullopt;
      }
      if ((message.msg_flags & MSG_TRUNC) != 0) continue;
      port::Datagram datagram{.bytes = copy_of(Bytes(buffer).first(static_cast<std::size_t>(got))),
                              .source = from_kernel(from.sin6_addr),
                              .destination = {}};
      // A raw socket hears all devices from its first moment; what came before it was bound has no mark of ours.
      bool ours = false;
      for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != IPPROTO_IPV6) continue;
        if (header->cmsg_type == IPV6_PKTINFO) {
          in6_pktinfo to{};
          std::memcpy(&to, CMSG_DATA(header), sizeof to);
          datagram.destination = from_kernel(to.ipi6_addr);
          ours = static_cast<int>(to.ipi6_ifindex) == index_;
        } else if (header->cmsg_type == IPV6_HOPLIMIT) {
          int limit = 0;
          std::memcpy(&limit, CMSG_DATA(header), sizeof limit);
          datagram.hop_limit = static_cast<std::uint8_t>(limit);
        }
      }
      if (ours) return datagram;
    }
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  std::string device_;
  int index_;
  std::uint16_t port_;
  port::Fd fd_;
  port::Wake wake_;
  bool told_ = true;  // something is there, or nobody has looked yet
  Readiness readable_;
};

}  // namespace

Result<std::unique_ptr<port::DatagramSocket>, port::OsError> DatagramSockets::open(const std::string& device,
                                                                                   port::Speaker speaker) {
  const int index = device.size() < IFNAMSIZ ? static_cast<int>(::if_nametoindex(device.c_str())) : 0;
  if (index == 0) return Fault(port::OsError{"open IPv6 socket on " + device, ENODEV});
  const bool udp = speaker == port::Speaker::Dhcp6Client;
  const int kind = SOCK_CLOEXEC | SOCK_NONBLOCK | (udp ? SOCK_DGRAM : SOCK_RAW);
  port::Fd fd(::socket(AF_INET6, kind, udp ? int{IPPROTO_UDP} : int{IPPROTO_ICMPV6}));
  if (!fd) return Fault(error("open IPv6 socket", device));
  if (!prepare(fd.get(), index, device, speaker)) return Fault(error("prepare IPv6 socket", device));
  auto socket = std::make_unique<Socket>(loop_, device, index, speaker, std::move(fd));
  if (speaker == port::Speaker::NdProxy) return open_neighbours(loop_, device, index, std::move(socket));
  return socket;
}

}  // namespace michi::linux

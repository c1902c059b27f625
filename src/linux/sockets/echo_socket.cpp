#include "linux/sockets/echo_socket.hpp"

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "linux/loop/readiness.hpp"
#include "linux/sockets/socket_options.hpp"
#include "port/fd.hpp"

namespace michi::linux {

namespace {

// linux/icmp.h cannot stand beside net/if.h: ICMP_FILTER, a mask of the types that are blocked, and ICMP_ECHOREPLY.
constexpr int kIcmpFilter = 1;
constexpr unsigned kEchoReply = 0;
constexpr int kPriority = 6;  // before users' packets in the device's queue
constexpr int kReceiveBuffer = 64 << 10;
constexpr std::size_t kLongest = 2048;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&address); }
};

Endpoint endpoint_of(const Address& to, unsigned index) {
  Endpoint out;
  const ByteVec bytes = to.bytes();
  if (to.family() == Family::V4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&out.address, &v4, out.length = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_scope_id = index;
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&out.address, &v6, out.length = sizeof v6);
  }
  return out;
}

std::optional<Address> address_in(const Endpoint& from) {
  if (from.address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from.address, sizeof v4);
    return *Ipv4::from_bytes(std::as_bytes(std::span(&v4.sin_addr, 1)));
  }
  if (from.address.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &from.address, sizeof v6);
  return *Ipv6::from_bytes(std::as_bytes(std::span(&v6.sin6_addr, 1)));
}

/// A raw IPv4 socket has the IP header in front, an IPv6 one has not.
std::optional<Bytes> message_in(Bytes packet, Family family) {
  if (family == Family::V6) return packet;
  if (packet.empty()) return std::nullopt;
  const auto header = (std::to_integer<std::size_t>(packet.front()) & 0x0f) * 4;
  if (packet.size() < header) return std::nullopt;
  return packet.subspan(header);
}

bool prepare(int fd, const std::string& device, Family family) {
  if (!bind_to_device(fd, device)) return false;
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  set_option(fd, SOL_SOCKET, SO_PRIORITY, kPriority);
  if (family == Family::V6) return hear_only_icmp6(fd, {ICMP6_ECHO_REPLY});
  return set_option(fd, SOL_RAW, kIcmpFilter, static_cast<int>(~(1U << kEchoReply)));
}

class Socket final : public port::EchoSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string device, unsigned index, Family family, port::Fd fd)
      : device_(std::move(device)),
        index_(index),
        family_(family),
        fd_(std::move(fd)),
        readable_(loop, fd_.get(), [this] {
          if (wake_) wake_();
        }) {
    readable_.arm();
  }

  Result<void, port::OsError> send(Bytes message, const Address& destination) override {
    Endpoint to = endpoint_of(destination, index_);
    while (::sendto(fd_.get(), message.data(), message.size(), MSG_DONTWAIT, to.get(), to.length) < 0)
      if (errno != EINTR) return Fault(port::OsError{"send to " + to_text(destination) + " on " + device_, errno});
    return {};
  }

  std::optional<port::EchoHeard> poll() override {
    std::array<std::byte, kLongest> buffer;
    while (true) {
      Endpoint from;
      from.length = sizeof from.address;
      const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, from.get(), &from.length);
      if (got < 0) {
        if (errno == EINTR || errno == ENETDOWN) continue;
        readable_.arm();
        return std::nullopt;
      }
      const auto message = message_in(Bytes(buffer).first(static_cast<std::size_t>(got)), family_);
      const auto source = address_in(from);
      if (message && source) return port::EchoHeard{copy_of(*message), *source};
    }
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  std::string device_;
  unsigned index_;
  Family family_;
  port::Fd fd_;
  port::Wake wake_;
  Readiness readable_;
};

}  // namespace

Result<std::unique_ptr<port::EchoSocket>, port::OsError> EchoSockets::open(const std::string& device, Family family) {
  const unsigned index = device.size() < IFNAMSIZ ? ::if_nametoindex(device.c_str()) : 0;
  if (index == 0) return Fault(port::OsError{"open ICMP socket on " + device, ENODEV});
  const int kind = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  port::Fd fd(family == Family::V4 ? ::socket(AF_INET, kind, int{IPPROTO_ICMP})
                                   : ::socket(AF_INET6, kind, int{IPPROTO_ICMPV6}));
  if (!fd) return Fault(port::OsError{"open ICMP socket on " + device, errno});
  if (!prepare(fd.get(), device, family)) return Fault(port::OsError{"prepare ICMP socket on " + device, errno});
  return std::make_unique<Socket>(loop_, device, index, family, std::move(fd));
}

}  // namespace michi::linux

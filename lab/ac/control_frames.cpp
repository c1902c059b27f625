#include "lab/ac/control_frames.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <tuple>

#include "linux/sockets/frame_filter.hpp"

namespace michi::lab {

using port::OsError;

namespace {

constexpr int kFramesPerTurn = 64;
constexpr int kBuffer = 4 << 20;  // hundreds of clients at once, and the RFC's timers are slow to repeat

Result<port::Fd, OsError> open_packet(const std::string& interface, std::uint16_t type, linux::FrameFilter filter) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return Fault(OsError{"find interface " + interface, ENODEV});
  port::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Fault(OsError{"open packet socket", errno});
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  if (!filter.empty() && ::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
    return Fault(OsError{"filter packets of " + interface, errno});
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(type);
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return Fault(OsError{"bind to " + interface, errno});
  return fd;
}

}  // namespace

Result<void, OsError> ControlFrames::open(const std::string& interface) {
  auto discovery = open_packet(interface, ETH_P_PPP_DISC, {});
  if (!discovery) return Fault(discovery.error());
  auto session = open_packet(interface, ETH_P_PPP_SES, linux::session_control_filter());
  if (!session) return Fault(session.error());
  discovery_.fd = std::move(*discovery);
  session_.fd = std::move(*session);
  for (Source* source : {&discovery_, &session_}) {
    source->ready = std::make_unique<linux::Readiness>(loop_, source->fd.get(), [this, source] { read(*source); });
    source->ready->arm();
  }
  return {};
}

void ControlFrames::read(Source& source) {
  for (int i = 0; i < kFramesPerTurn; ++i) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(source.fd.get(), buffer_.data(), buffer_.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0 && errno == EAGAIN) break;
    if (got > 0 && (from.sll_pkttype == PACKET_HOST || from.sll_pkttype == PACKET_BROADCAST))
      heard_(Bytes(buffer_).first(static_cast<std::size_t>(got)));
  }
  source.ready->arm();
}

void ControlFrames::send(Bytes frame) { std::ignore = ::send(discovery_.fd.get(), frame.data(), frame.size(), 0); }

}  // namespace michi::lab

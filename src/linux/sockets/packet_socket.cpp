#include "linux/sockets/packet_socket.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "linux/loop/boot_timer.hpp"

namespace michi::linux {

namespace {

constexpr int kReceiveBuffer = 2 << 20;  // hundreds of sessions at once; the kernel counts a small frame as 2 KiB

constexpr Duration kSoon = milliseconds(1);  // from one frame to the next of a conversation, or of a flood

bool accepted(Accept accept, unsigned char marked) {
  switch (accept) {
    case Accept::ToUs:
      return marked == PACKET_HOST;
    case Accept::ToUsOrEverybody:
      return marked == PACKET_HOST || marked == PACKET_BROADCAST;
    case Accept::ToUsOrGroups:
      return marked == PACKET_HOST || marked == PACKET_BROADCAST || marked == PACKET_MULTICAST;
    case Accept::Incoming:
      return marked != PACKET_OUTGOING;
  }
  return false;
}

}  // namespace

port::OsError packet_error(const std::string& what, const std::string& interface) {
  return {what + " on " + interface, errno};
}

Result<port::Fd, port::OsError> open_packet(std::uint16_t type, int index, const FrameFilter& filter,
                                            const std::string& interface) {
  // Protocol 0 receives nothing yet: no frame may slip in before the filter stands.
  port::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Fault(packet_error("open packet socket", interface));
  const int size = kReceiveBuffer, yes = 1;
  // A frame lost here costs a peer with the RFC's timers three seconds.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  ::setsockopt(fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  if (!filter.empty()) {
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
      return Fault(packet_error("filter packet socket", interface));
    }
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(type);
  address.sll_ifindex = index;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Fault(packet_error("bind packet socket", interface));
  }
  return fd;
}

PacketSource::PacketSource(boost::asio::io_context& loop, port::Fd fd, Accept accept, port::Wake told)
    : fd_(std::move(fd)), accept_(accept), told_(std::move(told)), readable_(loop, fd_.get(), [this] {
        pending_ = just_told_ = true;
        empties_ = BootTimer::now() - rested_at_ < kSoon;
        told_();
      }) {
  readable_.arm();
}

std::optional<ByteVec> PacketSource::next(std::span<std::byte> buffer, int most) {
  for (int reads = 0; pending_ && reads < most; ++reads)
    if (auto frame = read(buffer)) {
      may_hold_more_ = true;
      if (!empties_) rest();
      return frame;
    }
  return std::nullopt;
}

// What comes from here on is told, also where another source of the same reader is never empty.
void PacketSource::rest() {
  pending_ = false;
  rested_at_ = BootTimer::now();
  readable_.arm();
}

// A frame, or nothing; then `pending_` says whether to go on.
std::optional<ByteVec> PacketSource::read(std::span<std::byte> buffer) {
  read_as_told_ = std::exchange(just_told_, false);
  sockaddr_ll from{};
  socklen_t length = sizeof from;
  const ssize_t got =
      ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &length);
  if (got < 0) {
    // ENETDOWN comes once when the interface goes down or away; frames come again when it is back.
    if (errno == EINTR || errno == ENETDOWN) return std::nullopt;
    may_hold_more_ = false;
    rest();
    return std::nullopt;
  }
  const auto size = static_cast<std::size_t>(got);
  if (size > buffer.size() || size < ETH_HLEN || !accepted(accept_, from.sll_pkttype)) return std::nullopt;
  return copy_of(Bytes(buffer).first(size));
}

Result<void, port::OsError> send_frame(int fd, Bytes frame, const std::string& interface) {
  for (bool again = true;;) {
    if (::send(fd, frame.data(), frame.size(), 0) >= 0) return {};
    // An error left over from the interface going down is reported once, and not for this frame.
    if (errno == EINTR || (errno == ENETDOWN && std::exchange(again, false))) continue;
    return Fault(packet_error("send frame", interface));
  }
}

Result<void, port::OsError> hear_address(int fd, int index, Mac mac, Membership what, const std::string& interface) {
  packet_mreq request{};
  request.mr_ifindex = index;
  request.mr_type = PACKET_MR_UNICAST;
  request.mr_alen = ETH_ALEN;
  std::memcpy(static_cast<void*>(request.mr_address), mac.octets.data(), ETH_ALEN);
  const int option = what == Membership::Begin ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP;
  if (::setsockopt(fd, SOL_PACKET, option, &request, sizeof request) == 0) return {};
  return Fault(packet_error("listen for " + to_text(mac), interface));
}

}  // namespace michi::linux

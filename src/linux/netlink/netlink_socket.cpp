#include "linux/netlink/netlink_socket.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

#include "linux/netlink/netlink_attributes.hpp"

namespace michi::linux {

namespace {

// The kernel fills at most 32 KiB of a dump at a time; a link with many attributes may be larger.
constexpr std::size_t kReceiveBytes = 64 * 1024;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(port::OsError{what, errno}.text()); }

}  // namespace

NetlinkSocket::NetlinkSocket(const Settings& settings)
    : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, settings.protocol)), buffer_(kReceiveBytes) {
  if (!fd_) fail("open netlink socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind netlink socket");
  socklen_t length = sizeof address;
  if (::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) fail("name netlink socket");
  port_ = address.nl_pid;
  const int size = settings.receive_buffer;
  if (::setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  ::setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  set_option(NETLINK_EXT_ACK, 1);
  set_option(NETLINK_CAP_ACK, 1);
  for (const unsigned group : settings.groups) {
    const int number = static_cast<int>(group);
    if (!set_option(NETLINK_ADD_MEMBERSHIP, number)) fail("join netlink group");
  }
}

bool NetlinkSocket::set_option(int option, int value) {
  return ::setsockopt(fd(), SOL_NETLINK, option, &value, sizeof value) == 0;
}

Result<void, port::OsError> NetlinkSocket::send(Bytes batch) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = 0;
  do {
    sent = ::sendto(fd(), batch.data(), batch.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return Fault(port::OsError{"send netlink request", errno});
  return {};
}

NetlinkSocket::Read NetlinkSocket::receive() {
  for (;;) {
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(fd(), buffer_.data(), buffer_.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got >= 0) {
      if (from.nl_pid != 0) continue;  // only the kernel is believed
      filled_ = static_cast<std::size_t>(got);
      return Read::Datagram;
    }
    filled_ = 0;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Read::Nothing;
    return errno == ENOBUFS ? Read::Overrun : Read::Failed;
  }
}

void for_each_message(Bytes datagram, const std::function<void(const nlmsghdr&)>& each) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > datagram.size()) return;
    each(*message);
    const std::size_t whole = NLMSG_ALIGN(std::size_t{message->nlmsg_len});
    datagram = datagram.subspan(whole < datagram.size() ? whole : datagram.size());
  }
}

std::optional<Acknowledgement> parse_acknowledgement(const nlmsghdr& message) {
  const auto* error = header_of<nlmsgerr>(message);
  if (message.nlmsg_type != NLMSG_ERROR || error == nullptr) return std::nullopt;
  Acknowledgement result{.sequence = error->msg.nlmsg_seq, .error = -error->error, .message = {}};
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return result;
  std::size_t echoed = sizeof(nlmsgerr);
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) echoed += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
  const Bytes payload = payload_of(message);
  if (echoed <= payload.size()) result.message = Attributes(payload.subspan(echoed)).text(NLMSGERR_ATTR_MSG);
  return result;
}

}  // namespace michi::linux

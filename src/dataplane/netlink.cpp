#include "dataplane/netlink.hpp"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <tuple>

namespace michi::dataplane {
namespace {

using port::OsError;

constexpr std::uint8_t kGenerateNone = 1;  // IN6_ADDR_GEN_MODE_NONE

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_attribute(std::string& out, unsigned short type, std::string_view value) {
  const rtattr head{.rta_len = static_cast<unsigned short>(RTA_LENGTH(value.size())), .rta_type = type};
  put(out, head);
  out.append(value);
  out.append(RTA_ALIGN(value.size()) - value.size(), '\0');
}

std::string zero_ended(std::string_view text) { return std::string(text) + '\0'; }

/// The length in the header is filled in by exchange().
std::string request(std::uint16_t type, std::uint16_t flags, int index) {
  std::string out;
  put(out, nlmsghdr{.nlmsg_len = 0,
                    .nlmsg_type = type,
                    .nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags),
                    .nlmsg_seq = 0,
                    .nlmsg_pid = 0});
  ifinfomsg info{};
  info.ifi_index = index;
  put(out, info);
  return out;
}

template <class Visit>
void for_each_attribute(std::string_view bytes, Visit visit) {
  while (bytes.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > bytes.size()) return;
    visit(head.rta_type & NLA_TYPE_MASK, bytes.substr(sizeof head, head.rta_len - sizeof head));
    bytes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(head.rta_len), bytes.size()));
  }
}

std::string text(std::string_view value) { return std::string(value.substr(0, value.find('\0'))); }

}  // namespace

Result<LinkRequests, OsError> LinkRequests::open() {
  port::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return Fault(OsError{"open rtnetlink", errno});
  const timeval limit{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return LinkRequests(std::move(fd));
}

Result<std::string, int> LinkRequests::exchange(std::string message) {
  nlmsghdr head{};
  std::memcpy(&head, message.data(), sizeof head);
  head.nlmsg_len = static_cast<std::uint32_t>(message.size());
  head.nlmsg_seq = ++sequence_;
  std::memcpy(message.data(), &head, sizeof head);
  if (::send(fd_.get(), message.data(), message.size(), 0) < 0) return Fault<int>(errno);
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fault<int>(errno == EAGAIN ? ETIMEDOUT : errno);
    const std::string_view answer(buffer.data(), static_cast<std::size_t>(got));
    if (answer.size() < sizeof head) return Fault<int>(EBADMSG);
    std::memcpy(&head, answer.data(), sizeof head);
    if (head.nlmsg_seq != sequence_) continue;  // of a request that timed out
    if (head.nlmsg_type != NLMSG_ERROR) return std::string(answer.substr(sizeof head));
    nlmsgerr error{};
    if (answer.size() < sizeof head + sizeof error) return Fault<int>(EBADMSG);
    std::memcpy(&error, answer.data() + sizeof head, sizeof error);
    if (error.error != 0) return Fault<int>(-error.error);
    return std::string();
  }
}

Result<std::optional<LinkSeen>, OsError> LinkRequests::find(const std::string& name) {
  std::string message = request(RTM_GETLINK, 0, 0);
  put_attribute(message, IFLA_IFNAME, zero_ended(name));
  const auto answer = exchange(std::move(message));
  if (!answer && answer.error() == ENODEV) return std::optional<LinkSeen>();
  if (!answer) return Fault(OsError{"look up interface " + name, answer.error()});
  if (answer->size() < sizeof(ifinfomsg)) return Fault(OsError{"look up interface " + name, EBADMSG});
  ifinfomsg info{};
  std::memcpy(&info, answer->data(), sizeof info);
  LinkSeen seen{.index = info.ifi_index, .kind = {}, .alias = {}};
  for_each_attribute(std::string_view(*answer).substr(sizeof info), [&](int type, std::string_view value) {
    if (type == IFLA_IFALIAS) seen.alias = text(value);
    if (type == IFLA_LINKINFO)
      for_each_attribute(value, [&](int inner, std::string_view kind) {
        if (inner == IFLA_INFO_KIND) seen.kind = text(kind);
      });
  });
  return std::optional(std::move(seen));
}

Result<void, OsError> LinkRequests::set_alias(int index, const std::string& alias, unsigned queue_length) {
  std::string message = request(RTM_SETLINK, NLM_F_ACK, index);
  put_attribute(message, IFLA_IFALIAS, alias);
  std::string length;
  put(length, std::uint32_t{queue_length});
  put_attribute(message, IFLA_TXQLEN, length);
  const auto answer = exchange(std::move(message));
  if (!answer) return Fault(OsError{"set alias of interface " + std::to_string(index), answer.error()});
  return {};
}

void LinkRequests::stop_address_generation(int index) {
  std::string mode;
  put_attribute(mode, IFLA_INET6_ADDR_GEN_MODE, std::string_view(reinterpret_cast<const char*>(&kGenerateNone), 1));
  std::string inet6;
  put_attribute(inet6, AF_INET6, mode);
  std::string message = request(RTM_SETLINK, NLM_F_ACK, index);
  put_attribute(message, IFLA_AF_SPEC, inet6);
  std::ignore = exchange(std::move(message));
}

Result<void, OsError> LinkRequests::remove(int index) {
  const auto answer = exchange(request(RTM_DELLINK, NLM_F_ACK, index));
  if (!answer && answer.error() != ENODEV)
    return Fault(OsError{"remove interface " + std::to_string(index), answer.error()});
  return {};
}

}  // namespace michi::dataplane

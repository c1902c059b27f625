#include "dataplane/tun/wire.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

namespace michi::dataplane::tun {
namespace {

using port::OsError;

// The kernel doubles both for its own bookkeeping. Strangers' data frames take room until they are read.
constexpr int kReceiveBuffer = 2 << 20, kSendBuffer = 512 * 1024;

sock_filter statement(unsigned code, unsigned value) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = value};
}
sock_filter jump(unsigned code, unsigned value, unsigned yes, unsigned no) {
  return {.code = static_cast<std::uint16_t>(code),
          .jt = static_cast<std::uint8_t>(yes),
          .jf = static_cast<std::uint8_t>(no),
          .k = value};
}

constexpr unsigned ancillary(int what) { return static_cast<unsigned>(SKF_AD_OFF + what); }

int attach_filter(int fd, bool on) {
  std::array<sock_filter, 10> data{statement(BPF_LD | BPF_B | BPF_ABS, ancillary(SKF_AD_VLAN_TAG_PRESENT)),
                                   jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),
                                   statement(BPF_LD | BPF_H | BPF_ABS, ancillary(SKF_AD_VLAN_TAG)),
                                   jump(BPF_JMP | BPF_JSET | BPF_K, 0x0fff, 5, 0),  // a VLAN id other than 0
                                   statement(BPF_LD | BPF_H | BPF_ABS, 14),
                                   jump(BPF_JMP | BPF_JEQ | BPF_K, 0x1100, 0, 3),
                                   statement(BPF_LD | BPF_H | BPF_ABS, 20),
                                   jump(BPF_JMP | BPF_JGE | BPF_K, 0x8000, 1, 0),
                                   statement(BPF_RET | BPF_K, 0x40000),
                                   statement(BPF_RET | BPF_K, 0)};
  std::array<sock_filter, 1> nothing{statement(BPF_RET | BPF_K, 0)};
  sock_fprog program{.len = static_cast<unsigned short>(on ? data.size() : nothing.size()),
                     .filter = on ? data.data() : nothing.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void membership(int fd, int index, int option, const Mac& mac) {
  packet_mreq request{};
  request.mr_ifindex = index;
  request.mr_type = PACKET_MR_UNICAST;
  request.mr_alen = 6;
  std::ranges::copy(mac.octets, request.mr_address);
  // Refused for an address the interface has anyway; then there is nothing to do.
  std::ignore = ::setsockopt(fd, SOL_PACKET, option, &request, sizeof request);
}

}  // namespace

Result<Wire, OsError> Wire::open(const std::string& interface) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return Fault(OsError{"find interface " + interface, ENODEV});
  // Protocol 0 until the filter stands, so that nothing unfiltered gets in.
  port::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Fault(OsError{"open packet socket", errno});
  const int on = 1;
  if (attach_filter(fd.get(), true) < 0) return Fault(OsError{"filter packets of " + interface, errno});
  if (::setsockopt(fd.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) < 0)
    return Fault(OsError{"set vnet header on " + interface, errno});
  for (const auto& [option, size] : {std::pair(SO_RCVBUFFORCE, kReceiveBuffer), std::pair(SO_SNDBUFFORCE, kSendBuffer)})
    if (::setsockopt(fd.get(), SOL_SOCKET, option, &size, sizeof size) < 0)
      return Fault(OsError{"size buffers of " + interface, errno});
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_PPP_SES);
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return Fault(OsError{"bind to " + interface, errno});
  Wire wire(std::move(fd), static_cast<int>(index));
  if (const int error = wire.take_error(); error != 0) return Fault(OsError{"use interface " + interface, error});
  return wire;
}

std::optional<Mac> Wire::address() const {
  ifreq request{};
  request.ifr_ifindex = index_;
  if (::ioctl(fd(), SIOCGIFNAME, &request) < 0 || ::ioctl(fd(), SIOCGIFHWADDR, &request) < 0) return std::nullopt;
  return Mac::from_bytes(std::as_bytes(std::span(request.ifr_hwaddr.sa_data)).first(6));
}

void Wire::join(const Mac& mac) { membership(fd(), index_, PACKET_ADD_MEMBERSHIP, mac); }
void Wire::leave(const Mac& mac) { membership(fd(), index_, PACKET_DROP_MEMBERSHIP, mac); }
void Wire::listen(bool on) { std::ignore = attach_filter(fd(), on); }

int Wire::take_error() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
  return error;
}

ReceiveBatch::ReceiveBatch() : slots_(kBatch * kSlot) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    iovecs_[i] = {.iov_base = slots_.data() + i * kSlot, .iov_len = kSlot};
    messages_[i].msg_hdr.msg_iov = &iovecs_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_name = &senders_[i];
  }
}

int ReceiveBatch::read(int fd) {
  for (mmsghdr& message : messages_) message.msg_hdr.msg_namelen = sizeof(sockaddr_ll);
  const int got = ::recvmmsg(fd, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (got >= 0) return got;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

Received ReceiveBatch::frame(std::size_t index) {
  Received out;
  const std::span<std::byte> slot = slots_.span().subspan(index * kSlot, kSlot);
  const std::size_t size = std::min<std::size_t>(messages_[index].msg_len, kSlot);
  if (size < sizeof(Vnet)) return out;
  std::memcpy(&out.vnet, slot.data(), sizeof(Vnet));
  out.frame = slot.subspan(sizeof(Vnet), size - sizeof(Vnet));
  out.cut = (messages_[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
  out.for_other_host = senders_[index].sll_pkttype == PACKET_OTHERHOST;
  return out;
}

SendBatch::SendBatch() : arena_(kArena), heads_(kFrames * kHead) {
  for (std::size_t i = 0; i < kFrames; ++i) messages_[i].msg_hdr.msg_iov = iovecs_[i].data();
}

void SendBatch::begin(int wire) {
  wire_ = wire;
  failed_ = 0;
  used_ = frames_ = 0;
  tally_ = {};
}

std::optional<SendBatch::Taken> SendBatch::take(int tun, int& error) {
  if (kArena - used_ < kLargest) flush();
  Taken taken;
  const std::array<iovec, 2> target{iovec{&taken.vnet, sizeof taken.vnet}, iovec{arena_.data() + used_, kLargest}};
  const ssize_t got = ::readv(tun, target.data(), 2);
  if (got < 0) {
    error = errno == EAGAIN || errno == EINTR ? 0 : errno;
    return std::nullopt;
  }
  error = 0;
  const std::size_t size =
      static_cast<std::size_t>(got) - std::min<std::size_t>(sizeof(Vnet), static_cast<std::size_t>(got));
  taken.packet = arena_.span().subspan(used_, size);
  return taken;
}

bool SendBatch::put(const Taken& taken, const Channel& channel, std::size_t mtu) {
  auto cutter = Cutter::make(taken.packet, taken.vnet, mtu);
  if (!cutter) return false;
  used_ += taken.packet.size();  // stays until flushed
  for (;;) {
    if (frames_ == kFrames) {
      flush();
      used_ = static_cast<std::size_t>(taken.packet.data() - arena_.data()) + taken.packet.size();
    }
    const std::span<std::byte> head = heads_.span().subspan(frames_ * kHead, kHead);
    const auto piece = cutter->next(head.subspan(sizeof(Vnet) + kEncapsulation));
    if (!piece) return true;
    std::memset(head.data(), 0, sizeof(Vnet));
    write_encapsulation(head.subspan(sizeof(Vnet)), channel, cutter->family(), piece->size());
    iovecs_[frames_] = {iovec{head.data(), sizeof(Vnet) + kEncapsulation + piece->header},
                        iovec{const_cast<std::byte*>(piece->payload.data()), piece->payload.size()}};
    messages_[frames_].msg_hdr.msg_iovlen = 2;
    ++frames_;
  }
}

int SendBatch::flush() {
  std::size_t sent = 0;
  while (sent < frames_) {
    const int got = ::sendmmsg(wire_, messages_.data() + sent, static_cast<unsigned>(frames_ - sent), MSG_DONTWAIT);
    if (got > 0) {
      for (std::size_t i = sent; i < sent + static_cast<std::size_t>(got); ++i)
        tally_.bytes += iovecs_[i][0].iov_len + iovecs_[i][1].iov_len - sizeof(Vnet) - kEncapsulation;
      tally_.packets += static_cast<std::uint64_t>(got);
      sent += static_cast<std::size_t>(got);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EMSGSIZE) {  // this one only
      ++tally_.dropped;
      ++sent;
      continue;
    }
    // A full queue drops, as any interface does: waiting here would hold up the other sessions, and
    // a queue in front of the queue only adds delay.
    if (errno == ENETDOWN || errno == ENXIO || errno == ENODEV) failed_ = errno;
    tally_.dropped += frames_ - sent;
    break;
  }
  used_ = frames_ = 0;
  return failed_;
}

int write_bundle(int tun, const Bundle& bundle) {
  std::array<iovec, kBatch + 1> pieces;
  pieces[0] = {const_cast<Vnet*>(&bundle.vnet), sizeof(Vnet)};
  for (std::size_t i = 0; i < bundle.parts; ++i)
    pieces[i + 1] = {const_cast<std::byte*>(bundle.part[i].data()), bundle.part[i].size()};
  for (;;) {
    if (::writev(tun, pieces.data(), static_cast<int>(bundle.parts + 1)) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

std::optional<Vnet> inner_vnet(const Vnet& outer, std::size_t packet_size) {
  if (outer.gso_type != kGsoNone) return std::nullopt;
  Vnet inner;
  if ((outer.flags & kNeedsChecksum) == 0) return inner;
  if (outer.checksum_start < kEncapsulation) return std::nullopt;
  inner.flags = kNeedsChecksum;
  inner.checksum_start = static_cast<std::uint16_t>(outer.checksum_start - kEncapsulation);
  inner.checksum_offset = outer.checksum_offset;
  if (std::size_t{inner.checksum_start} + inner.checksum_offset + 2 > packet_size) return std::nullopt;
  return inner;
}

}  // namespace michi::dataplane::tun

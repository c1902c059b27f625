#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "linux/packet_socket.hpp"
#include "linux/readiness.hpp"
#include "wire/ether.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLongestFrame = 2048;
constexpr int kStrangersAtOnce = 256;  // frames that are not for us, read in search of one that is

struct Source {
  port::Fd fd;
  std::unique_ptr<Readiness> readable;
  bool pending = true;  // the loop has told that something is there, or nobody has looked yet
};

class Socket final : public port::FrameSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string interface, port::Fd ip, port::Fd arp)
      : interface_(std::move(interface)) {
    sources_[0].fd = std::move(ip);
    sources_[1].fd = std::move(arp);
    for (Source& source : sources_)
      source.readable = std::make_unique<Readiness>(loop, source.fd.get(), [this, &source] {
        source.pending = true;
        if (wake_) wake_();
      });
    for (Source& source : sources_) source.readable->arm();
  }

  Result<void, port::OsError> add_address(Mac) override {
    return Fault(port::OsError{"listen for another address on " + interface_, EOPNOTSUPP});
  }

  void remove_address(Mac) override {}

  Result<void, port::OsError> send(Bytes frame, port::Priority) override {
    // The kernel takes the socket's protocol for the frame's.
    const auto parsed = wire::ether::parse_frame(frame);
    const bool arp = parsed && parsed->header.type == wire::ether::kTypeArp;
    return send_frame(sources_[arp ? 1 : 0].fd.get(), frame, interface_);
  }

  std::optional<ByteVec> poll() override {
    for (Source& source : sources_)
      for (int reads = 0; source.pending && reads < kStrangersAtOnce; ++reads)
        if (auto frame = read(source)) return frame;
    for (Source& source : sources_) source.readable->arm();
    return std::nullopt;
  }

  void look() override {
    for (Source& source : sources_) source.pending = true;
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  std::optional<ByteVec> read(Source& source) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t got = ::recvfrom(source.fd.get(), buffer_.data(), buffer_.size(), MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) {
      if (errno != EINTR && errno != ENETDOWN) source.pending = false;
      return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(got);
    if (size > buffer_.size() || size < ETH_HLEN) return std::nullopt;
    // The kernel marks frames of other hosts, and those with a VLAN id, as others'.
    if (from.sll_pkttype != PACKET_HOST && from.sll_pkttype != PACKET_BROADCAST) return std::nullopt;
    return copy_of(Bytes(buffer_).first(size));
  }

  std::string interface_;
  std::array<Source, 2> sources_;
  std::array<std::byte, kLongestFrame> buffer_{};
  port::Wake wake_;
};

}  // namespace

Result<std::unique_ptr<port::FrameSocket>, port::OsError> open_dhcp4(boost::asio::io_context& loop,
                                                                     const std::string& interface, int index) {
  auto ip = open_packet(ETH_P_IP, index, dhcp4_filter(), interface);
  if (!ip) return Fault(ip.error());
  auto arp = open_packet(ETH_P_ARP, index, arp_filter(), interface);
  if (!arp) return Fault(arp.error());
  return std::make_unique<Socket>(loop, interface, std::move(*ip), std::move(*arp));
}

}  // namespace michi::linux

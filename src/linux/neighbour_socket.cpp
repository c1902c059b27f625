// How a proxy hears what neighbours say: solicitations go to groups of the addresses they ask for, which are not ours.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "linux/packet_socket.hpp"
#include "linux/readiness.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLongestFrame = 2048;
constexpr std::size_t kIpv6Header = 40, kAddress = 16;
constexpr std::size_t kLengthOffset = 4, kHopLimitOffset = 7, kSourceOffset = 8, kDestinationOffset = 24;
constexpr int kStrangersAtOnce = 256;  // frames that are not for us, read in search of one that is

std::optional<port::Datagram> datagram_of(Bytes packet) {
  if (packet.size() < kIpv6Header) return std::nullopt;
  const std::size_t length = *Reader(packet.subspan(kLengthOffset)).u16();
  if (length > packet.size() - kIpv6Header) return std::nullopt;
  return port::Datagram{.bytes = copy_of(packet.subspan(kIpv6Header, length)),
                        .source = *Ipv6::from_bytes(packet.subspan(kSourceOffset, kAddress)),
                        .destination = *Ipv6::from_bytes(packet.subspan(kDestinationOffset, kAddress)),
                        .hop_limit = std::to_integer<std::uint8_t>(packet[kHopLimitOffset])};
}

class Socket final : public port::DatagramSocket {
 public:
  Socket(boost::asio::io_context& loop, port::Fd fd, std::unique_ptr<port::DatagramSocket> speaker)
      : speaker_(std::move(speaker)), fd_(std::move(fd)), readable_(loop, fd_.get(), [this] {
          told_ = true;
          if (wake_) wake_();
        }) {
    readable_.arm();
  }

  Result<void, port::OsError> send(Bytes bytes, const Ipv6& destination, std::optional<Ipv6> source) override {
    return speaker_->send(bytes, destination, source);
  }

  std::optional<port::Datagram> poll() override {
    for (int reads = 0; told_ && reads < kStrangersAtOnce; ++reads)
      if (auto datagram = read()) return datagram;
    readable_.arm();
    return std::nullopt;
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  std::optional<port::Datagram> read() {
    std::array<std::byte, kLongestFrame> buffer;
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) {
      if (errno != EINTR && errno != ENETDOWN) told_ = false;
      return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(got);
    if (size > buffer.size() || size < ETH_HLEN) return std::nullopt;
    // The kernel marks frames of other hosts, and those with a VLAN id, as others'.
    if (from.sll_pkttype == PACKET_OTHERHOST) return std::nullopt;
    return datagram_of(Bytes(buffer).first(size).subspan(ETH_HLEN));
  }

  std::unique_ptr<port::DatagramSocket> speaker_;
  port::Fd fd_;
  port::Wake wake_;
  bool told_ = true;  // something is there, or nobody has looked yet
  Readiness readable_;
};

}  // namespace

Result<std::unique_ptr<port::DatagramSocket>, port::OsError> open_neighbours(
    boost::asio::io_context& loop, const std::string& device, int index,
    std::unique_ptr<port::DatagramSocket> speaker) {
  auto fd = open_packet(ETH_P_IPV6, index, neighbour_filter(), device);
  if (!fd) return Fault(fd.error());
  packet_mreq every_group{};
  every_group.mr_ifindex = index;
  every_group.mr_type = PACKET_MR_ALLMULTI;
  if (::setsockopt(fd->get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &every_group, sizeof every_group) != 0)
    return Fault(packet_error("hear every group", device));
  return std::make_unique<Socket>(loop, std::move(*fd), std::move(speaker));
}

}  // namespace michi::linux

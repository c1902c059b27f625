// How a proxy hears what neighbours say: solicitations go to groups of the addresses they ask for, which are not ours.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "linux/sockets/packet_socket.hpp"
#include "wire/ip6.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLongestFrame = 2048;
constexpr int kStrangersAtOnce = 256;  // frames that are not for us, read in search of one that is

class Socket final : public port::DatagramSocket {
 public:
  Socket(boost::asio::io_context& loop, port::Fd fd, std::unique_ptr<port::DatagramSocket> speaker)
      : speaker_(std::move(speaker)), heard_(loop, std::move(fd), Accept::ToUsOrGroups, [this] {
          if (wake_) wake_();
        }) {}

  Result<void, port::OsError> send(Bytes bytes, const Ipv6& destination, std::optional<Ipv6> source) override {
    return speaker_->send(bytes, destination, source);
  }

  std::optional<port::Datagram> poll() override {
    std::array<std::byte, kLongestFrame> buffer;
    for (int read = 0; read < kStrangersAtOnce; ++read) {
      const auto frame = heard_.next(buffer, kStrangersAtOnce);
      if (!frame) break;
      if (const auto packet = wire::ip6::parse_packet(Bytes(*frame).subspan(ETH_HLEN)))
        return port::Datagram{.bytes = copy_of(packet->payload),
                              .source = packet->source,
                              .destination = packet->destination,
                              .hop_limit = packet->hop_limit};
    }
    heard_.arm();
    return std::nullopt;
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  std::unique_ptr<port::DatagramSocket> speaker_;
  port::Wake wake_;
  PacketSource heard_;
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

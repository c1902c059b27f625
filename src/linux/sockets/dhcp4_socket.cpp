#include <linux/if_ether.h>

#include <array>
#include <cerrno>
#include <utility>

#include "linux/sockets/packet_socket.hpp"
#include "wire/ether.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLongestFrame = 2048;
constexpr int kStrangersAtOnce = 256;  // frames that are not for us, read in search of one that is

class Socket final : public port::FrameSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string interface, port::Fd ip, port::Fd arp)
      : interface_(std::move(interface)),
        ip_(loop, std::move(ip), Accept::ToUsOrEverybody, [this] { tell(); }),
        arp_(loop, std::move(arp), Accept::ToUsOrEverybody, [this] { tell(); }) {}

  Result<void, port::OsError> add_address(Mac) override {
    return Fault(port::OsError{"listen for another address on " + interface_, EOPNOTSUPP});
  }

  Result<void, port::OsError> send(Bytes frame, port::Priority) override {
    // The kernel takes the socket's protocol for the frame's.
    const auto parsed = wire::ether::parse_frame(frame);
    const bool arp = parsed && parsed->header.type == wire::ether::kTypeArp;
    return send_frame(arp ? arp_.fd() : ip_.fd(), frame, interface_);
  }

  std::optional<ByteVec> poll() override {
    for (PacketSource* source : {&ip_, &arp_})
      if (auto frame = source->next(buffer_, kStrangersAtOnce)) return frame;
    ip_.arm();
    arp_.arm();
    return std::nullopt;
  }

  void look() override {
    ip_.look();
    arp_.look();
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  void tell() {
    if (wake_) wake_();
  }

  std::string interface_;
  port::Wake wake_;
  std::array<std::byte, kLongestFrame> buffer_{};
  PacketSource ip_;
  PacketSource arp_;
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

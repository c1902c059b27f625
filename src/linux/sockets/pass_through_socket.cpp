// Discovery frames between others, and the first frame of a session: a tap, because a bound socket cannot tell a
// frame with a VLAN id from one for another host.

#include <linux/if_ether.h>

#include <array>
#include <set>
#include <utility>

#include "linux/sockets/frame_filter.hpp"
#include "linux/sockets/packet_socket.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLongestFrame = 2048;  // these are short, or end at the MTU
constexpr int kStrangersAtOnce = 1024;       // frames that are too long, read in search of one that is not

class Socket final : public port::FrameSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string interface, int index, port::Fd fd)
      : interface_(std::move(interface)), index_(index), source_(loop, std::move(fd), Accept::Incoming, [this] {
          if (wake_) wake_();
        }) {}

  Result<void, port::OsError> add_address(Mac mac) override {
    if (heard_.contains(mac)) return {};
    if (auto heard = hear_address(source_.fd(), index_, mac, Membership::Begin, interface_); !heard) return heard;
    heard_.insert(mac);
    return {};
  }

  void remove_address(Mac mac) override {
    if (heard_.erase(mac) > 0) std::ignore = hear_address(source_.fd(), index_, mac, Membership::End, interface_);
  }

  Result<void, port::OsError> send(Bytes frame, port::Priority) override {
    return send_frame(source_.fd(), frame, interface_);
  }

  std::optional<ByteVec> poll() override {
    auto frame = source_.next(buffer_, kStrangersAtOnce);
    if (!frame) source_.arm();
    return frame;
  }

  void look() override { source_.look(); }
  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  std::string interface_;
  int index_;
  std::set<Mac> heard_;
  port::Wake wake_;
  std::array<std::byte, kLongestFrame> buffer_{};
  PacketSource source_;
};

}  // namespace

Result<std::unique_ptr<port::FrameSocket>, port::OsError> open_pass_through(boost::asio::io_context& loop,
                                                                            const std::string& interface, int index) {
  auto fd = open_packet(ETH_P_ALL, index, pass_through_filter(), interface);
  if (!fd) return Fault(fd.error());
  return std::make_unique<Socket>(loop, interface, index, std::move(*fd));
}

}  // namespace michi::linux

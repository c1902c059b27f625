// Discovery frames between others, and the first frame of a session: a tap, because a bound socket cannot tell a frame with a VLAN id from one for
// another host.

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include "linux/frame_filter.hpp"
#include "linux/packet_socket.hpp"
#include "linux/readiness.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLongestFrame = 2048;  // these are short, or end at the MTU
constexpr int kReadsAtOnce = 1024;           // in search of one that is well formed

class Socket final : public port::FrameSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string interface, int index, port::Fd fd)
      : interface_(std::move(interface)), index_(index), fd_(std::move(fd)), readable_(loop, fd_.get(), [this] {
          look();
          if (wake_) wake_();
        }) {
    readable_.arm();
  }

  Result<void, port::OsError> add_address(Mac mac) override {
    if (heard_.contains(mac)) return {};
    if (auto heard = hear_address(fd_.get(), index_, mac, Membership::Begin, interface_); !heard) return heard;
    heard_.insert(mac);
    return {};
  }

  void remove_address(Mac mac) override {
    if (heard_.erase(mac) > 0) std::ignore = hear_address(fd_.get(), index_, mac, Membership::End, interface_);
  }

  Result<void, port::OsError> send(Bytes frame, port::Priority) override {
    return send_frame(fd_.get(), frame, interface_);
  }

  std::optional<ByteVec> poll() override {
    for (int reads = 0; pending_ && reads < kReadsAtOnce; ++reads)
      if (auto frame = read()) return frame;
    readable_.arm();
    return std::nullopt;
  }

  void look() override { pending_ = true; }
  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  // A frame, or nothing; then `pending_` says whether to go on.
  std::optional<ByteVec> read() {
    const ssize_t got = ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    // ENETDOWN comes once when the interface goes down.
    pending_ = got >= 0 || errno == EINTR || errno == ENETDOWN;
    if (got < ETH_HLEN || static_cast<std::size_t>(got) > buffer_.size()) return std::nullopt;
    return copy_of(Bytes(buffer_).first(static_cast<std::size_t>(got)));
  }

  std::string interface_;
  int index_;
  port::Fd fd_;
  bool pending_ = true;  // the loop has told that something is there, or nobody has looked yet
  std::set<Mac> heard_;
  std::array<std::byte, kLongestFrame> buffer_{};
  port::Wake wake_;
  Readiness readable_;
};

}  // namespace

Result<std::unique_ptr<port::FrameSocket>, port::OsError> open_pass_through(boost::asio::io_context& loop,
                                                                            const std::string& interface, int index) {
  auto fd = open_packet(ETH_P_ALL, index, pass_through_filter(), interface);
  if (!fd) return Fault(fd.error());
  return std::make_unique<Socket>(loop, interface, index, std::move(*fd));
}

}  // namespace michi::linux

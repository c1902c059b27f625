#include "linux/sockets/frame_socket.hpp"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "linux/sockets/frame_filter.hpp"
#include "linux/sockets/packet_socket.hpp"
#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr int kStrangersAtOnce = 1024;       // frames that are not for us, read in search of one that is
constexpr int kDiscoveryAhead = 32;          // discovery frames before the first session frame has its turn
constexpr std::size_t kLongestFrame = 9216;  // jumbo; longer ones are not control frames
constexpr int kUrgentPriority = 7;           // 802.1p network control

class Socket final : public port::FrameSocket {
 public:
  Socket(boost::asio::io_context& loop, std::string interface, int index, port::Fd discovery, port::Fd session)
      : loop_(loop), interface_(std::move(interface)), index_(index) {
    listen(std::move(discovery), Accept::ToUs);
    listen(std::move(session), Accept::ToUs);
    ::setsockopt(urgent(), SOL_SOCKET, SO_PRIORITY, &kUrgentPriority, sizeof kUrgentPriority);
  }

  Result<void, port::OsError> add_address(Mac mac) override {
    if (std::ranges::find(own_, mac) != own_.end() || mac == interface_address()) return {};
    auto tap = open_packet(ETH_P_ALL, index_, own_address_filter(mac), interface_);
    if (!tap) return Fault(tap.error());
    if (auto heard = hear_address(tap->get(), index_, mac, Membership::Begin, interface_); !heard) return heard;
    own_.push_back(mac);
    listen(std::move(*tap), Accept::Incoming);
    return {};
  }

  Result<void, port::OsError> send(Bytes frame, port::Priority priority) override {
    return send_frame(priority == port::Priority::Urgent ? urgent() : normal(), frame, interface_);
  }

  // The first frame of a session follows its PADS at once, through another socket. Discovery is
  // therefore read first, and looked at again before a session frame is handed out, except the first one
  // after the loop has told of it, which tells in the order of arrival. In a flood of it every other frame is a
  // session's.
  std::optional<ByteVec> poll() override {
    if (discovery_goes_first())
      if (auto frame = next_discovery()) return frame;
    if (held_) return next_session(*std::exchange(held_, std::nullopt));
    for (std::size_t tried = 1; tried < sources_.size(); ++tried) {
      turn_ = turn_ % (sources_.size() - 1) + 1;
      auto frame = next_of(*sources_[turn_]);
      if (!frame) continue;
      if (sources_[turn_]->read_as_told() || !discovery_goes_first()) return next_session(std::move(*frame));
      sources_[0]->look();
      auto earlier = next_discovery();
      if (!earlier) return next_session(std::move(*frame));
      held_ = std::move(frame);
      return earlier;
    }
    if (auto frame = next_discovery()) return frame;
    // Nothing more now. What comes from here on is told before anybody asks again.
    ahead_ = 0;
    for (const auto& source : sources_) {
      source->arm();
    }
    return std::nullopt;
  }

  void look() override {
    for (const auto& source : sources_) source->look();
  }

  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }

 private:
  int normal() const { return sources_[0]->fd(); }
  int urgent() const { return sources_[1]->fd(); }

  bool discovery_goes_first() const { return ahead_ < kDiscoveryAhead; }

  std::optional<ByteVec> next_discovery() {
    auto frame = next_of(*sources_[0]);
    if (frame) ++ahead_;
    return frame;
  }

  ByteVec next_session(ByteVec frame) {
    ahead_ = std::max(0, ahead_ - 1);
    return frame;
  }

  void listen(port::Fd fd, Accept accept) {
    sources_.push_back(std::make_unique<PacketSource>(loop_, std::move(fd), accept, [this] {
      if (wake_) wake_();
    }));
  }

  std::optional<ByteVec> next_of(PacketSource& source) { return source.next(buffer_, kStrangersAtOnce); }

  Mac interface_address() const {
    ifreq request{};
    interface_.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
    if (::ioctl(normal(), SIOCGIFHWADDR, &request) != 0) return {};
    Mac mac;
    std::memcpy(mac.octets.data(), static_cast<const char*>(request.ifr_hwaddr.sa_data), ETH_ALEN);
    return mac;
  }

  boost::asio::io_context& loop_;
  std::string interface_;
  int index_;
  std::vector<std::unique_ptr<PacketSource>> sources_;  // discovery, session, then one for each own address
  std::vector<Mac> own_;
  std::array<std::byte, kLongestFrame> buffer_{};
  std::size_t turn_ = 0;  // whose session frame was read last
  int ahead_ = 0;         // discovery frames handed out before session frames that may have waited
  std::optional<ByteVec> held_;
  port::Wake wake_;
};

}  // namespace

Result<std::unique_ptr<port::FrameSocket>, port::OsError> FrameSockets::open(const std::string& interface,
                                                                             port::FrameKind kind) {
  const unsigned index = interface.size() < IFNAMSIZ ? ::if_nametoindex(interface.c_str()) : 0;
  if (index == 0) return Fault(port::OsError{"open packet socket on " + interface, ENODEV});
  if (kind == port::FrameKind::Dhcp4) return open_dhcp4(loop_, interface, static_cast<int>(index));
  if (kind == port::FrameKind::PassThrough) return open_pass_through(loop_, interface, static_cast<int>(index));
  auto discovery = open_packet(ETH_P_PPP_DISC, static_cast<int>(index), {}, interface);
  if (!discovery) return Fault(discovery.error());
  auto session = open_packet(ETH_P_PPP_SES, static_cast<int>(index), session_control_filter(), interface);
  if (!session) return Fault(session.error());
  return std::make_unique<Socket>(loop_, interface, static_cast<int>(index), std::move(*discovery),
                                  std::move(*session));
}

}  // namespace michi::linux

#include "linux/sockets/frame_socket.hpp"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
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
constexpr std::size_t kReadAhead = 512;      // discovery frames among which a PADS is looked for
constexpr std::byte kPads{0x65};
constexpr int kUrgentPriority = 7;  // 802.1p network control

// Where the frames are untagged, as those of these sockets are.
constexpr std::size_t kType = 12, kCode = 15, kSession = 16, kHeaders = 20;

std::optional<std::uint16_t> number_at(Bytes frame, std::size_t offset) { return Reader(frame.subspan(offset)).u16(); }

/// `discovery` is the PADS of the session that the other frame belongs to.
bool opens(Bytes discovery, Bytes session) {
  if (discovery.size() < kHeaders || session.size() < kHeaders) return false;
  return discovery[kCode] == kPads && number_at(session, kType) == ETH_P_PPP_SES &&
         number_at(discovery, kSession) == number_at(session, kSession);
}

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
  // after the loop has told of it, which tells in the order of arrival, if discovery was empty before. In a flood of it
  // every other frame is a session's, and of what waits only its own PADS comes before it.
  std::optional<ByteVec> poll() override {
    if (discovery_goes_first())
      if (auto frame = next_discovery()) return frame;
    if (held_) {
      if (!discovery_goes_first())
        if (auto confirmation = take_confirmation(*held_)) return confirmation;
      return next_session(*std::exchange(held_, std::nullopt));
    }
    for (std::size_t tried = 1; tried < sources_.size(); ++tried) {
      turn_ = turn_ % (sources_.size() - 1) + 1;
      auto frame = next_of(*sources_[turn_]);
      if (!frame) continue;
      const bool flooded = !discovery_goes_first();
      const bool emptied = !flooded && !sources_[0]->may_hold_more();
      if (emptied && sources_[turn_]->read_as_told()) return next_session(std::move(*frame));
      sources_[0]->look();
      auto earlier = flooded ? take_confirmation(*frame) : next_discovery();
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
    std::optional<ByteVec> frame;
    if (read_ahead_.empty()) {
      frame = next_of(*sources_[0]);
    } else {
      frame = std::move(read_ahead_.front());
      read_ahead_.pop_front();
    }
    if (frame) ++ahead_;
    return frame;
  }

  // The PADS of this frame's session out of all discovery that waits.
  std::optional<ByteVec> take_confirmation(const ByteVec& session) {
    while (read_ahead_.size() < kReadAhead) {
      auto frame = next_of(*sources_[0]);
      if (!frame) break;
      read_ahead_.push_back(std::move(*frame));
    }
    const auto found = std::ranges::find_if(read_ahead_, [&](const ByteVec& frame) { return opens(frame, session); });
    if (found == read_ahead_.end()) return std::nullopt;
    ByteVec confirmation = std::move(*found);
    read_ahead_.erase(found);
    return confirmation;
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
  std::size_t turn_ = 0;            // whose session frame was read last
  int ahead_ = 0;                   // discovery frames handed out before session frames that may have waited
  std::deque<ByteVec> read_ahead_;  // discovery that was read and not handed out
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

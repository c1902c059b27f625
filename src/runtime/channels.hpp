#pragma once
// Every socket that a part of the runtime speaks through. A part says what it wants, as values; this is the only one
// who opens, reopens when a device is another than before, tries again what was refused, tells of that once, bounds
// what is read in a turn, and wakes the loop for the rest.
//
// A channel is one socket of one device, shared by all owners that want it. It decides nothing about what is said.

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "port/datagram_socket.hpp"
#include "port/echo_socket.hpp"
#include "port/frame_socket.hpp"

namespace michi::runtime {

enum class ChannelType : std::uint8_t {
  Pppoe,        // frames: PPPoE of our uplinks
  Dhcp4,        // frames: a DHCPv4 client, ARP
  PassThrough,  // frames: PPPoE between others
  NdHost,       // datagrams: neighbour discovery, as a host
  NdRouter,     // datagrams: as a router
  NdProxy,      // datagrams: for other hosts
  Dhcp6Client,  // datagrams: UDP port 546
  Echo4,        // ICMP echo
  Echo6
};

struct ChannelId {
  ChannelType type = ChannelType::Pppoe;
  std::string device;
  auto operator<=>(const ChannelId&) const = default;
};

/// Who wants a channel: which part of the runtime, and a name that is its own there.
struct ChannelOwner {
  enum class Part : std::uint8_t { Uplinks, Orphans, Lans, Proxies, PassThrough, Examination };
  Part part = Part::Uplinks;
  std::string name{};
  auto operator<=>(const ChannelOwner&) const = default;
};

struct WantedChannel {
  ChannelId id;
  std::set<Mac> addresses{};  // frames for these are heard, too
  bool operator==(const WantedChannel&) const = default;
};

class Channels {
 public:
  struct Sockets {
    port::FrameSockets& frames;
    port::DatagramSockets& datagrams;
    port::EchoSockets& echoes;
  };
  /// How long after a refusal it is tried again.
  static constexpr Duration kRetry = seconds(5);

  Channels(Sockets sockets, port::Wake wake);

  /// All that this owner wants from now on. What was not open is opened at once if its device is there.
  void want(const ChannelOwner& owner, const std::vector<WantedChannel>& wanted, Instant now);
  /// Devices came, went, or are others of the same name.
  void on_kernel(const std::map<std::string, model::Link>& links, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;

  enum class State : std::uint8_t { Closed, Open, Refused };
  /// A channel of this owner's is open, closed or refused since it was told last.
  struct Change {
    ChannelOwner owner;
    ChannelId id;
    State state = State::Closed;
    std::string detail{};  // of a refusal
  };
  std::optional<Change> poll(ChannelOwner::Part part);
  std::optional<model::Event> poll_event();

  bool is_open(const ChannelId& id) const;
  /// As it is now, for whoever is to be told again.
  Change current(const ChannelOwner& owner, const ChannelId& id) const;

  /// What the kernel refuses is lost, as on the wire: the protocol's own timers see to it. The error, for who tells it.
  Result<void, port::OsError> send(const ChannelId& id, Bytes frame, port::Priority priority);
  Result<void, port::OsError> send(const ChannelId& id, Bytes message, const Ipv6& destination,
                                   std::optional<Ipv6> source);
  Result<void, port::OsError> send(const ChannelId& id, Bytes message, const Address& destination);

  /// What waits: where the socket told of something, or everywhere (after a loop that was held up).
  enum class Look : std::uint8_t { WhereTold, Everywhere };
  /// Hands over what waits, a bounded number; the rest wakes the loop. Whoever hears may close the channel.
  void take_frames(const ChannelId& id, Look look, const std::function<void(const ByteVec&)>& heard);
  void take_datagrams(const ChannelId& id, const std::function<void(const port::Datagram&)>& heard);
  void take_echoes(const ChannelId& id, Look look, const std::function<void(const port::EchoHeard&)>& heard);
  /// Something may wait there.
  bool waits(const ChannelId& id) const;

 private:
  using Socket = std::variant<std::monostate, std::unique_ptr<port::FrameSocket>, std::unique_ptr<port::DatagramSocket>,
                              std::unique_ptr<port::EchoSocket>>;
  struct Channel {
    std::map<ChannelOwner, std::set<Mac>> owners;
    Socket socket;
    std::shared_ptr<bool> told;  // by the socket, since it was last empty
    std::uint32_t index = 0;     // of the device it was opened on
    std::set<Mac> addresses;     // as the socket was told
    State state = State::Closed;
    std::string detail{};
    std::optional<Instant> retry{};
  };

  void add(const ChannelId& id, const ChannelOwner& owner, const std::set<Mac>& addresses, Instant now);
  void drop(const ChannelId& id, const ChannelOwner& owner);
  void tend(const ChannelId& id, Channel& channel, Instant now);
  Result<void, port::OsError> open(const ChannelId& id, Channel& channel);
  void hear(Channel& channel);
  void enter(const ChannelId& id, Channel& channel, State state, std::string detail = {});
  void complain(const ChannelId& id, const Channel& channel);
  template <class SocketType>
  SocketType* socket_of(const ChannelId& id);
  template <class SocketType, class Heard>
  void take(const ChannelId& id, const Heard& heard);

  Sockets sockets_;
  port::Wake wake_;
  std::map<ChannelId, Channel> channels_;
  std::map<std::string, std::uint32_t> devices_;  // index by name
  std::map<ChannelOwner, std::vector<WantedChannel>> wanted_;
  std::map<ChannelId, std::string> told_;  // the last complaint of each, until it opens
  std::deque<Change> changes_;
  std::deque<model::Event> events_;
};

}  // namespace michi::runtime

#pragma once
// The uplinks at work: owns each one with the frame socket of its interface and the gate of first
// PADIs, and carries what goes between them.
//
// It knows nothing of routes or rules. What policy must know comes out as changed facts.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "runtime/core/complaint.hpp"
#include "runtime/core/doors.hpp"
#include "runtime/uplinks/device_sockets.hpp"
#include "uplink/pppoe/padi_gate.hpp"
#include "uplink/probe/probe.hpp"
#include "uplink/uplink.hpp"

namespace michi::runtime {

enum class Direction : std::uint8_t { In, Out };

/// What was said, as a trace has it. Of a datagram the packet around it is made up: its socket has it no more.
struct Traced {
  enum class Layer : std::uint8_t { Ethernet, Ipv6 };
  Direction direction = Direction::In;
  Layer layer = Layer::Ethernet;
  Bytes bytes;
};

class Uplinks {
 public:
  struct Sinks {
    std::function<void(const model::Event&)> event;
    /// A record to keep or forget (nullopt), by uplink name.
    std::function<void(const std::string&, const std::optional<model::SessionRecord>&)> persist;
    std::function<void(const std::string& uplink, const Traced&)> trace;  // may be empty
    /// Whether anybody traces; what has to be made for a trace is made then only.
    std::function<bool()> tracing;  // may be empty
    /// An address to keep or forget, by uplink name; also nullopt when the uplink itself is gone.
    std::function<void(const std::string&, const std::optional<uplink::HeldAddress>&)> address;
    /// What DHCPv6 keeps, by uplink name; also nullopt when the uplink itself is gone.
    std::function<void(const std::string&, const std::optional<uplink::LeaseRecord>&)> lease;
  };

  Uplinks(Doors& doors, Random random, port::Wake wake, Sinks sinks);

  void set_gate(unsigned burst, Duration interval) { gate_.configure(burst, interval); }
  /// At a start nobody is dialled before the kernel's objects stand, or until this moment: the first flow of
  /// a session finds its road, and what dies meanwhile leaves no session behind.
  void hold_gate(Instant until) { held_until_ = until; }
  void open_gate();
  /// What an earlier life left for one uplink.
  struct Leftovers {
    std::optional<model::SessionRecord> orphan{};
    std::optional<uplink::HeldAddress> held{};
    uplink::Ipv6Memory ipv6{};
  };
  void add(const model::UplinkConfig& config, std::optional<Secret> secret, Leftovers left, Instant now);
  /// A session of an earlier run whose uplink the file no longer names: PADT as soon as possible.
  void end_orphan(model::SessionRecord record);
  /// Stops it and forgets it when it has gone down.
  void remove(const std::string& name, Instant now);
  void configure(const model::UplinkConfig& config, std::optional<Secret> secret, Instant now);
  uplink::Uplink* find(const std::string& name);
  const std::map<std::string, model::UplinkFacts>& facts() const { return facts_; }
  /// Without its probe's verdict, which is no part of the uplink's own life.
  const model::UplinkFacts* facts_now(const std::string& name) const;
  std::vector<std::string> waiting_for(const std::string& name) const;
  std::string protocol_state(const std::string& name) const;
  std::optional<Instant> next_renewal(const std::string& name, Instant now) const;
  uplink::Ipv6Diagnosis ipv6_diagnosis(const std::string& name) const;
  /// By family, as far as it runs.
  std::vector<model::ProbeSnapshot> probes(const std::string& name, Instant now) const;

  /// Commands, heard at once: a frame that waited for the turn would wait with its timer running.
  /// False: there is no such uplink.
  enum class Command : std::uint8_t { Start, Stop, Redial };
  bool command(const std::string& name, Command what, Instant now);

  /// Interfaces, and the sessions' own devices with their addresses.
  void on_links(const model::Observed& observed, Instant now);
  /// Takes frames in, runs deadlines, drains outputs. True when facts changed. Frames are taken once in a
  /// turn of the loop: what answers something said in this turn belongs to the next.
  enum class Frames : std::uint8_t { Take, Leave };
  bool turn(Instant now, Frames frames);
  std::optional<Instant> next_deadline() const;

  void stop_all(Instant now);
  bool all_down() const;

 private:
  struct Echoing {
    std::unique_ptr<port::EchoSocket> socket;
    std::uint32_t index = 0;
    bool ready = true;  // a first look arms its wake-up
  };
  struct Unit {
    Unit(uplink::Uplink made, uplink::Probe probing) : uplink(std::move(made)), probe(std::move(probing)) {}
    uplink::Uplink uplink;
    uplink::Probe probe;
    bool leaving = false;
    bool stirred = true;                       // told of something since it was drained
    std::optional<Instant> deadline;           // as it was then
    std::unique_ptr<port::FrameSocket> dhcp4;  // of a line that asks for an IPv4 address
    std::uint32_t dhcp4_index = 0;
    Complaint dhcp4_complaint;
    std::uint32_t device = 0;       // index of its device while that is up
    std::vector<Ipv6> link_locals;  // on it
    std::unique_ptr<DeviceSockets> sockets;
    std::optional<Instant> open_again;
    Complaint complaint;                               // of these
    std::array<std::unique_ptr<Echoing>, 2> echoes{};  // by family, while the probe wants them
    std::optional<Instant> echo_again;
    Complaint echo_complaint;
  };
  struct Interface {
    std::unique_ptr<port::FrameSocket> socket;
    std::uint32_t index = 0;
    std::optional<uplink::InterfaceFacts> facts;
    Complaint complaint;
  };

  void drain(const std::string& name, Unit& unit, Instant now);
  void take_frames(Instant now);
  void tend_dhcp4(const std::string& name, Unit& unit);
  void take_dhcp4(const std::string& name, Unit& unit, Instant now);
  void take_datagrams(const std::string& name, Unit& unit, Instant now);
  void trace_frame(const std::string& name, Direction direction, Bytes frame) const;
  void trace_datagram(const std::string& name, Direction direction, const uplink::Heard& datagram) const;
  void look_at_device(const std::string& name, Unit& unit, const model::Observed& observed, Instant now);
  void tend_device(const std::string& name, Unit& unit, Instant now);
  void tend_probe(const std::string& name, Unit& unit, Instant now);
  void tend_echo(const std::string& name, Unit& unit, Family family, Instant now);
  void drain_probe(const std::string& name, Unit& unit);
  enum class Look : std::uint8_t { WhereTold, Everywhere };
  void take_echoes(const std::string& name, Unit& unit, Look look, Instant now);
  void run_probe(const std::string& name, Unit& unit, Instant now);
  static std::string device_of(const std::string& name, const Unit& unit);
  /// The link-local address to speak from on its device; nothing: not now.
  static std::optional<Ipv6> speaks_from(const Unit& unit);
  void deliver(const std::string& interface, Bytes frame, Instant now);
  void open(const std::string& name, Interface& interface);
  void end_orphans(const std::string& name, port::FrameSocket& socket);
  /// With what its probe says beside them.
  void note_facts(const std::string& name, model::UplinkFacts facts, const Unit& unit);

  Doors& doors_;
  Random random_;
  port::Wake wake_;
  Sinks sinks_;
  uplink::PadiGate gate_{1, seconds(1)};
  std::optional<Instant> held_until_;
  std::map<std::string, Unit> units_;
  std::map<std::string, Interface> interfaces_;
  /// RFC 2516 §4: a session is its identifier and both addresses.
  using SessionKey = std::tuple<std::string, std::uint16_t, Mac, Mac>;  // interface, id, ours, the peer's
  static SessionKey key_of(const model::SessionRecord& session);
  std::map<SessionKey, std::string> by_session_;  // → uplink
  std::map<std::string, model::UplinkFacts> facts_;
  std::vector<model::SessionRecord> orphans_;
  bool changed_ = false;
  std::vector<ByteVec> waiting_;  // of one socket, in a turn; kept for its memory
};

}  // namespace michi::runtime

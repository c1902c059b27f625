#pragma once
// The life of one uplink: waiting for its interface, asking, being up, ending, trying again. One value with
// the shape of an engine. Behind it stands one of two lives: that of a PPPoE session (life.hpp), or that of
// a line whose device is the interface itself (line_life.hpp). IPv6
// beyond a session's own addresses is ipv6_side.hpp's: a prefix outlives its link.
//
// It decides when to try and what a failure means; it never touches a device, a route or a file.
// Facts about itself go out as values; policy makes kernel state of them. One FactsChanged per
// change that policy or status must act on.
//
// The phases and their edges stand in phase.hpp and line_phase.hpp, failures and back-off in failure.hpp.

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/uplink.hpp"
#include "uplink/ip/datagram.hpp"
#include "uplink/ip/ipv6_diagnosis.hpp"
#include "uplink/ip/lease_record.hpp"

namespace michi::uplink {

struct Frame {
  std::string interface;
  ByteVec bytes;
  bool urgent = false;
};
struct FactsChanged {
  model::UplinkFacts facts;
};
/// Keep this record in /run, at once; nullopt: forget it.
struct Persist {
  std::optional<model::SessionRecord> record;
};
/// A first PADI waits for its turn on this interface and address; answered by on_permit().
struct AskPermit {
  std::string interface;
  Mac mac;
};
/// An address of earlier, to be asked for again (DHCPv4).
struct HeldAddress {
  Ipv4 address;
  std::optional<Instant> expires{};  // nothing: never
  bool operator==(const HeldAddress&) const = default;
};
/// Keep this address on disk; nullopt: forget it.
struct PersistAddress {
  std::optional<HeldAddress> held;
};
using Output =
    std::variant<Frame, FactsChanged, Persist, PersistAddress, AskPermit, Datagram, PersistLease, model::Event>;

/// PADT for a session that an earlier run left behind, of an uplink that is no longer configured.
Frame padt_for(const model::SessionRecord& record);

/// What the uplink must know of its Ethernet interface. Absent: nullopt to on_interface().
struct InterfaceFacts {
  bool carrier = false;
  std::uint32_t mtu = 1500;
  Mac mac;
  bool operator==(const InterfaceFacts&) const = default;
};

class EthernetLife;

class Uplink {
 public:
  /// `orphan`: a session record left by an earlier run; it gets its PADT before anything else.
  /// `held`: an address that the network gave to an earlier run.
  Uplink(model::UplinkConfig config, std::optional<Secret> secret, Random random,
         std::optional<model::SessionRecord> orphan, std::optional<HeldAddress> held = std::nullopt);
  ~Uplink();
  Uplink(Uplink&&) noexcept;
  Uplink& operator=(Uplink&&) noexcept;

  /// Once, before anything else: what DHCPv6 left behind, and what it must know of the machine.
  void recall(Ipv6Memory memory, Instant now);
  void start(Instant now);
  /// Terminate-Request and PADT, bounded wait; ends in Down.
  void stop(Instant now);
  void redial(Instant now);
  /// New configuration: applied in place when the session can stay, else by redial. Tells which.
  /// A new `interface` needs its on_interface() next. Echo settings and preferences work in place
  /// and are used from the next session on.
  enum class Applied : std::uint8_t { InPlace, Redialled };
  Applied configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now);
  /// The question of configure(), without doing it (reload --dry-run).
  static Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed);

  void on_interface(std::optional<InterfaceFacts> facts, Instant now);
  /// Any frame of the interface, of PPPoE or, for kind ipoe, of DHCPv4 and ARP; strangers' are ignored.
  void on_frame(Bytes frame, Instant now);
  void on_permit(Instant now);
  void on_traffic(std::uint64_t packets_in, Instant now);
  /// Another uplink, one that is attached, has the same local address: hold until told false. The
  /// session stays, unattached, its address in the facts. Forgotten when the session ends.
  void on_duplicate_address(bool duplicate, Instant now);
  /// The link-local address of its device, while that is up and carries the session; nullopt: it does not stand.
  void on_device(std::optional<Ipv6> link_local, Instant now);
  void on_datagram(const Heard& datagram, Instant now);
  /// The data plane cannot carry this session.
  void on_plane_fault(std::string text, Instant now);
  void on_deadline(Instant now);

  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  const model::UplinkFacts& facts() const;
  /// The phase's own name, finer than facts().state: "LinkHold".
  std::string_view phase() const;
  const model::UplinkConfig& config() const;
  /// "lcp Opened, auth done, ipcp Opened"; empty without a conversation.
  std::string protocol_state() const;
  /// Conditions that are not met yet, in order: "interface wan0 has no carrier", …
  std::vector<std::string> waiting_for() const;
  /// When the prefix is asked for again.
  std::optional<Instant> next_renewal(Instant now) const;
  Ipv6Diagnosis ipv6_diagnosis() const;
  /// A DHCPv6 client that waits asks at once.
  void ask_again(Instant now);
  /// A session that could not be ended for want of a carrier, for an owner that gives this uplink up.
  std::optional<model::SessionRecord> take_orphan();
  bool settled_down() const;  // stop() has finished

 private:
  struct Life;
  void live(model::UplinkConfig config, std::optional<Secret> secret, std::optional<model::SessionRecord> orphan,
            std::optional<HeldAddress> held);
  static Applied effect_on_session(const model::UplinkConfig& before, const model::UplinkConfig& after,
                                   bool secret_changed);
  Applied configure_session(model::UplinkConfig config, std::optional<Secret> secret, Instant now);
  Applied change_kind(model::UplinkConfig config, std::optional<Secret> secret, Instant now);

  Random random_;
  std::unique_ptr<Life> life_;          // of a session
  std::unique_ptr<EthernetLife> line_;  // of a line; one of the two
  std::list<Output> leftover_outputs_;  // of a life of another kind
};

}  // namespace michi::uplink

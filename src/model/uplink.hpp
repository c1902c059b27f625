#pragma once
// What an uplink is called, how it is doing and why: the nouns every room shares.
//
// Pure values. The enums' texts are the stable codes of `status --json`, events and hooks.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/net/per_family.hpp"
#include "base/time.hpp"
#include "model/ports.hpp"

namespace michi::model {

/// The name is the identity (R35..R41): also the device's name.
struct UplinkId {
  std::string name;
  auto operator<=>(const UplinkId&) const = default;
};

/// Number of an uplink, 1..250: routing table 20000+n, mark n.
using UplinkNumber = std::uint8_t;
inline constexpr UplinkNumber kMaxUplinkNumber = 250;

enum class UplinkState : std::uint8_t { Down, Waiting, Connecting, Up, Stopping, Failed };

enum class Reason : std::uint8_t {
  None,
  NotStarted,      // start = false, or `michi down`
  Admin,           // `michi redial`, reload
  NoInterface,     // the Ethernet interface is not there
  NoCarrier,       // link down
  NoAnswer,        // no PADO
  NoSuitableAc,    // offers, none of the wanted name or service
  NoConfirmation,  // PADR unanswered
  ServiceRefused,  // PADS: Service-Name-Error
  AcError,         // PADS: AC-System-Error or Generic-Error
  SessionLimit,    // the AC says that no more sessions are allowed
  AuthFailed,
  AuthMethodRefused,
  AuthNoAnswer,
  NegotiationFailed,  // LCP or every NCP
  NegotiationTimeout,
  Loopback,
  EchoTimeout,
  OneWay,
  PeerTerminated,  // Terminate-Request or PADT
  DuplicateAddress,
  EstablishTimeout,
  PlaneFailed,    // the data plane could not be attached
  NoSecret,       // no password for this uplink
  Busy,           // PADI gate: waiting for a turn, after no failure
  NoLease,        // no DHCP server answers, or none usably
  NoRouter,       // neither a router advertisement nor a DHCPv6 server
  AddressLost,    // the lease ended, or was taken back
  ClosedNetwork,  // addresses, but of a network without the internet
  SocketRefused,  // the interface is there, and the kernel gives no socket on it
  ParentDown      // the uplink it stands on carries no IPv6
};

/// What an uplink's probe found of one family; beside the state, which its protocols alone make.
enum class Health : std::uint8_t {
  Unknown,  // not probed, or nothing has answered yet
  Good,
  Dead  // it is up, and nothing comes back through it
};

std::string_view to_text(UplinkState state);  // "waiting"
std::string_view to_text(Health health);      // "dead"
std::string_view to_text(Reason reason);      // "no-answer"
/// What a person can do about it; empty when nothing.
std::string_view remedy_of(Reason reason);

/// The agreed PPPoE session, as status shows it and as /run keeps it.
struct SessionRecord {
  int version = 1;  // reserved for adoption of live sessions
  UplinkId uplink;
  std::string interface;
  std::uint16_t session_id = 0;
  Mac local;
  Mac peer;
  std::string ac_name;
  std::string service_name;
  ByteVec cookie;
  ByteVec relay_session_id;
  ByteVec host_uniq;
  bool operator==(const SessionRecord&) const = default;
};

struct Ipv4Facts {
  Ipv4 local;
  Ipv4 peer;  // of a session
  std::vector<Ipv4> dns;
  std::uint8_t length = 32;       // of the network on the line; 32 on a session
  std::optional<Ipv4> gateway{};  // next hop; none on a session
  bool operator==(const Ipv4Facts&) const = default;
};

/// What the network said by DHCPv6 of carrying IPv4 over its IPv6: heard, not judged.
struct SoftwireFacts {
  struct Option {
    std::uint16_t code = 0;
    ByteVec value;
    bool operator==(const Option&) const = default;
  };
  std::string aftr{};         // option 64 (RFC 6334); empty: none
  std::vector<Option> s46{};  // containers 94 to 96 (RFC 7598) as they came
  bool operator==(const SoftwireFacts&) const = default;
};

struct Ipv6Facts {
  Ipv6 local;                               // link-local
  Ipv6 peer;                                // next hop, link-local; unspecified while no router is known
  std::vector<Ipv6> addresses{};            // the line's own global ones: autoconfigured, or assigned by DHCPv6
  std::vector<Ipv6> dns{};                  // best first
  std::vector<std::string> domains{};       // search domains
  std::uint32_t mtu = 0;                    // as a router advertised it; 0: nobody did
  bool closed = false;                      // every address and prefix is of a network without the internet
  std::optional<SoftwireFacts> softwire{};  // nothing: DHCPv6 said nothing of it
  bool operator==(const Ipv6Facts&) const = default;
};

/// A prefix an uplink has for the networks behind it. It outlives its session: hosts that use it must be told that
/// it is not to be used, for as long as they would.
struct PrefixFacts {
  Prefix prefix;
  Instant preferred_until = Instant::max();
  Instant valid_until = Instant::max();
  /// The network has confirmed it on the link as it stands: it is forwarded to us. Otherwise it is only remembered.
  bool confirmed = false;
  /// The single /64 of the line itself, from a router's advertisement: nothing was delegated.
  bool on_link = false;
  /// Of those: hosts of a LAN may have addresses of it, by neighbour discovery proxy (docs/decisions/0012).
  bool shared = false;
  bool operator==(const PrefixFacts&) const = default;
};

/// An address that an uplink needs on the device of the uplink it stands on, and whose encapsulated packets (protocol
/// 4) are accepted there. Several ends of one address are several of these.
struct OuterAddress {
  Ipv6 address;
  Ipv6 remote;
  std::uint8_t remote_length = 128;  // shorter: every end in that prefix
  auto operator<=>(const OuterAddress&) const = default;
};

/// The verdict of a probe. Times of single answers are not in here: facts change when a conclusion does.
struct HealthFacts {
  Health verdict = Health::Unknown;
  std::string detail{};  // while dead: where it ends, in a sentence
  bool operator==(const HealthFacts&) const = default;
};

/// Everything policy and status need to know of one uplink. `attached` says that the data plane
/// shall carry this session; a renegotiating session stays attached (grace period).
struct UplinkFacts {
  UplinkId id;
  UplinkState state = UplinkState::Down;
  Reason reason = Reason::NotStarted;
  std::string detail;
  Instant since{};
  std::optional<Instant> next_attempt;
  unsigned attempts = 0;  // since the last success

  std::optional<SessionRecord> session;
  bool attached = false;
  bool incomplete = false;  // just up with one family; the other is expected any moment
  std::uint16_t mtu = 0;    // of the session device, 0 while unknown
  std::string auth;         // "chap-md5"
  std::optional<Ipv4Facts> v4;
  std::optional<PortSet> ports{};  // of v4's address that are ours; nothing: the address is not shared
  std::optional<Ipv6Facts> v6;
  std::vector<PrefixFacts> prefixes{};  // confirmed ones first
  std::vector<OuterAddress> outer{};    // of an uplink that stands on another
  std::optional<Duration> last_setup;   // PADI to first network protocol
  PerFamily<HealthFacts> health{};
  bool operator==(const UplinkFacts&) const = default;

  /// What status, events and hooks call it: traffic does not wait for the second family, the report does.
  UplinkState shown_state() const { return state == UplinkState::Up && incomplete ? UplinkState::Connecting : state; }
  bool usable(Family family) const {
    return state == UplinkState::Up && attached && (family == Family::V4 ? v4.has_value() : v6.has_value());
  }
  bool dead(Family family) const { return health[family].verdict == Health::Dead; }
  /// Usable, and with an address the internet can answer to: what a policy may choose. IPv6CP alone gives none.
  bool carries(Family family) const;
};

}  // namespace michi::model

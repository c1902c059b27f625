#pragma once
// The DHCPv6 client of one link: delegated prefixes and addresses, or information alone.
//
// UDP payloads in, UDP payloads and reports out; sockets, ports and the firewall are its owner's. What
// it holds it announces only after a server of this link has confirmed it: an access network routes a
// prefix after the Reply and not before. It never gives up asking, never sends Confirm, Decline or
// option Reconfigure Accept, and always sends to the multicast address.
//
// RFC 8415 §14.1, §15, §16, §18.2 (clause by clause in docs/rfc-8415.md), RFC 9096 §3.1 (no Release
// unless told to), RFC 7084 WPD-6 (a prefix without an address is enough).

#include <array>
#include <bitset>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "engine/dhcp6/answer.hpp"
#include "engine/dhcp6/bindings.hpp"
#include "engine/dhcp6/lease.hpp"
#include "engine/dhcp6/retransmission.hpp"
#include "engine/dhcp6/table.hpp"
#include "wire/dhcp6.hpp"
#include "wire/dhcp6_info.hpp"
#include "wire/duid.hpp"

namespace michi::engine::dhcp6 {

enum class LinkType : std::uint8_t {
  PointToPoint,  // one peer: nothing is waited for (deviation)
  MultiAccess    // many: the RFC's random delays, and the best of several servers
};

struct Settings {
  wire::Duid duid = wire::Duid::link_layer(Mac{});
  LinkType link = LinkType::PointToPoint;
  Duration delay{};            // of the first message on a point-to-point link
  std::vector<Wanted> wanted;  // none: stateless. At most kMostWanted, each type and IAID once
  /// Option Request besides what the RFC demands in it. Only what can be used.
  std::vector<wire::dhcp6::OptionCode> requested = {
      wire::dhcp6::OptionCode::DnsServers, wire::dhcp6::OptionCode::DomainList, wire::dhcp6::OptionCode::SntpServers,
      wire::dhcp6::OptionCode::NtpServer, wire::dhcp6::OptionCode::AftrName};
  bool rapid_commit = false;
  bool hint_held = false;  // Solicit names what is still held from earlier
  /// After so many unanswered Solicits or Information-requests this is reported; they go on.
  unsigned patience = 3;
};

enum class FailCause : std::uint8_t {
  NoServer,       // nobody answers
  NotAccepted,    // Advertises came, and none could be taken
  Refused,        // a server says that there is nothing for us
  ServerTrouble,  // UnspecFail, UseMulticast or a status that is not known
  NoReply,        // a server advertised and then does not reply
  LeaseExpired    // nobody renewed in time
};
inline constexpr std::size_t kFailCauses = 6;

enum class WithdrawCause : std::uint8_t {
  ByServer,  // a lifetime of zero, or a new set of leases without it
  Expired,   // its lifetime is over
  Released   // given back at stop
};

/// A UDP payload from port 546 to port 547.
struct SendDatagram {
  ByteVec payload;
  Ipv6 destination;
};
/// Confirmed leases: the first since the link is there, or another set than before.
struct Leased {
  Held held;
};
/// The same leases with new lifetimes; `info` may be another.
struct Renewed {
  Held held;
};
/// No longer to be used, from now on. The lifetimes are those they had left: what was told to a LAN
/// stays known there so long (RFC 9096 §3.5).
struct Withdrawn {
  std::vector<Lease> leases;
  WithdrawCause cause;
};
/// Stateless only.
struct Informed {
  wire::dhcp6::Info info;
  Ipv6 server_address;
};
/// Not an end: the client goes on. Each cause once until leases or information are there again.
struct Failed {
  FailCause cause;
  std::string detail;  // a sentence, with the peer's words made printable
};
/// After a stop with Release: nothing more will be sent.
struct Released {};
using Output = std::variant<SendDatagram, Leased, Renewed, Withdrawn, Informed, Failed, Released>;

enum class Drop : std::uint8_t {
  Malformed,         // no message, or broken options
  WrongType,         // no Advertise and no Reply; a Reconfigure is refused this way
  NotAsked,          // nothing is open that it could answer
  WrongTransaction,  // of another exchange, as a repeated answer is
  WrongClient,       // no Client Identifier, or not ours
  NoServer,          // no Server Identifier
  NothingUsable      // without a lease that could be used
};
inline constexpr std::size_t kDrops = 7;

struct Counters {
  static constexpr std::size_t kTypes = 14;  // by message type, 0: any other

  std::array<std::uint64_t, kTypes> sent{};
  std::array<std::uint64_t, kTypes> received{};
  std::array<std::uint64_t, kDrops> dropped{};
  std::uint64_t unread_options = 0;

  std::uint64_t of(Drop why) const { return dropped[static_cast<std::size_t>(why)]; }
};

enum class OnStop : std::uint8_t { Keep, Release };

class Client {
 public:
  Client(Settings settings, Random random);

  /// For the next start().
  void configure(Settings settings);
  /// A new life, on a link that is there. `held` is what an earlier one stored, with the lifetimes left: it is
  /// confirmed by at most two Rebinds, then servers are looked for.
  void start(Instant now, const Held* held = nullptr);
  /// With Keep nothing is sent and nothing reported: take held() before.
  void stop(OnStop what, Instant now);
  /// A new link, such as a PPP session, in the place of the last one: the leases are confirmed on it.
  void on_link_up(Instant now);
  void on_link_down(Instant now);
  void on_datagram(Bytes payload, const Ipv6& source, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  State state() const { return state_; }
  /// What is worth storing; nothing if no lease is held.
  std::optional<Held> held(Instant now) const;
  const Counters& counters() const { return counters_; }

 private:
  /// An Advertise that could be taken; only the best one is kept.
  struct Candidate {
    ByteVec server;
    std::uint8_t preference = 0;
    unsigned served = 0;
    std::vector<wire::dhcp6::Ia> ias;
  };

  void begin(Instant now);
  void step(Event event, Instant now);
  void enter(State state, Instant now);
  void look_again(Event event, Instant now);
  void age(Instant now);
  void transmit(Instant now);
  void on_due(Instant now);
  std::vector<wire::dhcp6::Ia> named_ias() const;
  wire::dhcp6::Message message(wire::dhcp6::MessageType type, Instant now) const;

  void drop(Drop why);
  void on_advertise(const wire::dhcp6::Message& message, Instant now);
  void choose(Instant now);
  void on_reply(const wire::dhcp6::Message& message, const Ipv6& source, Instant now);
  void on_lease_reply(const wire::dhcp6::Message& message, const Ipv6& source, Instant now);
  void on_information(const wire::dhcp6::Message& message, const Ipv6& source, Instant now);
  void take_limits(const wire::dhcp6::Message& message);
  void take_leases(const wire::dhcp6::Message& message, const Answer& answer, const Ipv6& source, Instant now);

  void report(Output output) { outputs_.push_back(std::move(output)); }
  void withdraw(std::vector<Lease> leases, WithdrawCause cause);
  void fail(FailCause cause, std::string detail);
  void announce(Instant now);
  void report_silence();

  Settings settings_;
  std::optional<Settings> next_settings_;
  Random random_;
  State state_ = State::Idle;
  Bindings bindings_;
  Retransmission exchange_;
  SendLimit limit_;
  std::uint32_t transaction_ = 0;
  Duration delay_{};  // before the first message of the next exchange
  Duration pause_{};  // grows with every search that came to nothing
  Duration sol_max_rt_{};
  Duration inf_max_rt_{};
  ByteVec server_;
  Ipv6 server_address_;
  wire::dhcp6::Info info_;
  std::optional<Candidate> candidate_;
  std::vector<wire::dhcp6::Ia> offered_;  // for Request
  unsigned heard_ = 0;                    // Advertises and Replies of this exchange, good or not
  std::optional<Drop> last_drop_;
  bool announced_ = false;  // this set of leases, on this link
  std::bitset<kFailCauses> failed_;
  std::optional<Instant> refresh_due_;
  std::list<Output> outputs_;
  Counters counters_;
};

std::string_view to_text(FailCause cause);
std::string_view to_text(WithdrawCause cause);
std::string_view to_text(Drop why);

}  // namespace michi::engine::dhcp6

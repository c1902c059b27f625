#pragma once
// A DHCPv4 client: from nothing, or from an address of earlier, to a lease that is kept.
//
// It works below IP: whole IPv4 packets and ARP packets go in and out with an Ethernet address beside
// them, renewals too, so that nothing depends on how the interface is configured. It configures
// nothing, answers no ARP request and does not defend an address: that is the kernel's business.
// A new exchange begins at most once a second, whatever happens on the wire.
//
// RFC 2131 §3, §4.1, §4.4 (the diagram is table.hpp, the messages messages.hpp, the grant lease.hpp);
// RFC 6842 (echoed client identifier); RFC 5227 §2.1 in spirit. Clauses and deviations: docs/rfc-dhcp4.md.

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "engine/dhcp4/lease.hpp"
#include "engine/dhcp4/messages.hpp"
#include "engine/dhcp4/settings.hpp"
#include "engine/dhcp4/table.hpp"

namespace michi::engine::dhcp4 {

/// An address of an earlier life, to be asked for again.
struct Held {
  Ipv4 address;
  std::optional<Instant> expires;  // nothing: never
};

enum class Ending : std::uint8_t { Keep, Release };

enum class FailCause : std::uint8_t {
  NoOffer,   // nobody answers DISCOVER
  Unusable,  // only offers nobody could use
  NoAck,     // a server that offers, and then is silent
  Refused,   // DHCPNAK
  Conflict   // somebody else uses the address
};

/// A payload for an Ethernet frame of this type.
struct Frame {
  std::uint16_t ether_type = 0;  // IPv4 or ARP
  Mac destination;
  ByteVec bytes;
};
/// The address is being probed; whoever hears of another user says on_conflict().
struct Probe {
  Ipv4 address;
};
/// An address to be used from now on.
struct Leased {
  Lease lease;
};
/// The same address for longer; everything else may have changed.
struct Renewed {
  Lease lease;
};
/// The address must not be used any more.
struct Expired {
  Ipv4 address;
};
/// What went wrong; the client goes on by itself after a back-off. `detail` is a sentence with the peer's words.
struct Failed {
  FailCause cause;
  std::string detail;
};
/// An edge of the diagram: "Bound -> Renewing on T1".
struct Edge {
  std::string text;
};
using Output = std::variant<Frame, Probe, Leased, Renewed, Expired, Failed, Edge>;

struct Counters {
  std::uint64_t discover = 0, request = 0, decline = 0, release = 0;  // sent
  std::uint64_t arp_probe = 0, arp_announcement = 0;
  std::uint64_t offer = 0, ack = 0, nak = 0;  // ours and heard in time
  // Dropped:
  std::uint64_t malformed = 0;
  std::uint64_t foreign = 0;            // not from a server's port to a client's, or nothing a server says
  std::uint64_t other_client = 0;       // another hardware address or client identifier
  std::uint64_t other_transaction = 0;  // another xid
  std::uint64_t other_server = 0;       // not the one that was asked
  std::uint64_t unexpected = 0;         // right, but not now: late or doubled
  std::uint64_t unacceptable = 0;       // an offer or ACK nobody could use
  std::uint64_t conflicts = 0;
  std::uint64_t proxied = 0;     // ARP answers of the server's own device for the address it granted
  std::uint64_t impossible = 0;  // inputs the diagram has no edge for
};

class Client {
 public:
  Client(Settings settings, Random random);

  /// For what is sent from now on.
  void configure(Settings settings);
  /// Without effect while running.
  void start(Instant now, const std::optional<Held>& held = std::nullopt);
  /// With Release the server is told; that is the last thing sent. The caller knows that the lease is over.
  void stop(Ending ending, Instant now);
  /// The carrier came back: an address that is held is confirmed (INIT-REBOOT), everything else starts anew.
  void on_link_up(Instant now);
  /// A whole IPv4 packet, and who sent its frame.
  void on_ip_frame(Bytes packet, const Mac& source, Instant now);
  void on_arp(Bytes packet, Instant now);
  /// Somebody else uses the address; from whoever knows it. In a lease that ends it.
  void on_conflict(Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  State state() const { return state_; }
  /// The lease in force; also while it is being confirmed after a loss of the link.
  const Lease* lease() const { return lease_ ? &lease_->lease : nullptr; }
  /// What start() of a next life wants to know.
  std::optional<Held> held() const;
  /// Servers that answered the last DISCOVER, for status and diagnostics.
  const std::vector<Ipv4>& servers() const { return servers_; }
  const Counters& counters() const { return counters_; }

 private:
  struct InForce {
    Lease lease;
    Instant renew, rebind, expires;  // meaningless without lease.times
  };
  struct Offer {
    Lease lease;
    std::size_t rank = 0;  // 0 is the best
  };

  void step(Event event, Instant now);
  void enter(State state, Event event, Instant now);
  void perform(Action action, Instant now);
  void settle(Instant now);
  Event overdue() const;
  bool waits_for(Event event) const { return cell(state_, event).possible; }
  Instant earliest_begin(Instant now) const;

  void send(Purpose purpose, const Exchange& exchange, const Lease* to = nullptr);
  void discover(Instant now);
  void request(Purpose purpose, Instant now);
  void extend(Purpose purpose, Instant now);
  void probe(Instant now);
  void bind();
  void decline(Instant now);
  void release();
  void expire();
  void fail(Instant now);
  void arm(Instant now);
  void forget();
  std::uint16_t secs(Instant now);
  const Lease* current() const;
  void shun(Ipv4 server);

  void on_message(const wire::dhcp4::Message& message, const Mac& source, Instant now);
  void on_offer(const wire::dhcp4::Message& message, Instant now);
  void on_ack(const wire::dhcp4::Message& message, const Mac& source, Instant now);
  void on_nak(const wire::dhcp4::Message& message, Instant now);
  bool is_ours(const wire::dhcp4::Message& message);
  std::size_t rank_of(Ipv4 server) const;

  Settings settings_;
  Random random_;
  State state_ = State::Stopped;
  std::uint32_t xid_ = 0;
  std::uint16_t secs_ = 0;        // of the last DISCOVER
  std::optional<Instant> began_;  // the acquisition or renewal
  Instant asked_{};               // first REQUEST of this exchange
  std::optional<Ipv4> wanted_;    // to ask for or to suggest
  std::vector<Offer> offers_;
  std::optional<Lease> chosen_;   // the offer that was asked for
  std::optional<Lease> granted_;  // acknowledged, not yet in force
  std::optional<InForce> lease_;
  std::vector<Ipv4> servers_;
  std::vector<Ipv4> shunned_;  // offered lately, and did not keep their word
  std::string unusable_;       // why the last bad offer was none
  Failed failure_{};           // for the next Fai
  unsigned sent_ = 0;          // messages of this state
  Duration wait_{};
  Duration backoff_{};
  std::optional<Instant> not_before_;  // of the next exchange
  std::optional<Instant> due_;
  std::list<Output> outputs_;
  Counters counters_;
};

std::string_view to_text(FailCause cause);

}  // namespace michi::engine::dhcp4

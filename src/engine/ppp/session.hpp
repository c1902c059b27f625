#pragma once
// One PPP link from the first Configure-Request to the last Terminate-Ack: LCP, authentication,
// IPCP and IPv6CP side by side, and the echo that proves the peer alive.
//
// It never sees PPPoE, Ethernet, devices or routes: PPP frames (protocol field first) go in and come
// out. It never falls back to a weaker authentication than allowed, never answers a challenge that
// was not negotiated, and never lets one network protocol's end take the other with it.
//
// RFC 1661 (LCP and the automaton), RFC 1570 (Identification, Time-Remaining received), RFC 1334 §2
// (PAP), RFC 1994 (CHAP-MD5), RFC 2759 (MS-CHAPv2), RFC 1332 + RFC 1877 (IPCP with DNS), RFC 5072
// (IPv6CP), RFC 4638 §5 (MRU-sized echo).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace michi::engine::ppp {

enum class Role : std::uint8_t { Client, Server };

enum class AuthMethod : std::uint8_t { None, Pap, ChapMd5, MsChapV2 };

/// Timers and caps of every layer. The client starts short and doubles; a server uses the RFC's own.
struct Timing {
  Duration restart_first = milliseconds(300);
  Duration restart_max = seconds(3);
  /// The period ends early, once in a negotiation, when a peer that had this long to answer our request sends
  /// its own first: an access concentrator begins to listen only some time after its PADS.
  Duration repeat_after = milliseconds(10);
  unsigned max_configure = 10;
  unsigned max_terminate = 2;
  unsigned max_failure = 5;
  /// Configure packets one layer takes from the peer before it is given up (traps 28 and 30). What is
  /// sent answers one of these or is counted by max_configure.
  unsigned max_exchanges = 40;
  /// From start() until the first network protocol is open.
  Duration establish = seconds(30);
  /// An authenticator that stays silent after LCP opened, or after our answer (RFC 1994 gives none).
  Duration auth_silence = seconds(20);

  static Timing rfc1661() {
    Timing t;
    t.restart_first = t.restart_max = t.repeat_after = seconds(3);
    // Ten requests three seconds apart must fit in.
    t.establish = seconds(60);
    return t;
  }
};

struct EchoSettings {
  /// Zero turns our own echo off; the peer's is always answered.
  Duration interval = seconds(10);
  unsigned failures = 3;
  /// Data comes in but no echo reply for this long: one-way. Zero turns it off.
  Duration one_way = seconds(60);
};

/// One account that a server accepts, with what it hands out.
struct Account {
  std::string user;
  Secret password;
  /// For this user instead of Settings::assigned_address and assigned_dns.
  std::optional<Ipv4> address = std::nullopt;
  std::vector<Ipv4> dns = {};
};

struct Settings {
  Role role = Role::Client;
  Timing timing;
  EchoSettings echo;

  /// Largest PPP payload this side wants to receive, and the largest it may ask for: 1492, or more
  /// when RFC 4638 was agreed in discovery.
  std::uint16_t mru = 1492;
  std::uint16_t mru_limit = 1492;
  bool ipv4 = true;
  bool ipv6 = true;

  // client
  std::string user;
  Secret password;
  /// What the client agrees to when the peer demands it, best first in negotiation of a Nak.
  std::vector<AuthMethod> allowed = {AuthMethod::MsChapV2, AuthMethod::ChapMd5, AuthMethod::Pap};
  bool request_dns = true;
  /// Asked for in IPCP; 0.0.0.0 lets the peer choose.
  Ipv4 wanted_address;
  /// Interface identifier to propose; 0 draws a random one.
  std::uint64_t interface_id = 0;

  // server
  AuthMethod demanded = AuthMethod::ChapMd5;
  std::string server_name = "michi-ac";
  Ipv4 server_address;
  Ipv4 assigned_address;
  std::vector<Ipv4> assigned_dns;
  std::uint64_t assigned_interface_id = 0;
};

/// Why a session ended. One and the same cause for one and the same fault, whatever order the
/// peer's last packets arrive in (trap 44).
enum class EndCause : std::uint8_t {
  LocalStop,        // stop() was called
  AuthFailed,       // the peer refused our credentials, or we its
  AuthRefused,      // the peer demands a method that is not allowed here
  AuthSilent,       // no challenge, no result
  LcpTimeout,       // no answer to LCP at all
  LcpFailed,        // negotiation does not converge, or a needed code or protocol is rejected
  Loopback,         // our own magic number comes back
  NoNetwork,        // neither IPCP nor IPv6CP could be opened
  EchoTimeout,      // echo requests unanswered and no data in
  OneWay,           // data in, echo replies out of reach
  PeerTerminated,   // Terminate-Request, or LCP rejected after it was open
  EstablishTimeout  // the overall deadline
};

struct SendFrame {
  ByteVec frame;        // protocol field and payload
  bool urgent = false;  // echo and termination: ahead of data in a full queue
};
/// LCP is open (again). `mtu` is what we may send, `mru` what the peer may send.
struct LinkUp {
  std::uint16_t mtu;
  std::uint16_t mru;
  AuthMethod auth;
};
/// LCP left Opened but the session goes on: the peer renegotiates. Devices and addresses stay. No
/// Ipv4Down or Ipv6Down comes with it: each protocol that opens again is reported again, changed or
/// not, and one that does not is reported down then.
struct LinkRenegotiating {};
/// The credentials were accepted; `message` is the peer's text.
struct Authenticated {
  std::string user;  // server role: who came
  std::string message;
};
struct Ipv4Up {
  Ipv4 local;
  Ipv4 peer;  // 0.0.0.0 when the peer has none (trap 51)
  std::vector<Ipv4> dns;
};
struct Ipv4Down {};
struct Ipv6Up {
  std::uint64_t local_id;
  std::uint64_t peer_id;
};
struct Ipv6Down {};
/// RFC 4638 §5: the path does (or does not) carry frames of the negotiated size.
struct PathProved {
  bool full_size;
};
/// The last report. Nothing but a Terminate-Ack is sent afterwards.
struct Ended {
  EndCause cause;
  std::string detail;  // the peer's words where it gave any
};
/// An edge of a layer's automaton: "lcp ReqSent -> AckRcvd on RCA".
struct Edge {
  std::string text;
};

using Output = std::variant<SendFrame, LinkUp, LinkRenegotiating, Authenticated, Ipv4Up, Ipv4Down, Ipv6Up, Ipv6Down,
                            PathProved, Ended, Edge>;

struct Counters {
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t malformed = 0;
  std::uint64_t unexpected = 0;  // well-formed, but nothing asked for it
  std::uint64_t impossible = 0;  // cells the RFC marks impossible
  std::uint64_t echo_sent = 0;
  std::uint64_t echo_answered = 0;
  std::uint64_t echo_replied = 0;
  std::uint64_t withheld = 0;  // answers to a peer that asks too much
};

class Session {
 public:
  /// Server role: `accounts` are searched by the name the peer gives.
  Session(Settings settings, Random random, std::vector<Account> accounts = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// The lower layer is up: begin with LCP.
  void start(Instant now);
  /// Orderly end: Terminate-Request, bounded wait, then Ended{LocalStop}.
  void stop(Instant now);
  /// The lower layer is gone (PADT, link loss): no more frames. No Ended is reported; ask verdict().
  void abort(Instant now);
  /// Server role: a new challenge in the middle of the network phase (RFC 1994 §2).
  void rechallenge(Instant now);
  /// Negotiate LCP anew from our side, as an access concentrator does at a hand-over.
  void renegotiate(Instant now);
  void on_frame(Bytes frame, Instant now);
  /// Total data packets received on this session so far, from the data plane (trap 35).
  void on_traffic(std::uint64_t packets_in, Instant now);
  /// Ask for an echo at once; used to prove a path. The answer only moves the counters.
  void probe(Instant now);
  void on_deadline(Instant now);

  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  bool ended() const;
  /// Why, once it has ended; after abort() only if the reason was known or evident by then (a refused
  /// or still unanswered authentication), else nothing: the owner knows why it aborted.
  std::optional<Ended> verdict() const;
  /// One line for status: "lcp Opened, auth done, ipcp Opened, ipv6cp ReqSent".
  std::string state_text() const;
  /// A wanted network protocol is not open, and the peer has not refused it.
  bool awaits_network() const;
  /// Whether this peer ever answered an echo (one-way needs it).
  bool peer_echoes() const;
  /// Round trip of the last echo answered.
  std::optional<Duration> echo_round_trip() const;
  const Counters& counters() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace michi::engine::ppp

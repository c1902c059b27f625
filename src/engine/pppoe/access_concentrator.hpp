#pragma once
// A whole access concentrator as one value: discovery, one server-role PPP session per client,
// accounts, an address pool, and faults on command.
//
// It serves the lab (in real time) and the stories (in virtual time). It handles control frames
// only: IPv4 and IPv6 data frames are the caller's, who knows the sessions from SessionUp. Timers
// are the RFC's own by default, so that no fault of a client hides behind a hasty server.
//
// RFC 2516, RFC 4638, and what engine/ppp/session.hpp lists.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/net/address.hpp"
#include "engine/ppp/session.hpp"
#include "engine/pppoe/concentrator.hpp"

namespace michi::engine::pppoe {

struct AcAccount {
  std::string user;
  Secret password;
  std::optional<Ipv4> address;  // fixed; else from the pool
  std::vector<Ipv4> dns;        // else AcSettings::dns
};

/// What goes wrong, and for how long. All off: a good citizen.
struct AcFaults {
  unsigned drop_configure_requests = 0;  // the next N LCP Configure-Requests of clients vanish
  unsigned drop_confirmations = 0;       // the next N PADS vanish
  bool ignore_echo = false;              // LCP Echo-Requests get no reply
  bool mute_sessions = false;            // session frames are neither heard nor sent; discovery works
  bool silent = false;                   // nothing at all is heard or sent
  bool padt_with_auth_failure = false;   // PADT in the same breath as the refusal (trap 44)
};

struct AcSettings {
  ConcentratorSettings discovery;
  ppp::Timing timing = ppp::Timing::rfc1661();
  ppp::EchoSettings echo{.interval = seconds(30)};
  ppp::AuthMethod auth = ppp::AuthMethod::ChapMd5;
  std::uint16_t mru = 1492;  // above 1492 only with discovery.max_payload
  bool ipv4 = true;
  bool ipv6 = true;
  Ipv4 address;                    // this side of every session
  std::uint64_t interface_id = 0;  // likewise for IPv6; 0 draws one for each session
  Ipv4 pool_first;
  std::uint32_t pool_size = 250;
  std::vector<Ipv4> dns;
  std::vector<AcAccount> accounts;
  bool padt_for_unknown = true;  // a frame of an unknown session is answered with PADT
  AcFaults faults;
};

/// One client as the access concentrator sees it.
struct SessionInfo {
  std::uint16_t session_id = 0;
  Mac peer;
  std::string user;
  std::uint16_t mtu = 1492;  // the largest payload that may be sent to the client
  std::optional<Ipv4> address;
  std::optional<Ipv6> address6;  // link-local
};

struct AcFrame {
  ByteVec bytes;
  bool urgent = false;
};
/// The first network protocol is open; again with more when the other one joins.
struct SessionUp {
  SessionInfo session;
};
/// Only for sessions that were reported up.
struct SessionDown {
  SessionInfo session;
  std::string reason;
};
/// A line for the log: discovery and automaton edges.
struct AcNote {
  std::string text;
};
using AcOutput = std::variant<AcFrame, SessionUp, SessionDown, AcNote>;

enum class EndBy : std::uint8_t {
  Padt,              // PADT only
  TerminateRequest,  // orderly: Terminate-Request, then PADT
  Vanish             // without a word; later frames are those of an unknown session
};

class AccessConcentrator {
 public:
  AccessConcentrator(AcSettings settings, Random random);
  ~AccessConcentrator();

  /// Whole frames, types 0x8863 and 0x8864. Data frames of known sessions only move the echo's clock.
  void on_frame(Bytes frame, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<AcOutput> poll();

  void end_session(std::uint16_t session_id, EndBy how, Instant now, std::string_view reason = {});
  /// Power cut and reboot: every session is forgotten without a word.
  void restart(Instant now);
  /// LCP begins anew inside the session, as after a hand-over to another LNS (trap 25).
  void renegotiate(std::uint16_t session_id, Instant now);
  /// A CHAP challenge in the middle of the network phase.
  void rechallenge(std::uint16_t session_id, Instant now);

  AcFaults& faults() { return settings_.faults; }
  /// Limits, delays and refusals of discovery, changeable at any time.
  ConcentratorSettings& discovery() { return concentrator_.settings(); }
  std::vector<SessionInfo> sessions() const;
  std::optional<SessionInfo> find(std::uint16_t session_id) const;
  const ConcentratorCounters& counters() const { return concentrator_.counters(); }

 private:
  struct Client;
  void drain_discovery(Instant now);
  void drain_client(std::uint16_t session_id, Instant now);
  void open(const Agreed& agreed, Instant now);
  void begin(Client& client, Instant now);
  void close(std::uint16_t session_id, std::string_view reason, bool padt);
  void on_session_frame(const wire::pppoe::Framed& frame, Instant now);
  Ipv4 take_address();

  AcSettings settings_;
  Random random_;
  Concentrator concentrator_;
  std::map<std::uint16_t, std::unique_ptr<Client>> clients_;
  std::set<std::uint32_t> taken_;
  std::uint32_t next_address_ = 0;
  std::deque<AcOutput> outputs_;
};

}  // namespace michi::engine::pppoe

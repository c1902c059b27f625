#pragma once
// PPPoE discovery, client side: from PADI to a session identifier, and the PADT at its end.
//
// It never sends PPP, never touches a session it did not open, and keeps one candidate per PADO: a
// cookie, Relay-Session-Id or PPP-Max-Payload of one access concentrator never reaches another.
// PADI leaves at most once a second; the caller owns the gate for the first one.
//
// RFC 2516 (discovery), RFC 4638 (PPP-Max-Payload in PADI and PADR).

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace michi::engine::pppoe {

struct Settings {
  Mac local;
  std::string service_name;                 // empty: any service
  std::vector<std::string> ac_names;        // preference, best first; empty: first come
  bool ac_required = false;                 // only those in ac_names will do
  std::optional<ByteVec> host_uniq;         // configured; default 8 random octets per attempt
  bool accept_missing_host_uniq = false;    // quirk (trap 14)
  std::uint16_t max_payload = 1492;         // above 1492: RFC 4638 tags are sent
  /// With preferences: how long to wait for a better offer after the first one.
  Duration offer_wait = milliseconds(500);
  Duration padi_first = seconds(1);         // also the smallest distance between two PADI
  Duration padi_max = seconds(4);
  unsigned padi_attempts = 5;
  Duration padr_first = milliseconds(500);
  Duration padr_max = seconds(2);
  unsigned padr_attempts = 4;               // per access concentrator, then the next candidate
};

/// What was agreed. Enough to end the session after a crash.
struct Agreed {
  std::uint16_t session_id = 0;
  Mac local;
  Mac peer;
  std::string ac_name;
  std::string service_name;
  ByteVec cookie;
  ByteVec relay_session_id;
  ByteVec host_uniq;
  std::uint16_t max_payload = 1492;         // what the AC agreed to under RFC 4638, else 1492
};

enum class FailCause : std::uint8_t {
  NoOffer,          // no PADO at all
  NoSuitableOffer,  // offers, but none with the wanted name or service
  NoConfirmation,   // PADR unanswered by every candidate
  ServiceNameError, AcSystemError, GenericError,  // the error tags
  BadSessionId      // PADS with 0 or 0xffff and no error tag
};

struct SendFrame { ByteVec frame; };        // a whole Ethernet frame, type 0x8863
struct Succeeded { Agreed session; };
struct Failed { FailCause cause; std::string detail; };
using Output = std::variant<SendFrame, Succeeded, Failed>;

struct Counters {
  std::uint64_t padi = 0, pado = 0, padr = 0, pads = 0;
  std::uint64_t malformed = 0;
  std::uint64_t foreign = 0;                // not for us, or not ours
  std::uint64_t late_pads = 0;              // answered with PADT (trap 18)
};

enum class State : std::uint8_t {
  Idle,          // nothing asked for
  Soliciting,    // PADI is out, no usable offer yet
  Choosing,      // an offer is here, a better one may come
  Requesting,    // PADR is out
  Done           // succeeded or failed; late PADS are still answered
};

class Discovery {
 public:
  Discovery(Settings settings, Random random);

  void start(Instant now);
  /// No PADT for an agreed session: that is padt()'s business. A pending request is remembered, so
  /// that a late PADS is answered with PADT.
  void stop(Instant now);
  /// A whole frame of type 0x8863. PADT is not handled here: sessions end in their owner.
  void on_frame(Bytes frame, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  State state() const { return state_; }
  /// Names of those who answered the current attempt, for status and diagnostics.
  std::vector<std::string> offers() const;
  const Counters& counters() const { return counters_; }

 private:
  // replaced by the implementation
  State state_ = State::Idle;
  Counters counters_;
};

/// The frame that ends a session.
ByteVec padt(const Agreed& session, std::string_view reason = {});

}  // namespace michi::engine::pppoe

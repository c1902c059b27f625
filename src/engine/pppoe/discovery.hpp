#pragma once
// PPPoE discovery, client side: from PADI to a session identifier, and the PADT at its end.
//
// It never sends PPP, never touches a session it did not open, and keeps one candidate per PADO: a
// cookie, Relay-Session-Id or PPP-Max-Payload of one access concentrator never reaches another.
// PADI leaves at most once a second; the caller owns the gate for the first one.
//
// RFC 2516 (discovery), RFC 4638 (PPP-Max-Payload in PADI and PADR).

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "wire/pppoe.hpp"

namespace michi::engine::pppoe {

struct Settings {
  Mac local;
  std::string service_name;               // empty: any service
  std::vector<std::string> ac_names;      // preference, best first; empty: first come
  bool ac_required = false;               // only those in ac_names will do
  std::optional<ByteVec> host_uniq;       // configured; default 8 random octets per attempt
  bool accept_missing_host_uniq = false;  // quirk (trap 14)
  std::uint16_t max_payload = 1492;       // above 1492: RFC 4638 tags are sent
  /// With preferences: how long to wait for a better offer after the first one.
  Duration offer_wait = milliseconds(500);
  Duration padi_first = seconds(1);  // also the smallest distance between two PADI
  Duration padi_max = seconds(4);
  unsigned padi_attempts = 5;
  Duration padr_first = milliseconds(500);
  Duration padr_max = seconds(2);
  unsigned padr_attempts = 4;  // per access concentrator, then the next candidate
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
  std::uint16_t max_payload = 1492;  // what the AC agreed to under RFC 4638, else 1492
};

enum class FailCause : std::uint8_t {
  NoOffer,           // no PADO at all
  NoSuitableOffer,   // offers, but none with the wanted name or service
  NoConfirmation,    // PADR unanswered by every candidate
  ServiceNameError,  // the error tags of a PADS, or of a PADO when nobody else offered
  AcSystemError,
  GenericError,
  BadSessionId  // PADS with 0 or 0xffff and no error tag
};

/// A whole Ethernet frame, type 0x8863.
struct SendFrame {
  ByteVec frame;
};
struct Succeeded {
  Agreed session;
};
/// `detail` is a sentence with the peer's words, made printable.
struct Failed {
  FailCause cause;
  std::string detail;
};
using Output = std::variant<SendFrame, Succeeded, Failed>;

struct Counters {
  std::uint64_t padi = 0, pado = 0, padr = 0, pads = 0;
  std::uint64_t malformed = 0;
  std::uint64_t foreign = 0;    // not for us, or not ours
  std::uint64_t late_pads = 0;  // answered with PADT (trap 18)
};

enum class State : std::uint8_t {
  Idle,        // nothing asked for
  Soliciting,  // PADI is out, no usable offer yet
  Choosing,    // an offer is here, a better one may come
  Requesting,  // PADR is out
  Done         // succeeded or failed; late PADS are still answered
};

class Discovery {
 public:
  Discovery(Settings settings, Random random);

  /// For the next start(); what is known of earlier requests stays.
  void configure(Settings settings);
  void start(Instant now);
  /// No PADT for an agreed session: that is padt()'s business. A pending request is remembered, so
  /// that a late PADS is answered with PADT.
  void stop(Instant now);
  /// A whole frame of type 0x8863. PADT is not handled here: sessions end in their owner.
  void on_frame(Bytes frame, Instant now);
  /// The same, parsed already.
  void on_framed(const wire::pppoe::Framed& frame, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  State state() const { return state_; }
  /// Names of those who answered the current attempt, for status and diagnostics.
  std::vector<std::string> offers() const;
  const Counters& counters() const { return counters_; }

 private:
  /// One PADO: everything that belongs to one access concentrator and to no other (trap 8).
  struct Candidate {
    Mac peer;
    std::string ac_name;
    ByteVec service_name;
    std::optional<ByteVec> cookie;
    std::optional<ByteVec> relay_session_id;
    std::optional<std::uint16_t> max_payload;
    std::size_t rank = 0;  // 0 is the best
    bool tried = false;
  };
  /// A PADR that nobody waits for any more.
  struct Abandoned {
    Mac peer;
    ByteVec host_uniq;
  };

  void enter(State state);
  void send(const Mac& to, wire::pppoe::Code code, const wire::pppoe::Tags& tags, std::uint16_t session_id = 0);
  void send_padi(Instant now);
  void send_padr(Instant now);
  void request_best(Instant now);
  void abandon();
  void refuse(FailCause cause, std::string detail);
  void finish_failed();
  void on_pado(const wire::pppoe::Framed& frame, const wire::pppoe::Tags& tags, Instant now);
  void on_pads(const wire::pppoe::Framed& frame, const wire::pppoe::Tags& tags, Instant now);
  void on_stray_pads(const wire::pppoe::Framed& frame, const wire::pppoe::Tags& tags);
  bool ours(const wire::pppoe::Tags& tags) const;
  std::size_t worst_rank() const { return settings_.ac_names.size(); }

  Settings settings_;
  Random random_;
  State state_ = State::Idle;
  ByteVec host_uniq_;
  std::vector<Candidate> candidates_;
  std::vector<std::string> unsuitable_;  // who offered, but is not wanted
  std::optional<std::size_t> chosen_;    // index into candidates_
  std::optional<Failed> refusal_;        // the last one of this attempt
  std::optional<Agreed> agreed_;
  std::list<Abandoned> abandoned_;
  unsigned sent_ = 0;        // PADI or PADR of this phase
  unsigned late_padts_ = 0;  // PADTs of this attempt in answer to late PADSs
  Duration wait_{};
  std::optional<Instant> due_;
  std::optional<Instant> last_padi_;
  std::list<Output> outputs_;
  Counters counters_;
};

/// The frame that ends a session. The reason travels as Generic-Error.
ByteVec padt(const Agreed& session, std::string_view reason = {});

/// Whether this frame is a PADT for exactly that session: id, access concentrator and our address
/// (traps 6 and 10). Its words, if it has any, go to `text`.
bool is_padt_for(const Agreed& session, const wire::pppoe::Framed& frame, std::string* text = nullptr);

std::string_view to_text(State state);

}  // namespace michi::engine::pppoe

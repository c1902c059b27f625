#pragma once
// PPPoE discovery, the access concentrator's side: offers, cookies, session identifiers, limits.
//
// It serves the lab and the stories, so it can also misbehave on command; without a fault set it is
// a plain RFC 2516 server. It never looks into PPP. Its table and queues are bounded whatever
// clients send.
//
// RFC 2516, RFC 4638.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "engine/pppoe/discovery.hpp"
#include "wire/pppoe.hpp"

namespace michi::engine::pppoe {

enum class Refusal : std::uint8_t { None, ServiceNameError, AcSystemError, GenericError };

struct ConcentratorSettings {
  Mac local;
  std::string ac_name = "ac";
  /// Services by name; empty: whatever a client asks for. "" is any service and always served.
  std::vector<std::string> services;
  bool cookies = true;
  Duration pado_delay{};
  std::uint16_t max_payload = 1492;  // above 1492: RFC 4638 is answered
  std::size_t max_sessions = 4096;
  std::size_t max_per_mac = 0;  // 0: unlimited
  std::string limit_text = "session limit exceeded";
  bool one_padi_per_second = false;  // per client address, as some access concentrators do
  Refusal refuse = Refusal::None;    // every PADR
  std::string refuse_text;
  bool refuse_early = false;  // already the PADI, by an error tag in the PADO
  bool silent = false;        // hears nothing, says nothing
  /// A repeated PADR gets the same session again; false: a second one (trap 18).
  bool repeat_confirms = true;
};

struct Opened {
  Agreed session;  // `local` is the access concentrator, `peer` the client
};
struct Closed {
  std::uint16_t session_id;
  Mac peer;
  std::string reason;
};
using ConcentratorOutput = std::variant<SendFrame, Opened, Closed>;

struct ConcentratorCounters {
  std::uint64_t padi = 0, pado = 0, padr = 0, pads = 0, padt_in = 0, padt_out = 0;
  std::uint64_t refused = 0;
  std::uint64_t malformed = 0;
  std::uint64_t ignored = 0;  // not for us, wrong cookie, rate limit, silence
};

class Concentrator {
 public:
  Concentrator(ConcentratorSettings settings, Random random);

  /// Whole frames of type 0x8863.
  void on_frame(Bytes frame, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<ConcentratorOutput> poll();

  /// Ends a session with PADT. Nothing is reported: the caller knows.
  void close(std::uint16_t session_id, std::string_view reason = {});
  /// A session frame for an identifier that is not in the table is answered with PADT.
  void refuse_stray(const Mac& peer, std::uint16_t session_id);
  /// Forgets every session without a word, as a power cut does.
  void forget_all();

  ConcentratorSettings& settings() { return settings_; }
  const std::map<std::uint16_t, Agreed>& sessions() const { return sessions_; }
  const Agreed* find(std::uint16_t session_id, const Mac& peer) const;
  const ConcentratorCounters& counters() const { return counters_; }

 private:
  struct Delayed {
    Instant due;
    ByteVec frame;
  };
  void on_padi(const wire::pppoe::Framed& frame, const wire::pppoe::Tags& tags, Instant now);
  void on_padr(const wire::pppoe::Framed& frame, const wire::pppoe::Tags& tags);
  void on_padt(const wire::pppoe::Framed& frame);
  void confirm(const wire::pppoe::Framed& frame, const wire::pppoe::Tags& asked, std::uint16_t session_id,
               std::optional<wire::pppoe::Tag> error);
  bool serves(const wire::pppoe::Tags& tags) const;
  bool padi_too_soon(const Mac& peer, Instant now);
  ByteVec cookie_for(const Mac& peer) const;
  std::uint16_t free_id();

  ConcentratorSettings settings_;
  Random random_;
  ByteVec cookie_key_;
  std::map<std::uint16_t, Agreed> sessions_;
  std::map<Mac, std::size_t> per_mac_;
  std::map<Mac, Instant> last_padi_;
  std::deque<Delayed> delayed_;
  std::deque<ConcentratorOutput> outputs_;
  ConcentratorCounters counters_;
};

}  // namespace michi::engine::pppoe

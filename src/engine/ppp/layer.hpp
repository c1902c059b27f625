#pragma once
// One control protocol at work: the RFC 1661 automaton, its packets and their identifiers. What is
// negotiated belongs to a Negotiator; the table does not know options and options do not know states.
//
// Only the reply to the latest identifier counts, and only once. Exchanges and time are capped, so a
// peer that never agrees and never gives up cannot keep a layer busy for ever.
//
// RFC 1661 §4 and §5.1–§5.6.

#include <string_view>

#include "engine/automaton/automaton.hpp"
#include "engine/ppp/outbox.hpp"

namespace michi::engine::ppp {

using wire::control::Options;

/// Whether a bad value may still be answered with a better one (RFC 1661 §4.6, Max-Failure).
enum class Patience : std::uint8_t { Nak, RejectInstead };

class Negotiator {
 public:
  enum class Kind : std::uint8_t { Ack, Nak, Reject };
  struct Judgement {
    Kind kind = Kind::Ack;
    Options options;
  };

  virtual ~Negotiator() = default;
  /// A negotiation begins afresh: what earlier replies taught is forgotten.
  virtual void restart() = 0;
  virtual Options request() const = 0;
  /// What to say to the peer's request. On Ack its values are taken over.
  virtual Judgement judge(const Options& theirs, Patience patience) = 0;
  virtual void on_nak(const Options& suggested) = 0;
  virtual void on_reject(const Options& refused) = 0;
};

/// What a step meant to whoever sits above or below.
struct Signals {
  bool up = false;         // tlu
  bool down = false;       // tld
  bool finished = false;   // tlf
  bool exhausted = false;  // a cap was reached: close it
};

class Layer {
 public:
  Layer(wire::ppp::Protocol protocol, const Timing& timing, Negotiator& negotiator, Outbox& outbox,
        std::uint8_t first_id);

  Signals up(Instant now) { return step(automaton::Event::Up, now); }
  Signals down(Instant now) { return step(automaton::Event::Down, now); }
  Signals open(Instant now) { return step(automaton::Event::Open, now); }
  Signals close(Instant now) { return step(automaton::Event::Close, now); }
  Signals on_packet(const wire::control::Packet& packet, Instant now);
  /// The peer rejected this protocol as a whole (Protocol-Reject).
  Signals on_protocol_reject(Instant now) { return step(automaton::Event::RxjMinus, now); }
  /// RXJ+ and RXR, whose packets LCP's owner reads.
  Signals on_event(automaton::Event event, Instant now) { return step(event, now); }
  Signals on_deadline(Instant now);
  std::optional<Instant> deadline() const;
  /// See Automaton::hold_until.
  void hold_until(Instant until) { automaton_.hold_until(until); }
  /// A fresh identifier, for packets the owner sends under this protocol.
  std::uint8_t next_id() { return ++id_; }
  /// Sent in Terminate-Requests from now on.
  void say_at_end(std::string_view text) { farewell_ = text; }

  automaton::State state() const { return automaton_.state(); }
  bool opened() const { return state() == automaton::State::Opened; }
  std::string_view name() const { return wire::ppp::to_text(protocol_); }

 private:
  /// What the actions of a step need to know about the packet that caused it.
  struct Cause {
    std::uint8_t id = 0;
    Bytes data;  // sca: the options as they came; scj: the whole packet
    const Negotiator::Judgement* judgement = nullptr;
  };

  Signals step(automaton::Event event, Instant now) { return step(event, now, Cause{}); }
  Signals step(automaton::Event event, Instant now, const Cause& cause);
  Signals on_configure_request(const wire::control::Packet& packet, Instant now);
  bool spoke_before_the_peer_listened(Instant now) const;
  Signals on_configure_reply(const wire::control::Packet& packet, Instant now);
  Signals on_code_reject(const wire::control::Packet& packet, Instant now);
  bool is_reply_to_ours(const wire::control::Packet& packet, const Options& options) const;
  void begin_negotiation(Instant now);
  void send_configure_request(Instant now);
  void send_terminate_request();
  void send_code_reject(Bytes rejected);
  bool negotiating() const;
  bool count_exchange();

  wire::ppp::Protocol protocol_;
  Timing timing_;
  Negotiator& negotiator_;
  Outbox& outbox_;
  automaton::Automaton automaton_;

  std::uint8_t id_;
  std::uint8_t request_id_ = 0;
  std::uint8_t terminate_id_ = 0;
  ByteVec request_;          // the options of the latest Configure-Request
  bool awaiting_ = false;    // it has had no valid reply yet
  bool may_repeat_ = false;  // it may go out once more before its period is over
  std::string farewell_;

  unsigned naks_sent_ = 0;
  unsigned exchanges_ = 0;
  std::optional<Instant> give_up_at_;
  std::optional<Instant> opened_at_;
  Instant request_sent_at_{};
  Instant last_request_at_{};
  Duration reply_delay_{};  // from the first sending of a request to its reply
};

}  // namespace michi::engine::ppp

#pragma once
// Proving who we are: PAP sends and repeats, CHAP answers. Only the method LCP agreed on is spoken,
// and a challenge that is one of our own is never answered.
//
// The same challenge gets the same answer, byte for byte, as often as it is asked; nothing is answered
// unasked. RFC 1334 §2, RFC 1994, RFC 2759.

#include "base/random.hpp"
#include "engine/ppp/outbox.hpp"
#include "wire/chap.hpp"

namespace michi::engine::ppp {

class AuthServer;

class AuthClient {
 public:
  enum class State : std::uint8_t {
    Idle,      // nothing is demanded of us
    Waiting,   // for a challenge
    Answered,  // credentials are out, no result yet
    Accepted,  // and stays so through re-challenges
    Refused
  };
  enum class Outcome : std::uint8_t { Nothing, Accepted, Refused, Silent };

  AuthClient(const Settings& settings, Random& random, Outbox& outbox);

  /// LCP opened; None means there is nothing to prove.
  void start(AuthMethod method, Instant now);
  void reset();
  Outcome on_packet(wire::ppp::Protocol protocol, const wire::control::Packet& packet, const AuthServer& own,
                    Instant now);
  /// The peer already speaks a network protocol although its verdict never came: it was lost.
  Outcome on_network_packet();
  Outcome on_deadline(Instant now);
  std::optional<Instant> deadline() const { return deadline_; }

  State state() const { return state_; }
  /// Credentials are out and the verdict on them is not in; for a short while also after a re-challenge.
  bool pending(Instant now) const;
  /// The link is going down: nothing more is asked, but a verdict on its way is still read.
  void wind_down() { deadline_.reset(); }
  /// The verdict alone, once the link has gone or is going.
  Outcome on_late_packet(wire::ppp::Protocol protocol, const wire::control::Packet& packet, const AuthServer& own,
                         Instant now);
  bool done() const { return state_ == State::Idle || state_ == State::Accepted; }
  const std::string& message() const { return message_; }

 private:
  Outcome on_pap(const wire::control::Packet& packet);
  Outcome on_chap(const wire::control::Packet& packet, const AuthServer& own, Instant now);
  void on_challenge(const wire::control::Packet& packet, const AuthServer& own, Instant now);
  Outcome on_success(Bytes text);
  Outcome refuse(std::string message);
  Outcome accept(std::string message);
  ByteVec answer_to(std::uint8_t id, Bytes challenge);
  void send_pap_request(Instant now);
  void send_response();

  const Settings& settings_;
  Random& random_;
  Outbox& outbox_;

  State state_ = State::Idle;
  AuthMethod method_ = AuthMethod::None;
  bool result_pending_ = false;
  std::string message_;
  std::optional<Instant> deadline_;
  Instant give_up_at_{};
  Instant answered_at_{};

  std::uint8_t id_ = 0;    // of the request or response that is out
  ByteVec challenge_;      // what it answered
  ByteVec response_;       // the answer's value
  ByteVec expected_;       // MS-CHAPv2: the authenticator response that proves the peer
  unsigned attempts_ = 0;  // PAP requests, or responses repeated on evidence of loss
  Duration period_{};
};

}  // namespace michi::engine::ppp

#pragma once
// Finding out who the peer is: PAP waits, CHAP challenges, repeats and may ask again at any time.
//
// Every repeated answer gets the verdict it got before, in the network phase too. A wrong name and a
// wrong password are told apart by nobody. RFC 1334 §2, RFC 1994, RFC 2759.

#include "base/random.hpp"
#include "engine/ppp/outbox.hpp"

namespace michi::engine::ppp {

class AuthServer {
 public:
  enum class State : std::uint8_t {
    Idle,     // nothing is demanded
    Waiting,  // for a request or a response
    Accepted,
    Refused
  };
  enum class Outcome : std::uint8_t { Nothing, Accepted, Refused, Silent };

  AuthServer(const Settings& settings, const std::vector<Account>& accounts, Random& random, Outbox& outbox);

  void start(AuthMethod method, Instant now);
  void reset();
  /// Network phase: one more challenge. The session stays up unless the answer is wrong.
  void rechallenge(Instant now);
  Outcome on_packet(wire::ppp::Protocol protocol, const wire::control::Packet& packet, Instant now);
  Outcome on_deadline(Instant now);
  std::optional<Instant> deadline() const { return deadline_; }

  bool done() const { return state_ == State::Idle || state_ == State::Accepted; }
  /// A challenge of ours that still wants its answer has this value.
  bool is_outstanding(Bytes challenge) const;
  const std::string& user() const { return user_; }
  State state() const { return state_; }

 private:
  Outcome on_pap(const wire::control::Packet& packet);
  Outcome on_response(const wire::control::Packet& packet);
  bool verify_md5(const Account& account, std::uint8_t id, Bytes value) const;
  bool verify_mschapv2(const Account& account, Bytes value);
  const Account* account_of(Bytes name) const;
  void send_challenge(Instant now);
  void send_verdict(std::uint8_t id);
  Outcome conclude(bool good, Bytes name);

  const Settings& settings_;
  const std::vector<Account>& accounts_;
  Random& random_;
  Outbox& outbox_;

  State state_ = State::Idle;
  AuthMethod method_ = AuthMethod::None;
  std::string user_;
  std::uint8_t id_ = 0;
  ByteVec challenge_;
  bool outstanding_ = false;  // the challenge has not been answered
  std::string verdict_text_;
  unsigned attempts_ = 0;
  Duration period_{};
  std::optional<Instant> deadline_;
};

}  // namespace michi::engine::ppp

#include "engine/ppp/auth_client.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "engine/ppp/auth_server.hpp"
#include "engine/ppp/mschapv2.hpp"
#include "wire/pap.hpp"
#include "wire/text.hpp"

namespace michi::engine::ppp {

using wire::control::Packet;
using wire::ppp::Protocol;

namespace {

/// A peer that never says Success to a re-challenge must not taint every later good-bye.
constexpr Duration kVerdictDue = seconds(5);

template <class PacketCode>
wire::control::Code as_code(PacketCode code) {
  return static_cast<wire::control::Code>(code);
}

}  // namespace

AuthClient::AuthClient(const Settings& settings, Random& random, Outbox& outbox)
    : settings_(settings), random_(random), outbox_(outbox) {}

void AuthClient::start(AuthMethod method, Instant now) {
  reset();
  method_ = method;
  if (method == AuthMethod::None) return;
  state_ = State::Waiting;
  give_up_at_ = now + settings_.timing.auth_silence;
  deadline_ = give_up_at_;
  if (method != AuthMethod::Pap) return;
  id_ = static_cast<std::uint8_t>(random_.u32());
  period_ = settings_.timing.restart_first;
  state_ = State::Answered;
  send_pap_request(now);
}

void AuthClient::reset() {
  state_ = State::Idle;
  method_ = AuthMethod::None;
  result_pending_ = false;
  message_.clear();
  deadline_.reset();
  challenge_.clear();
  response_.clear();
  expected_.clear();
  attempts_ = 0;
}

AuthClient::Outcome AuthClient::on_packet(Protocol protocol, const Packet& packet, const AuthServer& own, Instant now) {
  const bool agreed = method_ != AuthMethod::None && (protocol == Protocol::Pap) == (method_ == AuthMethod::Pap);
  if (!agreed) {
    // A demand outside what LCP agreed on is never met (CVE-2020-8597's companion, trap 46).
    ++outbox_.counters.unexpected;
    return Outcome::Nothing;
  }
  return protocol == Protocol::Pap ? on_pap(packet) : on_chap(packet, own, now);
}

bool AuthClient::pending(Instant now) const {
  return result_pending_ && (state_ == State::Answered || now - answered_at_ < kVerdictDue);
}

AuthClient::Outcome AuthClient::on_late_packet(Protocol protocol, const Packet& packet, const AuthServer& own,
                                               Instant now) {
  const auto code = static_cast<std::uint8_t>(packet.code);
  const bool verdict = protocol == Protocol::Pap ? code == 2 || code == 3 : code == 3 || code == 4;
  return verdict ? on_packet(protocol, packet, own, now) : Outcome::Nothing;
}

AuthClient::Outcome AuthClient::on_pap(const Packet& packet) {
  const auto code = static_cast<wire::pap::Code>(packet.code);
  const bool verdict = code == wire::pap::Code::AuthenticateAck || code == wire::pap::Code::AuthenticateNak;
  // Each repetition has an identifier of its own; a slow authenticator answers the first.
  const bool ours = static_cast<std::uint8_t>(id_ - packet.id) < attempts_;
  if (!verdict || !result_pending_ || !ours) {
    ++outbox_.counters.unexpected;
    return Outcome::Nothing;
  }
  const auto message = wire::pap::parse_message(packet.data);
  if (!message) ++outbox_.counters.malformed;
  std::string text = message ? wire::printable(*message) : std::string();
  return code == wire::pap::Code::AuthenticateAck ? accept(std::move(text)) : refuse(std::move(text));
}

AuthClient::Outcome AuthClient::on_chap(const Packet& packet, const AuthServer& own, Instant now) {
  switch (static_cast<wire::chap::Code>(packet.code)) {
    case wire::chap::Code::Challenge:
      on_challenge(packet, own, now);
      return Outcome::Nothing;
    case wire::chap::Code::Response:
      return Outcome::Nothing;  // for the authenticator, if there is one
    case wire::chap::Code::Success:
      if (!result_pending_ || packet.id != id_) break;
      return on_success(packet.data);
    case wire::chap::Code::Failure:
      if (!result_pending_ || packet.id != id_) break;
      if (method_ != AuthMethod::MsChapV2) return refuse(wire::printable(packet.data));
      const auto failure = wire::chap::parse_mschapv2_failure(packet.data);
      return refuse(failure.message.empty() ? wire::printable(packet.data) : failure.message);
  }
  ++outbox_.counters.unexpected;
  return Outcome::Nothing;
}

void AuthClient::on_challenge(const Packet& packet, const AuthServer& own, Instant now) {
  const auto challenge = wire::chap::parse_valued(packet.data);
  const bool wrong_size =
      challenge && method_ == AuthMethod::MsChapV2 && challenge->value.size() != wire::chap::kMsChapV2Challenge;
  if (!challenge || wrong_size) {
    ++outbox_.counters.malformed;
    return;
  }
  if (state_ == State::Refused || own.is_outstanding(challenge->value)) {
    // Reflected: answering would hand the peer the answer to our own question (trap 47).
    ++outbox_.counters.unexpected;
    return;
  }
  const bool repeated = packet.id == id_ && !response_.empty() && equal(challenge->value, challenge_);
  if (!repeated) {
    response_ = answer_to(packet.id, challenge->value);
    challenge_ = copy_of(challenge->value);
    id_ = packet.id;
    attempts_ = 0;
  }
  if (state_ == State::Waiting) {
    state_ = State::Answered;
    deadline_ = now + settings_.timing.auth_silence;
  }
  // RFC 1994 §4.1: a repeated challenge after the verdict asks for the same answer, not for a new verdict.
  if (!repeated || state_ == State::Answered) result_pending_ = true;
  if (!repeated) answered_at_ = now;
  send_response();
}

ByteVec AuthClient::answer_to(std::uint8_t id, Bytes challenge) {
  const Bytes password = settings_.password.reveal();
  if (method_ == AuthMethod::ChapMd5) {
    const std::array<std::byte, 1> prefix = {static_cast<std::byte>(id)};
    return copy_of(md5({prefix, password, challenge}));
  }
  // A new identifier over the same challenge keeps our peer challenge: the Success that is on its way
  // for the earlier answer stays valid (trap 42).
  wire::chap::MsChapV2Response answer;
  if (!response_.empty() && equal(challenge, challenge_)) return response_;
  std::ranges::copy(random_.bytes(answer.peer_challenge.size()), answer.peer_challenge.begin());
  const Bytes user = bytes_of(settings_.user);
  answer.nt_response = mschapv2::nt_response(challenge, answer.peer_challenge, user, password);
  expected_ =
      copy_of(mschapv2::authenticator_response(answer.nt_response, challenge, answer.peer_challenge, user, password));
  return wire::chap::write_mschapv2_response(answer);
}

AuthClient::Outcome AuthClient::on_success(Bytes text) {
  if (method_ != AuthMethod::MsChapV2) return accept(wire::printable(text));
  const auto success = wire::chap::parse_mschapv2_success(text);
  if (!success || !equal_in_constant_time(success->authenticator_response, expected_)) {
    // RFC 2759 §5: the peer does not know the password; it is not whom it claims to be.
    return refuse("the peer's authenticator response is wrong");
  }
  return accept(success->message);
}

AuthClient::Outcome AuthClient::accept(std::string message) {
  const bool first = state_ == State::Answered;
  result_pending_ = false;
  deadline_.reset();
  state_ = State::Accepted;
  message_ = std::move(message);
  return first ? Outcome::Accepted : Outcome::Nothing;
}

AuthClient::Outcome AuthClient::refuse(std::string message) {
  result_pending_ = false;
  deadline_.reset();
  state_ = State::Refused;
  message_ = std::move(message);
  return Outcome::Refused;
}

AuthClient::Outcome AuthClient::on_network_packet() {
  if (state_ != State::Answered) return Outcome::Nothing;
  // MS-CHAPv2 needs the Success itself. The authenticator must answer a repeated Response (RFC 1994 §4.2).
  if (method_ != AuthMethod::MsChapV2) return accept({});
  if (++attempts_ <= settings_.timing.max_configure) send_response();
  return Outcome::Nothing;
}

AuthClient::Outcome AuthClient::on_deadline(Instant now) {
  if (!deadline_ || now < *deadline_) return Outcome::Nothing;
  const bool repeats = method_ == AuthMethod::Pap && attempts_ < settings_.timing.max_configure && now < give_up_at_;
  if (repeats) {
    send_pap_request(now);
    return Outcome::Nothing;
  }
  deadline_.reset();
  return Outcome::Silent;
}

void AuthClient::send_pap_request(Instant now) {
  ++attempts_;
  ++id_;  // RFC 1334 §2.2.1: another one each time
  result_pending_ = true;
  ByteVec data = wire::pap::write_request(bytes_of(settings_.user), settings_.password.reveal());
  outbox_.send(Protocol::Pap, as_code(wire::pap::Code::AuthenticateRequest), id_, data);
  std::ranges::fill(data, std::byte{0});
  deadline_ = std::min(now + period_, give_up_at_);
  period_ = std::min(period_ * 2, settings_.timing.restart_max);
}

void AuthClient::send_response() {
  const ByteVec data = wire::chap::write_valued(response_, bytes_of(settings_.user));
  outbox_.send(Protocol::Chap, as_code(wire::chap::Code::Response), id_, data);
}

}  // namespace michi::engine::ppp

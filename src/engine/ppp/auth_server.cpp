#include "engine/ppp/auth_server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.hpp"
#include "engine/ppp/mschapv2.hpp"
#include "wire/chap.hpp"
#include "wire/pap.hpp"
#include "wire/text.hpp"

namespace michi::engine::ppp {

using wire::control::Packet;
using wire::ppp::Protocol;

namespace {

constexpr std::string_view kWelcome = "Welcome";
constexpr std::string_view kRefusal = "Authentication failed";
constexpr std::size_t kChallengeSize = 16;

}  // namespace

AuthServer::AuthServer(const Settings& settings, const std::vector<Account>& accounts, Random& random, Outbox& outbox)
    : settings_(settings), accounts_(accounts), random_(random), outbox_(outbox) {}

void AuthServer::start(AuthMethod method, Instant now) {
  reset();
  method_ = method;
  if (method == AuthMethod::None) return;
  state_ = State::Waiting;
  if (method == AuthMethod::Pap)
    deadline_ = now + settings_.timing.auth_silence;
  else
    rechallenge(now);
}

void AuthServer::reset() {
  state_ = State::Idle;
  method_ = AuthMethod::None;
  outstanding_ = false;
  deadline_.reset();
  verdict_text_.clear();
}

void AuthServer::rechallenge(Instant now) {
  if (method_ != AuthMethod::ChapMd5 && method_ != AuthMethod::MsChapV2) return;
  challenge_ = random_.bytes(kChallengeSize);
  // RFC 1994 §4.1: each challenge has its own identifier; repeating one is not a new challenge.
  ++id_;
  outstanding_ = true;
  attempts_ = 0;
  period_ = settings_.timing.restart_first;
  send_challenge(now);
}

bool AuthServer::is_outstanding(Bytes challenge) const { return outstanding_ && equal(challenge, challenge_); }

AuthServer::Outcome AuthServer::on_packet(Protocol protocol, const Packet& packet, Instant) {
  if (method_ == AuthMethod::None || (protocol == Protocol::Pap) != (method_ == AuthMethod::Pap)) {
    ++outbox_.counters.unexpected;
    return Outcome::Nothing;
  }
  if (protocol == Protocol::Pap) {
    if (static_cast<wire::pap::Code>(packet.code) != wire::pap::Code::AuthenticateRequest) return Outcome::Nothing;
    return on_pap(packet);
  }
  if (static_cast<wire::chap::Code>(packet.code) != wire::chap::Code::Response) return Outcome::Nothing;
  return on_response(packet);
}

AuthServer::Outcome AuthServer::on_pap(const Packet& packet) {
  const auto request = wire::pap::parse_request(packet.data);
  if (!request) {
    ++outbox_.counters.malformed;
    return Outcome::Nothing;
  }
  if (state_ != State::Waiting) {
    send_verdict(packet.id);
    return Outcome::Nothing;
  }
  const Account* account = account_of(request->user);
  const bool good = account != nullptr && equal_in_constant_time(account->password.reveal(), request->password);
  const Outcome outcome = conclude(good, request->user);
  send_verdict(packet.id);
  return outcome;
}

AuthServer::Outcome AuthServer::on_response(const Packet& packet) {
  const auto response = wire::chap::parse_valued(packet.data);
  if (!response) {
    ++outbox_.counters.malformed;
    return Outcome::Nothing;
  }
  if (packet.id != id_) {
    ++outbox_.counters.unexpected;
    return Outcome::Nothing;
  }
  if (!outstanding_) {
    send_verdict(packet.id);
    return Outcome::Nothing;
  }
  outstanding_ = false;
  const Account* account = account_of(response->name);
  const bool good =
      account != nullptr && (method_ == AuthMethod::MsChapV2 ? verify_mschapv2(*account, response->value)
                                                             : verify_md5(*account, packet.id, response->value));
  const Outcome outcome = conclude(good, response->name);
  send_verdict(packet.id);
  return outcome;
}

bool AuthServer::verify_md5(const Account& account, std::uint8_t id, Bytes value) const {
  const std::array<std::byte, 1> prefix = {static_cast<std::byte>(id)};
  return equal_in_constant_time(md5({prefix, account.password.reveal(), challenge_}), value);
}

bool AuthServer::verify_mschapv2(const Account& account, Bytes value) {
  const auto response = wire::chap::parse_mschapv2_response(value);
  if (!response) return false;
  const Bytes user = bytes_of(account.user);
  const Bytes password = account.password.reveal();
  const auto expected = mschapv2::nt_response(challenge_, response->peer_challenge, user, password);
  if (!equal_in_constant_time(expected, response->nt_response)) return false;
  verdict_text_ = mschapv2::success_text(
      mschapv2::authenticator_response(expected, challenge_, response->peer_challenge, user, password), kWelcome);
  return true;
}

const Account* AuthServer::account_of(Bytes name) const {
  const auto found = std::ranges::find_if(accounts_, [&](const Account& a) { return equal(bytes_of(a.user), name); });
  return found == accounts_.end() ? nullptr : &*found;
}

AuthServer::Outcome AuthServer::conclude(bool good, Bytes name) {
  const bool first = state_ == State::Waiting;
  deadline_.reset();
  user_ = wire::printable(name);
  state_ = good ? State::Accepted : State::Refused;
  if (!good && method_ == AuthMethod::MsChapV2) {
    // RFC 2759 §6: 691 is ERROR_AUTHENTICATION_FAILURE, and no retry is offered.
    verdict_text_ = fmt::format("E=691 R=0 C={} V=3 M={}", to_hex(challenge_), kRefusal);
  } else if (!good) {
    verdict_text_ = kRefusal;
  } else if (method_ != AuthMethod::MsChapV2) {
    verdict_text_ = kWelcome;
  }
  if (!good) return Outcome::Refused;
  return first ? Outcome::Accepted : Outcome::Nothing;
}

void AuthServer::send_challenge(Instant now) {
  ++attempts_;
  const ByteVec data = wire::chap::write_valued(challenge_, bytes_of(settings_.server_name));
  outbox_.send(Protocol::Chap, static_cast<wire::control::Code>(wire::chap::Code::Challenge), id_, data);
  deadline_ = now + period_;
  period_ = std::min(period_ * 2, settings_.timing.restart_max);
}

void AuthServer::send_verdict(std::uint8_t id) {
  const bool good = state_ == State::Accepted;
  if (method_ == AuthMethod::Pap) {
    const auto code = good ? wire::pap::Code::AuthenticateAck : wire::pap::Code::AuthenticateNak;
    const ByteVec data = wire::pap::write_message(bytes_of(verdict_text_));
    outbox_.send(Protocol::Pap, static_cast<wire::control::Code>(code), id, data);
  } else {
    const auto code = good ? wire::chap::Code::Success : wire::chap::Code::Failure;
    outbox_.send(Protocol::Chap, static_cast<wire::control::Code>(code), id, bytes_of(verdict_text_));
  }
}

AuthServer::Outcome AuthServer::on_deadline(Instant now) {
  if (!deadline_ || now < *deadline_) return Outcome::Nothing;
  if (outstanding_ && attempts_ < settings_.timing.max_configure) {
    send_challenge(now);
    return Outcome::Nothing;
  }
  deadline_.reset();
  outstanding_ = false;
  return Outcome::Silent;
}

}  // namespace michi::engine::ppp

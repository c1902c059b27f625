#include "engine/dhcp6/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace michi::engine::dhcp6 {
namespace {

using wire::dhcp6::Ia;
using wire::dhcp6::Message;
using wire::dhcp6::MessageType;
using wire::dhcp6::OptionCode;
using wire::dhcp6::Options;

constexpr Duration kMaxDelay = seconds(1);  // SOL_MAX_DELAY, INF_MAX_DELAY and CNF_MAX_DELAY
constexpr Duration kMaxPause = seconds(64);
constexpr std::size_t kMostRequested = 64;
constexpr Duration kDefaultMaxRt = seconds(3600);  // SOL_MAX_RT and INF_MAX_RT

std::optional<Instant> unless_never(Instant at) { return at == Instant::max() ? std::nullopt : std::optional(at); }

bool names_its_server(MessageType type) {
  return type == MessageType::Request || type == MessageType::Renew || type == MessageType::Release;
}

}  // namespace

Client::Client(Settings settings, Random random)
    : settings_(std::move(settings)), random_(std::move(random)), bindings_({}) {}

void Client::configure(Settings settings) { next_settings_ = std::move(settings); }

void Client::start(Instant now, const Held* held) {
  if (next_settings_) settings_ = *std::exchange(next_settings_, std::nullopt);
  settings_.wanted.resize(std::min(settings_.wanted.size(), kMostWanted));
  settings_.requested.resize(std::min(settings_.requested.size(), kMostRequested));
  bindings_ = Bindings(settings_.wanted);
  server_.clear();
  server_address_ = {};
  info_ = {};
  if (held != nullptr) {
    bindings_.hold(held->leases, now);
    if (wire::Duid::from_bytes(held->server)) server_ = held->server;
    server_address_ = held->server_address;
    info_ = held->info;
  }
  begin(now);
}

void Client::begin(Instant now) {
  announced_ = false;
  failed_.reset();
  pause_ = {};
  sol_max_rt_ = inf_max_rt_ = kDefaultMaxRt;
  delay_ = settings_.link == LinkType::MultiAccess ? random_.between({}, kMaxDelay) : settings_.delay;
  withdraw(bindings_.expire(now), WithdrawCause::Expired);
  if (settings_.wanted.empty())
    step(Event::BeginInform, now);
  else
    step(bindings_.empty() ? Event::Begin : Event::BeginHeld, now);
}

void Client::stop(OnStop what, Instant now) {
  const bool give_back = what == OnStop::Release && state_ != State::Idle && state_ != State::Releasing;
  const bool send = give_back && state_ != State::Offline && !bindings_.empty() && !server_.empty();
  if (send) offered_ = bindings_.named(Naming::OnlyHeld);
  auto leases = bindings_.clear(now);
  if (give_back) withdraw(std::move(leases), WithdrawCause::Released);
  if (give_back && !send) report(Released{});
  step(send ? Event::StopRelease : Event::Stop, now);
}

void Client::on_link_up(Instant now) {
  if (state_ != State::Idle && state_ != State::Releasing) begin(now);
}

void Client::on_link_down(Instant now) {
  if (state_ == State::Releasing) report(Released{});
  step(Event::LinkLost, now);
}

void Client::step(Event event, Instant now) {
  if (const auto next = next_state(state_, event)) enter(*next, now);
}

/// What was tried came to nothing: each further search waits longer.
void Client::look_again(Event event, Instant now) {
  if (!next_state(state_, event)) return;
  delay_ = pause_;
  pause_ = std::clamp(pause_ * 2, Duration(seconds(1)), kMaxPause);
  step(event, now);
}

void Client::enter(State state, Instant now) {
  state_ = state;
  exchange_.close();
  candidate_.reset();
  refresh_due_.reset();
  heard_ = 0;
  last_drop_.reset();
  const Duration delay = std::exchange(delay_, {});
  auto exchange = exchange_of(state);
  if (!exchange) return;
  if (state == State::Soliciting) exchange->mrt = sol_max_rt_;
  if (state == State::Informing) exchange->mrt = inf_max_rt_;
  transaction_ = random_.u32() & wire::dhcp6::kTransactionMask;
  exchange_.open(*exchange, now + delay, state == State::Renewing ? unless_never(bindings_.t2()) : std::nullopt);
  if (exchange_.is_due(now)) transmit(now);
}

std::vector<Ia> Client::named_ias() const {
  switch (state_) {
    case State::Soliciting:
      return bindings_.named(settings_.hint_held ? Naming::HeldHints : Naming::Hints);
    case State::Requesting:
    case State::Releasing:
      return offered_;
    case State::Renewing:
    case State::Rebinding:
    case State::Confirming:
      return bindings_.named(Naming::Held);
    case State::Idle:
    case State::Offline:
    case State::Bound:
    case State::Informing:
    case State::Informed:
      return {};
  }
  return {};
}

Message Client::message(MessageType type, Instant now) const {
  Options options{wire::dhcp6::bytes_option(OptionCode::ClientId, settings_.duid.bytes())};
  if (names_its_server(type)) options.push_back(wire::dhcp6::bytes_option(OptionCode::ServerId, server_));
  options.push_back(wire::dhcp6::u16_option(OptionCode::ElapsedTime, exchange_.elapsed(now)));
  if (type == MessageType::Solicit && settings_.rapid_commit) options.push_back({OptionCode::RapidCommit, {}});
  for (const Ia& ia : named_ias()) options.push_back(wire::dhcp6::ia_option(ia));
  if (type != MessageType::Release) {
    std::vector<OptionCode> wanted = settings_.requested;
    if (type == MessageType::InformationRequest) {
      wanted.push_back(OptionCode::InformationRefreshTime);
      wanted.push_back(OptionCode::InfMaxRt);
    } else {
      wanted.push_back(OptionCode::SolMaxRt);
    }
    options.push_back(wire::dhcp6::option_request(wanted));
  }
  return {type, transaction_, std::move(options)};
}

void Client::transmit(Instant now) {
  if (const Instant earliest = limit_.earliest(); now < earliest) return exchange_.defer(earliest);
  const MessageType type = exchange_of(state_)->message;
  report(SendDatagram{wire::dhcp6::write_message(message(type, now)), wire::dhcp6::kAllServers});
  ++counters_.sent[static_cast<std::size_t>(type)];
  limit_.sent(now);
  exchange_.sent(now, random_);
}

void Client::on_due(Instant now) {
  if (candidate_) return choose(now);
  if (exchange_.is_over(now)) {
    if (state_ == State::Requesting) {
      fail(FailCause::NoReply, "a server advertised, but does not reply to Request");
      return look_again(Event::GivenUp, now);
    }
    if (state_ == State::Releasing) report(Released{});
    return step(Event::GivenUp, now);
  }
  if (exchange_.count() == std::max(settings_.patience, 1U)) report_silence();
  transmit(now);
}

/// What has run out is gone before anything else is looked at.
void Client::age(Instant now) {
  auto expired = bindings_.expire(now);
  if (expired.empty()) return;
  withdraw(std::move(expired), WithdrawCause::Expired);
  if (!bindings_.empty()) return;
  if (std::exchange(announced_, false) && next_state(state_, Event::Expired))
    fail(FailCause::LeaseExpired, "no server extended the lease before it ended");
  step(Event::Expired, now);
}

void Client::on_deadline(Instant now) {
  age(now);
  if (state_ == State::Bound) {
    if (now >= bindings_.t2())
      step(Event::T2, now);
    else if (now >= bindings_.t1())
      step(Event::T1, now);
  }
  if (refresh_due_ && now >= *refresh_due_) {
    delay_ = random_.between({}, kMaxDelay);  // RFC 8415 §21.23
    step(Event::Refresh, now);
  }
  if (exchange_.is_due(now)) on_due(now);
}

std::optional<Instant> Client::next_deadline() const {
  Instant at = bindings_.next_expiry();
  if (state_ == State::Bound) at = std::min({at, bindings_.t1(), bindings_.t2()});
  if (refresh_due_) at = std::min(at, *refresh_due_);
  if (const auto due = exchange_.due()) at = std::min(at, *due);
  return unless_never(at);
}

std::optional<Output> Client::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::optional<Held> Client::held(Instant now) const {
  if (bindings_.empty()) return std::nullopt;
  const auto until = [&](Instant at) { return at == Instant::max() ? kForever : std::max(at - now, Duration::zero()); };
  return Held{bindings_.leases(now), server_, server_address_, until(bindings_.t1()), until(bindings_.t2()), info_};
}

void Client::withdraw(std::vector<Lease> leases, WithdrawCause cause) {
  if (!leases.empty()) report(Withdrawn{std::move(leases), cause});
}

void Client::fail(FailCause cause, std::string detail) {
  const auto bit = static_cast<std::size_t>(cause);
  if (failed_.test(bit)) return;
  failed_.set(bit);
  report(Failed{cause, std::move(detail)});
}

void Client::announce(Instant now) {
  failed_.reset();
  pause_ = {};
  Held all = *held(now);
  if (std::exchange(announced_, true))
    report(Renewed{std::move(all)});
  else
    report(Leased{std::move(all)});
}

void Client::report_silence() {
  if (state_ != State::Soliciting && state_ != State::Informing) return;
  const std::string_view asked = state_ == State::Soliciting ? "Solicit" : "Information-request";
  if (heard_ == 0) return fail(FailCause::NoServer, fmt::format("nobody answers {}", asked));
  fail(FailCause::NotAccepted, fmt::format("none of the {} answers to {} was accepted, the last one is {}", heard_,
                                           asked, last_drop_ ? to_text(*last_drop_) : "unknown"));
}

}  // namespace michi::engine::dhcp6

#include "engine/ppp/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace michi::engine::ppp {

using automaton::State;
using wire::ppp::Protocol;

namespace {

constexpr unsigned kMostLoops = 10;

std::string_view to_text(AuthClient::State state) {
  switch (state) {
    case AuthClient::State::Idle:
      return "none";
    case AuthClient::State::Waiting:
      return "waiting";
    case AuthClient::State::Answered:
      return "answered";
    case AuthClient::State::Accepted:
      return "done";
    case AuthClient::State::Refused:
      return "refused";
  }
  return "?";
}

std::string_view to_text(AuthServer::State state) {
  switch (state) {
    case AuthServer::State::Idle:
      return "none";
    case AuthServer::State::Waiting:
      return "waiting";
    case AuthServer::State::Accepted:
      return "done";
    case AuthServer::State::Refused:
      return "refused";
  }
  return "?";
}

}  // namespace

Link::Link(Settings settings, Random random, std::vector<Account> accounts)
    : settings_(std::move(settings)),
      random_(random),
      accounts_(std::move(accounts)),
      lcp_(settings_, random_),
      ipcp_(settings_),
      ipv6cp_(settings_, random_),
      lcp_layer_(Protocol::Lcp, settings_.timing, lcp_, outbox_, static_cast<std::uint8_t>(random_.u32())),
      client_(settings_, random_, outbox_),
      server_(settings_, accounts_, random_, outbox_),
      ipcp_layer_{settings_.ipv4,
                  false,
                  false,
                  Layer(Protocol::Ipcp, settings_.timing, ipcp_, outbox_, static_cast<std::uint8_t>(random_.u32())),
                  &Link::ipv4_result,
                  Ipv4Down{}},
      ipv6cp_layer_{
          settings_.ipv6,
          false,
          false,
          Layer(Protocol::Ipv6cp, settings_.timing, ipv6cp_, outbox_, static_cast<std::uint8_t>(random_.u32())),
          &Link::ipv6_result,
          Ipv6Down{}},
      echo_(settings_.echo, outbox_) {}

void Link::start(Instant now) {
  if (ended_ || lcp_layer_.state() != State::Initial) return;
  establish_by_ = now + settings_.timing.establish;
  if (ipcp_layer_.enabled) ipcp_layer_.layer.open(now);
  if (ipv6cp_layer_.enabled) ipv6cp_layer_.layer.open(now);
  lcp_layer_.open(now);
  on_lcp_signals(lcp_layer_.up(now), now);
}

void Link::stop(Instant now) {
  if (!ended_) fail(EndCause::LocalStop, {}, now);
}

void Link::abort(Instant now) {
  if (ended_) return;
  // A carrier that hangs up while it looks at our credentials has refused them (trap 44).
  if (!verdict_ && client_.pending(now))
    verdict_ = Ended{EndCause::AuthFailed, goodbye_}, verdict_is_provisional_ = true;
  outbox_.cut();
  lcp_layer_.down(now);
  echo_.off();
  establish_by_.reset();
  ended_ = true;
}

void Link::rechallenge(Instant now) {
  if (!ended_ && lcp_layer_.opened()) server_.rechallenge(now);
}

void Link::renegotiate(Instant now) {
  if (ended_ || !lcp_layer_.opened()) return;
  // The table has no event for it; the lower layer's Down and Up are what it amounts to.
  on_lcp_signals(lcp_layer_.down(now), now);
  on_lcp_signals(lcp_layer_.up(now), now);
}

void Link::probe(Instant now) {
  if (!ended_ && lcp_layer_.opened()) echo_.probe(now);
}

void Link::on_lcp_signals(Signals signals, Instant now) {
  if (ended_) return;
  if (signals.down) on_lcp_down(now);
  if (signals.up) on_link_open(now);
  if (signals.finished) finish();
  if (ended_ || verdict_) return;
  if (lcp_.loops() >= kMostLoops || echo_loops_ >= kMostLoops) {
    fail(EndCause::Loopback, "our own frames come back", now);
  } else if (lcp_.demand_refused()) {
    fail(EndCause::AuthRefused, fmt::format("the peer will not authenticate with {}", to_text(settings_.demanded)),
         now);
  } else if (lcp_.refusals() > settings_.timing.max_failure) {
    fail(EndCause::AuthRefused, "the peer insists on an authentication method that is not allowed", now);
  } else if (signals.exhausted) {
    fail(EndCause::LcpFailed, "LCP does not converge", now);
  }
}

void Link::on_lcp_down(Instant now) {
  if (verdict_is_provisional_)
    client_.wind_down();
  else
    client_.reset();
  server_.reset();
  echo_.off();
  for (Network* network : {&ipcp_layer_, &ipv6cp_layer_}) {
    if (network->layer.state() > State::Starting) network->layer.down(now);
    if (network->enabled && network->layer.state() == State::Initial) network->layer.open(now);
    network->failed = false;
  }
  outbox_.peer_mru = wire::ppp::kPppoeMru;
  const bool goes_on = lcp_layer_.state() != State::Closing && lcp_layer_.state() != State::Stopping;
  if (goes_on) {
    // From the first fall, not the latest: a link that opens and falls again and again is not up.
    if (!establish_by_) establish_by_ = now + settings_.timing.establish;
    outbox_.report(LinkRenegotiating{});
    return;
  }
  establish_by_.reset();
  report_down(ipcp_layer_);
  report_down(ipv6cp_layer_);
}

void Link::on_link_open(Instant now) {
  outbox_.peer_mru = lcp_.mtu();
  const AuthMethod auth = lcp_.owed() != AuthMethod::None ? lcp_.owed() : lcp_.demanded();
  outbox_.report(LinkUp{lcp_.mtu(), lcp_.our_mru(), auth});
  echo_.on_link(lcp_.magic(), path_to_prove(), static_cast<std::uint8_t>(random_.u32()), now);
  server_.start(lcp_.demanded(), now);
  client_.start(lcp_.owed(), now);
  enter_network_if_authenticated(now);
}

std::uint16_t Link::path_to_prove() const {
  const bool agreed = settings_.mru_limit > wire::ppp::kPppoeMru;
  if (settings_.role != Role::Client || !agreed || lcp_.mtu() <= wire::ppp::kPppoeMru) return 0;
  return lcp_.mtu();
}

void Link::on_auth_client(AuthClient::Outcome outcome, Instant now) {
  switch (outcome) {
    case AuthClient::Outcome::Nothing:
      return;
    case AuthClient::Outcome::Accepted:
      outbox_.report(Authenticated{settings_.user, client_.message()});
      enter_network_if_authenticated(now);
      return;
    case AuthClient::Outcome::Refused:
      fail(EndCause::AuthFailed, client_.message(), now);
      return;
    case AuthClient::Outcome::Silent:
      fail(EndCause::AuthSilent, client_.pending(now) ? "no verdict on our credentials" : "no challenge from the peer",
           now);
      return;
  }
}

void Link::on_auth_server(AuthServer::Outcome outcome, Instant now) {
  switch (outcome) {
    case AuthServer::Outcome::Nothing:
      return;
    case AuthServer::Outcome::Accepted:
      for (const Account& account : accounts_) {
        if (account.user != server_.user()) continue;
        if (account.address) settings_.assigned_address = *account.address;
        if (!account.dns.empty()) settings_.assigned_dns = account.dns;
      }
      outbox_.report(Authenticated{server_.user(), {}});
      enter_network_if_authenticated(now);
      return;
    case AuthServer::Outcome::Refused:
      lcp_layer_.say_at_end("Authentication failed");
      fail(EndCause::AuthFailed, fmt::format("{} gave a wrong name or password", server_.user()), now);
      return;
    case AuthServer::Outcome::Silent:
      fail(EndCause::AuthSilent, "the peer does not authenticate", now);
      return;
  }
}

void Link::enter_network_if_authenticated(Instant now) {
  if (!network_phase()) return;
  for (Network* network : {&ipcp_layer_, &ipv6cp_layer_})
    if (network->enabled && network->layer.state() == State::Starting)
      on_network_signals(*network, network->layer.up(now), now);
}

void Link::on_network_signals(Network& network, Signals signals, Instant now) {
  if (ended_) return;
  if (signals.down) {
    report_down(network);
    if (!any_network_open() && !establish_by_) establish_by_ = now + settings_.timing.establish;
  }
  if (signals.up) on_network_open(network, now);
  if (signals.exhausted && !network.layer.opened()) {
    network.layer.close(now);
    network.failed = true;
  }
  if (network.layer.state() >= State::ReqSent) network.failed = false;
  if (signals.finished) network.failed = true;
  if (network.failed) {
    report_down(network);
    check_networks(now);
  }
}

void Link::on_network_open(Network& network, Instant now) {
  const auto result = (this->*network.result)();
  if (!result) {
    network.layer.close(now);
    network.failed = true;
    return;
  }
  network.failed = false;
  network.reported = true;
  establish_by_.reset();
  outbox_.report(*result);
  echo_.on_network(now);
}

std::optional<Output> Link::ipv4_result() const {
  return ipcp_.usable() ? std::optional<Output>(ipcp_.result()) : std::nullopt;
}

std::optional<Output> Link::ipv6_result() const {
  return ipv6cp_.usable() ? std::optional<Output>(ipv6cp_.result()) : std::nullopt;
}

bool Link::awaits_network() const {
  const auto awaited = [](const Network& n) { return n.enabled && !n.failed && !n.reported; };
  return !ended_ && (awaited(ipcp_layer_) || awaited(ipv6cp_layer_));
}

void Link::report_down(Network& network) {
  if (!network.reported) return;
  network.reported = false;
  outbox_.report(network.down);
}

void Link::check_networks(Instant now) {
  const auto hopeless = [](const Network& n) { return !n.enabled || n.failed; };
  if (verdict_ || !hopeless(ipcp_layer_) || !hopeless(ipv6cp_layer_)) return;
  fail(EndCause::NoNetwork, "neither IPv4 nor IPv6 could be agreed on", now);
}

void Link::on_echo_verdict(Echo::Verdict verdict, Instant now) {
  switch (verdict) {
    case Echo::Verdict::Nothing:
      return;
    case Echo::Verdict::Timeout:
      fail(EndCause::EchoTimeout, "echo requests unanswered", now);
      return;
    case Echo::Verdict::OneWay:
      fail(EndCause::OneWay, "data comes in, echo replies do not", now);
      return;
    case Echo::Verdict::PathProved:
      outbox_.report(PathProved{true});
      return;
    case Echo::Verdict::PathFailed:
      outbox_.report(PathProved{false});
      lcp_.limit_mru(wire::ppp::kPppoeMru);
      renegotiate(now);
      return;
  }
}

void Link::fail(EndCause cause, std::string detail, Instant now) {
  if (ended_) return;
  if (!verdict_) verdict_ = Ended{cause, std::move(detail)};
  establish_by_.reset();
  echo_.off();
  Signals signals = lcp_layer_.close(now);
  if (lcp_layer_.state() == State::Closed || lcp_layer_.state() == State::Initial) signals.finished = true;
  on_lcp_signals(signals, now);
}

Ended Link::cause_of_silence() const {
  if (lcp_.refusals() > 0) return {EndCause::AuthRefused, "no authentication method both sides allow"};
  if (lcp_.loops() > 0) return {EndCause::Loopback, "our own frames come back"};
  if (heard_lcp_) return {EndCause::LcpFailed, goodbye_.empty() ? "LCP does not converge" : goodbye_};
  return {EndCause::LcpTimeout, "no answer to LCP"};
}

void Link::finish() {
  if (ended_) return;
  ended_ = true;
  verdict_is_provisional_ = false;
  if (!verdict_) verdict_ = cause_of_silence();
  establish_by_.reset();
  echo_.off();
  client_.reset();
  server_.reset();
  report_down(ipcp_layer_);
  report_down(ipv6cp_layer_);
  outbox_.report(*verdict_);
}

void Link::on_deadline(Instant now) {
  if (ended_) return;
  const auto due = [now](std::optional<Instant> at) { return at && now >= *at; };
  if (due(establish_by_)) {
    establish_by_.reset();
    fail(EndCause::EstablishTimeout, state_text(), now);
  }
  if (due(lcp_layer_.deadline())) on_lcp_signals(lcp_layer_.on_deadline(now), now);
  if (ended_) return;
  if (due(client_.deadline())) on_auth_client(client_.on_deadline(now), now);
  if (due(server_.deadline())) on_auth_server(server_.on_deadline(now), now);
  for (Network* network : {&ipcp_layer_, &ipv6cp_layer_})
    if (!ended_ && due(network->layer.deadline())) on_network_signals(*network, network->layer.on_deadline(now), now);
  if (!ended_ && due(echo_.deadline())) on_echo_verdict(echo_.on_deadline(now), now);
}

std::optional<Instant> Link::next_deadline() const {
  if (ended_) return std::nullopt;
  std::optional<Instant> next;
  for (const auto& at : {establish_by_, lcp_layer_.deadline(), client_.deadline(), server_.deadline(),
                         ipcp_layer_.layer.deadline(), ipv6cp_layer_.layer.deadline(), echo_.deadline()})
    if (at && (!next || *at < *next)) next = at;
  return next;
}

std::string Link::state_text() const {
  const bool proving = lcp_.owed() != AuthMethod::None;
  std::string text = fmt::format("lcp {}, auth {}", automaton::to_text(lcp_layer_.state()),
                                 proving ? to_text(client_.state()) : to_text(server_.state()));
  for (const Network* network : {&ipcp_layer_, &ipv6cp_layer_})
    if (network->enabled)
      text += fmt::format(", {} {}", network->layer.name(), automaton::to_text(network->layer.state()));
  return text;
}

}  // namespace michi::engine::ppp

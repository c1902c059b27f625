#include "engine/ppp/layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace michi::engine::ppp {

using automaton::Action;
using automaton::Event;
using automaton::State;
using wire::control::Code;
using wire::control::Packet;

namespace {

/// A layer that stayed open this long has earned a fresh exchange budget.
constexpr Duration kStableAfter = seconds(10);

automaton::Limits limits_of(const Timing& timing) {
  return {timing.restart_first, timing.restart_max, timing.max_configure, timing.max_terminate};
}

/// Whether `part` is `whole` with nothing but options left out.
bool is_part_of(const Options& part, const Options& whole) {
  auto at = whole.begin();
  for (const auto& option : part) {
    at = std::find(at, whole.end(), option);
    if (at == whole.end()) return false;
    ++at;
  }
  return true;
}

}  // namespace

Layer::Layer(wire::ppp::Protocol protocol, const Timing& timing, Negotiator& negotiator, Outbox& outbox,
             std::uint8_t first_id)
    : protocol_(protocol),
      timing_(timing),
      negotiator_(negotiator),
      outbox_(outbox),
      automaton_(limits_of(timing)),
      id_(first_id) {}

Signals Layer::on_packet(const Packet& packet, Instant now) {
  switch (packet.code) {
    case Code::ConfigureRequest:
      return on_configure_request(packet, now);
    case Code::ConfigureAck:
    case Code::ConfigureNak:
    case Code::ConfigureReject:
      return on_configure_reply(packet, now);
    case Code::TerminateRequest:
      return step(Event::Rtr, now, {packet.id, {}, nullptr});
    case Code::TerminateAck:
      return step(Event::Rta, now);
    case Code::CodeReject:
      return on_code_reject(packet, now);
    case Code::VendorSpecific:
    case Code::ProtocolReject:
    case Code::EchoRequest:
    case Code::EchoReply:
    case Code::DiscardRequest:
    case Code::Identification:
    case Code::TimeRemaining:
      break;
  }
  const ByteVec whole = wire::control::write_packet(packet.code, packet.id, packet.data);
  return step(Event::Ruc, now, {packet.id, whole, nullptr});
}

Signals Layer::on_configure_request(const Packet& packet, Instant now) {
  const auto options = wire::control::parse_options(packet.data);
  if (!options) {
    ++outbox_.counters.malformed;
    return {};
  }
  // Not looked at in these states, so not judged: the reply does not depend on the options.
  if (state() < State::Stopped || state() == State::Closing || state() == State::Stopping)
    return step(Event::RcrPlus, now, {packet.id, packet.data, nullptr});

  // Before the answer: a request that comes after our Ack would find the peer open, and begin anew.
  if (spoke_before_the_peer_listened(now)) {
    may_repeat_ = false;
    std::ignore = step(Event::ToPlus, now);
  }
  const bool exhausted = negotiating() && count_exchange();
  const Patience patience = naks_sent_ < timing_.max_failure ? Patience::Nak : Patience::RejectInstead;
  const Negotiator::Judgement judgement = negotiator_.judge(*options, patience);
  const Event event = judgement.kind == Negotiator::Kind::Ack ? Event::RcrPlus : Event::RcrMinus;
  Signals signals = step(event, now, {packet.id, packet.data, &judgement});
  signals.exhausted |= exhausted && !signals.up;
  return signals;
}

bool Layer::spoke_before_the_peer_listened(Instant now) const {
  return may_repeat_ && awaiting_ && state() == State::ReqSent && automaton_.restart_count() > 0 &&
         now - last_request_at_ >= timing_.repeat_after;
}

bool Layer::is_reply_to_ours(const Packet& packet, const Options& options) const {
  if (!awaiting_ || packet.id != request_id_) return false;
  if (packet.code == Code::ConfigureAck) return equal(packet.data, request_);
  if (options.empty()) return false;  // it finds fault with nothing
  if (packet.code == Code::ConfigureNak) return true;
  // RFC 1661 §5.4: only what we asked for can be rejected, unchanged and in our order.
  const auto ours = wire::control::parse_options(request_);
  return ours && is_part_of(options, *ours);
}

Signals Layer::on_configure_reply(const Packet& packet, Instant now) {
  const Event event = packet.code == Code::ConfigureAck ? Event::Rca : Event::Rcn;
  if (state() == State::Initial || state() == State::Starting || !(negotiating() || opened()))
    return step(event, now, {packet.id, {}, nullptr});
  const auto options = wire::control::parse_options(packet.data);
  if (!options) {
    ++outbox_.counters.malformed;
    return {};
  }
  if (!is_reply_to_ours(packet, *options)) {
    ++outbox_.counters.unexpected;
    return {};
  }
  awaiting_ = false;
  reply_delay_ = now - request_sent_at_;
  const bool exhausted = count_exchange();
  if (packet.code == Code::ConfigureNak) negotiator_.on_nak(*options);
  if (packet.code == Code::ConfigureReject) negotiator_.on_reject(*options);
  Signals signals = step(event, now);
  signals.exhausted |= exhausted && !signals.up;
  return signals;
}

Signals Layer::on_code_reject(const Packet& packet, Instant now) {
  if (packet.data.empty()) {
    ++outbox_.counters.malformed;
    return {};
  }
  // RFC 1661 §5.6: without codes 1 to 7 nothing can be negotiated.
  const auto code = std::to_integer<std::uint8_t>(packet.data[0]);
  const bool needed = code >= 1 && code <= 7;
  return step(needed ? Event::RxjMinus : Event::RxjPlus, now);
}

Signals Layer::on_deadline(Instant now) {
  if (give_up_at_ && now >= *give_up_at_) {
    give_up_at_.reset();
    Signals signals;
    signals.exhausted = true;
    return signals;
  }
  if (const auto event = automaton_.expired(now)) {
    return step(*event, now);
  }
  return {};
}

std::optional<Instant> Layer::deadline() const {
  const auto timer = automaton_.deadline();
  if (!timer || !give_up_at_) return timer ? timer : give_up_at_;
  return std::min(*timer, *give_up_at_);
}

Signals Layer::step(Event event, Instant now, const Cause& cause) {
  const automaton::Step step = automaton_.on(event, now);
  if (!step.possible()) {
    ++outbox_.counters.impossible;
    return {};
  }
  Signals signals;
  const bool fresh = event == Event::Up || step.from == State::Opened || step.from <= State::Stopped;
  if (fresh && step.has(Action::Scr)) begin_negotiation(now);
  for (const Action action : step.actions()) {
    switch (action) {
      case Action::Tlu:
        signals.up = true;
        break;
      case Action::Tld:
        signals.down = true;
        break;
      case Action::Tlf:
        signals.finished = true;
        break;
      case Action::Scr:
        send_configure_request(now);
        break;
      case Action::Sca:
        naks_sent_ = 0;
        outbox_.send(protocol_, Code::ConfigureAck, cause.id, cause.data);
        break;
      case Action::Scn: {
        const bool nak = cause.judgement->kind == Negotiator::Kind::Nak;
        if (nak) ++naks_sent_;
        outbox_.send(protocol_, nak ? Code::ConfigureNak : Code::ConfigureReject, cause.id,
                     wire::control::write_options(cause.judgement->options));
        break;
      }
      case Action::Str:
        if (step.from != step.to) terminate_id_ = ++id_;
        send_terminate_request();
        break;
      case Action::Sta:
        outbox_.send(protocol_, Code::TerminateAck, cause.id, {}, Urgency::Urgent);
        break;
      case Action::Scj:
        send_code_reject(cause.data);
        break;
      case Action::Tls:
      case Action::Irc:
      case Action::Zrc:
      case Action::Ser:
        break;  // the timer's and the echo's business
    }
  }
  if (!negotiating()) give_up_at_.reset();
  if (signals.up) opened_at_ = now;
  if (step.from != step.to)
    outbox_.edge(fmt::format("{} {} -> {} on {}", name(), to_text(step.from), to_text(step.to), to_text(event)));
  return signals;
}

void Layer::begin_negotiation(Instant now) {
  negotiator_.restart();
  naks_sent_ = 0;
  awaiting_ = false;
  may_repeat_ = !opened_at_ || now - *opened_at_ >= kStableAfter;
  if (may_repeat_) {
    exchanges_ = 0;
  } else {
    // Open and at once negotiating again: a retransmission of ours may have crossed its own answer (trap
    // 27). And a peer that opens and reopens without end gets no new budget.
    automaton_.slow_down(reply_delay_ * 5 / 4);
  }
  opened_at_.reset();
  give_up_at_ = now + timing_.establish;
}

void Layer::send_configure_request(Instant now) {
  // RFC 1661 §5.1: a new identifier when the options change and after any valid reply.
  ByteVec options = wire::control::write_options(negotiator_.request());
  if (!awaiting_ || options != request_) {
    request_id_ = ++id_;
    request_ = std::move(options);
    awaiting_ = true;
    request_sent_at_ = now;
  }
  last_request_at_ = now;
  outbox_.send(protocol_, Code::ConfigureRequest, request_id_, request_);
}

void Layer::send_terminate_request() {
  outbox_.send(protocol_, Code::TerminateRequest, terminate_id_, bytes_of(farewell_), Urgency::Urgent);
}

void Layer::send_code_reject(Bytes rejected) {
  const std::size_t room = outbox_.peer_mru - wire::control::kHeaderSize;
  outbox_.send(protocol_, Code::CodeReject, ++id_, rejected.first(std::min(rejected.size(), room)));
}

bool Layer::negotiating() const { return state() >= State::ReqSent && state() <= State::AckSent; }

bool Layer::count_exchange() { return ++exchanges_ > timing_.max_exchanges; }

}  // namespace michi::engine::ppp

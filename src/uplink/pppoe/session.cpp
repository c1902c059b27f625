// One session of a PPPoE uplink, from the permit to dial to the wait before the next attempt.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "uplink/ppp/ppp_failure.hpp"
#include "uplink/pppoe/failure.hpp"
#include "uplink/pppoe/life.hpp"
#include "uplink/pppoe/settings.hpp"

namespace michi::uplink::pppoe {
namespace {

using enum Phase;

constexpr Duration kAskAgain = seconds(10);        // a permit that was lost
constexpr Duration kEndingTime = seconds(2);       // Terminate-Request to PADT at most
constexpr Duration kAwaitReasonTime = seconds(1);  // trap 44
constexpr std::size_t kMaxPppInFrame = 1600;

}  // namespace

void Life::dial(std::string_view on, Instant now) {
  const bool wants_secret = !own(config_).ppp.user.empty();
  if (wants_secret && !secret_) {
    machine_.set_reason(model::Reason::NoSecret);
    return machine_.is(Failed) ? void() : machine_.enter(Failed, "no secret", now);
  }
  if (!line_.ready()) {
    machine_.set_reason(line_.reason(), line_.detail());
    return machine_.is(WaitInterface) ? void() : machine_.enter(WaitInterface, on, now);
  }
  flush_orphan();
  // What went wrong before is worth more than the gate, which waiting_for() names.
  const Failure& last = attempts_.last();
  machine_.set_reason(last.reason == model::Reason::None ? model::Reason::Busy : last.reason, last.detail);
  machine_.enter(WaitPermit, on, now);
  ask_permit(now);
}

void Life::ask_permit(Instant now) {
  machine_.emit(AskPermit{config_.interface(), local_address(config_, line_.facts())});
  machine_.timers().set(Timer::Stay, now + kAskAgain);
}

void Life::hear(const wire::pppoe::Framed& frame, Instant now) {
  using wire::pppoe::Code;
  std::string words;
  if (frame.packet.code == Code::Padt) return access_.is_padt(frame, words) ? on_padt(words, now) : void();
  if (frame.packet.code != Code::Session) return access_.discovery().on_framed(frame, now);

  const Bytes payload = frame.packet.payload;
  Reader in(payload);
  const auto protocol = in.u16();
  if (!protocol || is_user_data(*protocol) || payload.size() > kMaxPppInFrame) return;
  if (!access_.agreed()) {
    if (machine_.is(Discovering) && frame.header.destination == local_address(config_, line_.facts()))
      access_.keep_early(frame);
    return;
  }
  if (!access_.is_of_session(frame)) return;
  if (machine_.is(LinkHold) && line_.ready()) resume("a sign of life", now);
  leg_.on_frame(payload, now);
}

void Life::drain_discovery(Instant now) {
  while (auto output = access_.discovery().poll())
    std::visit(Overloaded{
                   [&](engine::pppoe::SendFrame& send) {
                     if (line_.ready()) machine_.emit(Frame{ChannelKind::Pppoe, std::move(send.frame), false});
                   },
                   [&](engine::pppoe::Succeeded& done) {
                     if (machine_.is(Discovering)) on_agreed(std::move(done.session), now);
                   },
                   [&](const engine::pppoe::Failed& failed) {
                     if (machine_.is(Discovering)) fail(failure_of(failed), "discovery failed", now);
                   },
               },
               *output);
}

void Life::on_agreed(engine::pppoe::Agreed session, Instant now) {
  const auto record = record_of(session, config_.id, config_.interface());
  const std::uint16_t max_payload = session.max_payload;
  access_.agree(std::move(session));
  machine_.facts().session = record;
  // Before the first LCP frame: a crash from here on finds the record (trap 12).
  machine_.emit(Persist{record});
  machine_.enter(Negotiating, "PADS", now);
  set_limits();
  auto settings = ppp_settings(config_, own(config_).ppp, secret_);
  settings.mru = limits(config_, line_.facts(), max_payload).room;
  settings.mru_limit = max_payload;
  settings.interface_id = leg_.interface_id();
  leg_.begin(std::move(settings), random_.fork(), now);
  drain_leg(now);
  for (const Access::Early& early : access_.take_early()) hear(early.framed(), now);
}

void Life::set_limits() {
  if (access_.agreed()) leg_.set_limits(limits(config_, line_.facts(), access_.agreed()->max_payload));
}

bool Life::drain_leg(Instant now) {
  bool frames_only = true;
  while (auto output = leg_.poll()) {
    frames_only = frames_only && std::holds_alternative<engine::ppp::SendFrame>(*output);
    on_leg(*output, now);
  }
  return frames_only;
}

void Life::on_leg(PppLeg::Output& output, Instant now) {
  std::visit(Overloaded{
                 [&](engine::ppp::SendFrame& send) {
                   // RFC 2516 §5.5: nothing is sent after PADT, and nothing reaches a wire without carrier.
                   if (machine_.is(AwaitReason) || !line_.ready() || !access_.agreed()) return;
                   machine_.emit(Frame{ChannelKind::Pppoe, access_.framed(send.frame), send.urgent});
                 },
                 [&](const PppLeg::NetworkUp& up) { on_network_up(up.on, now); },
                 [&](const PppLeg::Renegotiates&) {
                   if (machine_.is(Up)) machine_.enter(Renegotiating, "the peer renegotiates", now);
                 },
                 [&](const PppLeg::NothingLeft&) { on_nothing_left(now); },
                 [&](const engine::ppp::Ended& ended) { on_ended(ended, now); },
                 [&](model::Event& event) { machine_.pass_on(std::move(event)); },
             },
             output);
}

void Life::on_network_up(std::string_view on, Instant now) {
  if (machine_.is(Up) && facts().incomplete) machine_.set_up_on(fmt::format("{} and {}", machine_.up_on(), on));
  if (!machine_.is_any(Negotiating, Renegotiating)) return;
  model::UplinkFacts& facts = machine_.facts();
  if (const auto took = attempts_.succeed(now)) facts.last_setup = took;
  facts.attempts = 0;
  facts.attached = true;
  machine_.set_reason(model::Reason::None);
  if (machine_.is(Negotiating) && leg_.awaits_network())
    machine_.tell_up_later(Negotiating, std::string(on), now + kSecondFamily);
  machine_.enter(Up, on, now);
}

void Life::on_nothing_left(Instant now) {
  if (!machine_.is_any(Up, Renegotiating, LinkHold, Held)) return;
  machine_.facts().attached = false;
  machine_.enter(Negotiating, "no network protocol left", now);
  machine_.timers().set(Timer::Establish, now + config_.connect_timeout);
}

void Life::on_carrier_lost(Instant now) {
  enter(LinkHold, model::Reason::NoCarrier, {}, "carrier lost", now);
  machine_.timers().set(Timer::Stay, now + kLinkHold);
}

void Life::on_carrier_back(Instant now) {
  // An access concentrator that never answers an echo cannot prove anything: its session is believed.
  if (!leg_.probe(now)) return resume("carrier is back", now);
  machine_.timers().set(Timer::Stay, now + kProveTime);
}

void Life::resume(std::string_view on, Instant now) {
  machine_.set_reason(model::Reason::None);
  machine_.enter(Up, on, now);
  if (duplicate_) hold(true, now);
}

void Life::hold(bool duplicate, Instant now) {
  duplicate_ = duplicate;
  if (duplicate && machine_.is_any(Up, Renegotiating)) {
    machine_.facts().attached = false;
    enter(Held, model::Reason::DuplicateAddress, {}, "duplicate address", now);
    // Another address may come with another session: ask for one, rarely.
    machine_.timers().set(Timer::Stay, now + attempts_.wait_for_another_address(retry_bounds(), random_));
  } else if (!duplicate && machine_.is(Held)) {
    machine_.facts().attached = true;
    resume("the address is free", now);
  }
}

/// What is lost was up before, and is told so first.
void Life::enter(Phase next, model::Reason reason, std::string detail, std::string_view on, Instant now) {
  machine_.tell_up();
  machine_.set_reason(reason, std::move(detail));
  machine_.enter(next, on, now);
}

void Life::flush_orphan() {
  const auto orphan = access_.take_orphan();
  if (!orphan) return;
  machine_.say(model::Severity::Info, "uplink.orphan", "PADT for the session that was left behind");
  machine_.emit(padt_of(*orphan));
  machine_.emit(Persist{std::nullopt});
}

void Life::close_session(Padt padt, std::string_view words) {
  machine_.tell_up();
  const auto& agreed = access_.agreed();
  if (agreed && padt == Padt::Send) machine_.emit(Frame{ChannelKind::Pppoe, engine::pppoe::padt(*agreed, words), true});
  if (agreed) machine_.emit(Persist{std::nullopt});
  access_.forget();
  leg_.end();
  giving_back_ = false;
  duplicate_ = false;
  machine_.facts().session.reset();
  machine_.facts().attached = false;
}

/// No way to say PADT now, and the record in /run stays.
void Life::leave_behind() {
  access_.leave_behind(facts().session);
  attempts_.end();
  close_session(Padt::None, {});
}

void Life::drop_networks() {
  machine_.facts().attached = false;
  leg_.drop_networks();
}

void Life::go_on(After next, std::string_view on, Instant now) {
  attempts_.end();
  if (next == After::Dial) return dial(on, now);
  machine_.set_reason(model::Reason::NotStarted);
  machine_.enter(Down, on, now);
}

void Life::redial_on(std::string_view on, Instant now) {
  attempts_.forget_waits();
  if (machine_.is(Ending)) {
    after_ = After::Dial;
    return;
  }
  end(After::Dial, on, now);
}

void Life::end(After next, std::string_view on, Instant now) {
  if (machine_.row().linked) return begin_ending(next, on, now);
  access_.discovery().stop(now);
  if (next == After::Down) return go_on(next, on, now);
  if (!machine_.is(Down)) machine_.enter(Down, on, now);
  dial(on, now);
}

void Life::begin_ending(After next, std::string_view on, Instant now) {
  if (machine_.is(Ending)) {
    after_ = next;
    return;
  }
  if (next == After::Down && gives_back()) {
    after_ = next;
    enter(Ending, model::Reason::Admin, {}, on, now);
    machine_.timers().set(Timer::Stay, now + kReleaseTime);
    giving_back_ = true;
    return ipv6_->release(now);
  }
  drop_networks();
  if (machine_.is(AwaitReason)) {
    close_session(Padt::None, {});
    return go_on(next, on, now);
  }
  if (!line_.ready()) {
    leave_behind();
    return go_on(next, on, now);
  }
  after_ = next;
  if (machine_.is(Held))
    machine_.enter(Ending, on, now);
  else
    enter(Ending, model::Reason::Admin, {}, on, now);
  machine_.timers().set(Timer::Stay, now + kEndingTime);
  leg_.stop(now);
}

void Life::finish_ending(Padt padt, std::string_view on, Instant now) {
  if (line_.ready())
    close_session(padt, {});
  else
    leave_behind();
  go_on(after_, on, now);
}

bool Life::gives_back() const {
  return config_.delegation.release && machine_.is_any(Up, Renegotiating) && line_.ready() && ipv6_.is_up();
}

void Life::conclude_release(Instant now) {
  giving_back_ = false;
  drop_networks();
  machine_.timers().set(Timer::Stay, now + kEndingTime);
  leg_.stop(now);
  drain_leg(now);
}

void Life::on_padt(std::string_view words, Instant now) {
  switch (machine_.phase()) {
    case Ending:
      return finish_ending(Padt::None, "PADT", now);
    case Negotiating:
      if (attempts_.was_up()) break;
      // Its reason may be right behind it on the wire: listen a moment, without a word.
      attempts_.note(failure_of_padt(words));
      machine_.enter(AwaitReason, "PADT", now);
      machine_.timers().set(Timer::Stay, now + kAwaitReasonTime);
      return leg_.abort(now);
    case Up:
    case Renegotiating:
    case LinkHold:
    case Held:
      break;
    case Down:
    case WaitInterface:
    case WaitPermit:
    case Discovering:
    case AwaitReason:
    case BackOff:
    case Failed:
      return;
  }
  Failure failure = failure_of_padt(words);
  // A Terminate-Request just before it had the peer's words; this PADT only follows from it.
  leg_.abort(now);
  if (const auto verdict = leg_.verdict();
      verdict && verdict->cause == engine::ppp::EndCause::PeerTerminated && !verdict->detail.empty())
    failure = failure_of(*verdict);
  lose(std::move(failure), Padt::None, "PADT", now);
}

void Life::on_ended(const engine::ppp::Ended& ended, Instant now) {
  if (machine_.is(Ending)) return finish_ending(Padt::Send, "session ended", now);
  lose(failure_of(ended), machine_.is(AwaitReason) ? Padt::None : Padt::Send, "session ended", now);
}

void Life::conclude_await_reason(Instant now) {
  Failure failure = attempts_.last();
  // What the session found out is worth more than a PADT alone.
  if (const auto verdict = leg_.verdict()) {
    const std::string words = std::move(failure.detail);
    failure = failure_of(*verdict);
    if (failure.detail.empty()) failure.detail = words;
  }
  lose(std::move(failure), Padt::None, "no reason came", now);
}

void Life::lose(Failure failure, Padt padt, std::string_view on, Instant now) {
  if (padt == Padt::Send && !line_.ready())
    leave_behind();
  else
    close_session(padt, {});
  fail(std::move(failure), on, now);
}

void Life::fail(Failure failure, std::string_view on, Instant now) {
  if (machine_.row().linked) close_session(Padt::None, {});
  const Instant next = now + attempts_.fail(std::move(failure), retry_bounds(), random_, now);
  machine_.set_reason(attempts_.last().reason, attempts_.last().detail);
  machine_.enter(BackOff, on, now);
  machine_.timers().set(Timer::Stay, next);
  machine_.facts().next_attempt = next;
}

void Life::on_late(Instant now) {
  access_.discovery().stop(now);
  Failure late{
      FailureClass::Negotiation, model::Reason::EstablishTimeout,
      fmt::format("not up within {} s: {}", whole_milliseconds(config_.connect_timeout) / 1000, protocol_state())};
  if (machine_.row().linked) return lose(std::move(late), Padt::Send, "establish timeout", now);
  fail(std::move(late), "establish timeout", now);
}

RetryBounds Life::retry_bounds() const { return {own(config_).ppp.retry_min, own(config_).ppp.retry_max}; }

}  // namespace michi::uplink::pppoe

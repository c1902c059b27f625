#include <utility>

#include "uplink/pppoe/life.hpp"

namespace michi::uplink {
namespace {

engine::pppoe::Agreed session_of(const model::SessionRecord& record) {
  engine::pppoe::Agreed out;
  out.session_id = record.session_id;
  out.local = record.local;
  out.peer = record.peer;
  out.ac_name = record.ac_name;
  out.service_name = record.service_name;
  out.cookie = record.cookie;
  out.relay_session_id = record.relay_session_id;
  out.host_uniq = record.host_uniq;
  return out;
}

}  // namespace

Frame padt_for(const model::SessionRecord& record) {
  return {record.interface, engine::pppoe::padt(session_of(record)), true};
}

void Uplink::Life::flush_orphan() {
  if (!orphan) return;
  say(model::Severity::Info, "uplink.orphan", "PADT for the session that was left behind");
  outputs.push_back(padt_for(*orphan));
  outputs.push_back(Persist{std::nullopt});
  orphan.reset();
}

void Uplink::Life::close_session(Padt how, std::string_view words) {
  tell_up();  // what is lost was up before
  if (agreed && how == Padt::Padt)
    outputs.push_back(Frame{facts.session->interface, engine::pppoe::padt(*agreed, words), true});
  if (agreed && facts.session) outputs.push_back(Persist{std::nullopt});
  agreed.reset();
  ppp.reset();
  giving_back = false;
  facts.session.reset();
  facts.attached = false;
  facts.v4.reset();
  facts.v6.reset();
  facts.mtu = 0;
  facts.auth.clear();
  v4_until.reset();
  v6_until.reset();
  duplicate = false;
}

void Uplink::Life::leave_behind() {
  orphan = facts.session;
  agreed.reset();  // no PADT, and the record in /run stays
  up_since.reset();
  close_session(Padt::None, {});
}

void Uplink::Life::go_on(After next, std::string_view on, Instant now) {
  up_since.reset();
  if (next == After::Dial) return dial(on, now);
  set_reason(model::Reason::NotStarted);
  enter(Down, on, now);
}

void Uplink::Life::stop(Instant now) {
  back_offs.forget();
  last_reason = model::Reason::None;
  last_detail.clear();
  if (phase == Down) return;
  if (phase == Ending) {
    after = After::Down;
    return;
  }
  facts.attempts = 0;
  if (row().session) return begin_ending(After::Down, "stop", now);
  discovery.stop(now);
  due.reset();
  go_on(After::Down, "stop", now);
}

void Uplink::Life::redial(std::string_view on, Instant now) {
  back_offs.forget();
  if (phase == Ending) {
    after = After::Dial;
    return;
  }
  if (row().session) return begin_ending(After::Dial, on, now);
  discovery.stop(now);
  due.reset();
  if (phase != Down) enter(Down, on, now);
  dial(on, now);
}

void Uplink::Life::begin_ending(After next, std::string_view on, Instant now) {
  if (phase == Ending) {
    after = next;
    return;
  }
  if (next == After::Down && gives_back()) {
    after = next;
    set_reason(model::Reason::Admin);
    enter(Ending, on, now);
    due = now + kReleaseTime;
    giving_back = true;
    return ipv6->release(now);
  }
  facts.attached = false;
  facts.v4.reset();
  facts.v6.reset();
  v4_until.reset();
  v6_until.reset();
  if (phase == AwaitReason) {
    close_session(Padt::None, {});
    return go_on(next, on, now);
  }
  if (!link_ready()) {
    leave_behind();
    return go_on(next, on, now);
  }
  after = next;
  if (phase != Held) set_reason(model::Reason::Admin);
  enter(Ending, on, now);
  due = now + kEndingTime;
  ppp->stop(now);
}

void Uplink::Life::finish_ending(Padt how, std::string_view on, Instant now) {
  due.reset();
  if (link_ready())
    close_session(how, {});
  else
    leave_behind();
  go_on(after, on, now);
}

void Uplink::Life::on_padt(std::string_view words, Instant now) {
  switch (phase) {
    case Ending:
      return finish_ending(Padt::None, "PADT", now);
    case Negotiating: {
      if (up_since) break;
      // Its reason may be right behind it on the wire: listen a moment, without a word.
      const Failure failure = failure_of_padt(words);
      last_class = failure.kind;
      last_reason = failure.reason;
      last_detail = failure.detail;
      enter(AwaitReason, "PADT", now);
      due = now + kAwaitReasonTime;
      ppp->abort(now);
      return;
    }
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
  ppp->abort(now);
  if (const auto verdict = ppp->verdict();
      verdict && verdict->cause == engine::ppp::EndCause::PeerTerminated && !verdict->detail.empty())
    failure = failure_of(*verdict);
  lose(std::move(failure), Padt::None, "PADT", now);
}

void Uplink::Life::on_ended(const engine::ppp::Ended& ended, Instant now) {
  if (phase == Ending) return finish_ending(Padt::Padt, "session ended", now);
  lose(failure_of(ended), phase == AwaitReason ? Padt::None : Padt::Padt, "session ended", now);
}

void Uplink::Life::conclude_await_reason(Instant now) {
  Failure failure{last_class, last_reason, last_detail};
  // What the session found out is worth more than a PADT alone.
  if (const auto verdict = ppp->verdict()) {
    failure = failure_of(*verdict);
    if (failure.detail.empty()) failure.detail = last_detail;
  }
  lose(std::move(failure), Padt::None, "last words", now);
}

void Uplink::Life::lose(Failure failure, Padt how, std::string_view on, Instant now) {
  if (how == Padt::Padt && !link_ready())
    leave_behind();
  else
    close_session(how, {});
  fail(std::move(failure), on, now);
}

void Uplink::Life::fail(Failure failure, std::string_view on, Instant now) {
  if (row().session) close_session(Padt::None, {});
  const bool established = up_since.has_value();
  if (established && now - *up_since >= kSuccess) back_offs.forget();
  up_since.reset();
  attempt_since.reset();
  last_class = failure.kind;
  last_reason = failure.reason;
  last_detail = std::move(failure.detail);
  set_reason(last_reason, last_detail);
  const Instant next = now + back_offs.next(last_class, established, own().ppp, random);
  enter(BackOff, on, now);
  due = next;
  facts.next_attempt = next;
}

}  // namespace michi::uplink

#include "uplink/pppoe/life.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/invariant.hpp"

namespace michi::uplink {
namespace {

void earlier(std::optional<Instant>& soonest, const std::optional<Instant>& at) {
  if (at && (!soonest || *at < *soonest)) soonest = at;
}

model::Severity severity_of(Phase before, Phase next) {
  const bool was_up = row_of(before).shown == model::UplinkState::Up;
  const bool is_up = row_of(next).shown == model::UplinkState::Up;
  if (was_up && !is_up) return next == Ending ? model::Severity::Notice : model::Severity::Error;
  if (next == Failed) return model::Severity::Error;
  if (next == BackOff) return model::Severity::Warning;
  return row_of(before).shown == row_of(next).shown ? model::Severity::Debug : model::Severity::Notice;
}

std::string_view code_of(Phase before, Phase next) {
  const bool was_up = row_of(before).shown == model::UplinkState::Up;
  const bool is_up = row_of(next).shown == model::UplinkState::Up;
  if (is_up && !was_up) return "uplink.up";
  if (was_up && !is_up) return "uplink.lost";
  if (next == Failed) return "uplink.failed";
  if (next == BackOff) return "uplink.attempt-failed";
  if (next == Down) return "uplink.down";
  return "uplink.phase";
}

}  // namespace

Uplink::Life::Life(model::UplinkConfig configuration, std::optional<Secret> password, Random generator,
                   std::optional<model::SessionRecord> left_behind)
    : config(std::move(configuration)),
      secret(std::move(password)),
      random(std::move(generator)),
      orphan(std::move(left_behind)),
      discovery({}, random.fork()) {
  facts.id = config.id;
  facts.reason = model::Reason::NotStarted;
  published = facts;
}

void Uplink::Life::say(model::Severity severity, std::string code, std::string text) {
  outputs.push_back(model::Event{severity, std::move(code), config.id.name, std::move(text), {}});
}

void Uplink::Life::set_reason(model::Reason reason, std::string detail) {
  facts.reason = reason;
  facts.detail = std::move(detail);
}

void Uplink::Life::enter(Phase next, std::string_view on, Instant now) {
  MICHI_INVARIANT((row().next & bit(next)) != 0, "an uplink moves along the edges of its table");
  if (phase == Up) tell_up();
  const Phase before = std::exchange(phase, next);
  const PhaseRow& at = row_of(next);
  if (facts.state != at.shown) facts.since = now;
  facts.state = at.shown;
  if (next != BackOff) facts.next_attempt.reset();
  if (at.bound != Bound::Deadline) due.reset();
  if (at.bound != Bound::Establish) establish_by.reset();
  const bool later = next == Up && facts.incomplete;
  tell(later ? model::Severity::Debug : severity_of(before, next), later ? "uplink.phase" : code_of(before, next),
       {before, next, on, facts.reason, facts.detail});
}

void Uplink::Life::tell(model::Severity severity, std::string_view code, const Edge& edge) {
  const std::string from(row_of(edge.from).name), to(row_of(edge.to).name);
  model::Event event;
  event.severity = severity;
  event.code = code;
  event.uplink = config.id.name;
  event.text = fmt::format("{} -> {} on {}", from, to, edge.on);
  event.fields = {
      {"from", from}, {"to", to}, {"on", std::string(edge.on)}, {"reason", std::string(model::to_text(edge.reason))}};
  if (!edge.detail.empty()) event.fields.emplace_back("detail", std::string(edge.detail));
  outputs.push_back(std::move(event));
}

void Uplink::Life::settle(Instant now) {
  drain_discovery(now);
  drain_session(now);
  tend_ipv6(now);
  if (facts.incomplete && !(ppp && ppp->awaits_network())) tell_up();
  if (facts == published) return;
  published = facts;
  outputs.push_back(FactsChanged{facts});
}

void Uplink::Life::hear(Bytes frame, Instant now) {
  const bool steady = phase == Up && !facts.incomplete;
  on_frame(frame, now);
  drain_discovery(now);
  while (steady && phase == Up && ppp) {
    auto output = ppp->poll();
    if (!output) return;
    on_session_output(*output, now);
    if (!std::holds_alternative<engine::ppp::SendFrame>(*output)) break;
  }
  settle(now);
}

std::string Uplink::Life::protocol_state() const {
  if (ppp) {
    const std::string more = ipv6 ? ipv6->state_text() : std::string{};
    return more.empty() ? ppp->state_text() : fmt::format("{}, {}", ppp->state_text(), more);
  }
  return phase == Discovering ? fmt::format("discovery {}", engine::pppoe::to_text(discovery.state())) : std::string{};
}

void Uplink::Life::on_deadline(Instant now) {
  if (const auto at = discovery.next_deadline(); at && *at <= now) {
    discovery.on_deadline(now);
    drain_discovery(now);
  }
  if (ppp) {
    if (const auto at = ppp->next_deadline(); at && *at <= now) {
      ppp->on_deadline(now);
      drain_session(now);
    }
  }
  if (ipv6) ipv6->on_deadline(now);
  expire_legs(now);
  if (tell_up_by && *tell_up_by <= now) tell_up();
  if (establish_by && *establish_by <= now) {
    establish_by.reset();
    discovery.stop(now);
    Failure late{
        FailureClass::Negotiation, model::Reason::EstablishTimeout,
        fmt::format("not up within {} s: {}", whole_milliseconds(config.connect_timeout) / 1000, protocol_state())};
    if (row().session)
      lose(std::move(late), Padt::Padt, "establish timeout", now);
    else
      fail(std::move(late), "establish timeout", now);
  }
  if (!due || now < *due) return;
  due.reset();
  switch (phase) {
    case WaitPermit:
      outputs.push_back(AskPermit{config.interface(), local_address()});
      due = now + kAskAgain;
      return;
    case LinkHold:
      if (link_ready())
        return lose({FailureClass::Echo, model::Reason::EchoTimeout, "silent after the carrier came back"}, Padt::Padt,
                    "silence", now);
      leave_behind();
      set_reason(model::Reason::NoCarrier);
      return enter(WaitInterface, "carrier still lost", now);
    case Held:
      return begin_ending(After::Dial, "another address is asked for", now);
    case AwaitReason:
      return conclude_await_reason(now);
    case Ending:
      return giving_back ? conclude_release(now) : finish_ending(Padt::Padt, "no Terminate-Ack", now);
    case BackOff:
      return dial("back-off over", now);
    case Down:
    case WaitInterface:
    case Discovering:
    case Negotiating:
    case Up:
    case Renegotiating:
    case Failed:
      return;
  }
}

std::optional<Instant> Uplink::Life::next_deadline() const {
  std::optional<Instant> soonest = due;
  earlier(soonest, establish_by);
  earlier(soonest, tell_up_by);
  earlier(soonest, v4_until);
  earlier(soonest, v6_until);
  earlier(soonest, discovery.next_deadline());
  if (ppp) earlier(soonest, ppp->next_deadline());
  if (ipv6) earlier(soonest, ipv6->next_deadline());
  return soonest;
}

std::vector<std::string> Uplink::Life::waiting_for() const {
  std::vector<std::string> out;
  if (phase == Down) out.push_back("`michi up`");
  if (phase == Failed) out.push_back("a secret for this uplink");
  if (phase != Down && !link) out.push_back(fmt::format("interface {} to appear", config.interface()));
  if (phase != Down && link && !link->carrier) out.push_back(fmt::format("carrier on {}", config.interface()));
  switch (phase) {
    case Down:
    case WaitInterface:
    case Failed:
      break;
    case Up:
      if (facts.incomplete) out.push_back(fmt::format("the other family: {}", protocol_state()));
      if (ipv6 && !ipv6->waiting_for().empty()) out.push_back(ipv6->waiting_for());
      break;
    case WaitPermit:
      out.push_back(fmt::format("a turn to send PADI on {}", config.interface()));
      break;
    case Discovering:
      out.push_back(discovery.state() == engine::pppoe::State::Requesting ? "an answer to PADR" : "an offer (PADO)");
      break;
    case Negotiating:
    case Renegotiating:
      out.push_back(fmt::format("the peer: {}", protocol_state()));
      break;
    case LinkHold:
      if (link_ready()) out.push_back("a sign of life after the carrier came back");
      break;
    case Held:
      out.push_back("the other uplink with the same address to give it up");
      break;
    case AwaitReason:
      out.push_back("the peer's reason for its PADT");
      break;
    case Ending:
      out.push_back(giving_back ? ipv6->waiting_for() : "the peer's Terminate-Ack");
      break;
    case BackOff:
      out.push_back(fmt::format("the back-off after {}", model::to_text(facts.reason)));
      break;
  }
  return out;
}

}  // namespace michi::uplink

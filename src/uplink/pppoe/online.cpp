#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "uplink/pppoe/life.hpp"

namespace michi::uplink {
namespace {

std::string_view name_of(engine::ppp::AuthMethod method) {
  switch (method) {
    case engine::ppp::AuthMethod::None:
      return "none";
    case engine::ppp::AuthMethod::Pap:
      return "pap";
    case engine::ppp::AuthMethod::ChapMd5:
      return "chap-md5";
    case engine::ppp::AuthMethod::MsChapV2:
      return "mschapv2";
  }
  return "";
}

}  // namespace

void Uplink::Life::drain_session(Instant now) {
  // A step below may end the session; then there is nothing left to drain.
  while (ppp) {
    auto output = ppp->poll();
    if (!output) return;
    on_session_output(*output, now);
  }
}

void Uplink::Life::on_session_output(engine::ppp::Output& output, Instant now) {
  namespace ppp_engine = engine::ppp;
  std::visit(
      Overloaded{
          [&](ppp_engine::SendFrame& send) {
            // RFC 2516 §5.5: nothing is sent after PADT, and nothing reaches a wire without carrier.
            if (phase == AwaitReason || !link_ready() || !agreed) return;
            outputs.push_back(Frame{facts.session->interface,
                                    wire::pppoe::write_frame(agreed->peer, agreed->local, wire::pppoe::Code::Session,
                                                             agreed->session_id, send.frame),
                                    send.urgent});
          },
          [&](const ppp_engine::LinkUp& up) {
            facts.auth = name_of(up.auth);
            facts.mtu = std::min({up.mtu, payload_limit(), agreed->max_payload});
          },
          [&](const ppp_engine::LinkRenegotiating&) { on_renegotiating(now); },
          [&](const ppp_engine::Authenticated& who) {
            if (!who.message.empty()) say(model::Severity::Info, "uplink.authenticated", who.message);
          },
          [&](const ppp_engine::Ipv4Up& up) {
            facts.v4 = model::Ipv4Facts{up.local, up.peer, up.dns};
            v4_until.reset();
            on_network_up("ipv4", now);
          },
          [&](const ppp_engine::Ipv6Up& up) {
            ++v6_openings;
            interface_id = up.local_id;  // the same link-local address after a redial
            facts.v6 = model::Ipv6Facts{Ipv6::link_local(up.local_id), Ipv6::link_local(up.peer_id)};
            v6_until.reset();
            on_network_up("ipv6", now);
          },
          [&](const ppp_engine::Ipv4Down&) {
            if (facts.v4 && !v4_until) v4_until = now + std::min(own().ppp.grace, kLegGrace);
          },
          [&](const ppp_engine::Ipv6Down&) {
            if (facts.v6 && !v6_until) v6_until = now + std::min(own().ppp.grace, kLegGrace);
          },
          [&](const ppp_engine::PathProved& proof) {
            if (proof.full_size || facts.mtu <= wire::pppoe::kDefaultMaxPayload) return;
            facts.mtu = wire::pppoe::kDefaultMaxPayload;
            say(model::Severity::Warning, "uplink.mtu-limited",
                fmt::format("the path does not carry frames of {} octets: {} it is", config.mtu, facts.mtu));
          },
          [&](const ppp_engine::Ended& ended) { on_ended(ended, now); },
          [&](const ppp_engine::Edge& edge) { say(model::Severity::Debug, "ppp.edge", edge.text); },
      },
      output);
}

void Uplink::Life::on_network_up(std::string_view on, Instant now) {
  if (phase == Up && facts.incomplete) up_on += fmt::format(" and {}", on);
  if (phase != Negotiating && phase != Renegotiating) return;
  if (!up_since) up_since = now;
  if (attempt_since) facts.last_setup = now - *attempt_since;
  attempt_since.reset();
  facts.attempts = 0;
  facts.attached = true;
  last_reason = model::Reason::None;
  last_detail.clear();
  set_reason(model::Reason::None);
  if (phase == Renegotiating) {
    due.reset();
  } else if (ppp->awaits_network()) {
    facts.incomplete = true;
    tell_up_by = now + kSecondFamily;
    up_on = on;
  }
  enter(Up, on, now);
}

void Uplink::Life::tell_up() {
  if (!std::exchange(facts.incomplete, false)) return;
  tell_up_by.reset();
  tell(model::Severity::Notice, "uplink.up", {Negotiating, Up, up_on});
}

void Uplink::Life::on_renegotiating(Instant now) {
  const Instant until = now + own().ppp.grace;
  if (facts.v4) v4_until = until;
  if (facts.v6) v6_until = until;
  if (phase != Up) return;
  enter(Renegotiating, "the peer renegotiates", now);
}

void Uplink::Life::expire_legs(Instant now) {
  if (v4_until && *v4_until <= now) {
    v4_until.reset();
    facts.v4.reset();
  }
  if (v6_until && *v6_until <= now) {
    v6_until.reset();
    facts.v6.reset();
  }
  const bool online = phase == Up || phase == Renegotiating || phase == LinkHold || phase == Held;
  if (!online || facts.v4 || facts.v6) return;
  facts.attached = false;
  due.reset();
  enter(Negotiating, "no network protocol left", now);
  establish_by = now + config.connect_timeout;
}

void Uplink::Life::on_carrier_lost(Instant now) {
  set_reason(model::Reason::NoCarrier);
  enter(LinkHold, "carrier lost", now);
  due = now + kLinkHold;
}

void Uplink::Life::on_carrier_back(Instant now) {
  // An access concentrator that never answers an echo cannot prove anything: its session is believed.
  if (!ppp->peer_echoes()) return resume("carrier is back", now);
  due = now + kProveTime;
  ppp->probe(now);
}

void Uplink::Life::resume(std::string_view on, Instant now) {
  set_reason(model::Reason::None);
  due.reset();
  enter(Up, on, now);
  if (duplicate) on_duplicate(true, now);
}

void Uplink::Life::on_duplicate(bool is_duplicate, Instant now) {
  duplicate = is_duplicate;
  if (duplicate && (phase == Up || phase == Renegotiating)) {
    facts.attached = false;
    set_reason(model::Reason::DuplicateAddress);
    enter(Held, "duplicate address", now);
    last_class = FailureClass::Duplicate;
    // Another address may come with another session: ask for one, rarely.
    due = now + back_offs.next(FailureClass::Duplicate, false, own().ppp, random);
  } else if (!duplicate && phase == Held) {
    facts.attached = true;
    resume("the address is free", now);
  }
}

}  // namespace michi::uplink

#include <utility>

#include "uplink/pppoe/life.hpp"
#include "wire/ppp.hpp"

namespace michi::uplink {
namespace {

/// User data, and what a compressed protocol field makes of it (RFC 1661 §6.5): the plane's, not PPP's.
bool is_data(std::uint16_t protocol) {
  const bool compressed = (protocol & 0x8100) == 0x0100;
  return compressed || protocol == static_cast<std::uint16_t>(wire::ppp::Protocol::Ipv4) ||
         protocol == static_cast<std::uint16_t>(wire::ppp::Protocol::Ipv6);
}

}  // namespace

void Uplink::Life::dial(std::string_view on, Instant now) {
  const bool wants_secret = !own().ppp.user.empty();
  if (wants_secret && !secret) {
    set_reason(model::Reason::NoSecret);
    return phase == Failed ? void() : enter(Failed, "no secret", now);
  }
  if (!link_ready()) {
    set_reason(link ? model::Reason::NoCarrier : model::Reason::NoInterface);
    return phase == WaitInterface ? void() : enter(WaitInterface, on, now);
  }
  flush_orphan();
  // What went wrong before is worth more than the gate, which waiting_for() names.
  if (last_reason == model::Reason::None)
    set_reason(model::Reason::Busy);
  else
    set_reason(last_reason, last_detail);
  enter(WaitPermit, on, now);
  due = now + kAskAgain;
  outputs.push_back(AskPermit{config.interface(), local_address()});
}

void Uplink::Life::on_permit(Instant now) {
  if (phase != WaitPermit) return;
  set_reason(last_reason, last_detail);
  ++facts.attempts;
  attempt_since = now;
  early.clear();
  enter(Discovering, "turn", now);
  establish_by = now + config.connect_timeout;
  discovery.configure(discovery_settings());
  discovery.start(now);
}

bool Uplink::Life::address_changed(const std::optional<InterfaceFacts>& before) const {
  return before && link && !config.mac() && before->mac != link->mac;
}

void Uplink::Life::on_interface(std::optional<InterfaceFacts> facts_now, Instant now) {
  const auto before = std::exchange(link, std::move(facts_now));
  if (before == link) return;
  const bool was_ready = before && before->carrier;
  const model::Reason why = link ? model::Reason::NoCarrier : model::Reason::NoInterface;
  switch (phase) {
    case Down:
    case Failed:
      if (link_ready()) flush_orphan();
      return;
    case WaitInterface:
      if (link_ready()) return dial("interface ready", now);
      return set_reason(why);
    case WaitPermit:
    case Discovering:
      if (link_ready() && !address_changed(before)) return;
      discovery.stop(now);
      if (!link_ready()) {
        set_reason(why);
        return enter(WaitInterface, "interface lost", now);
      }
      // The same phase again, with another address: through Down, so that every edge is seen.
      enter(Down, "interface address changed", now);
      return dial("interface address changed", now);
    case BackOff:
      // A link that comes back is news to a line that did not answer; it is none to a wrong password.
      if (link_ready() && !was_ready && curve_of(last_class).bounds == Bounds::Config) dial("interface ready", now);
      return;
    case Ending:
      if (!link_ready()) finish_ending(Padt::None, "interface lost", now);
      return;
    case Negotiating:
    case AwaitReason:
    case Held:
    case Up:
    case Renegotiating:
    case LinkHold:
      break;
  }
  const bool online = phase == Up || phase == Renegotiating || phase == LinkHold;
  if (!link || (!link->carrier && !online)) {
    leave_behind();
    set_reason(why);
    return enter(WaitInterface, "interface lost", now);
  }
  if (address_changed(before))
    return lose({FailureClass::Link, model::Reason::Admin, "the interface has another address now"}, Padt::Padt,
                "interface address changed", now);
  if (facts.mtu != 0 && link->mtu < facts.mtu + 8U)
    return lose({FailureClass::Link, model::Reason::Admin, "the interface's MTU is too small for this session now"},
                Padt::Padt, "interface MTU changed", now);
  if (!link->carrier && phase != LinkHold) return on_carrier_lost(now);
  if (link->carrier && phase == LinkHold && !was_ready) return on_carrier_back(now);
}

void Uplink::Life::on_frame(Bytes frame, Instant now) {
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed) return;
  if (framed->packet.code != wire::pppoe::Code::Session) return on_discovery_frame(*framed, frame, now);

  const Bytes payload = framed->packet.payload;
  Reader in(payload);
  const auto protocol = in.u16();
  if (!protocol || is_data(*protocol) || payload.size() > kMaxPppInFrame) return;
  if (!agreed) {
    if (phase == Discovering && framed->header.destination == local_address() && early.size() < kMaxEarly)
      early.push_back(copy_of(frame));
    return;
  }
  if (framed->packet.session_id != agreed->session_id || framed->header.source != agreed->peer ||
      framed->header.destination != agreed->local || !ppp)
    return;
  if (phase == LinkHold && link_ready()) resume("a sign of life", now);
  ppp->on_frame(payload, now);
}

void Uplink::Life::on_discovery_frame(const wire::pppoe::Framed& framed, Bytes frame, Instant now) {
  if (framed.packet.code != wire::pppoe::Code::Padt) {
    discovery.on_frame(frame, now);
    return;
  }
  std::string words;
  if (agreed && engine::pppoe::is_padt_for(*agreed, framed, &words)) on_padt(words, now);
}

void Uplink::Life::drain_discovery(Instant now) {
  while (auto output = discovery.poll()) {
    if (auto* send = std::get_if<engine::pppoe::SendFrame>(&*output)) {
      if (link_ready()) outputs.push_back(Frame{config.interface(), std::move(send->frame), false});
    } else if (auto* done = std::get_if<engine::pppoe::Succeeded>(&*output)) {
      if (phase == Discovering) on_agreed(std::move(done->session), now);
    } else if (auto* failed = std::get_if<engine::pppoe::Failed>(&*output)) {
      if (phase == Discovering) fail(failure_of(*failed), "discovery failed", now);
    }
  }
}

void Uplink::Life::on_agreed(engine::pppoe::Agreed session, Instant now) {
  model::SessionRecord record;
  record.uplink = config.id;
  record.interface = config.interface();
  record.session_id = session.session_id;
  record.local = session.local;
  record.peer = session.peer;
  record.ac_name = session.ac_name;
  record.service_name = session.service_name;
  record.cookie = session.cookie;
  record.relay_session_id = session.relay_session_id;
  record.host_uniq = session.host_uniq;
  agreed = std::move(session);
  facts.session = record;
  // Before the first LCP frame: a crash from here on finds the record (trap 12).
  outputs.push_back(Persist{std::move(record)});
  const auto deadline = establish_by;
  enter(Negotiating, "PADS", now);
  establish_by = deadline;
  ppp.emplace(session_settings(), random.fork());
  ppp->start(now);
  drain_session(now);
  for (ByteVec& frame : std::exchange(early, {})) on_frame(frame, now);
}

}  // namespace michi::uplink

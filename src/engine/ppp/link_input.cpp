#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "engine/ppp/link.hpp"
#include "wire/text.hpp"

namespace michi::engine::ppp {

using automaton::Event;
using automaton::State;
using wire::control::Code;
using wire::control::Packet;
using wire::ppp::Protocol;

namespace {

/// How long a verdict on credentials may trail the Terminate-Request that follows from it (trap 44).
constexpr Duration kVerdictGrace = seconds(1);

}  // namespace

void Link::on_frame(Bytes bytes, Instant now) {
  ++outbox_.counters.frames_in;
  outbox_.earn(now);
  const auto frame = wire::ppp::parse_frame(bytes);
  if (!frame) {
    ++outbox_.counters.malformed;
    // RFC 1661 §2: a number no protocol can have is an unknown protocol.
    if (frame.error().code == wire::FaultCode::BadValue) on_unknown_protocol(bytes, now);
    return;
  }
  const Protocol protocol = frame->protocol;
  if (protocol == Protocol::Ipv4 || protocol == Protocol::Ipv6) {
    // Known, and not for here: the data plane owns it, and before its time it is discarded.
    ++outbox_.counters.unexpected;
    return;
  }
  const bool control = protocol == Protocol::Lcp || protocol == Protocol::Pap || protocol == Protocol::Chap ||
                       protocol == Protocol::Ipcp || protocol == Protocol::Ipv6cp;
  if (!control) {
    on_unknown_protocol(bytes, now);
    return;
  }
  const auto packet = wire::control::parse_packet(frame->information);
  if (!packet) {
    ++outbox_.counters.malformed;
    return;
  }
  if (ended_) {
    on_late_frame(protocol, *packet, now);
  } else if (protocol == Protocol::Lcp) {
    on_lcp(*packet, now);
  } else if (protocol == Protocol::Ipcp && ipcp_layer_.enabled) {
    on_network_packet(ipcp_layer_, *packet, now);
  } else if (protocol == Protocol::Ipv6cp && ipv6cp_layer_.enabled) {
    on_network_packet(ipv6cp_layer_, *packet, now);
  } else if (protocol == Protocol::Pap || protocol == Protocol::Chap) {
    on_auth(protocol, *packet, now);
  } else {
    on_unknown_protocol(bytes, now);
  }
}

void Link::on_lcp(const Packet& packet, Instant now) {
  const State before = lcp_layer_.state();
  heard_lcp_ = true;
  switch (packet.code) {
    case Code::ProtocolReject:
      on_protocol_reject(packet, now);
      return;
    case Code::EchoRequest:
      on_echo_request(packet, now);
      return;
    case Code::EchoReply:
      on_echo_reply(packet, now);
      return;
    case Code::DiscardRequest:
      std::ignore = lcp_layer_.on_event(Event::Rxr, now);
      return;
    case Code::Identification:
    case Code::TimeRemaining:
      return;  // RFC 1570 §2: known, and nothing to do about them
    case Code::TerminateRequest:
      note_terminate_request(packet, now);
      break;
    case Code::CodeReject:
      if (!packet.data.empty() && packet.data[0] == static_cast<std::byte>(Code::EchoRequest)) echo_.on_rejected();
      break;
    case Code::VendorSpecific:
    case Code::ConfigureRequest:
    case Code::ConfigureAck:
    case Code::ConfigureNak:
    case Code::ConfigureReject:
    case Code::TerminateAck:
      break;
  }
  const Signals signals = lcp_layer_.on_packet(packet, now);
  if (verdict_is_provisional_ && before == State::Opened) lcp_layer_.hold_until(now + kVerdictGrace);
  if (packet.code == Code::CodeReject && signals.down && !verdict_)
    verdict_ = Ended{EndCause::LcpFailed, "the peer rejects a code that LCP needs"};
  on_lcp_signals(signals, now);
}

void Link::note_terminate_request(const Packet& packet, Instant now) {
  if (goodbye_.empty()) goodbye_ = wire::printable(packet.data);
  if (!lcp_layer_.opened() || verdict_) return;
  verdict_is_provisional_ = client_.pending(now);
  verdict_ = Ended{verdict_is_provisional_ ? EndCause::AuthFailed : EndCause::PeerTerminated, goodbye_};
}

void Link::on_protocol_reject(const Packet& packet, Instant now) {
  const auto reject = wire::lcp::parse_protocol_reject(packet.data);
  if (!reject || !lcp_layer_.opened()) {
    // RFC 1661 §5.7: outside Opened it is silently discarded.
    ++(reject ? outbox_.counters.unexpected : outbox_.counters.malformed);
    return;
  }
  // Who rejects the data of an open network has no use for the network: nothing more of it may be sent.
  const auto rejects = [&](const Network& network, Protocol control, Protocol data) {
    return reject->protocol == control || (reject->protocol == data && network.layer.opened());
  };
  if (rejects(ipcp_layer_, Protocol::Ipcp, Protocol::Ipv4)) {
    on_network_signals(ipcp_layer_, ipcp_layer_.layer.on_protocol_reject(now), now);
  } else if (rejects(ipv6cp_layer_, Protocol::Ipv6cp, Protocol::Ipv6)) {
    on_network_signals(ipv6cp_layer_, ipv6cp_layer_.layer.on_protocol_reject(now), now);
  } else if (reject->protocol == Protocol::Lcp || (reject->protocol == Protocol::Pap && !client_.done()) ||
             (reject->protocol == Protocol::Chap && !(client_.done() && server_.done()))) {
    verdict_ = Ended{EndCause::LcpFailed,
                     fmt::format("the peer rejects {}, which it needs", wire::ppp::to_text(reject->protocol))};
    on_lcp_signals(lcp_layer_.on_protocol_reject(now), now);
  } else {
    std::ignore = lcp_layer_.on_event(Event::RxjPlus, now);
  }
}

void Link::on_echo_request(const Packet& packet, Instant now) {
  const auto echo = wire::lcp::parse_echo(packet.data);
  if (!echo) {
    ++outbox_.counters.malformed;
    return;
  }
  const bool answers = lcp_layer_.opened();
  std::ignore = lcp_layer_.on_event(Event::Rxr, now);
  if (!answers) {
    ++outbox_.counters.unexpected;
    return;
  }
  if (lcp_.magic() != 0 && echo->magic == lcp_.magic()) {
    // Our own request came back; an answer would come back too and look like the peer's.
    ++echo_loops_;
    on_lcp_signals({}, now);
    return;
  }
  echo_loops_ = 0;
  const std::size_t room = outbox_.peer_mru - wire::control::kHeaderSize - sizeof(std::uint32_t);
  ++outbox_.counters.echo_replied;
  echo_.on_request(now);
  outbox_.send(Protocol::Lcp, Code::EchoReply, packet.id,
               wire::lcp::write_echo(lcp_.magic(), echo->data.first(std::min(echo->data.size(), room))),
               Urgency::Urgent);
}

void Link::on_echo_reply(const Packet& packet, Instant now) {
  const auto echo = wire::lcp::parse_echo(packet.data);
  if (!echo) {
    ++outbox_.counters.malformed;
    return;
  }
  if (!lcp_layer_.opened()) {
    ++outbox_.counters.unexpected;
    return;
  }
  std::ignore = lcp_layer_.on_event(Event::Rxr, now);
  on_echo_verdict(echo_.on_reply(packet.id, *echo, now), now);
}

void Link::on_auth(Protocol protocol, const Packet& packet, Instant now) {
  if (verdict_is_provisional_) {
    on_late_frame(protocol, packet, now);
    return;
  }
  if (!lcp_layer_.opened()) {
    ++outbox_.counters.unexpected;
    return;
  }
  const bool for_server = protocol == Protocol::Pap ? packet.code == Code{1} : packet.code == Code{2};
  if (for_server)
    on_auth_server(server_.on_packet(protocol, packet, now), now);
  else
    on_auth_client(client_.on_packet(protocol, packet, server_, now), now);
}

void Link::on_network_packet(Network& network, const Packet& packet, Instant now) {
  if (lcp_layer_.opened() && server_.done() && !client_.done() && packet.code == Code::ConfigureRequest)
    on_auth_client(client_.on_network_packet(), now);
  if (!network_phase()) {
    // RFC 1661 §3.4: before its time it is discarded.
    ++outbox_.counters.unexpected;
    return;
  }
  on_network_signals(network, network.layer.on_packet(packet, now), now);
}

void Link::on_unknown_protocol(Bytes frame, Instant) {
  // RFC 1661 §5.7: only in Opened, with a new identifier, cut to what the peer can receive.
  if (ended_ || !lcp_layer_.opened()) {
    ++outbox_.counters.unexpected;
    return;
  }
  const std::size_t room = outbox_.peer_mru - wire::control::kHeaderSize;
  outbox_.send(Protocol::Lcp, Code::ProtocolReject, lcp_layer_.next_id(), frame.first(std::min(frame.size(), room)));
}

void Link::on_late_frame(Protocol protocol, const Packet& packet, Instant now) {
  if (protocol == Protocol::Lcp && packet.code == Code::TerminateRequest) {
    // The other side must not have to wait for its timers (RFC 1661 §4.3, Closed and Stopped).
    outbox_.send(Protocol::Lcp, Code::TerminateAck, packet.id, {}, Urgency::Urgent);
    return;
  }
  if (!verdict_is_provisional_ || (protocol != Protocol::Pap && protocol != Protocol::Chap)) return;
  switch (client_.on_late_packet(protocol, packet, server_, now)) {
    case AuthClient::Outcome::Nothing:
    case AuthClient::Outcome::Silent:
      return;
    case AuthClient::Outcome::Refused:
      if (!client_.message().empty()) verdict_->detail = client_.message();
      break;
    case AuthClient::Outcome::Accepted:
      // Not the credentials, then: the peer had another reason to hang up.
      if (ended_)
        verdict_.reset();
      else
        verdict_ = Ended{EndCause::PeerTerminated, goodbye_};
      break;
  }
  verdict_is_provisional_ = false;
}

}  // namespace michi::engine::ppp

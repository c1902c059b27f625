#include "engine/pppoe/concentrator.hpp"

#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "wire/text.hpp"

namespace michi::engine::pppoe {
namespace {

using wire::pppoe::Code;
using wire::pppoe::Framed;
using wire::pppoe::Tag;
using wire::pppoe::Tags;
using wire::pppoe::TagType;

constexpr std::size_t kMaxDelayed = 1024;
constexpr std::size_t kMaxPadiMemory = 4096;
constexpr Duration kPadiDistance = seconds(1);

// RFC 2516 §5.2 and §5.4: these go back as they came.
constexpr TagType kReturned[] = {TagType::HostUniq, TagType::RelaySessionId};

TagType error_tag(Refusal refusal) {
  switch (refusal) {
    case Refusal::ServiceNameError:
      return TagType::ServiceNameError;
    case Refusal::AcSystemError:
      return TagType::AcSystemError;
    case Refusal::None:
    case Refusal::GenericError:
      break;
  }
  return TagType::GenericError;
}

ByteVec value_of(const Tags& tags, TagType type) {
  const Tag* tag = wire::pppoe::find_tag(tags, type);
  return tag != nullptr ? tag->value : ByteVec{};
}

}  // namespace

Concentrator::Concentrator(ConcentratorSettings settings, Random random)
    : settings_(std::move(settings)), random_(std::move(random)), cookie_key_(random_.bytes(16)) {}

ByteVec Concentrator::cookie_for(const Mac& peer) const {
  const Md5 digest = md5({cookie_key_, peer.bytes()});
  return copy_of(digest);
}

bool Concentrator::serves(const Tags& tags) const {
  const Tag* wanted = wire::pppoe::find_tag(tags, TagType::ServiceName);
  if (wanted == nullptr) return false;  // RFC 2516 §5.1: exactly one, possibly empty
  if (settings_.services.empty() || wanted->value.empty()) return true;
  return std::ranges::find(settings_.services, text_of(wanted->value)) != settings_.services.end();
}

bool Concentrator::padi_too_soon(const Mac& peer, Instant now) {
  if (last_padi_.size() >= kMaxPadiMemory)
    std::erase_if(last_padi_, [&](const auto& entry) { return entry.second + kPadiDistance <= now; });
  if (last_padi_.size() >= kMaxPadiMemory) last_padi_.clear();
  const auto [at, fresh] = last_padi_.try_emplace(peer, now);
  if (fresh) return false;
  if (now < at->second + kPadiDistance) return true;
  at->second = now;
  return false;
}

void Concentrator::on_frame(Bytes bytes, Instant now) {
  const auto frame = wire::pppoe::parse_frame(bytes);
  if (!frame || frame->packet.code == Code::Session) {
    ++counters_.malformed;
    return;
  }
  const bool to_us = frame->header.destination == settings_.local;
  const bool to_all = frame->header.destination == Mac::broadcast() && frame->packet.code == Code::Padi;
  if (settings_.silent || (!to_us && !to_all) || frame->header.source.is_multicast() ||
      frame->header.source == settings_.local) {
    ++counters_.ignored;
    return;
  }
  if (frame->packet.code == Code::Padt) return on_padt(*frame);
  const auto tags = wire::pppoe::parse_tags(frame->packet.payload);
  if (!tags) {
    ++counters_.malformed;
    return;
  }
  if (frame->packet.code == Code::Padi)
    on_padi(*frame, *tags, now);
  else if (frame->packet.code == Code::Padr)
    on_padr(*frame, *tags);
  else
    ++counters_.ignored;
}

void Concentrator::on_padi(const Framed& frame, const Tags& tags, Instant now) {
  ++counters_.padi;
  const Mac& peer = frame.header.source;
  if (frame.packet.session_id != wire::pppoe::kNoSession || !serves(tags) ||
      (settings_.one_padi_per_second && padi_too_soon(peer, now))) {
    ++counters_.ignored;
    return;
  }
  Tags offer{wire::pppoe::text_tag(TagType::AcName, settings_.ac_name)};
  const Tag* wanted = wire::pppoe::find_tag(tags, TagType::ServiceName);
  offer.push_back(*wanted);
  for (const std::string& service : settings_.services)
    if (bytes_of(service).size() != 0 && text_of(wanted->value) != service)
      offer.push_back(wire::pppoe::text_tag(TagType::ServiceName, service));
  for (const TagType type : kReturned)
    if (const Tag* tag = wire::pppoe::find_tag(tags, type)) offer.push_back(*tag);
  if (settings_.cookies) offer.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, cookie_for(peer)));
  const auto asked = wire::pppoe::max_payload(tags);
  if (asked && settings_.max_payload > wire::pppoe::kDefaultMaxPayload)
    offer.push_back(wire::pppoe::max_payload_tag(std::min(*asked, settings_.max_payload)));
  if (settings_.refuse_early && settings_.refuse != Refusal::None)
    offer.push_back(wire::pppoe::text_tag(error_tag(settings_.refuse), settings_.refuse_text));

  ByteVec out = wire::pppoe::write_discovery(peer, settings_.local, Code::Pado, 0, offer);
  if (settings_.pado_delay > Duration::zero()) {
    if (delayed_.size() < kMaxDelayed) delayed_.push_back({now + settings_.pado_delay, std::move(out)});
    return;
  }
  ++counters_.pado;
  outputs_.push_back(SendFrame{std::move(out)});
}

std::uint16_t Concentrator::free_id() {
  for (;;) {
    const auto id = static_cast<std::uint16_t>(random_.below(0xfffe) + 1);
    if (!sessions_.contains(id)) return id;
  }
}

void Concentrator::on_padr(const Framed& frame, const Tags& tags) {
  ++counters_.padr;
  const Mac& peer = frame.header.source;
  const bool good_cookie = !settings_.cookies || value_of(tags, TagType::AcCookie) == cookie_for(peer);
  if (frame.packet.session_id != wire::pppoe::kNoSession || !good_cookie ||
      frame.header.destination != settings_.local) {
    ++counters_.ignored;
    return;
  }
  if (settings_.refuse != Refusal::None)
    return confirm(frame, tags, 0, wire::pppoe::text_tag(error_tag(settings_.refuse), settings_.refuse_text));
  if (!serves(tags))
    return confirm(frame, tags, 0, wire::pppoe::text_tag(TagType::ServiceNameError, "no such service"));

  const ByteVec uniq = value_of(tags, TagType::HostUniq);
  if (settings_.repeat_confirms && !uniq.empty()) {
    for (const auto& [id, session] : sessions_)
      if (session.peer == peer && session.host_uniq == uniq) return confirm(frame, tags, id, std::nullopt);
  }
  if (sessions_.size() >= std::min<std::size_t>(settings_.max_sessions, 0xff00) ||
      (settings_.max_per_mac != 0 && per_mac_[peer] >= settings_.max_per_mac))
    return confirm(frame, tags, 0, wire::pppoe::text_tag(TagType::AcSystemError, settings_.limit_text));

  Agreed session;
  session.session_id = free_id();
  session.local = settings_.local;
  session.peer = peer;
  session.ac_name = settings_.ac_name;
  session.service_name = text_of(value_of(tags, TagType::ServiceName));
  session.cookie = value_of(tags, TagType::AcCookie);
  session.relay_session_id = value_of(tags, TagType::RelaySessionId);
  session.host_uniq = uniq;
  if (const auto asked = wire::pppoe::max_payload(tags); asked && settings_.max_payload > session.max_payload)
    session.max_payload = std::min(*asked, settings_.max_payload);
  sessions_.emplace(session.session_id, session);
  ++per_mac_[peer];
  // The confirmation first: nothing of PPP may overtake it.
  confirm(frame, tags, session.session_id, std::nullopt);
  outputs_.push_back(Opened{std::move(session)});
}

void Concentrator::confirm(const Framed& frame, const Tags& asked, std::uint16_t session_id, std::optional<Tag> error) {
  Tags tags{wire::pppoe::bytes_tag(TagType::ServiceName, value_of(asked, TagType::ServiceName))};
  if (error) {
    tags.push_back(std::move(*error));
    ++counters_.refused;
  }
  for (const TagType type : kReturned)
    if (const Tag* tag = wire::pppoe::find_tag(asked, type)) tags.push_back(*tag);
  const auto payload = wire::pppoe::max_payload(asked);
  if (payload && settings_.max_payload > wire::pppoe::kDefaultMaxPayload)
    tags.push_back(wire::pppoe::max_payload_tag(std::min(*payload, settings_.max_payload)));
  ++counters_.pads;
  outputs_.push_back(
      SendFrame{wire::pppoe::write_discovery(frame.header.source, settings_.local, Code::Pads, session_id, tags)});
}

void Concentrator::on_padt(const Framed& frame) {
  const auto at = sessions_.find(frame.packet.session_id);
  if (at == sessions_.end() || at->second.peer != frame.header.source) {
    ++counters_.ignored;
    return;
  }
  ++counters_.padt_in;
  const auto tags = wire::pppoe::parse_tags(frame.packet.payload);
  const std::string words = tags ? wire::printable(value_of(*tags, TagType::GenericError)) : std::string{};
  Closed closed{at->first, at->second.peer, words.empty() ? "PADT" : "PADT: " + words};
  if (--per_mac_[closed.peer] == 0) per_mac_.erase(closed.peer);
  sessions_.erase(at);
  outputs_.push_back(std::move(closed));
}

void Concentrator::close(std::uint16_t session_id, std::string_view reason) {
  const auto at = sessions_.find(session_id);
  if (at == sessions_.end()) return;
  if (!settings_.silent) {
    outputs_.push_back(SendFrame{padt(at->second, reason)});
    ++counters_.padt_out;
  }
  const Mac peer = at->second.peer;
  if (--per_mac_[peer] == 0) per_mac_.erase(peer);
  sessions_.erase(at);
}

void Concentrator::refuse_stray(const Mac& peer, std::uint16_t session_id) {
  if (settings_.silent || peer.is_multicast() || peer == settings_.local) return;
  ++counters_.padt_out;
  outputs_.push_back(SendFrame{wire::pppoe::write_discovery(peer, settings_.local, Code::Padt, session_id, {})});
}

void Concentrator::forget_all() {
  sessions_.clear();
  per_mac_.clear();
  delayed_.clear();
  last_padi_.clear();
  cookie_key_ = random_.bytes(16);
}

void Concentrator::on_deadline(Instant now) {
  while (!delayed_.empty() && delayed_.front().due <= now) {
    if (!settings_.silent) {
      ++counters_.pado;
      outputs_.push_back(SendFrame{std::move(delayed_.front().frame)});
    }
    delayed_.pop_front();
  }
}

std::optional<Instant> Concentrator::next_deadline() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.front().due;
}

std::optional<ConcentratorOutput> Concentrator::poll() {
  if (outputs_.empty()) return std::nullopt;
  ConcentratorOutput out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

const Agreed* Concentrator::find(std::uint16_t session_id, const Mac& peer) const {
  const auto at = sessions_.find(session_id);
  return at != sessions_.end() && at->second.peer == peer ? &at->second : nullptr;
}

}  // namespace michi::engine::pppoe

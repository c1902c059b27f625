#include "engine/pppoe/discovery.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "wire/text.hpp"

namespace michi::engine::pppoe {
namespace {

using wire::pppoe::Code;
using wire::pppoe::Framed;
using wire::pppoe::Tag;
using wire::pppoe::Tags;
using wire::pppoe::TagType;

constexpr std::size_t kMaxCandidates = 16;
constexpr std::size_t kMaxAbandoned = 8;
constexpr unsigned kMaxLatePadts = 16;  // an honest peer confirms each PADR once
constexpr std::size_t kHostUniqSize = 8;
constexpr std::size_t kMaxFrame = 1514;

std::optional<ByteVec> value_of(const Tags& tags, TagType type) {
  const Tag* tag = wire::pppoe::find_tag(tags, type);
  if (tag == nullptr) return std::nullopt;
  return tag->value;
}

std::string name_of(const Mac& peer, const std::string& ac_name) {
  return ac_name.empty() ? to_text(peer) : fmt::format("{} ({})", ac_name, to_text(peer));
}

std::optional<Failed> error_in(const Tags& tags, const std::string& who) {
  static constexpr std::pair<TagType, FailCause> kErrors[] = {{TagType::ServiceNameError, FailCause::ServiceNameError},
                                                              {TagType::AcSystemError, FailCause::AcSystemError},
                                                              {TagType::GenericError, FailCause::GenericError}};
  for (const auto& [type, cause] : kErrors) {
    const Tag* tag = wire::pppoe::find_tag(tags, type);
    if (tag == nullptr) continue;
    const std::string words = wire::printable(tag->value);
    return Failed{cause, words.empty() ? fmt::format("{} refuses: {}", who, wire::pppoe::to_text(type))
                                       : fmt::format("{} refuses: {}: {}", who, wire::pppoe::to_text(type), words)};
  }
  return std::nullopt;
}

}  // namespace

Discovery::Discovery(Settings settings, Random random) : settings_(std::move(settings)), random_(std::move(random)) {}

void Discovery::configure(Settings settings) { settings_ = std::move(settings); }

void Discovery::enter(State state) {
  state_ = state;
  sent_ = 0;
}

void Discovery::start(Instant now) {
  if (state_ == State::Requesting) abandon();
  candidates_.clear();
  unsuitable_.clear();
  chosen_.reset();
  refusal_.reset();
  agreed_.reset();
  late_padts_ = 0;
  host_uniq_ = settings_.host_uniq ? *settings_.host_uniq : random_.bytes(kHostUniqSize);
  enter(State::Soliciting);
  wait_ = settings_.padi_first;
  // Also across attempts: an access concentrator may answer one PADI a second per address.
  if (last_padi_ && now < *last_padi_ + settings_.padi_first)
    due_ = *last_padi_ + settings_.padi_first;
  else
    send_padi(now);
}

void Discovery::stop(Instant) {
  if (state_ == State::Requesting) abandon();
  due_.reset();
  enter(State::Idle);
}

void Discovery::send(const Mac& to, Code code, const Tags& tags, std::uint16_t session_id) {
  outputs_.push_back(SendFrame{wire::pppoe::write_discovery(to, settings_.local, code, session_id, tags)});
}

void Discovery::send_padi(Instant now) {
  Tags tags{wire::pppoe::text_tag(TagType::ServiceName, settings_.service_name)};
  if (!host_uniq_.empty()) tags.push_back(wire::pppoe::bytes_tag(TagType::HostUniq, host_uniq_));
  if (settings_.max_payload > wire::pppoe::kDefaultMaxPayload)
    tags.push_back(wire::pppoe::max_payload_tag(settings_.max_payload));
  send(Mac::broadcast(), Code::Padi, tags);
  ++counters_.padi;
  ++sent_;
  last_padi_ = now;
  due_ = now + wait_;
  wait_ = std::min(wait_ * 2, settings_.padi_max);
}

void Discovery::send_padr(Instant now) {
  const Candidate& to = candidates_[*chosen_];
  Tags tags{wire::pppoe::bytes_tag(TagType::ServiceName, to.service_name)};
  if (!host_uniq_.empty()) tags.push_back(wire::pppoe::bytes_tag(TagType::HostUniq, host_uniq_));
  if (to.cookie) tags.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, *to.cookie));
  if (to.relay_session_id) tags.push_back(wire::pppoe::bytes_tag(TagType::RelaySessionId, *to.relay_session_id));
  if (settings_.max_payload > wire::pppoe::kDefaultMaxPayload)
    tags.push_back(wire::pppoe::max_payload_tag(settings_.max_payload));
  send(to.peer, Code::Padr, tags);
  ++counters_.padr;
  ++sent_;
  due_ = now + wait_;
  wait_ = std::min(wait_ * 2, settings_.padr_max);
}

void Discovery::request_best(Instant now) {
  chosen_.reset();
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (candidates_[i].tried) continue;
    if (!chosen_ || candidates_[i].rank < candidates_[*chosen_].rank) chosen_ = i;
  }
  if (!chosen_) return finish_failed();
  candidates_[*chosen_].tried = true;
  enter(State::Requesting);
  wait_ = settings_.padr_first;
  send_padr(now);
}

void Discovery::abandon() {
  if (!chosen_ || settings_.host_uniq) return;
  abandoned_.push_back({candidates_[*chosen_].peer, host_uniq_});
  if (abandoned_.size() > kMaxAbandoned) abandoned_.pop_front();
}

void Discovery::refuse(FailCause cause, std::string detail) { refusal_ = Failed{cause, std::move(detail)}; }

void Discovery::finish_failed() {
  due_.reset();
  Failed failed{FailCause::NoOffer, "no access concentrator answers"};
  if (refusal_)
    failed = *refusal_;
  else if (!candidates_.empty())
    failed = {FailCause::NoConfirmation, fmt::format("no answer to PADR from {}", fmt::join(offers(), ", "))};
  else if (!unsuitable_.empty())
    failed = {FailCause::NoSuitableOffer, fmt::format("offers, but not the wanted one: {}", fmt::join(offers(), ", "))};
  enter(State::Done);
  outputs_.push_back(std::move(failed));
}

bool Discovery::ours(const Tags& tags) const {
  const Tag* tag = wire::pppoe::find_tag(tags, TagType::HostUniq);
  if (tag == nullptr) return settings_.accept_missing_host_uniq || host_uniq_.empty();
  return tag->value == host_uniq_;
}

void Discovery::on_frame(Bytes frame, Instant now) {
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed) {
    ++counters_.malformed;
    return;
  }
  on_framed(*framed, now);
}

void Discovery::on_framed(const Framed& frame, Instant now) {
  const bool answer = frame.packet.code == Code::Pado || frame.packet.code == Code::Pads;
  const Mac& peer = frame.header.source;
  if (!answer || frame.header.destination != settings_.local || peer == settings_.local || peer.is_multicast() ||
      peer.is_zero()) {
    ++counters_.foreign;
    return;
  }
  std::optional<Tags> own;
  if (frame.tags == nullptr)
    if (auto parsed = wire::pppoe::parse_tags(frame.packet.payload)) own = std::move(*parsed);
  const Tags* tags = frame.tags != nullptr ? frame.tags : own ? &*own : nullptr;
  if (tags == nullptr) {
    ++counters_.malformed;
    return;
  }
  if (frame.packet.code == Code::Pado)
    on_pado(frame, *tags, now);
  else
    on_pads(frame, *tags, now);
}

void Discovery::on_pado(const Framed& frame, const Tags& tags, Instant now) {
  const bool asked = state_ == State::Soliciting || state_ == State::Choosing || state_ == State::Requesting;
  if (!asked || !ours(tags) || frame.packet.session_id != wire::pppoe::kNoSession) {
    ++counters_.foreign;
    return;
  }
  ++counters_.pado;
  Candidate offer;
  offer.peer = frame.header.source;
  // RFC 2516 §5.2 demands the name; one that forgets it is an access concentrator without a name.
  if (const Tag* tag = wire::pppoe::find_tag(tags, TagType::AcName)) offer.ac_name = text_of(tag->value);
  const std::string shown = name_of(offer.peer, wire::printable(bytes_of(offer.ac_name), 64));

  if (auto error = error_in(tags, shown)) {
    refuse(error->cause, std::move(error->detail));
    return;
  }
  const auto preferred = std::ranges::find(settings_.ac_names, offer.ac_name);
  offer.rank = static_cast<std::size_t>(preferred - settings_.ac_names.begin());
  const auto wanted = wire::pppoe::text_tag(TagType::ServiceName, settings_.service_name);
  const bool serves = settings_.service_name.empty() || std::ranges::find(tags, wanted) != tags.end();
  if (!serves || (settings_.ac_required && offer.rank == worst_rank())) {
    if (unsuitable_.size() < kMaxCandidates && std::ranges::find(unsuitable_, shown) == unsuitable_.end())
      unsuitable_.push_back(shown);
    return;
  }
  offer.service_name = wanted.value;
  offer.cookie = value_of(tags, TagType::AcCookie);
  offer.relay_session_id = value_of(tags, TagType::RelaySessionId);
  offer.max_payload = wire::pppoe::max_payload(tags);
  const std::size_t returned = (offer.cookie ? offer.cookie->size() : 0) +
                               (offer.relay_session_id ? offer.relay_session_id->size() : 0) + host_uniq_.size() +
                               offer.service_name.size() + 5 * 6;
  if (returned + wire::ether::kHeaderSize + wire::pppoe::kHeaderSize > kMaxFrame) {
    ++counters_.malformed;  // a PADR that returned all of it unmodified would not fit the wire
    return;
  }

  const auto same = std::ranges::find(candidates_, offer.peer, &Candidate::peer);
  if (same != candidates_.end()) {
    if (!same->tried) *same = std::move(offer);  // a repeated PADI brings a fresher cookie
  } else if (candidates_.size() < kMaxCandidates) {
    candidates_.push_back(std::move(offer));
  }
  if (state_ == State::Requesting) return;
  const bool best = std::ranges::any_of(candidates_, [](const Candidate& c) { return c.rank == 0; });
  if (best) return request_best(now);
  if (state_ == State::Soliciting) {
    enter(State::Choosing);
    due_ = now + settings_.offer_wait;
  }
}

void Discovery::on_pads(const Framed& frame, const Tags& tags, Instant now) {
  const bool expected = state_ == State::Requesting && frame.header.source == candidates_[*chosen_].peer && ours(tags);
  if (!expected) return on_stray_pads(frame, tags);
  ++counters_.pads;
  const Candidate& from = candidates_[*chosen_];
  const std::string shown = name_of(from.peer, wire::printable(bytes_of(from.ac_name), 64));
  const std::uint16_t id = frame.packet.session_id;

  if (auto error = error_in(tags, shown)) {
    // RFC 2516 §5.4: an error comes with session id 0. One that has an id all the same left a
    // session behind at the other side.
    if (id != wire::pppoe::kNoSession && id != wire::pppoe::kReservedSession) send(from.peer, Code::Padt, {}, id);
    refuse(error->cause, std::move(error->detail));
    return request_best(now);
  }
  if (id == wire::pppoe::kNoSession || id == wire::pppoe::kReservedSession) {
    refuse(FailCause::BadSessionId, fmt::format("{} confirms with session id {:#06x}", shown, id));
    return request_best(now);
  }
  Agreed agreed;
  agreed.session_id = id;
  agreed.local = settings_.local;
  agreed.peer = from.peer;
  agreed.ac_name = from.ac_name;
  agreed.service_name = settings_.service_name;
  agreed.cookie = from.cookie.value_or(ByteVec{});
  agreed.relay_session_id = from.relay_session_id.value_or(ByteVec{});
  agreed.host_uniq = host_uniq_;
  // RFC 4638 §4: what both of its answers allow; one that carries no tag says nothing against it.
  const auto confirmed = wire::pppoe::max_payload(tags);
  if (settings_.max_payload > wire::pppoe::kDefaultMaxPayload && (confirmed || from.max_payload)) {
    agreed.max_payload = std::min({settings_.max_payload, confirmed.value_or(settings_.max_payload),
                                   from.max_payload.value_or(settings_.max_payload)});
  }
  agreed_ = agreed;
  due_.reset();
  enter(State::Done);
  outputs_.push_back(Succeeded{std::move(agreed)});
}

void Discovery::on_stray_pads(const Framed& frame, const Tags& tags) {
  const std::uint16_t id = frame.packet.session_id;
  const Mac& peer = frame.header.source;
  const Tag* uniq = wire::pppoe::find_tag(tags, TagType::HostUniq);
  const bool real = id != wire::pppoe::kNoSession && id != wire::pppoe::kReservedSession;
  // Only a random Host-Uniq proves that the session is ours to end: a configured one may be shared.
  const bool was_ours =
      uniq != nullptr && !uniq->value.empty() && !settings_.host_uniq &&
      (std::ranges::any_of(abandoned_,
                           [&](const Abandoned& past) { return past.peer == peer && past.host_uniq == uniq->value; }) ||
       std::ranges::any_of(candidates_, [&](const Candidate& candidate) {
         return candidate.tried && candidate.peer == peer && uniq->value == host_uniq_;
       }));
  const bool current = agreed_ && agreed_->session_id == id && agreed_->peer == peer;
  if (!real || !was_ours || current) {
    ++counters_.foreign;
    return;
  }
  ++counters_.late_pads;
  if (late_padts_ == kMaxLatePadts) return;
  ++late_padts_;
  Tags back{*uniq};
  send(peer, Code::Padt, back, id);
}

void Discovery::on_deadline(Instant now) {
  if (!due_ || now < *due_) return;
  switch (state_) {
    case State::Idle:
    case State::Done:
      due_.reset();
      return;
    case State::Soliciting:
      if (refusal_ || sent_ >= settings_.padi_attempts) return finish_failed();
      return send_padi(now);
    case State::Choosing:
      return request_best(now);
    case State::Requesting:
      if (sent_ < settings_.padr_attempts) return send_padr(now);
      abandon();
      return request_best(now);
  }
}

std::optional<Instant> Discovery::next_deadline() const { return due_; }

std::optional<Output> Discovery::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::vector<std::string> Discovery::offers() const {
  std::vector<std::string> out;
  for (const Candidate& c : candidates_) out.push_back(name_of(c.peer, wire::printable(bytes_of(c.ac_name), 64)));
  out.insert(out.end(), unsuitable_.begin(), unsuitable_.end());
  return out;
}

ByteVec padt(const Agreed& session, std::string_view reason) {
  Tags tags;
  if (!session.host_uniq.empty()) tags.push_back(wire::pppoe::bytes_tag(TagType::HostUniq, session.host_uniq));
  if (!session.cookie.empty()) tags.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, session.cookie));
  if (!session.relay_session_id.empty())
    tags.push_back(wire::pppoe::bytes_tag(TagType::RelaySessionId, session.relay_session_id));
  if (!reason.empty()) tags.push_back(wire::pppoe::text_tag(TagType::GenericError, reason.substr(0, 64)));
  return wire::pppoe::write_discovery(session.peer, session.local, Code::Padt, session.session_id, tags);
}

bool is_padt_for(const Agreed& session, const Framed& frame, std::string* text) {
  if (frame.packet.code != Code::Padt || frame.packet.session_id != session.session_id) return false;
  if (frame.header.source != session.peer || frame.header.destination != session.local) return false;
  if (text != nullptr) {
    // The tags of a PADT are its words only: broken ones do not keep the session alive.
    const auto tags = wire::pppoe::parse_tags(frame.packet.payload);
    const Tag* words = tags ? wire::pppoe::find_tag(*tags, TagType::GenericError) : nullptr;
    *text = words != nullptr ? wire::printable(words->value) : std::string{};
  }
  return true;
}

std::string_view to_text(State state) {
  switch (state) {
    case State::Idle:
      return "Idle";
    case State::Soliciting:
      return "Soliciting";
    case State::Choosing:
      return "Choosing";
    case State::Requesting:
      return "Requesting";
    case State::Done:
      return "Done";
  }
  return "";
}

}  // namespace michi::engine::pppoe

#include "engine/dhcp4/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace michi::engine::dhcp4 {
namespace {

constexpr Duration kMostProbing = seconds(1);
constexpr unsigned kMostSteps = 8;  // at one instant: no chain of edges is longer

Settings bounded(Settings settings) {
  settings.probes = std::min(settings.probes, 5U);
  if (settings.probes != 0) {
    const auto all = static_cast<Duration::rep>(settings.probes);
    if (settings.probe_interval * (all - 1) + settings.probe_wait > kMostProbing)
      settings.probe_interval = settings.probe_wait = kMostProbing / all;
  }
  return settings;
}

}  // namespace

Client::Client(Settings settings, Random random)
    : settings_(bounded(std::move(settings))), random_(std::move(random)) {}

void Client::configure(Settings settings) { settings_ = bounded(std::move(settings)); }

void Client::start(Instant now, const std::optional<Held>& held) {
  if (state_ != State::Stopped) return;
  forget();
  const bool alive = held && is_host_address(held->address) && (!held->expires || now < *held->expires);
  if (held && is_host_address(held->address)) wanted_ = held->address;
  step(alive ? Event::StartHeld : Event::Start, now);
  settle(now);
}

void Client::stop(Ending ending, Instant now) {
  step(ending == Ending::Release ? Event::Release : Event::Stop, now);
  forget();
}

void Client::on_link_up(Instant now) {
  step(Event::LinkUp, now);
  settle(now);
}

void Client::on_conflict(Instant now) {
  if (!waits_for(Event::Conflict)) {
    ++counters_.impossible;
    return;
  }
  ++counters_.conflicts;
  const Ipv4 address = current()->address;
  shun(current()->server);
  wanted_.reset();
  failure_ = {FailCause::Conflict, fmt::format("{} is used by somebody else", to_text(address))};
  step(Event::Conflict, now);
  settle(now);
}

void Client::on_deadline(Instant now) { settle(now); }

std::optional<Instant> Client::next_deadline() const {
  std::optional<Instant> soonest = due_;
  const auto consider = [&](Event event, Instant at) {
    if (waits_for(event) && (!soonest || at < *soonest)) soonest = at;
  };
  if (lease_ && lease_->lease.times) {
    consider(Event::T1, lease_->renew);
    consider(Event::T2, lease_->rebind);
    consider(Event::Expire, lease_->expires);
  }
  return soonest;
}

std::optional<Output> Client::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::optional<Held> Client::held() const {
  if (!lease_) return std::nullopt;
  return Held{lease_->lease.address, lease_->lease.times ? std::optional(lease_->expires) : std::nullopt};
}

const Lease* Client::current() const { return granted_ ? &*granted_ : lease(); }

void Client::settle(Instant now) {
  for (unsigned i = 0; i < kMostSteps; ++i) {
    const bool timed = lease_ && lease_->lease.times;
    if (timed && waits_for(Event::Expire) && now >= lease_->expires) {
      step(Event::Expire, now);
    } else if (timed && waits_for(Event::T2) && now >= lease_->rebind) {
      step(Event::T2, now);
    } else if (timed && waits_for(Event::T1) && now >= lease_->renew) {
      step(Event::T1, now);
    } else if (due_ && now >= *due_) {
      due_.reset();
      step(overdue(), now);
    } else {
      return;
    }
  }
}

Event Client::overdue() const {
  switch (state_) {
    case State::Stopped:
    case State::Bound:
      break;
    case State::Init:
    case State::InitReboot:
      return Event::Begin;
    case State::Selecting:
      if (!offers_.empty()) return Event::Choose;
      return sent_ < settings_.discover_attempts ? Event::Retry : Event::GiveUp;
    case State::Requesting:
      return sent_ < settings_.request_attempts ? Event::Retry : Event::GiveUp;
    case State::Rebooting:
      if (sent_ < settings_.reboot_attempts) return Event::Retry;
      return lease_ ? Event::Resume : Event::GiveUp;
    case State::Checking:
      return sent_ < settings_.probes ? Event::Retry : Event::Clear;
    case State::Renewing:
    case State::Rebinding:
      return Event::Retry;
  }
  return Event::Begin;
}

void Client::step(Event event, Instant now) {
  const Cell& at = cell(state_, event);
  if (!at.possible) {
    ++counters_.impossible;
    return;
  }
  if (state_ == State::Selecting && event == Event::GiveUp)
    failure_ = unusable_.empty() ? Failed{FailCause::NoOffer, "no DHCP server answers"}
                                 : Failed{FailCause::Unusable, fmt::format("no usable offer: {}", unusable_)};
  if (state_ == State::Requesting && event == Event::GiveUp) {
    shun(chosen_->server);
    failure_ = {FailCause::NoAck,
                fmt::format("{} offers {} and does not acknowledge it{}", to_text(chosen_->server),
                            to_text(chosen_->address), unusable_.empty() ? "" : fmt::format(": {}", unusable_))};
  }
  const State from = state_;
  if (at.next != from || event == Event::LinkUp) enter(at.next, event, now);
  if (at.next != from)
    outputs_.push_back(Edge{fmt::format("{} -> {} on {}", to_text(from), to_text(at.next), to_text(event))});
  for (std::size_t i = 0; i < at.count; ++i) perform(at.actions[i], now);
}

void Client::enter(State state, Event event, Instant now) {
  state_ = state;
  sent_ = 0;
  wait_ = settings_.retry_first;
  due_.reset();
  const bool fresh = event == Event::Start || event == Event::StartHeld;
  const Duration desync = fresh ? random_.between({}, settings_.start_delay) : Duration{};
  switch (state) {
    case State::Init:
      due_ = earliest_begin(now) + desync;
      break;
    case State::InitReboot:
      if (const Lease* lease = current()) wanted_ = lease->address;
      granted_.reset();
      due_ = earliest_begin(now) + desync;
      break;
    case State::Selecting:
      offers_.clear();
      servers_.clear();
      unusable_.clear();
      xid_ = random_.u32();
      break;
    case State::Rebooting:
      xid_ = random_.u32();
      break;
    case State::Requesting:
      chosen_ = std::ranges::min_element(offers_, {}, &Offer::rank)->lease;
      unusable_.clear();
      break;
    case State::Stopped:
    case State::Checking:
    case State::Bound:
    case State::Renewing:
    case State::Rebinding:
      break;
  }
}

Instant Client::earliest_begin(Instant now) const { return not_before_ ? std::max(now, *not_before_) : now; }

std::string_view to_text(FailCause cause) {
  switch (cause) {
    case FailCause::NoOffer:
      return "no offer";
    case FailCause::Unusable:
      return "unusable offer";
    case FailCause::NoAck:
      return "no acknowledgement";
    case FailCause::Refused:
      return "refused";
    case FailCause::Conflict:
      return "address conflict";
  }
  return "?";
}

}  // namespace michi::engine::dhcp4

#include "engine/ndisc/router_discovery.hpp"

#include <algorithm>
#include <utility>

namespace michi::engine::ndisc {
namespace {

// A link whose routers contradict each other costs its owner four reports a second.
constexpr unsigned kReportBurst = 8;
constexpr Duration kReportEvery = milliseconds(250);

}  // namespace

RouterDiscovery::RouterDiscovery(DiscoverySettings settings, Random random)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      table_(settings_.interface_id, settings_.link_mtu),
      reports_(kReportBurst, kReportEvery) {}

void RouterDiscovery::enter(DiscoveryState state) { state_ = state; }

void RouterDiscovery::start(Instant now) {
  stop(now);
  if (!settings_.local.is_link_local()) return;
  enter(DiscoveryState::Soliciting);
  begin_soliciting(now, random_.between({}, settings_.solicit_delay_max));
}

void RouterDiscovery::solicit_again(Instant now) {
  if (state_ == DiscoveryState::Idle) return;
  begin_soliciting(now, random_.between({}, settings_.solicit_delay_max));
}

void RouterDiscovery::stop(Instant) {
  table_ = LearnedTable(settings_.interface_id, settings_.link_mtu);
  told_ = {};
  solicit_at_.reset();
  report_at_ = kNever;
  enter(DiscoveryState::Idle);
}

void RouterDiscovery::begin_soliciting(Instant now, Duration delay) {
  wait_ = Duration::zero();
  Instant at = settings_.link == LinkKind::PointToPoint ? now : now + delay;
  if (last_solicit_) at = std::max(at, *last_solicit_ + settings_.solicit_first);
  solicit_at_ = at;
  if (at <= now) solicit(now);
}

/// RFC 8415 §15, by a factor of 0.9 to 1.1.
Duration RouterDiscovery::stretched(Duration wait) { return random_.between(wait * 9 / 10, wait * 11 / 10); }

void RouterDiscovery::solicit(Instant now) {
  wire::icmp6::RouterSolicitation out;
  if (settings_.mac) out.options.push_back(wire::icmp6::SourceLinkLayer{*settings_.mac});
  outputs_.push_back(make_message(out, settings_.local, wire::icmp6::kAllRouters));
  ++counters_.solicitations;
  last_solicit_ = now;
  wait_ = wait_ == Duration::zero() ? stretched(settings_.solicit_first) : wait_ + stretched(wait_);
  if (wait_ > settings_.solicit_max) wait_ = stretched(settings_.solicit_max);
  solicit_at_ = now + wait_;
}

void RouterDiscovery::on_message(Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit,
                                 Instant now) {
  if (state_ == DiscoveryState::Idle || source == settings_.local) return;
  const auto message = admit(icmp6, source, destination, hop_limit, counters_.discarded);
  const auto* advertisement = message ? std::get_if<wire::icmp6::RouterAdvertisement>(&*message) : nullptr;
  if (advertisement == nullptr) return;
  ++counters_.advertisements;
  table_.take(*advertisement, source, now);
  // RFC 7559 §2.1: one that is no default router does not end the asking.
  if (table_.has_router()) solicit_at_.reset();
  settle(now);
}

void RouterDiscovery::settle(Instant now) {
  if (table_.has_router()) {
    enter(DiscoveryState::Settled);
  } else if (state_ == DiscoveryState::Settled) {
    enter(DiscoveryState::Soliciting);
    begin_soliciting(now, Duration::zero());
  }
  Learned is = table_.snapshot(now);
  report_at_ = report_due(told_, is);
  if (report_at_ > now) return;
  if (!reports_.take(now)) {
    report_at_ = reports_.ready_at(now);
    return;
  }
  told_ = is;
  report_at_ = kNever;
  outputs_.push_back(std::move(is));
}

void RouterDiscovery::on_deadline(Instant now) {
  if (state_ == DiscoveryState::Idle) return;
  if (solicit_at_ && *solicit_at_ <= now) solicit(now);
  if (std::min(table_.next_change(), report_at_) > now) return;
  table_.expire(now);
  settle(now);
}

std::optional<Instant> RouterDiscovery::next_deadline() const {
  if (state_ == DiscoveryState::Idle) return std::nullopt;
  const Instant next = std::min({solicit_at_.value_or(kNever), table_.next_change(), report_at_});
  if (next == kNever) return std::nullopt;
  return next;
}

std::optional<DiscoveryOutput> RouterDiscovery::poll() {
  if (outputs_.empty()) return std::nullopt;
  DiscoveryOutput out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

DiscoveryCounters RouterDiscovery::counters() const {
  DiscoveryCounters out = counters_;
  out.displaced = table_.displaced();
  return out;
}

std::string_view to_text(DiscoveryState state) {
  switch (state) {
    case DiscoveryState::Idle:
      return "Idle";
    case DiscoveryState::Soliciting:
      return "Soliciting";
    case DiscoveryState::Settled:
      return "Settled";
  }
  return "";
}

}  // namespace michi::engine::ndisc

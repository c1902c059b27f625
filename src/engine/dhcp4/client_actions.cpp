// The actions of the diagram: what each sends, keeps and reports.

#include <algorithm>
#include <utility>

#include "engine/dhcp4/client.hpp"
#include "wire/arp.hpp"
#include "wire/ether.hpp"
#include "wire/udp4.hpp"

namespace michi::engine::dhcp4 {
namespace {

constexpr Ipv4 kEverybody{0xffffffff};
constexpr Duration kBetweenExchanges = seconds(1);
constexpr Duration kAfterConflict = seconds(10);   // RFC 2131 §3.1.5
constexpr Duration kLeastExtension = seconds(60);  // RFC 2131 §4.4.5
constexpr Duration kMostEarliness = seconds(60);
constexpr std::size_t kMostShunned = 8;

}  // namespace

void Client::perform(Action action, Instant now) {
  switch (action) {
    case Action::Dis:
      return discover(now);
    case Action::Req:
      return request(Purpose::Select, now);
    case Action::Reb:
      return request(Purpose::Reboot, now);
    case Action::Ren:
      return extend(Purpose::Renew, now);
    case Action::Rbd:
      return extend(Purpose::Rebind, now);
    case Action::Prb:
      return probe(now);
    case Action::Bnd:
      return bind();
    case Action::Dec:
      return decline(now);
    case Action::Rel:
      return release();
    case Action::Exp:
      return expire();
    case Action::Fai:
      return fail(now);
  }
}

void Client::send(Purpose purpose, const Exchange& exchange, const Lease* to) {
  const ByteVec message = wire::dhcp4::write_message(compose(purpose, settings_, exchange));
  const Ipv4 source = speaks_from_address(purpose) ? *exchange.address : Ipv4{};
  const Ipv4 destination = to != nullptr ? to->server : kEverybody;
  const Mac device = to != nullptr ? to->server_mac : Mac::broadcast();
  outputs_.push_back(Frame{
      wire::ether::kTypeIpv4, device,
      wire::udp4::write_packet({source, destination, wire::dhcp4::kClientPort, wire::dhcp4::kServerPort, message})});
}

void Client::arm(Instant now) {
  due_ = now + wait_ + random_.between(-settings_.retry_spread, settings_.retry_spread);
  wait_ = std::min(wait_ * 2, settings_.retry_max);
  ++sent_;
}

std::uint16_t Client::secs(Instant now) {
  if (!began_) began_ = now;
  const auto elapsed = std::chrono::duration_cast<seconds>(now - *began_).count();
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(elapsed, 0, 0xffff));
}

void Client::discover(Instant now) {
  secs_ = secs(now);
  send(Purpose::Discover, {xid_, secs_, wanted_, {}});
  ++counters_.discover;
  not_before_ = now + kBetweenExchanges;
  arm(now);
}

void Client::request(Purpose purpose, Instant now) {
  if (sent_ == 0) asked_ = now;
  if (purpose == Purpose::Select) {
    // The seconds are those of the DISCOVER, so that relays treat both alike (RFC 2131 §4.4.1).
    send(purpose, {xid_, secs_, chosen_->address, chosen_->server});
  } else {
    send(purpose, {xid_, secs(now), wanted_, {}});
    not_before_ = now + kBetweenExchanges;
  }
  ++counters_.request;
  arm(now);
}

void Client::extend(Purpose purpose, Instant now) {
  if (sent_ == 0 && purpose == Purpose::Renew) began_ = now;
  // Each has its own number: the lease counts from the one that is answered.
  xid_ = random_.u32();
  asked_ = now;
  const Lease& lease = lease_->lease;
  send(purpose, {xid_, secs(now), lease.address, {}}, purpose == Purpose::Renew ? &lease : nullptr);
  ++counters_.request;
  ++sent_;
  const Instant end = purpose == Purpose::Renew ? lease_->rebind : lease_->expires;
  due_ = now + std::max((end - now) / 2, kLeastExtension);
}

void Client::probe(Instant now) {
  due_ = now;
  if (settings_.probes == 0) return;
  const Ipv4 address = granted_->address;
  if (sent_ == 0) outputs_.push_back(Probe{address});
  outputs_.push_back(Frame{wire::ether::kTypeArp, Mac::broadcast(),
                           wire::arp::write_packet(wire::arp::probe(settings_.local, address))});
  ++counters_.arp_probe;
  ++sent_;
  due_ = now + (sent_ < settings_.probes ? settings_.probe_interval : settings_.probe_wait);
}

void Client::bind() {
  const bool same = lease_ && lease_->lease.address == granted_->address;
  InForce next{*std::move(granted_), {}, {}, {}};
  granted_.reset();
  if (const auto& times = next.lease.times) {
    const Duration early = random_.between({}, std::min<Duration>(times->renew / 50, kMostEarliness));
    next.renew = asked_ + times->renew - early;
    next.rebind = asked_ + times->rebind;
    next.expires = asked_ + times->lifetime;
  }
  lease_ = std::move(next);
  wanted_ = lease_->lease.address;
  began_.reset();
  backoff_ = {};
  shunned_.clear();
  unusable_.clear();
  if (same) {
    outputs_.push_back(Renewed{lease_->lease});
    return;
  }
  outputs_.push_back(Leased{lease_->lease});
  if (settings_.probes == 0) return;
  outputs_.push_back(Frame{wire::ether::kTypeArp, Mac::broadcast(),
                           wire::arp::write_packet(wire::arp::announcement(settings_.local, *wanted_))});
  ++counters_.arp_announcement;
}

void Client::decline(Instant now) {
  const Lease& lease = *current();
  send(Purpose::Decline, {random_.u32(), 0, lease.address, lease.server});
  ++counters_.decline;
  not_before_ = now + kAfterConflict;
}

void Client::release() {
  const Lease* lease = current();
  if (lease == nullptr) return;
  send(Purpose::Release, {random_.u32(), 0, lease->address, lease->server}, lease);
  ++counters_.release;
}

void Client::expire() {
  if (!lease_) return;
  outputs_.push_back(Expired{lease_->lease.address});
  lease_.reset();
}

void Client::fail(Instant now) {
  granted_.reset();
  const bool first = backoff_ == Duration::zero();
  backoff_ = first ? settings_.backoff_first : std::min(backoff_ * 2, settings_.backoff_max);
  // Who comes to another network is refused there once, and served at once (RFC 2131 §3.2).
  const bool at_once = first && failure_.cause == FailCause::Refused;
  due_ = earliest_begin(at_once ? now : now + backoff_ + random_.between({}, settings_.retry_spread));
  if (at_once) backoff_ /= 2;
  outputs_.push_back(std::exchange(failure_, {}));
}

void Client::forget() {
  offers_.clear();
  chosen_.reset();
  granted_.reset();
  lease_.reset();
  wanted_.reset();
  servers_.clear();
  shunned_.clear();
  unusable_.clear();
  began_.reset();
  backoff_ = {};
}

void Client::shun(Ipv4 server) {
  if (std::ranges::find(shunned_, server) != shunned_.end()) return;
  if (shunned_.size() == kMostShunned) shunned_.erase(shunned_.begin());
  shunned_.push_back(server);
}

}  // namespace michi::engine::dhcp4

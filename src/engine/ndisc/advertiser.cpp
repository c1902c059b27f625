#include "engine/ndisc/advertiser.hpp"

#include <algorithm>
#include <utility>

namespace michi::engine::ndisc {
namespace {

using wire::icmp6::find_option;
using wire::icmp6::PrefixInformation;
using wire::icmp6::RouterAdvertisement;

constexpr Duration kMinDelay = seconds(3);            // MIN_DELAY_BETWEEN_RAS
constexpr Duration kRepeatJitter = seconds(1);        // on top of it
constexpr Duration kAnswerDelay = milliseconds(500);  // MAX_RA_DELAY_TIME
constexpr std::uint32_t kMinMtu = 1280;
constexpr std::size_t kMaxAsking = 8;
constexpr std::size_t kMaxOthers = 8;
constexpr Duration kOtherForgotten = minutes(30);
constexpr unsigned kChangeBurst = 4, kAnswerBurst = 20, kReportBurst = 8;
constexpr Duration kAnswerEvery = milliseconds(100), kReportEvery = seconds(10);

/// Ours fall with time and start at their ceilings, so that only what cannot come of that is a conflict.
bool contradicts(const PrefixInformation& ours, const PrefixInformation& theirs) {
  const auto zero = wire::icmp6::Lifetime::zero();
  return ours.on_link != theirs.on_link || ours.autonomous != theirs.autonomous ||
         (ours.preferred == zero) != (theirs.preferred == zero) || (ours.valid == zero) != (theirs.valid == zero);
}

std::vector<Conflict> conflicts_of(const RouterAdvertisement& ours, const RouterAdvertisement& theirs) {
  std::vector<Conflict> out;
  if (ours.hop_limit != 0 && theirs.hop_limit != 0 && ours.hop_limit != theirs.hop_limit)
    out.push_back(Conflict::HopLimit);
  if (ours.managed != theirs.managed) out.push_back(Conflict::Managed);
  if (ours.other != theirs.other) out.push_back(Conflict::Other);
  const auto* our_mtu = find_option<wire::icmp6::Mtu>(ours.options);
  const auto* their_mtu = find_option<wire::icmp6::Mtu>(theirs.options);
  if (our_mtu != nullptr && their_mtu != nullptr && *our_mtu != *their_mtu) out.push_back(Conflict::Mtu);
  for (const auto& option : theirs.options) {
    const auto* theirs_of_it = std::get_if<PrefixInformation>(&option);
    if (theirs_of_it == nullptr) continue;
    const bool conflict = std::ranges::any_of(ours.options, [&](const auto& o) {
      const auto* our_own = std::get_if<PrefixInformation>(&o);
      return our_own != nullptr && our_own->prefix == theirs_of_it->prefix && contradicts(*our_own, *theirs_of_it);
    });
    if (!conflict) continue;
    out.push_back(Conflict::Prefix);
    break;
  }
  return out;
}

bool same_set(const std::vector<PastPrefix>& a, const std::vector<PastPrefix>& b) {
  return std::ranges::equal(a, b, [](const PastPrefix& x, const PastPrefix& y) {
    return x.prefix == y.prefix && x.on_link == y.on_link && x.autonomous == y.autonomous;
  });
}

/// Whether `b` says of a prefix that it lives longer than `a` does; the other way does no harm in a store.
bool outlives(const std::vector<PastPrefix>& a, const std::vector<PastPrefix>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (b[i].valid > a[i].valid) return true;
  return false;
}

}  // namespace

Advertiser::Advertiser(AdvertiserSettings settings, Random random)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      bulletin_(settings_.ceilings),
      changes_(kChangeBurst, kMinDelay),
      answers_(kAnswerBurst, kAnswerEvery),
      reports_(kReportBurst, kReportEvery) {
  settings_.link_mtu = std::max(settings_.link_mtu, kMinMtu);
  settings_.interval_min = std::max<Duration>(settings_.interval_min, kMinDelay);
  settings_.interval_max = std::max(settings_.interval_max, settings_.interval_min);
}

void Advertiser::enter(AdvertiserState state) {
  state_ = state;
  advertise_at_ = answer_at_ = kNever;
  asking_.clear();
  all_asking_ = false;
}

void Advertiser::start(Advertisement wanted, const std::vector<PastPrefix>& past, Instant now) {
  if (!settings_.local.is_link_local()) return;
  if (state_ == AdvertiserState::Idle) bulletin_.recall(past, now);
  enter(AdvertiserState::Advertising);
  bulletin_.want(std::move(wanted), settings_.interval_max, now);
  announce(now);
}

void Advertiser::want(Advertisement wanted, Instant now) {
  if (state_ == AdvertiserState::Idle) return;
  if (bulletin_.want(std::move(wanted), settings_.interval_max, now) == Urgency::AtOnce) announce(now);
}

void Advertiser::stop(FinalAdvertisement farewell, Instant now) {
  if (state_ == AdvertiserState::Idle) return;
  if (farewell != FinalAdvertisement::None) {
    const RouterAdvertisement last = bulletin_.compose_final(farewell == FinalAdvertisement::NothingHolds, now);
    send(last, wire::icmp6::kAllNodes);
    ++counters_.multicast;
    last_multicast_ = now;
  }
  remember(now);
  enter(AdvertiserState::Idle);
}

void Advertiser::send(const RouterAdvertisement& content, const Ipv6& to) {
  std::optional<wire::icmp6::Option> first;
  if (settings_.mac) first = wire::icmp6::SourceLinkLayer{*settings_.mac};
  for (const auto& part : split(content, first, settings_.link_mtu - wire::icmp6::kIpv6Header))
    outputs_.push_back(make_message(part, settings_.local, to));
}

void Advertiser::remember(Instant now) {
  std::vector<PastPrefix> history = bulletin_.history(now);
  if (same_set(stored_, history) && !outlives(stored_, history)) return;
  stored_ = history;
  outputs_.push_back(Remember{std::move(history)});
}

void Advertiser::advertise(Instant now) {
  const RouterAdvertisement content = bulletin_.compose(now);
  send(content, wire::icmp6::kAllNodes);
  ++counters_.multicast;
  last_multicast_ = now;
  bulletin_.said(content, true, now);
  remember(now);
  asking_.clear();
  all_asking_ = false;
  answer_at_ = kNever;
  if (repeats_left_ != 0) {
    --repeats_left_;
    advertise_at_ = now + random_.between(kMinDelay, kMinDelay + kRepeatJitter);
  } else {
    advertise_at_ = now + random_.between(settings_.interval_min, settings_.interval_max);
  }
}

void Advertiser::announce(Instant now) {
  repeats_left_ = settings_.repeats;
  const bool waited = !last_multicast_ || now >= *last_multicast_ + kMinDelay;
  if (waited || changes_.take(now)) return advertise(now);
  advertise_at_ = *last_multicast_ + kMinDelay;
}

void Advertiser::on_solicitation(const Ipv6& source, Instant now) {
  ++counters_.solicitations;
  if (answer_at_ == kNever) answer_at_ = now + random_.between({}, kAnswerDelay);
  if (std::ranges::find(asking_, source) != asking_.end()) return;
  if (source.is_link_local() && asking_.size() < kMaxAsking)
    asking_.push_back(source);
  else
    all_asking_ = true;
}

void Advertiser::answer(Instant now) {
  answer_at_ = kNever;
  const RouterAdvertisement content = bulletin_.compose(now);
  for (const Ipv6& host : std::exchange(asking_, {})) {
    if (all_asking_ || !answers_.take(now)) {
      all_asking_ = true;
      break;
    }
    send(content, host);
    ++counters_.unicast;
    bulletin_.said(content, false, now);
  }
  if (!all_asking_) return;
  if (last_multicast_ && now < *last_multicast_ + kMinDelay)
    answer_at_ = *last_multicast_ + kMinDelay;
  else
    advertise(now);
}

void Advertiser::on_foreign(const RouterAdvertisement& foreign, const Ipv6& source, Instant now) {
  ++counters_.foreign;
  ForeignRouter is{source, foreign.lifetime != 0, conflicts_of(bulletin_.compose(now), foreign)};
  if (!is.conflicts.empty()) ++counters_.conflicts;
  std::erase_if(others_, [&](const Other& o) { return o.heard + kOtherForgotten <= now; });
  const auto known = std::ranges::find_if(others_, [&](const Other& o) { return o.told.router == source; });
  if (known != others_.end()) {
    known->heard = now;
    if (known->told.is_default == is.is_default && known->told.conflicts == is.conflicts) return;
  }
  if (!reports_.take(now)) return;
  if (known != others_.end()) {
    known->told = is;
  } else {
    if (others_.size() == kMaxOthers) others_.erase(std::ranges::min_element(others_, {}, &Other::heard));
    others_.push_back({is, now});
  }
  outputs_.push_back(std::move(is));
}

void Advertiser::on_message(Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit,
                            Instant now) {
  if (state_ == AdvertiserState::Idle || source == settings_.local) return;
  const auto message = admit(icmp6, source, destination, hop_limit, counters_.discarded);
  if (!message) return;
  if (std::holds_alternative<wire::icmp6::RouterSolicitation>(*message)) on_solicitation(source, now);
  if (const auto* foreign = std::get_if<RouterAdvertisement>(&*message)) on_foreign(*foreign, source, now);
}

void Advertiser::on_deadline(Instant now) {
  if (state_ == AdvertiserState::Idle) return;
  if (answer_at_ <= now) answer(now);
  if (advertise_at_ <= now) advertise(now);
}

std::optional<Instant> Advertiser::next_deadline() const {
  if (state_ == AdvertiserState::Idle) return std::nullopt;
  return std::min(advertise_at_, answer_at_);
}

std::optional<AdvertiserOutput> Advertiser::poll() {
  if (outputs_.empty()) return std::nullopt;
  AdvertiserOutput out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::vector<ForeignRouter> Advertiser::others(Instant now) const {
  std::vector<ForeignRouter> out;
  for (const Other& other : others_)
    if (other.heard + kOtherForgotten > now) out.push_back(other.told);
  return out;
}

std::string_view to_text(AdvertiserState state) {
  switch (state) {
    case AdvertiserState::Idle:
      return "Idle";
    case AdvertiserState::Advertising:
      return "Advertising";
  }
  return "";
}

std::string_view to_text(Conflict conflict) {
  switch (conflict) {
    case Conflict::HopLimit:
      return "hop limit";
    case Conflict::Managed:
      return "managed flag";
    case Conflict::Other:
      return "other flag";
    case Conflict::Mtu:
      return "MTU";
    case Conflict::Prefix:
      return "prefix";
  }
  return "";
}

}  // namespace michi::engine::ndisc

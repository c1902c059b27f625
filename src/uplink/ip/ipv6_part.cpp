#include "uplink/ip/ipv6_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/digest.hpp"

namespace michi::uplink {
namespace {

namespace dhcp6 = engine::dhcp6;
namespace ndisc = engine::ndisc;

/// New ends of the same leases are written this often at most: a server that renews every second must not
/// wear out the disk.
constexpr Duration kKeepEvery = minutes(1);
/// From the last Ack of IPv6CP until the peer's IPv6 stands: pppd throws away what comes in its first two milliseconds,
/// and what is lost is said again after a whole second only.
constexpr Duration kPeerSettles = milliseconds(20);
constexpr std::int64_t kDuidEpoch = 946684800;  // 2000-01-01 00:00 UTC
constexpr std::byte kDuidTypeTime{1};
constexpr std::byte kDuidTypeUuid{4};

void earlier(std::optional<Instant>& soonest, const std::optional<Instant>& at) {
  if (at && (!soonest || *at < *soonest)) soonest = at;
}

bool is_of_type(const ByteVec& duid, std::byte type) { return duid.size() > 2 && duid[1] == type; }

ByteVec bytes_of(const wire::Duid& duid) { return copy_of(duid.bytes()); }

/// The same but for times.
bool same_set(const LeaseRecord& a, const LeaseRecord& b) {
  const auto same_lease = [](const dhcp6::Lease& x, const dhcp6::Lease& y) {
    return x.type == y.type && x.iaid == y.iaid && x.prefix == y.prefix;
  };
  const auto same_prefix = [](const LeaseRecord::Remembered& x, const LeaseRecord::Remembered& y) {
    return x.prefix == y.prefix && x.on_link == y.on_link;
  };
  return a.duid == b.duid && a.server == b.server && std::ranges::equal(a.leases, b.leases, same_lease) &&
         std::ranges::equal(a.prefixes, b.prefixes, same_prefix);
}

bool is_empty(const LeaseRecord& record) {
  return record.duid.empty() && record.leases.empty() && record.prefixes.empty();
}

}  // namespace

std::uint32_t iaid_of(std::string_view uplink) {
  const Md5 digest = md5({michi::bytes_of("michi iaid "), michi::bytes_of(uplink)});
  return *Reader(digest).u32();
}

Ipv6Part::Ipv6Part(std::string name, model::DelegationConfig config, Ipv6Memory memory, Random random, Instant now)
    : name_(std::move(name)), config_(std::move(config)), memory_(std::move(memory)), random_(std::move(random)) {
  if (!memory_.record) return;
  kept_ = std::exchange(memory_.record, std::nullopt);
  kept_at_ = now;
  duid_ = kept_->duid;
  server_ = kept_->server;
  for (const dhcp6::Lease& lease : kept_->leases)
    saved_.push_back({lease, end_after(now, lease.preferred), end_after(now, lease.valid)});
  for (const auto& one : kept_->prefixes)
    known_.remember({.prefix = one.prefix,
                     .preferred_until = end_after(now, one.preferred),
                     .valid_until = end_after(now, one.valid),
                     .confirmed = false,
                     .on_link = one.on_link});
  known_.expire(now);
  compose(now);
}

void Ipv6Part::configure(const model::DelegationConfig& config, Instant now) {
  if (config == config_) return;
  config_ = config;
  if (!link_) return;
  save_leases(now);
  begin(now);
}

void Ipv6Part::on_link_up(const Ipv6Link& link, Instant now) {
  save_leases(now);
  link_ = link;
  begin(now);
}

void Ipv6Part::on_link_down(Instant now) {
  if (!link_) return;
  save_leases(now);
  link_.reset();
  client_.reset();
  information_.reset();
  discovery_.reset();
  routers_ = {};
  assigned_.clear();
  info_ = {};
  on_link_told_.clear();
  known_.doubt(PrefixSource::Delegated);
  known_.doubt(PrefixSource::OnLink);
  settle(now);
}

void Ipv6Part::save_leases(Instant now) {
  if (!client_) return;
  saved_.clear();
  const auto held = client_->held(now);
  if (!held) return;
  server_ = held->server;
  for (const dhcp6::Lease& lease : held->leases)
    saved_.push_back({lease, end_after(now, lease.preferred), end_after(now, lease.valid)});
}

ByteVec Ipv6Part::choose_duid() {
  switch (config_.duid) {
    case model::DuidKind::LinkLayer:
      break;
    case model::DuidKind::LinkLayerTime: {
      // Made once: it stays when the interface gets another address.
      if (is_of_type(duid_, kDuidTypeTime)) return duid_;
      const auto time = static_cast<std::uint32_t>(std::max<std::int64_t>(memory_.wall_seconds - kDuidEpoch, 0));
      return bytes_of(wire::Duid::link_layer_time(link_->carrier, time));
    }
    case model::DuidKind::Uuid: {
      if (is_of_type(duid_, kDuidTypeUuid)) return duid_;
      if (memory_.machine) return bytes_of(wire::Duid::uuid(*memory_.machine));
      const ByteVec drawn = random_.bytes(16);
      return bytes_of(wire::Duid::uuid(std::span<const std::byte, 16>(drawn.data(), 16)));
    }
    case model::DuidKind::Bytes:
      if (wire::Duid::from_bytes(config_.duid_bytes)) return config_.duid_bytes;
      break;
  }
  return bytes_of(wire::Duid::link_layer(link_->carrier));
}

dhcp6::Settings Ipv6Part::client_settings() const {
  dhcp6::Settings out;
  out.duid = *wire::Duid::from_bytes(duid_);
  const bool one_peer = link_->kind == ndisc::LinkKind::PointToPoint;
  out.link = one_peer ? dhcp6::LinkType::PointToPoint : dhcp6::LinkType::MultiAccess;
  const std::uint32_t iaid = config_.iaid.value_or(iaid_of(name_));
  if (config_.prefix) out.wanted.push_back({wire::dhcp6::IaType::Pd, iaid, config_.hint});
  if (config_.address) out.wanted.push_back({wire::dhcp6::IaType::Na, iaid, std::nullopt});
  // A network that wants no hint wants no hint of what was held either.
  out.hint_held = config_.hint.has_value();
  return out;
}

void Ipv6Part::begin(Instant now) {
  ByteVec duid = choose_duid();
  if (duid != duid_) {
    // Leases of somebody else, as the server sees it.
    if (!duid_.empty()) saved_.clear();
    duid_ = std::move(duid);
  }
  gave_nothing_ = false;
  routers_ = {};
  assigned_.clear();
  info_ = {};
  client_.reset();
  information_.reset();
  discovery_ =
      std::make_unique<ndisc::RouterDiscovery>(ndisc::DiscoverySettings{.local = link_->local,
                                                                        .mac = link_->mac,
                                                                        .interface_id = link_->local.interface_id(),
                                                                        .link = link_->kind,
                                                                        .link_mtu = link_->mtu},
                                               random_.fork());
  discovery_->start(now);
  if (config_.prefix || config_.address) {
    dhcp6::Held held;
    held.server = server_;
    for (const SavedLease& one : saved_) {
      dhcp6::Lease lease = one.lease;
      lease.preferred = left_until(one.preferred_until, now);
      lease.valid = left_until(one.valid_until, now);
      held.leases.push_back(lease);
    }
    dhcp6::Settings settings = client_settings();
    settings.delay = kPeerSettles;
    client_ = std::make_unique<Client>(std::move(settings), random_.fork());
    client_->start(now, &held);
  } else {
    known_.doubt(PrefixSource::Delegated);
  }
  saved_.clear();
  settle(now);
}

void Ipv6Part::release(Instant now) {
  if (!client_) return;
  client_->stop(dhcp6::OnStop::Release, now);
  settle(now);
}

bool Ipv6Part::releasing() const { return client_ && client_->state() == dhcp6::State::Releasing; }

void Ipv6Part::on_datagram(const Heard& datagram, Instant now) {
  if (!link_) return;
  if (datagram.service == Service::NeighbourDiscovery) {
    discovery_->on_message(datagram.bytes, datagram.source, datagram.destination, datagram.hop_limit, now);
  } else {
    // Each takes what answers its own question.
    if (client_) client_->on_datagram(datagram.bytes, datagram.source, now);
    if (information_) information_->on_datagram(datagram.bytes, datagram.source, now);
  }
  settle(now);
}

void Ipv6Part::on_deadline(Instant now) {
  const auto next = next_deadline();
  if (!next || now < *next) return;
  if (client_) client_->on_deadline(now);
  if (information_) information_->on_deadline(now);
  if (discovery_) discovery_->on_deadline(now);
  settle(now);
}

std::optional<Instant> Ipv6Part::next_deadline() const {
  std::optional<Instant> soonest = keep_due_;
  if (const Instant expiry = known_.next_expiry(); expiry != Instant::max()) earlier(soonest, expiry);
  if (client_) earlier(soonest, client_->next_deadline());
  if (information_) earlier(soonest, information_->next_deadline());
  if (discovery_) earlier(soonest, discovery_->next_deadline());
  return soonest;
}

std::optional<Ipv6Part::Output> Ipv6Part::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

LeaseRecord Ipv6Part::record(Instant now) const {
  LeaseRecord out;
  const auto held = client_ ? client_->held(now) : std::nullopt;
  if (held) {
    out.server = held->server;
    out.leases = held->leases;
  }
  for (const SavedLease& one : saved_) {
    if (one.valid_until <= now) continue;
    dhcp6::Lease lease = one.lease;
    lease.preferred = left_until(one.preferred_until, now);
    lease.valid = left_until(one.valid_until, now);
    out.leases.push_back(lease);
  }
  if (!held && !out.leases.empty()) out.server = server_;
  for (const model::PrefixFacts& one : known_.all())
    out.prefixes.push_back(
        {one.prefix, left_until(one.preferred_until, now), left_until(one.valid_until, now), one.on_link});
  std::ranges::sort(out.prefixes, {}, &LeaseRecord::Remembered::prefix);
  // One that can be formed again needs no disk; its leases say whose they are.
  const bool derived = config_.duid == model::DuidKind::LinkLayer || config_.duid == model::DuidKind::Bytes;
  if (!derived || !out.leases.empty()) out.duid = duid_;
  return out;
}

Ipv6Memory Ipv6Part::memory(Instant now) const {
  Ipv6Memory out = memory_;
  if (auto is = record(now); !is_empty(is)) out.record = std::move(is);
  return out;
}

void Ipv6Part::keep(Instant now) {
  LeaseRecord is = record(now);
  if (!kept_ && is_empty(is)) return;
  const bool same = kept_ && same_set(*kept_, is);
  if (same) {
    if (aged(*kept_, now - kept_at_) == is) return keep_due_.reset();
    const Instant due = kept_at_ + kKeepEvery;
    if (now < due) {
      keep_due_ = due;
      return;
    }
  }
  keep_due_.reset();
  if (is_empty(is)) {
    kept_.reset();
    outputs_.push_back(PersistLease{std::nullopt});
    return;
  }
  kept_ = is;
  kept_at_ = now;
  outputs_.push_back(PersistLease{std::move(is)});
}

}  // namespace michi::uplink

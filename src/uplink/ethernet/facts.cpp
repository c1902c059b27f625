// What an uplink without a session tells of itself, and what of its conversations that follows from.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "uplink/ethernet/life.hpp"
#include "uplink/ip/closed_network.hpp"

namespace michi::uplink {
namespace {

constexpr std::uint32_t kSmallestIpv6Mtu = 1280;  // RFC 8200 §5

std::vector<Prefix> confirmed(const std::vector<model::PrefixFacts>& prefixes) {
  std::vector<Prefix> out;
  for (const model::PrefixFacts& prefix : prefixes)
    if (prefix.confirmed) out.push_back(prefix.prefix);
  return out;
}

}  // namespace

void EthernetLife::drain() {
  const auto event = [&](model::Event& told) {
    told.uplink = config_.id.name;
    outputs_.emplace_back(std::move(told));
  };
  while (auto output = ipv4_.poll())
    std::visit(Overloaded{
                   [&](ByteVec& frame) {
                     if (link_ready()) outputs_.emplace_back(Frame{config_.interface, std::move(frame), false});
                   },
                   [&](PersistAddress& held) { outputs_.emplace_back(held); },
                   event,
               },
               *output);
  while (auto output = ipv6_ ? ipv6_->poll() : std::nullopt)
    std::visit(Overloaded{
                   [&](Datagram& datagram) {
                     if (link_ready()) outputs_.emplace_back(std::move(datagram));
                   },
                   [&](PersistLease& lease) { outputs_.emplace_back(std::move(lease)); },
                   event,
               },
               *output);
}

/// The conversation follows the link. While the carrier is away for a moment it is left as it is.
void EthernetLife::tend_ipv6(Instant now) {
  if (!asks_v6() || (phase_ == EthernetPhase::LinkHold && !link_ready())) return;
  const bool stands = row().link && link_ready() && device_;
  if (stands && phase_ != EthernetPhase::Releasing && (!ipv6_ || !ipv6_->is_up() || anew_)) {
    if (!ipv6_) remember(now);
    ipv6_->on_link_up({.local = *device_,
                       .mac = link_->mac,
                       .carrier = link_->mac,
                       .mtu = link_->mtu,
                       .kind = engine::ndisc::LinkKind::Broadcast},
                      now);
    anew_ = false;
  } else if (!stands && ipv6_ && ipv6_->is_up()) {
    ipv6_->on_link_down(now);
  }
  if (phase_ == EthernetPhase::Releasing && !(ipv6_ && ipv6_->releasing()))
    leave(EthernetPhase::Down, model::Reason::NotStarted, "stop", now);
}

void EthernetLife::settle(Instant now) {
  tend_ipv6(now);
  drain();
  compose();
  const bool any = facts_.v4 || facts_.v6;
  const bool waits =
      phase_ == EthernetPhase::Asking || phase_ == EthernetPhase::Unanswered || phase_ == EthernetPhase::LinkHold;
  if (waits && link_ready() && any) go_up(facts_.v4 && facts_.v6 ? "ipv4 and ipv6" : facts_.v4 ? "ipv4" : "ipv6", now);
  if ((phase_ == EthernetPhase::Up || phase_ == EthernetPhase::Held) && !any) {
    tell_up();
    facts_.attached = false;
    set_reason(model::Reason::AddressLost, missing());
    ask("no address left", now);
  }
  if (facts_.incomplete && !second_family_expected()) tell_up();
  if (phase_ == EthernetPhase::Up) judge_network();
  if (facts_ == published_) return;
  published_ = facts_;
  outputs_.emplace_back(FactsChanged{facts_});
}

void EthernetLife::compose() {
  // While the carrier is away for a moment nothing is learned, and nothing forgotten.
  if (phase_ == EthernetPhase::LinkHold && !link_ready()) return;
  facts_.v4.reset();
  facts_.v6.reset();
  if (!row().link) facts_.attached = false;
  if (is_static()) {
    compose_static();
  } else if (const auto* lease = row().link && config_.ipv4 ? ipv4_.lease() : nullptr) {
    facts_.v4 = facts_of(*lease);
    if (config_.dns.source != model::DnsSource::Peer) facts_.v4->dns.clear();
  }
  if (ipv6_) compose_ipv6();
  compose_mtu();
}

/// A router, an address or a prefix makes it IPv6; a link-local address alone is none.
void EthernetLife::compose_ipv6() {
  const Ipv6Learned& learned = ipv6_->learned();
  facts_.prefixes = learned.prefixes;
  for (model::PrefixFacts& prefix : facts_.prefixes) prefix.shared = prefix.on_link && is_shared(prefix.prefix);
  const bool given = learned.router || !learned.addresses.empty() || !confirmed(learned.prefixes).empty();
  if (!row().link || phase_ == EthernetPhase::Releasing || !device_ || !given) return;
  facts_.v6.emplace();
  facts_.v6->local = *device_;
  // A delegating router need not advertise itself as a router.
  facts_.v6->peer = learned.router ? *learned.router : server_.value_or(Ipv6{});
  facts_.v6->addresses = learned.addresses;
  if (config_.dns.source == model::DnsSource::Peer) facts_.v6->dns = learned.dns;
  facts_.v6->domains = learned.domains;
  facts_.v6->mtu = learned.mtu;
}

/// Hosts get no addresses that lead nowhere.
bool EthernetLife::is_shared(const Prefix& prefix) const {
  const bool closed = config_.closed.value_or(closed_network_of({}, {prefix}).has_value());
  return config_.neighbour_proxy.value_or(!closed);
}

void EthernetLife::compose_static() {
  const model::StaticConfig& fixed = config_.fixed;
  const bool here = row().link && link_ready();
  facts_.prefixes.clear();
  for (const Prefix& prefix : fixed.prefixes)
    facts_.prefixes.push_back({.prefix = prefix.canonical(), .confirmed = here});
  if (fixed.address6 && config_.neighbour_proxy.value_or(false))
    facts_.prefixes.push_back(
        {.prefix = fixed.address6->canonical(), .confirmed = here, .on_link = true, .shared = true});
  if (!here) return;
  if (fixed.address) {
    facts_.v4.emplace();
    facts_.v4->local = *fixed.address->address.v4();
    facts_.v4->length = fixed.address->length;
    facts_.v4->gateway = fixed.gateway;
  }
  if (fixed.address6 || !fixed.prefixes.empty()) {
    facts_.v6.emplace();
    if (fixed.address6) facts_.v6->addresses = {*fixed.address6->address.v6()};
    if (fixed.gateway6) facts_.v6->peer = *fixed.gateway6;
  }
}

void EthernetLife::compose_mtu() {
  facts_.mtu = 0;
  if (!row().link || !link_ || (!facts_.v4 && !facts_.v6)) return;
  std::uint32_t mtu = std::min<std::uint32_t>(link_->mtu, config_.mtu);
  if (const auto* lease = facts_.v4 ? ipv4_.lease() : nullptr; lease && lease->mtu)
    mtu = std::min<std::uint32_t>(mtu, *lease->mtu);
  if (facts_.v6 && facts_.v6->mtu >= kSmallestIpv6Mtu) mtu = std::min(mtu, facts_.v6->mtu);
  facts_.mtu = static_cast<std::uint16_t>(mtu);
}

/// Addresses that look global are no internet yet.
void EthernetLife::judge_network() {
  if (!facts_.v6) return;
  const auto seen = closed_network_of(facts_.v6->addresses, confirmed(facts_.prefixes));
  const bool closed = config_.closed.value_or(seen.has_value());
  facts_.v6->closed = closed;
  if (closed == (facts_.reason == model::Reason::ClosedNetwork)) return;
  if (!closed) return set_reason(model::Reason::None);
  const auto text = fmt::format("IPv6 addresses of {} alone: no internet",
                                seen ? *seen : std::string_view("a closed network, as the file says"));
  set_reason(model::Reason::ClosedNetwork, text);
  const auto severity = config_.closed ? model::Severity::Info : model::Severity::Warning;
  outputs_.emplace_back(model::Event{severity, "uplink.closed-network", config_.id.name, text, {}});
}

bool EthernetLife::second_family_expected() const {
  if (is_static()) return false;
  return (config_.ipv4 && !facts_.v4) || (config_.ipv6 && !facts_.v6);
}

std::string EthernetLife::missing() const {
  std::string out;
  if (asks_v4() && !facts_.v4) out = ipv4_.trouble().empty() ? "no DHCP server answers" : ipv4_.trouble();
  if (asks_v6() && !facts_.v6)
    out += fmt::format("{}neither a router advertisement nor a DHCPv6 server", out.empty() ? "" : "; ");
  return out;
}

std::string EthernetLife::protocol_state() const {
  if (is_static()) return row().link ? "static" : "";
  std::string out = ipv4_.state_text();
  const std::string six = ipv6_ ? ipv6_->state_text() : std::string{};
  if (!six.empty()) out += (out.empty() ? "" : ", ") + six;
  return out;
}

std::optional<Instant> EthernetLife::next_renewal(Instant now) const {
  return ipv6_ ? ipv6_->next_renewal(now) : std::nullopt;
}

void EthernetLife::ask_again(Instant now) {
  if (!ipv6_) return;
  ipv6_->ask_again(now);
  settle(now);
}

std::vector<std::string> EthernetLife::waiting_for() const {
  std::vector<std::string> out;
  if (phase_ == EthernetPhase::Down) out.emplace_back("`michi up`");
  if (phase_ != EthernetPhase::Down && !link_) out.push_back(fmt::format("interface {} to appear", config_.interface));
  if (phase_ != EthernetPhase::Down && link_ && !link_->carrier)
    out.push_back(fmt::format("carrier on {}", config_.interface));
  if (phase_ == EthernetPhase::Held) out.emplace_back("the other uplink with the same address to give it up");
  if (row().link && asks_v4())
    if (auto text = ipv4_.waiting_for(); !text.empty()) out.push_back(std::move(text));
  if (row().link && asks_v6() && !device_) out.push_back(fmt::format("a link-local address on {}", config_.interface));
  if (row().link && ipv6_)
    if (auto text = ipv6_->waiting_for(); !text.empty()) out.push_back(std::move(text));
  return out;
}

}  // namespace michi::uplink

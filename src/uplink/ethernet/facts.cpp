// What an uplink that is an interface tells of itself, and what of its conversations that follows from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "uplink/ethernet/life.hpp"
#include "uplink/ip/closed_network.hpp"

namespace michi::uplink::ethernet {
namespace {

using enum Phase;

constexpr std::uint32_t kSmallestIpv6Mtu = 1280;  // RFC 8200 §5
constexpr ChannelKind kIpv6Channels[] = {ChannelKind::NeighbourDiscovery, ChannelKind::Dhcp6};

std::vector<Prefix> confirmed(const std::vector<model::PrefixFacts>& prefixes) {
  std::vector<Prefix> out;
  for (const model::PrefixFacts& prefix : prefixes)
    if (prefix.confirmed) out.push_back(prefix.prefix);
  return out;
}

std::string_view families(const model::UplinkFacts& facts) {
  if (facts.v4 && facts.v6) return "ipv4 and ipv6";
  return facts.v4 ? "ipv4" : "ipv6";
}

}  // namespace

bool Life::is_static() const { return config_.kind.is<model::StaticConfig>(); }
bool Life::asks_v4() const { return !is_static() && config_.ipv4; }
bool Life::asks_v6() const { return !is_static() && config_.ipv6; }
bool Life::can_ask_v4() const { return asks_v4() && !machine_.is_refused(ChannelKind::Dhcp4); }
bool Life::can_ask_v6() const {
  return asks_v6() && std::ranges::none_of(kIpv6Channels, [&](ChannelKind kind) { return machine_.is_refused(kind); });
}

std::vector<ChannelWant> Life::channels() const {
  std::vector<ChannelWant> out;
  if (asks_v4()) out.push_back({.kind = ChannelKind::Dhcp4, .device = config_.interface()});
  // The interface is there before the uplink is anything.
  if (asks_v6() && !machine_.is(Down) && device_ && !device_->link_locals.empty())
    for (const ChannelKind kind : kIpv6Channels) out.push_back({.kind = kind, .device = config_.interface()});
  return out;
}

void Life::drain() {
  while (auto output = ipv4_.poll())
    std::visit(Overloaded{
                   [&](ByteVec& frame) {
                     if (line_.ready() && can_ask_v4())
                       machine_.emit(Frame{ChannelKind::Dhcp4, std::move(frame), false});
                   },
                   [&](PersistAddress& held) { machine_.emit(held); },
                   [&](model::Event& event) { machine_.pass_on(std::move(event)); },
               },
               *output);
  ipv6_.drain(line_.ready(), machine_);
}

/// The conversation follows the link. While the carrier is away for a moment it is left as it is.
void Life::tend_ipv6(Instant now) {
  if (!asks_v6() || (machine_.is(LinkHold) && !line_.ready())) return;
  const bool stands = machine_.row().linked && line_.ready() && source_;
  if (stands && !machine_.is(Releasing) && (!ipv6_.is_up() || anew_)) {
    if (!ipv6_) ipv6_.make(config_, random_.fork(), now);
    const auto& link = *line_.facts();
    ipv6_->on_link_up({.local = *source_,
                       .mac = link.mac,
                       .carrier = link.mac,
                       .mtu = link.mtu,
                       .kind = engine::ndisc::LinkKind::Broadcast},
                      now);
    anew_ = false;
  } else if (!stands && ipv6_.is_up()) {
    ipv6_->on_link_down(now);
  }
  if (machine_.is(Releasing) && !ipv6_.is_releasing()) leave(Down, model::Reason::NotStarted, "stop", now);
}

void Life::settle(Instant now) {
  tend_ipv6(now);
  drain();
  compose();
  const model::UplinkFacts& is = facts();
  const bool any = is.v4 || is.v6;
  if (machine_.is_any(Asking, Unanswered, LinkHold) && line_.ready() && any) go_up(families(is), now);
  if (machine_.is_any(Up, Held) && !any) {
    machine_.tell_up();
    machine_.facts().attached = false;
    machine_.set_reason(model::Reason::AddressLost, missing());
    ask("no address left", now);
  }
  if (is.incomplete && !second_family_expected()) machine_.tell_up();
  if (machine_.is(Up)) {
    judge_network();
    judge_refusals();
  }
  machine_.want(channels());
  // Nobody speaks from a device whose channels are not wanted.
  look_at_device();
  machine_.publish();
}

void Life::compose() {
  // While the carrier is away for a moment nothing is learned, and nothing forgotten.
  if (machine_.is(LinkHold) && !line_.ready()) return;
  model::UplinkFacts& facts = machine_.facts();
  const bool linked = machine_.row().linked;
  facts.v4.reset();
  facts.v6.reset();
  if (!linked) facts.attached = false;
  if (is_static()) {
    compose_static();
  } else if (const auto* lease = linked && config_.ipv4 ? ipv4_.lease() : nullptr) {
    facts.v4 = facts_of(*lease);
    if (config_.dns.source != model::DnsSource::Peer) facts.v4->dns.clear();
  }
  if (ipv6_) compose_ipv6();
  compose_mtu();
  if (facts.incomplete) machine_.set_up_on(std::string(families(facts)));
}

/// A router, an address or a prefix makes it IPv6; a link-local address alone is none.
void Life::compose_ipv6() {
  model::UplinkFacts& facts = machine_.facts();
  const Ipv6Learned& learned = ipv6_->learned();
  facts.prefixes = learned.prefixes;
  for (model::PrefixFacts& prefix : facts.prefixes) prefix.shared = prefix.on_link && is_shared(prefix.prefix);
  const bool given = learned.router || !learned.addresses.empty() || !confirmed(learned.prefixes).empty();
  if (!machine_.row().linked || machine_.is(Releasing) || !source_ || !given) return;
  facts.v6.emplace();
  facts.v6->local = *source_;
  // A delegating router need not advertise itself as a router.
  facts.v6->peer = learned.router ? *learned.router : server_.value_or(Ipv6{});
  facts.v6->addresses = learned.addresses;
  if (config_.dns.source == model::DnsSource::Peer) facts.v6->dns = learned.dns;
  facts.v6->domains = learned.domains;
  facts.v6->mtu = learned.mtu;
  facts.v6->softwire = learned.softwire;
}

/// Hosts get no addresses that lead nowhere.
bool Life::is_shared(const Prefix& prefix) const {
  const bool closed = config_.closed.value_or(closed_network_of({}, {prefix}).has_value());
  return config_.neighbour_proxy.value_or(!closed);
}

void Life::compose_static() {
  const auto& fixed = config_.kind.as<model::StaticConfig>();
  model::UplinkFacts& facts = machine_.facts();
  const bool here = machine_.row().linked && line_.ready();
  facts.prefixes.clear();
  for (const Prefix& prefix : fixed.prefixes)
    facts.prefixes.push_back({.prefix = prefix.canonical(), .confirmed = here});
  if (fixed.address6 && config_.neighbour_proxy.value_or(false))
    facts.prefixes.push_back(
        {.prefix = fixed.address6->canonical(), .confirmed = here, .on_link = true, .shared = true});
  if (!here) return;
  if (fixed.address) {
    facts.v4.emplace();
    facts.v4->local = *fixed.address->address.v4();
    facts.v4->length = fixed.address->length;
    facts.v4->gateway = fixed.gateway;
  }
  if (fixed.address6 || !fixed.prefixes.empty()) {
    facts.v6.emplace();
    if (fixed.address6) facts.v6->addresses = {*fixed.address6->address.v6()};
    if (fixed.gateway6) facts.v6->peer = *fixed.gateway6;
  }
}

void Life::compose_mtu() {
  model::UplinkFacts& facts = machine_.facts();
  facts.mtu = 0;
  if (!machine_.row().linked || !line_.facts() || (!facts.v4 && !facts.v6)) return;
  std::uint32_t mtu = std::min<std::uint32_t>(line_.facts()->mtu, config_.mtu);
  if (const auto* lease = facts.v4 ? ipv4_.lease() : nullptr; lease && lease->mtu)
    mtu = std::min<std::uint32_t>(mtu, *lease->mtu);
  if (facts.v6 && facts.v6->mtu >= kSmallestIpv6Mtu) mtu = std::min(mtu, facts.v6->mtu);
  facts.mtu = static_cast<std::uint16_t>(mtu);
}

/// Addresses that look global are no internet yet.
void Life::judge_network() {
  model::UplinkFacts& facts = machine_.facts();
  if (!facts.v6) return;
  const auto seen = closed_network_of(facts.v6->addresses, confirmed(facts.prefixes));
  const bool closed = config_.closed.value_or(seen.has_value());
  facts.v6->closed = closed;
  if (closed == (facts.reason == model::Reason::ClosedNetwork)) return;
  if (!closed) return machine_.set_reason(model::Reason::None);
  const auto text = fmt::format("IPv6 addresses of {} alone: no internet",
                                seen ? *seen : std::string_view("a closed network, as the file says"));
  machine_.set_reason(model::Reason::ClosedNetwork, text);
  machine_.say(config_.closed ? model::Severity::Info : model::Severity::Warning, "uplink.closed-network", text);
}

/// One family works, and nobody can ask for the other.
void Life::judge_refusals() {
  const bool told = facts().reason == model::Reason::SocketRefused;
  if (!told && facts().reason != model::Reason::None) return;
  const auto refused = refusals();
  if (!refused.empty())
    return machine_.set_reason(model::Reason::SocketRefused, fmt::format("no socket for {}", fmt::join(refused, "; ")));
  if (told) machine_.set_reason(model::Reason::None);
}

std::vector<std::string> Life::refusals() const {
  std::vector<std::string> out;
  for (const ChannelKind kind : {ChannelKind::Dhcp4, ChannelKind::NeighbourDiscovery, ChannelKind::Dhcp6})
    if (machine_.is_refused(kind)) out.push_back(refusal_text(kind, config_.interface(), machine_.channel(kind)));
  return out;
}

bool Life::second_family_expected() const { return (can_ask_v4() && !facts().v4) || (can_ask_v6() && !facts().v6); }

std::string Life::missing() const {
  std::vector<std::string> out;
  for (const std::string& refused : refusals()) out.push_back(fmt::format("no socket for {}", refused));
  if (can_ask_v4() && !facts().v4) out.push_back(ipv4_.trouble().empty() ? "no DHCP server answers" : ipv4_.trouble());
  if (can_ask_v6() && !facts().v6) out.emplace_back("neither a router advertisement nor a DHCPv6 server");
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string Life::protocol_state() const {
  if (is_static()) return machine_.row().linked ? "static" : "";
  std::string out = ipv4_.state_text();
  const std::string six = ipv6_.state_text();
  if (!six.empty()) out += (out.empty() ? "" : ", ") + six;
  return out;
}

std::vector<std::string> Life::waiting_for() const {
  std::vector<std::string> out;
  const bool linked = machine_.row().linked;
  const bool on_device = device_ && !device_->link_locals.empty();
  if (machine_.is(Down)) return {"`michi up`"};
  line_.add_missing(config_.interface(), out);
  if (machine_.is(Held)) out.emplace_back("the other uplink with the same address to give it up");
  if (linked)
    for (const std::string& refused : refusals()) out.push_back(fmt::format("a socket: {}", refused));
  if (linked && can_ask_v4())
    if (auto text = ipv4_.waiting_for(); !text.empty()) out.push_back(std::move(text));
  if (linked && asks_v6() && !on_device) out.push_back(fmt::format("a link-local address on {}", config_.interface()));
  if (linked)
    if (auto text = ipv6_.waiting_for(); !text.empty()) out.push_back(std::move(text));
  return out;
}

}  // namespace michi::uplink::ethernet

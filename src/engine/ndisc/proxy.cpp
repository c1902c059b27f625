#include "engine/ndisc/proxy.hpp"

#include <algorithm>
#include <tuple>

namespace michi::engine::ndisc {
namespace {

using wire::icmp6::find_option;
using wire::icmp6::NeighborAdvertisement;
using wire::icmp6::NeighborSolicitation;

constexpr std::size_t kMaxWaiting = 4;
constexpr Duration kWanForgotten = minutes(10);
constexpr unsigned kProbeBurst = 64, kAnswerBurst = 128;
constexpr Duration kProbeEvery = milliseconds(20), kAnswerEvery = milliseconds(10);

bool is_candidate(HostState state) { return state == HostState::Probing || state == HostState::Absent; }

std::optional<Mac> mac_of(const NeighborSolicitation& message) {
  const auto* option = find_option<wire::icmp6::SourceLinkLayer>(message.options);
  return option != nullptr ? std::optional(option->address) : std::nullopt;
}
std::optional<Mac> mac_of(const NeighborAdvertisement& message) {
  const auto* option = find_option<wire::icmp6::TargetLinkLayer>(message.options);
  return option != nullptr ? std::optional(option->address) : std::nullopt;
}

}  // namespace

Proxy::Proxy(ProxySettings settings, Random random)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      probes_(kProbeBurst, kProbeEvery),
      answers_(kAnswerBurst, kAnswerEvery) {
  settings_.prefix = settings_.prefix.canonical();
}

void Proxy::start(const std::vector<HostRoute>& before, Instant now) {
  stop(now);
  running_ = true;
  for (const HostRoute& route : before) {
    if (!is_host(route.address) || route.lan >= settings_.lans.size() || hosts_.contains(route.address)) continue;
    if (hosts_.size() == kMaxHosts) break;
    const auto host = insert(route.address, HostState::Doubtful, now);
    host->second.lan = route.lan;
    host->second.heard = now;
  }
  on_deadline(now);
}

void Proxy::stop(Instant) {
  running_ = false;
  hosts_.clear();
  due_.clear();
  wan_.clear();
  candidates_ = 0;
}

void Proxy::set_own(std::vector<Ipv6> own) {
  settings_.own = std::move(own);
  for (const Ipv6& address : settings_.own)
    if (const auto host = hosts_.find(address); host != hosts_.end()) forget(host);
}

/// What we sent ourselves and a loop brought back.
bool Proxy::ours(const Ipv6& source, const std::optional<Mac>& mac) const {
  const auto is_side = [&](const ProxySide& side) { return side.local == source || (mac && side.mac == *mac); };
  return is_side(settings_.wan) || std::ranges::any_of(settings_.lans, is_side);
}

/// May be that of a host: in the prefix, not ours, not the subnet-router anycast address.
bool Proxy::is_host(const Ipv6& address) const {
  return settings_.prefix.contains(Address(address)) && settings_.prefix.address != Address(address) &&
         std::ranges::find(settings_.own, address) == settings_.own.end();
}

bool Proxy::on_the_wan(const Ipv6& address, Instant now) const {
  const auto seen = wan_.find(address);
  return seen != wan_.end() && seen->second > now;
}

void Proxy::enter(Hosts::iterator host, HostState state, Instant due) {
  Host& h = host->second;
  if (is_candidate(h.state)) --candidates_;
  if (is_candidate(state)) ++candidates_;
  due_.erase({h.due, host->first});
  due_.emplace(due, host->first);
  h.state = state;
  h.due = due;
}

Proxy::Hosts::iterator Proxy::insert(const Ipv6& address, HostState state, Instant due) {
  const auto host = hosts_.try_emplace(address).first;
  ++candidates_;  // as which it is made
  enter(host, state, due);
  return host;
}

void Proxy::forget(Hosts::iterator host) {
  due_.erase({host->second.due, host->first});
  if (is_candidate(host->second.state))
    --candidates_;
  else
    outputs_.push_back(HostGone{host->first});
  hosts_.erase(host);
}

void Proxy::make_room_for_host() {
  if (hosts_.size() - candidates_ < kMaxHosts) return;
  auto oldest = hosts_.end();
  for (auto i = hosts_.begin(); i != hosts_.end(); ++i)
    if (!is_candidate(i->second.state) && (oldest == hosts_.end() || i->second.heard < oldest->second.heard))
      oldest = i;
  forget(oldest);
}

bool Proxy::make_room_for_candidate() {
  if (candidates_ < kMaxCandidates) return true;
  const auto absent = std::ranges::find_if(hosts_, [](const auto& h) { return h.second.state == HostState::Absent; });
  if (absent == hosts_.end()) return false;
  forget(absent);
  return true;
}

void Proxy::ask(Hosts::iterator host, Instant now) {
  if (!probes_.take(now)) {
    ++counters_.withheld;
    enter(host, host->second.state, std::max(probes_.ready_at(now), now + milliseconds(1)));
    return;
  }
  ++counters_.probes;
  ++host->second.asked;
  const Ipv6 to = wire::icmp6::solicited_node(host->first);
  for (std::size_t lan = 0; lan < settings_.lans.size(); ++lan) {
    const ProxySide& side = settings_.lans[lan];
    const NeighborSolicitation message{host->first, {wire::icmp6::SourceLinkLayer{side.mac}}};
    outputs_.push_back(ProxyMessage{lan, host->first, make_message(message, side.local, to)});
  }
  enter(host, host->second.state, now + settings_.ask_every);
}

void Proxy::doubt(Hosts::iterator host, Instant now) {
  enter(host, HostState::Doubtful, now);
  host->second.asked = 0;
  ask(host, now);
}

void Proxy::answer(const Ipv6& target, const Ipv6& to, std::optional<std::size_t> lan, Instant now) {
  if (!answers_.take(now)) {
    ++counters_.withheld;
    return;
  }
  const ProxySide& side = lan ? settings_.lans[*lan] : settings_.wan;
  NeighborAdvertisement message;
  message.solicited = !to.is_unspecified();
  message.target = target;
  message.options = {wire::icmp6::TargetLinkLayer{side.mac}};
  const Ipv6& destination = message.solicited ? to : wire::icmp6::kAllNodes;
  outputs_.push_back(ProxyMessage{lan, target, make_message(message, side.local, destination)});
  if (!lan) ++counters_.answered;
}

void Proxy::found(Hosts::iterator host, std::size_t lan, Instant now) {
  Host& h = host->second;
  const bool known = !is_candidate(h.state);
  if (!known) make_room_for_host();
  const Duration fifth = settings_.present_for / 5;
  h.heard = now;
  if (!known || h.lan != lan) outputs_.push_back(HostRoute{host->first, lan});
  h.lan = lan;
  h.asked = 0;
  enter(host, HostState::Present, now + random_.between(settings_.present_for - fifth, settings_.present_for + fifth));
  for (const Ipv6& to : std::exchange(h.waiting, {})) answer(host->first, to, std::nullopt, now);
}

void Proxy::solicited(const Ipv6& target, const Ipv6& source, Instant now) {
  if (!is_host(target) || on_the_wan(target, now)) return;
  ++counters_.asked;
  auto host = hosts_.find(target);
  if (host != hosts_.end() && !is_candidate(host->second.state)) return answer(target, source, std::nullopt, now);
  if (host != hosts_.end() && host->second.state == HostState::Absent) return;
  if (host == hosts_.end()) {
    if (!expect(target, now)) return;
    host = hosts_.find(target);
  }
  if (host->second.asked == 0) ask(host, now);
  std::vector<Ipv6>& waiting = host->second.waiting;
  if (waiting.size() < kMaxWaiting && std::ranges::find(waiting, source) == waiting.end()) waiting.push_back(source);
}

/// A host that a LAN answers for is not taken from it by a word from the WAN, only asked for again.
void Proxy::heard_on_wan(const Ipv6& address, Instant now) {
  if (!is_host(address)) return;
  if (const auto host = hosts_.find(address); host != hosts_.end()) {
    if (host->second.state == HostState::Present) return doubt(host, now);
    if (host->second.state == HostState::Doubtful) return;
    forget(host);
  }
  if (!wan_.contains(address) && wan_.size() == kMaxWan)
    wan_.erase(std::ranges::min_element(wan_, {}, [](const auto& seen) { return seen.second; }));
  wan_[address] = now + kWanForgotten;
}

/// It is asked for then, unless somebody asks before.
bool Proxy::expect(const Ipv6& address, Instant when) {
  if (!make_room_for_candidate()) {
    ++counters_.withheld;
    return false;
  }
  insert(address, HostState::Probing, when);
  return true;
}

/// A host is about to take this address: it is not there yet, but not absent any longer either.
void Proxy::tested_on_lan(const Ipv6& address, std::size_t lan, Instant now) {
  if (!is_host(address)) return;
  if (on_the_wan(address, now)) return answer(address, Ipv6{}, lan, now);
  const auto host = hosts_.find(address);
  if (host != hosts_.end() && host->second.state != HostState::Absent) return;
  if (host != hosts_.end()) forget(host);
  std::ignore = expect(address, now + settings_.test_for);
}

void Proxy::heard_on_lan(const Ipv6& address, std::size_t lan, Instant now) {
  const auto host = hosts_.find(address);
  if (host == hosts_.end()) {
    if (is_host(address) && !on_the_wan(address, now) && expect(address, now)) ask(hosts_.find(address), now);
    return;
  }
  switch (host->second.state) {
    case HostState::Absent:
      return forget(host);
    case HostState::Present:
      if (host->second.lan != lan) return doubt(host, now);
      host->second.heard = now;
      return;
    case HostState::Probing:
      // Nobody was asked yet: a word that costs us no question must not fill the table.
      if (host->second.asked == 0) return ask(host, now);
      return found(host, lan, now);
    case HostState::Doubtful:
      return found(host, lan, now);
  }
}

void Proxy::on_wan(Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit, Instant now) {
  if (!running_) return;
  const auto message = admit(icmp6, source, destination, hop_limit, counters_.discarded);
  if (!message) return;
  if (const auto* asks = std::get_if<NeighborSolicitation>(&*message)) {
    if (ours(source, mac_of(*asks))) return;
    heard_on_wan(source, now);
    solicited(asks->target, source, now);
  } else if (const auto* says = std::get_if<NeighborAdvertisement>(&*message)) {
    if (!ours(source, mac_of(*says))) heard_on_wan(says->target, now);
  }
}

void Proxy::on_lan(std::size_t lan, Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit,
                   Instant now) {
  if (!running_ || lan >= settings_.lans.size()) return;
  const auto message = admit(icmp6, source, destination, hop_limit, counters_.discarded);
  if (!message) return;
  if (const auto* says = std::get_if<NeighborAdvertisement>(&*message)) {
    if (!ours(source, mac_of(*says))) heard_on_lan(says->target, lan, now);
  } else if (const auto* asks = std::get_if<NeighborSolicitation>(&*message)) {
    if (ours(source, mac_of(*asks))) return;
    if (source.is_unspecified()) return tested_on_lan(asks->target, lan, now);
    heard_on_lan(source, lan, now);
  }
}

void Proxy::on_deadline(Instant now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto host = hosts_.find(due_.begin()->second);
    switch (host->second.state) {
      case HostState::Present:
        doubt(host, now);
        break;
      case HostState::Absent:
        forget(host);
        break;
      case HostState::Probing:
      case HostState::Doubtful:
        if (host->second.asked < settings_.asks) {
          ask(host, now);
          break;
        }
        if (host->second.state == HostState::Doubtful) {
          forget(host);
        } else {
          host->second.waiting.clear();
          enter(host, HostState::Absent, now + settings_.absent_for);
        }
        break;
    }
  }
}

std::optional<Instant> Proxy::next_deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::optional<ProxyOutput> Proxy::poll() {
  if (outputs_.empty()) return std::nullopt;
  ProxyOutput out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::vector<HostRoute> Proxy::hosts() const {
  std::vector<HostRoute> out;
  for (const auto& [address, host] : hosts_)
    if (!is_candidate(host.state)) out.push_back({address, host.lan});
  return out;
}

std::string_view to_text(HostState state) {
  switch (state) {
    case HostState::Probing:
      return "Probing";
    case HostState::Present:
      return "Present";
    case HostState::Doubtful:
      return "Doubtful";
    case HostState::Absent:
      return "Absent";
  }
  return "";
}

}  // namespace michi::engine::ndisc

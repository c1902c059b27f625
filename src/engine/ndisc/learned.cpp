#include "engine/ndisc/learned.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::engine::ndisc {
namespace {

using wire::icmp6::Lifetime;

constexpr Duration kTwoHours = hours(2);     // RFC 4862 §5.5.3 (e)
constexpr Duration kTolerance = seconds(2);  // lifetimes that count down are whole seconds
constexpr std::uint32_t kMinMtu = 1280;
constexpr std::uint8_t kSubnet = 64;

Instant end(const FormedAddress& e) { return e.valid_until; }
Instant end(const auto& e) { return e.until; }

/// All but the deadlines.
auto identity(const Router& e) { return std::tuple(e.address, e.mac, e.preference, e.managed, e.other); }
auto identity(const OnLinkPrefix& e) { return std::tuple(e.prefix, e.router); }
auto identity(const FormedAddress& e) { return std::tuple(e.address, e.prefix, e.router, e.deprecated); }
auto identity(const LearnedRoute& e) { return std::tuple(e.prefix, e.router, e.preference); }
auto identity(const NameServer& e) { return std::tuple(e.address, e.router); }
auto identity(const SearchDomain& e) { return std::tuple(e.name, e.router); }
auto identity(const Nat64Prefix& e) { return std::tuple(e.prefix, e.router); }

int rank(Preference preference) {
  switch (preference) {
    case Preference::High:
      return 0;
    case Preference::Medium:
      return 1;
    case Preference::Low:
      return 2;
  }
  return 1;
}

Instant deadline_due(Instant told, Instant is) {
  if (is < told - kTolerance) return Instant::min();
  if (is - told <= kTolerance) return kNever;
  return told - (is - told);
}

Instant entry_due(const FormedAddress& told, const FormedAddress& is) {
  const Instant valid = deadline_due(told.valid_until, is.valid_until);
  // That it is deprecated is known; every advertisement moves the time of that on.
  return is.deprecated ? valid : std::min(valid, deadline_due(told.preferred_until, is.preferred_until));
}
Instant entry_due(const auto& told, const auto& is) { return deadline_due(told.until, is.until); }

template <class T>
Instant table_due(const std::vector<T>& told, const std::vector<T>& is) {
  const auto same = [](const T& a, const T& b) { return identity(a) == identity(b); };
  if (!std::ranges::equal(told, is, same)) return Instant::min();
  Instant due = kNever;
  for (std::size_t i = 0; i < is.size(); ++i) due = std::min(due, entry_due(told[i], is[i]));
  return due;
}

template <class T>
void sort(std::vector<T>& table) {
  std::ranges::sort(table, {}, [](const T& e) { return identity(e); });
}

bool is_usable(const Prefix& prefix) {
  const Ipv6& address = *prefix.address.v6();
  return prefix.length != 0 && !address.is_link_local() && !address.is_multicast() && !address.is_unspecified();
}

Ipv6 form(const Prefix& prefix, std::uint64_t interface_id) {
  Ipv6 out = Ipv6::link_local(interface_id);
  std::copy_n(prefix.address.v6()->octets.begin(), 8, out.octets.begin());
  return out;
}

}  // namespace

Instant report_due(const Learned& told, const Learned& is) {
  const auto facts = [](const Learned& l) { return std::tuple(l.heard, l.managed, l.other, l.hop_limit, l.mtu); };
  if (facts(told) != facts(is)) return Instant::min();
  return std::min({table_due(told.routers, is.routers), table_due(told.on_link, is.on_link),
                   table_due(told.addresses, is.addresses), table_due(told.routes, is.routes),
                   table_due(told.name_servers, is.name_servers), table_due(told.search_domains, is.search_domains),
                   table_due(told.nat64, is.nat64)});
}

template <class T, class Same>
void LearnedTable::remember(std::vector<T>& table, std::size_t most, T entry, Same same, Instant now) {
  std::erase_if(table, same);
  if (end(entry) <= now) return;
  if (table.size() == most) {
    table.erase(table.begin());
    ++displaced_;
  }
  table.push_back(std::move(entry));
}

void LearnedTable::take_address(const wire::icmp6::PrefixInformation& option, const Ipv6& router, Instant now) {
  if (option.preferred > option.valid || option.prefix.length != kSubnet) return;
  const auto same = [&](const FormedAddress& e) { return e.prefix == option.prefix; };
  const auto known = std::ranges::find_if(addresses_, same);
  Instant valid_until = end_of(option.valid, now);
  if (known != addresses_.end() && valid_until <= now + kTwoHours && valid_until <= known->valid_until)
    valid_until = std::min(known->valid_until, now + kTwoHours);
  const Instant preferred_until = std::min(end_of(option.preferred, now), valid_until);
  remember(addresses_, kMaxPrefixes,
           FormedAddress{form(option.prefix, interface_id_), option.prefix, router, preferred_until, valid_until}, same,
           now);
}

void LearnedTable::take_prefix(const wire::icmp6::PrefixInformation& option, const Ipv6& router, Instant now) {
  if (!is_usable(option.prefix)) return;
  if (option.on_link)
    remember(
        on_link_, kMaxPrefixes, OnLinkPrefix{option.prefix, router, end_of(option.valid, now)},
        [&](const OnLinkPrefix& e) { return e.prefix == option.prefix; }, now);
  if (option.autonomous) take_address(option, router, now);
}

void LearnedTable::take_route(const wire::icmp6::RouteInformation& option, Router& router, Instant now) {
  const Instant until = end_of(option.lifetime, now);
  if (option.prefix.length == 0) {
    // RFC 4191 §3.1: ::/0 speaks for the router itself, after its header did.
    router.until = until;
    router.preference = option.preference;
    return;
  }
  if (!is_usable(option.prefix)) return;
  remember(
      routes_, kMaxRoutes, LearnedRoute{option.prefix, router.address, option.preference, until},
      [&](const LearnedRoute& e) { return e.prefix == option.prefix && e.router == router.address; }, now);
}

void LearnedTable::take(const wire::icmp6::RouterAdvertisement& advertisement, const Ipv6& from, Instant now) {
  expire(now);
  heard_ = true;
  managed_ = advertisement.managed;
  other_ = advertisement.other;
  if (advertisement.hop_limit != 0) hop_limit_ = advertisement.hop_limit;
  Router router{from, {}, advertisement.preference, managed_, other_, now + seconds(advertisement.lifetime)};
  const auto is_router = [&](const Router& e) { return e.address == from; };
  if (const auto known = std::ranges::find_if(routers_, is_router); known != routers_.end()) router.mac = known->mac;
  for (const auto& option : advertisement.options)
    std::visit(Overloaded{[&](const wire::icmp6::SourceLinkLayer& o) { router.mac = o.address; },
                          [&](const wire::icmp6::PrefixInformation& o) { take_prefix(o, from, now); },
                          [&](const wire::icmp6::Mtu& o) {
                            if (o.value >= kMinMtu && o.value <= link_mtu_) mtu_ = o.value;
                          },
                          [&](const wire::icmp6::RouteInformation& o) { take_route(o, router, now); },
                          [&](const wire::icmp6::Rdnss& o) {
                            for (const Ipv6& server : o.servers)
                              if (!server.is_multicast() && !server.is_unspecified())
                                remember(
                                    name_servers_, kMaxNames, NameServer{server, from, end_of(o.lifetime, now)},
                                    [&](const NameServer& e) { return e.address == server && e.router == from; }, now);
                          },
                          [&](const wire::icmp6::Dnssl& o) {
                            for (const std::string& name : o.domains)
                              remember(
                                  search_domains_, kMaxNames, SearchDomain{name, from, end_of(o.lifetime, now)},
                                  [&](const SearchDomain& e) { return e.name == name && e.router == from; }, now);
                          },
                          [&](const wire::icmp6::Pref64& o) {
                            remember(
                                nat64_, kMaxNat64, Nat64Prefix{o.prefix, from, now + o.lifetime},
                                [&](const Nat64Prefix& e) { return e.prefix == o.prefix && e.router == from; }, now);
                          },
                          [](const auto&) {}},
               option);
  remember(routers_, kMaxRouters, router, is_router, now);
}

void LearnedTable::expire(Instant now) {
  const auto sweep = [&](auto& table) { std::erase_if(table, [&](const auto& e) { return end(e) <= now; }); };
  sweep(routers_);
  sweep(on_link_);
  sweep(addresses_);
  sweep(routes_);
  sweep(name_servers_);
  sweep(search_domains_);
  sweep(nat64_);
  for (FormedAddress& e : addresses_) e.deprecated = e.preferred_until <= now;
}

Instant LearnedTable::next_change() const {
  Instant next = kNever;
  const auto look = [&](const auto& table) {
    for (const auto& e : table) next = std::min(next, end(e));
  };
  look(routers_);
  look(on_link_);
  look(addresses_);
  look(routes_);
  look(name_servers_);
  look(search_domains_);
  look(nat64_);
  for (const FormedAddress& e : addresses_)
    if (!e.deprecated) next = std::min(next, e.preferred_until);
  return next;
}

Learned LearnedTable::snapshot(Instant now) const {
  Learned out{heard_,     managed_, other_,        hop_limit_,      mtu_,  routers_, on_link_,
              addresses_, routes_,  name_servers_, search_domains_, nat64_};
  if (!routers_.empty()) {
    out.managed = std::ranges::any_of(routers_, &Router::managed);
    out.other = std::ranges::any_of(routers_, &Router::other);
  }
  for (FormedAddress& e : out.addresses) e.deprecated = e.preferred_until <= now;
  std::ranges::sort(out.routers, {}, [](const Router& e) { return std::tuple(rank(e.preference), e.address); });
  sort(out.on_link);
  sort(out.addresses);
  sort(out.routes);
  sort(out.name_servers);
  sort(out.search_domains);
  sort(out.nat64);
  return out;
}

}  // namespace michi::engine::ndisc

#include "engine/ndisc/advertisement.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::engine::ndisc {
namespace {

using wire::icmp6::Lifetime;
using wire::icmp6::Option;
using wire::icmp6::RouterAdvertisement;

constexpr Duration kTwoHours = hours(2);
constexpr Lifetime kTolerance{2};
constexpr std::size_t kServersPerOption = 16;
constexpr std::size_t kDomainOctetsPerOption = 512;
constexpr std::size_t kHeader = 16;

struct Lifetimes {
  Lifetime preferred{};
  Lifetime valid{};
};

/// Takes the lifetimes out of an option, so that what is left is what it is about.
Lifetimes strip(Option& option) {
  Lifetimes out;
  std::visit(Overloaded{[&](wire::icmp6::PrefixInformation& o) {
                          out = {std::exchange(o.preferred, {}), std::exchange(o.valid, {})};
                        },
                        [&](wire::icmp6::RouteInformation& o) { out.valid = std::exchange(o.lifetime, {}); },
                        [&](wire::icmp6::Rdnss& o) { out.valid = std::exchange(o.lifetime, {}); },
                        [&](wire::icmp6::Dnssl& o) { out.valid = std::exchange(o.lifetime, {}); },
                        [&](wire::icmp6::Pref64& o) { out.valid = std::exchange(o.lifetime, {}); }, [](const auto&) {}},
             option);
  return out;
}

bool is_urgent(Lifetime before, Lifetime after, Duration next_word) {
  if (after < before) return before - after > kTolerance;
  // PREF64 counts in steps of 8 s; a longer life can wait for the next word unless the shorter one cannot.
  return after - before > kTolerance && (before == Lifetime::zero() || before < next_word);
}

bool is_urgent(RouterAdvertisement before, RouterAdvertisement after, Duration next_word) {
  if (before.options.size() != after.options.size()) return true;
  for (std::size_t i = 0; i < before.options.size(); ++i) {
    const Lifetimes was = strip(before.options[i]), is = strip(after.options[i]);
    if (is_urgent(was.preferred, is.preferred, next_word) || is_urgent(was.valid, is.valid, next_word)) return true;
  }
  return before != after;
}

/// One option per lifetime, in parts.
template <class T, class Item, class Size>
void put_lists(std::vector<Option>& out, const std::map<Lifetime, std::vector<Item>>& lists, std::size_t most,
               Size size_of) {
  for (const auto& [lifetime, items] : lists) {
    std::size_t used = most + 1;
    T* last = nullptr;
    for (const Item& item : items) {
      if (last == nullptr || used + size_of(item) > most) {
        last = std::get_if<T>(&out.emplace_back(T{lifetime, {}}));
        used = 0;
      }
      used += size_of(item);
      if constexpr (std::is_same_v<T, wire::icmp6::Rdnss>)
        last->servers.push_back(item);
      else
        last->domains.push_back(item);
    }
  }
}

template <class T, class Of>
std::map<Lifetime, std::vector<decltype(std::declval<Of>()(std::declval<T>()))>> by_lifetime(
    const std::vector<T>& entries, Instant now, Lifetime most, Of of) {
  std::map<Lifetime, std::vector<decltype(of(entries.front()))>> out;
  for (const T& e : entries)
    if (e.until > now) out[lifetime_until(e.until, now, most)].push_back(of(e));
  return out;
}

void put_prefixes(std::vector<Option>& out, const Advertisement& wanted, const Ceilings& most, Instant now) {
  for (const AdvertisedPrefix& p : wanted.prefixes) {
    if (p.valid_until <= now) continue;
    const Lifetime valid = lifetime_until(p.valid_until, now, most.valid);
    const Lifetime preferred = std::min(lifetime_until(p.preferred_until, now, most.preferred), valid);
    out.push_back(wire::icmp6::PrefixInformation{p.prefix.canonical(), p.on_link, p.autonomous, valid, preferred});
  }
}

}  // namespace

void Bulletin::recall(const std::vector<PastPrefix>& past, Instant now) {
  for (const PastPrefix& p : past) {
    if (told_.size() == kMaxPast) return;
    if (p.valid <= Duration::zero() || p.prefix.family() != Family::V6) continue;
    if (std::ranges::find(told_, p.prefix.canonical(), &Told::prefix) != told_.end()) continue;
    const Instant until = now + std::min(p.valid, kTwoHours);
    told_.push_back({p.prefix.canonical(), p.on_link, p.autonomous, lifetime_until(until, now, wire::icmp6::kInfinite),
                     until, false});
  }
}

bool Bulletin::wants(const Prefix& prefix, Instant now) const {
  return std::ranges::any_of(wanted_.prefixes, [&](const AdvertisedPrefix& p) {
    return p.prefix.canonical() == prefix && p.valid_until > now;
  });
}

void Bulletin::mark_wanted(Instant now) {
  for (Told& told : told_) {
    const bool wanted = wants(told.prefix, now);
    if (told.wanted && !wanted) told.valid_until = std::min(told.valid_until, now + kTwoHours);
    told.wanted = wanted;
  }
  std::erase_if(told_, [&](const Told& t) { return t.valid_until <= now && !t.wanted; });
  // The one that ends first gives way.
  while (static_cast<std::size_t>(std::ranges::count(told_, false, &Told::wanted)) > kMaxPast) {
    auto first = told_.end();
    for (auto i = told_.begin(); i != told_.end(); ++i)
      if (!i->wanted && (first == told_.end() || i->valid_until < first->valid_until)) first = i;
    told_.erase(first);
  }
}

void Bulletin::note_leaving(const Advertisement& before) {
  const auto leave = [&](Option option) {
    std::erase_if(leaving_, [&](const Leaving& l) { return l.option == option; });
    if (leaving_.size() == kMaxLeaving) leaving_.erase(leaving_.begin());
    leaving_.push_back({std::move(option)});
  };
  const auto part = [&](const auto& old, const auto& now_wanted, auto key, auto make) {
    for (const auto& e : old)
      if (std::ranges::find(now_wanted, key(e), key) == now_wanted.end()) leave(make(e));
    for (const auto& e : now_wanted) std::erase_if(leaving_, [&](const Leaving& l) { return l.option == make(e); });
  };
  part(
      before.routes, wanted_.routes, [](const AdvertisedRoute& e) { return e.prefix.canonical(); },
      [](const AdvertisedRoute& e) -> Option {
        return wire::icmp6::RouteInformation{e.prefix.canonical(), Preference::Medium, {}};
      });
  part(
      before.name_servers, wanted_.name_servers, [](const AdvertisedServer& e) { return e.address; },
      [](const AdvertisedServer& e) -> Option { return wire::icmp6::Rdnss{{}, {e.address}}; });
  part(
      before.search_domains, wanted_.search_domains, [](const AdvertisedDomain& e) { return e.name; },
      [](const AdvertisedDomain& e) -> Option { return wire::icmp6::Dnssl{{}, {e.name}}; });
  part(
      before.nat64, wanted_.nat64, [](const AdvertisedNat64& e) { return e.prefix.canonical(); },
      [](const AdvertisedNat64& e) -> Option { return wire::icmp6::Pref64{e.prefix.canonical(), {}}; });
}

Urgency Bulletin::want(Advertisement wanted, Duration next_word, Instant now) {
  const RouterAdvertisement before = compose(now);
  const Advertisement old = std::exchange(wanted_, std::move(wanted));
  const auto is_v4 = [](const auto& e) { return e.prefix.family() != Family::V6; };
  std::erase_if(wanted_.prefixes, is_v4);
  std::erase_if(wanted_.routes, is_v4);
  std::erase_if(wanted_.nat64, is_v4);
  mark_wanted(now);
  note_leaving(old);
  return is_urgent(before, compose(now), next_word) ? Urgency::AtOnce : Urgency::None;
}

std::vector<Option> Bulletin::past_options(Instant now) const {
  std::vector<Option> out;
  for (const Told& t : told_) {
    if (wants(t.prefix, now) || t.valid_until <= now) continue;
    const Lifetime valid = lifetime_until(t.valid_until, now, wire::icmp6::kInfinite);
    out.push_back(wire::icmp6::PrefixInformation{t.prefix, t.on_link, t.autonomous, valid, {}});
  }
  return out;
}

RouterAdvertisement Bulletin::compose(Instant now) const {
  RouterAdvertisement out;
  out.hop_limit = wanted_.hop_limit;
  out.managed = wanted_.managed;
  out.other = wanted_.other;
  out.lifetime = static_cast<std::uint16_t>(std::clamp<std::int64_t>(wanted_.router_lifetime.count(), 0, 0xffff));
  if (out.lifetime != 0) out.preference = wanted_.preference;
  std::vector<Option>& options = out.options;
  if (wanted_.mtu) options.push_back(wire::icmp6::Mtu{*wanted_.mtu});
  put_prefixes(options, wanted_, ceilings_, now);
  std::ranges::move(past_options(now), std::back_inserter(options));
  for (const AdvertisedRoute& r : wanted_.routes)
    if (r.until > now)
      options.push_back(wire::icmp6::RouteInformation{r.prefix.canonical(), r.preference,
                                                      lifetime_until(r.until, now, ceilings_.valid)});
  put_lists<wire::icmp6::Rdnss>(
      options,
      by_lifetime(wanted_.name_servers, now, ceilings_.valid, [](const AdvertisedServer& e) { return e.address; }),
      kServersPerOption, [](const Ipv6&) { return std::size_t{1}; });
  put_lists<wire::icmp6::Dnssl>(
      options,
      by_lifetime(wanted_.search_domains, now, ceilings_.valid, [](const AdvertisedDomain& e) { return e.name; }),
      kDomainOctetsPerOption, [](const std::string& name) { return name.size() + 2; });
  for (const AdvertisedNat64& n : wanted_.nat64)
    if (n.until > now) {
      const Lifetime left = lifetime_until(n.until, now, std::min(ceilings_.valid, wire::icmp6::kMaxPref64Lifetime));
      options.push_back(wire::icmp6::Pref64{n.prefix.canonical(), Lifetime(left.count() & ~7u)});
    }
  for (const Leaving& l : leaving_) options.push_back(l.option);
  return out;
}

RouterAdvertisement Bulletin::compose_final(bool deprecate, Instant now) const {
  RouterAdvertisement out = compose(now);
  out.lifetime = 0;
  out.preference = Preference::Medium;
  if (!deprecate) return out;
  for (Option& option : out.options) {
    auto* prefix = std::get_if<wire::icmp6::PrefixInformation>(&option);
    const Lifetime valid = strip(option).valid;
    if (prefix != nullptr) prefix->valid = valid;
  }
  return out;
}

void Bulletin::said(const RouterAdvertisement& content, bool to_all, Instant now) {
  for (const Option& option : content.options) {
    const auto* o = std::get_if<wire::icmp6::PrefixInformation>(&option);
    if (o == nullptr) continue;
    const auto known = std::ranges::find(told_, o->prefix, &Told::prefix);
    // What is no longer wanted keeps the end it has.
    if (known != told_.end() && !known->wanted && o->preferred == Lifetime::zero()) continue;
    const Told told{o->prefix, o->on_link, o->autonomous, o->valid, now + o->valid, true};
    if (known != told_.end())
      *known = told;
    else
      told_.push_back(told);
  }
  mark_wanted(now);
  if (!to_all) return;
  for (Leaving& l : leaving_) --l.left;
  std::erase_if(leaving_, [](const Leaving& l) { return l.left == 0; });
}

std::vector<PastPrefix> Bulletin::history(Instant now) const {
  std::vector<PastPrefix> out;
  for (const Told& t : told_) {
    if (!t.wanted && t.valid_until <= now) continue;
    out.push_back({t.prefix, t.on_link, t.autonomous, t.wanted ? Duration(t.valid) : t.valid_until - now});
  }
  return out;
}

std::vector<RouterAdvertisement> split(const RouterAdvertisement& content, const std::optional<Option>& first,
                                       std::size_t room) {
  RouterAdvertisement empty = content;
  empty.options.clear();
  std::size_t begin = kHeader;
  if (first) {
    empty.options.push_back(*first);
    begin += written_size(*first);
  }
  std::vector<RouterAdvertisement> out{empty};
  std::size_t used = begin;
  for (const Option& option : content.options) {
    const std::size_t size = written_size(option);
    if (used + size > room && used > begin) {
      out.push_back(empty);
      used = begin;
    }
    out.back().options.push_back(option);
    used += size;
  }
  return out;
}

}  // namespace michi::engine::ndisc

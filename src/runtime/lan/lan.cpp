#include "runtime/lan/lan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::runtime {

namespace {

using engine::ndisc::Advertisement;
using engine::ndisc::FinalAdvertisement;
using engine::ndisc::PastPrefix;

std::optional<Duration> shown(Instant end, Instant now) {
  if (end == Instant::max()) return std::nullopt;
  return std::max(Duration::zero(), end - now);
}

}  // namespace

Lan::Lan(std::string device, Channels& channels, Random random, const Sinks& sinks)
    : device_(std::move(device)), channels_(channels), random_(std::move(random)), sinks_(sinks) {}

void Lan::recall(const PastPrefixes& past, Instant now) {
  for (const auto& prefix : past) past_.push_back({prefix, now + prefix.valid});
  silent_until_ = now + kReturn;
}

void Lan::want(const model::AdvertisementWant& want, Instant now) {
  if (role_ == Role::Advertise && want == want_) return;
  role_ = Role::Advertise;
  want_ = want;
  std::erase_if(standing_, [&](const Prefix& prefix) { return wanted(prefix) == nullptr; });
  reconsider(now);
}

void Lan::leave(Instant now) {
  if (role_ == Role::Leave) return;
  role_ = Role::Leave;
  reconsider(now);
}

void Lan::rest(Instant now) {
  if (role_ == Role::Leave) return;
  fall_silent(FinalAdvertisement::NotDefault, now);
  role_ = Role::Rest;
  std::vector<ToldPrefix> told;
  for (const auto& past : past_)
    if (past.until > now) {
      told.push_back({.prefix = past.prefix, .repeated = false});
      told.back().prefix.valid = past.until - now;
    }
  if (!told.empty()) sinks_.remember(device_, told);
}

void Lan::on_kernel(const std::map<std::string, model::Link>& links, const std::set<model::AddressEntry>& addresses,
                    Instant now) {
  const auto before = std::exchange(addresses_, addresses6_on(device_, addresses));
  const auto endpoint = endpoint_on(device_, links, addresses_, endpoint_);
  if (endpoint == endpoint_ && before == addresses_) return;
  if (endpoint != endpoint_) {
    fall_silent(FinalAdvertisement::None, now);
    close(now);
    standing_.clear();
    endpoint_ = endpoint;
  }
  reconsider(now);
}

const model::AdvertisedPrefix* Lan::wanted(const Prefix& prefix) const {
  const auto at = std::ranges::find(want_.prefixes, prefix, [](const auto& p) { return p.prefix.canonical(); });
  return at == want_.prefixes.end() ? nullptr : &*at;
}

bool Lan::is_preferred(const Prefix& prefix, Instant now) const {
  const auto* want = wanted(prefix);
  return want && want->preferred_until > now && want->valid_until > now;
}

bool Lan::stands(const Prefix& prefix) const { return standing_.contains(prefix); }

bool Lan::is_past(const Prefix& prefix) const {
  return std::ranges::any_of(past_, [&](const Past& past) { return past.prefix.prefix == prefix; });
}

bool Lan::is_held(Instant now) const { return now < silent_until_ && !past_.empty() && !want_.default_router; }

/// What has ended, or is back, is no past any more.
void Lan::forget_past(Instant now) {
  std::erase_if(past_, [&](const Past& past) {
    const auto& prefix = past.prefix.prefix;
    return past.until <= now || (role_ == Role::Advertise && is_preferred(prefix, now) && stands(prefix));
  });
}

/// What is to be taken back now.
PastPrefixes Lan::take_past(Instant now) {
  PastPrefixes ready;
  std::erase_if(past_, [&](const Past& past) {
    const bool may_return = is_preferred(past.prefix.prefix, now) || now < silent_until_;
    if (role_ == Role::Advertise && may_return) return false;
    ready.push_back(past.prefix);
    ready.back().valid = past.until - now;
    return true;
  });
  return ready;
}

Advertisement Lan::content(Instant now) const {
  using namespace engine::ndisc;
  Advertisement out;
  if (role_ != Role::Advertise) {
    out.router_lifetime = {};
    return out;
  }
  out.other = want_.other;
  if (!want_.default_router) out.router_lifetime = {};
  if (want_.mtu != 0) out.mtu = want_.mtu;
  for (const auto& wish : want_.prefixes) {
    const auto prefix = wish.prefix.canonical();
    if (is_preferred(prefix, now) ? !stands(prefix) : is_past(prefix)) continue;
    out.prefixes.push_back({.prefix = prefix,
                            .preferred_until = wish.preferred_until,
                            .valid_until = wish.valid_until,
                            .on_link = wish.on_link});
  }
  for (const auto& route : want_.routes) out.routes.push_back({.prefix = route});
  for (const auto& server : want_.dns)
    out.name_servers.push_back({server.is_unspecified() ? endpoint_->local : server});
  for (const auto& name : want_.domains) out.search_domains.push_back({name});
  return out;
}

void Lan::reconsider(Instant now) {
  if (role_ == Role::Leave) return say_final(now);
  if (role_ != Role::Advertise || !endpoint_) return;
  for (const auto& wish : want_.prefixes)
    if (!wish.on_link || std::ranges::any_of(addresses_, [&](const Address& own) { return wish.prefix.contains(own); }))
      standing_.insert(wish.prefix.canonical());
  forget_past(now);
  if ((!advertiser_ && is_held(now)) || !open(now)) return;
  speak(take_past(now), now);
}

void Lan::say_final(Instant now) {
  forget_past(now);
  if (!advertiser_ && !past_.empty() && (!endpoint_ || !open(now))) return;
  if (!past_.empty()) speak(take_past(now), now);
  fall_silent(FinalAdvertisement::NothingHolds, now);
  past_.clear();
  close(now);
}

bool Lan::open(Instant now) {
  channels_.want(owner(), {{.id = channel()}}, now);
  return channels_.is_open(channel());
}

void Lan::close(Instant now) { channels_.want(owner(), {}, now); }

/// `past` is given to the advertiser, who takes back what of it is not wanted.
void Lan::speak(const PastPrefixes& past, Instant now) {
  if (advertiser_ && past.empty()) {
    advertiser_->want(content(now), now);
  } else {
    if (!advertiser_)
      advertiser_.emplace(
          engine::ndisc::AdvertiserSettings{
              .local = endpoint_->local, .mac = endpoint_->mac, .link_mtu = endpoint_->mtu, .ceilings = {}},
          random_.fork());
    advertiser_->stop(FinalAdvertisement::None, now);
    advertiser_->start(content(now), past, now);
  }
  drain(now);
  tell_changes(now);
}

void Lan::fall_silent(FinalAdvertisement farewell, Instant now) {
  if (!advertiser_) return;
  advertiser_->stop(farewell, now);
  drain(now);
  for (const auto& prefix : advertiser_->history(now)) {
    std::erase_if(past_, [&](const Past& past) { return past.prefix.prefix == prefix.prefix; });
    past_.push_back({prefix, now + prefix.valid});
  }
  const auto& counters = advertiser_->counters();
  before_.multicast += counters.multicast;
  before_.unicast += counters.unicast;
  before_.solicitations += counters.solicitations;
  advertiser_.reset();
}

void Lan::send(const engine::ndisc::Message& message) {
  const auto sent = channels_.send(channel(), message.bytes, message.destination, message.source);
  if (sent) return complaint_.withdraw();
  complaint_.tell(sinks_.event,
                  {model::Severity::Warning,
                   "lan.not-advertised",
                   "",
                   fmt::format("cannot send router advertisements to LAN {}: {}", name(), sent.error().text()),
                   {{"lan", name()}, {"device", device_}}});
}

void Lan::report(const engine::ndisc::ForeignRouter& other) {
  std::vector<std::string_view> conflicts;
  for (const auto conflict : other.conflicts) conflicts.push_back(to_text(conflict));
  sinks_.event({model::Severity::Warning,
                "lan.foreign-router",
                "",
                fmt::format("another router, {}, advertises itself on LAN {}{}{}", to_text(other.router), name(),
                            other.is_default ? " as a default router" : "",
                            conflicts.empty() ? "" : fmt::format("; it contradicts: {}", fmt::join(conflicts, ", "))),
                {{"lan", name()},
                 {"device", device_},
                 {"router", to_text(other.router)},
                 {"default", other.is_default ? "yes" : "no"},
                 {"conflicts", fmt::format("{}", fmt::join(conflicts, ", "))}}});
}

void Lan::tell_changes(Instant now) {
  std::map<Prefix, bool> is;
  for (const auto& prefix : content(now).prefixes) is[prefix.prefix] = prefix.preferred_until > now;
  for (const auto& past : advertiser_->history(now)) is.try_emplace(past.prefix, false);
  for (const auto& [prefix, preferred] : is) {
    const auto known = told_.find(prefix);
    if (known != told_.end() && known->second == preferred) continue;
    sinks_.event({model::Severity::Notice,
                  preferred ? "lan.prefix-advertised" : "lan.prefix-deprecated",
                  "",
                  fmt::format("LAN {}: {} {}", name(), to_text(prefix), preferred ? "is advertised" : "is deprecated"),
                  {{"lan", name()}, {"device", device_}, {"prefix", to_text(prefix)}}});
  }
  told_ = std::move(is);
}

void Lan::drain(Instant now) {
  while (auto output = advertiser_->poll())
    std::visit(Overloaded{[&](const engine::ndisc::Message& message) { send(message); },
                          [&](const engine::ndisc::ForeignRouter& other) { report(other); },
                          [&](const engine::ndisc::Remember& remember) {
                            std::vector<ToldPrefix> told;
                            for (const auto& prefix : remember.prefixes)
                              told.push_back({.prefix = prefix, .repeated = wanted(prefix.prefix) != nullptr});
                            for (const auto& past : past_)
                              if (std::ranges::find(remember.prefixes, past.prefix.prefix, &PastPrefix::prefix) ==
                                  remember.prefixes.end()) {
                                told.push_back({.prefix = past.prefix, .repeated = false});
                                told.back().prefix.valid = std::max(Duration::zero(), past.until - now);
                              }
                            sinks_.remember(device_, told);
                          }},
               *output);
}

void Lan::take_datagrams(Instant now) {
  channels_.take_datagrams(channel(), [&](const port::Datagram& datagram) {
    if (advertiser_)
      advertiser_->on_message(datagram.bytes, datagram.source, datagram.destination, datagram.hop_limit, now);
  });
}

void Lan::turn(Instant now) {
  const bool over = silent_until_ != Instant{} && silent_until_ <= now;
  if (over) silent_until_ = {};
  if (over) reconsider(now);
  take_datagrams(now);
  if (!advertiser_) return;
  if (const auto at = advertiser_->next_deadline(); at && *at <= now) advertiser_->on_deadline(now);
  drain(now);
}

std::optional<Instant> Lan::next_deadline() const {
  std::optional<Instant> next;
  if (advertiser_)
    next = std::min(next.value_or(Instant::max()), advertiser_->next_deadline().value_or(Instant::max()));
  if (silent_until_ != Instant{}) next = std::min(next.value_or(Instant::max()), silent_until_);
  return next;
}

model::LanSnapshot Lan::snapshot(Instant now) const {
  model::LanSnapshot out;
  out.name = want_.lan;
  out.device = device_;
  out.state = advertiser_                                               ? "advertising"
              : endpoint_ && (role_ != Role::Advertise || is_held(now)) ? "held"
                                                                        : "waiting";
  out.advertisements = before_.multicast;
  out.answers = before_.unicast;
  out.solicitations = before_.solicitations;
  for (const auto& past : past_)
    if (past.until > now) out.prefixes.push_back({past.prefix.prefix, Duration::zero(), past.until - now});
  if (!advertiser_) return out;
  out.default_router = want_.default_router;
  out.advertisements += advertiser_->counters().multicast;
  out.answers += advertiser_->counters().unicast;
  out.solicitations += advertiser_->counters().solicitations;
  const auto said = content(now).prefixes;
  for (const auto& prefix : said)
    if (prefix.valid_until > now)
      out.prefixes.push_back({prefix.prefix, shown(prefix.preferred_until, now), shown(prefix.valid_until, now)});
  for (const auto& past : advertiser_->history(now))
    if (std::ranges::find(said, past.prefix, &engine::ndisc::AdvertisedPrefix::prefix) == said.end())
      out.prefixes.push_back({past.prefix, Duration::zero(), past.valid});
  for (const auto& other : advertiser_->others(now)) {
    out.foreign_routers.push_back({.address = other.router, .is_default = other.is_default, .conflicts = {}});
    for (const auto conflict : other.conflicts) out.foreign_routers.back().conflicts.emplace_back(to_text(conflict));
  }
  return out;
}

}  // namespace michi::runtime

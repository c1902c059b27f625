// What the conversations of an Ipv6Part report, and what follows from it for the uplink.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "uplink/ip/ipv6_part.hpp"

namespace michi::uplink {
namespace {

namespace dhcp6 = engine::dhcp6;
using model::PrefixFacts;

constexpr std::size_t kMostServers = 8;
constexpr std::size_t kMostDomains = 16;
constexpr std::size_t kMostAddresses = 8;
constexpr std::size_t kMostLinePrefixes = 2;
constexpr std::uint8_t kLinePrefixLength = 64;

template <class T>
void add_new(std::vector<T>& to, const T& one, std::size_t most) {
  if (to.size() < most && std::ranges::find(to, one) == to.end()) to.push_back(one);
}

bool is_unique_local(const Prefix& prefix) { return (prefix.address.v6()->octets[0] & 0xfe) == 0xfc; }

std::string joined(const std::vector<Prefix>& prefixes) {
  std::string out;
  for (const Prefix& prefix : prefixes) out += (out.empty() ? "" : ", ") + to_text(prefix);
  return out;
}

std::string duration_text(Duration left) {
  if (left == dhcp6::kForever) return "ever";
  return fmt::format("{} s", whole_milliseconds(left) / 1000);
}

std::uint64_t sent(const dhcp6::Client& client, wire::dhcp6::MessageType type) {
  return client.counters().sent[static_cast<std::size_t>(type)];
}

std::optional<model::SoftwireFacts> softwire_of(const wire::dhcp6::Info& info) {
  if (info.aftr.empty() && info.s46.empty()) return std::nullopt;
  model::SoftwireFacts out{.aftr = info.aftr};
  for (const auto& option : info.s46) out.s46.push_back({static_cast<std::uint16_t>(option.code), option.value});
  return out;
}

}  // namespace

void Ipv6Part::tell(model::Severity severity, std::string code, std::string text) {
  outputs_.push_back(model::Event{severity, std::move(code), "", std::move(text), {}});
}

void Ipv6Part::settle(Instant now) {
  if (client_) drain_client(now);
  if (information_) drain_information();
  if (discovery_) drain_discovery();
  // Whoever looks for a server again has none that stands by the leases.
  if (client_ && client_->state() == dhcp6::State::Soliciting) {
    known_.doubt(PrefixSource::Delegated);
    assigned_.clear();
  }
  if (link_) {
    judge_on_link(now);
    ask_information(now);
  }
  known_.expire(now);
  std::erase_if(saved_, [now](const SavedLease& one) { return one.valid_until <= now; });
  compose(now);
  keep(now);
}

void Ipv6Part::drain_client(Instant now) {
  while (auto output = client_->poll()) {
    std::visit(
        Overloaded{
            [&](dhcp6::SendDatagram& send) {
              outputs_.push_back(Datagram{Service::Dhcp6, std::move(send.payload), send.destination, link_->local});
            },
            [&](const dhcp6::Leased& leased) { on_leased(leased.held, true, now); },
            [&](const dhcp6::Renewed& renewed) { on_leased(renewed.held, false, now); },
            [&](const dhcp6::Withdrawn& gone) { on_withdrawn(gone, now); },
            [&](const dhcp6::Informed& informed) { info_ = informed.info; },
            [&](const dhcp6::Failed& failed) { on_failed(failed); },
            [](const dhcp6::Released&) {},
        },
        *output);
  }
}

void Ipv6Part::drain_information() {
  while (auto output = information_->poll()) {
    if (auto* send = std::get_if<dhcp6::SendDatagram>(&*output))
      outputs_.push_back(Datagram{Service::Dhcp6, std::move(send->payload), send->destination, link_->local});
    else if (auto* informed = std::get_if<dhcp6::Informed>(&*output))
      info_ = std::move(informed->info);
  }
}

void Ipv6Part::drain_discovery() {
  while (auto output = discovery_->poll()) {
    if (auto* message = std::get_if<engine::ndisc::Message>(&*output))
      outputs_.push_back(
          Datagram{Service::NeighbourDiscovery, std::move(message->bytes), message->destination, message->source});
    else
      routers_ = std::move(std::get<engine::ndisc::Learned>(*output));
  }
}

void Ipv6Part::on_leased(const dhcp6::Held& held, bool anew, Instant now) {
  std::vector<PrefixFacts> list;
  std::vector<Prefix> given, before;
  Duration longest{};
  refusal_.clear();
  assigned_.clear();
  for (const dhcp6::Lease& lease : held.leases) {
    if (lease.type == wire::dhcp6::IaType::Na) {
      add_new(assigned_, *lease.prefix.address.v6(), kMostAddresses);
      continue;
    }
    list.push_back({.prefix = lease.prefix,
                    .preferred_until = end_after(now, lease.preferred),
                    .valid_until = end_after(now, lease.valid)});
    given.push_back(lease.prefix);
    longest = std::max(longest, lease.valid);
  }
  for (const PrefixFacts& one : known_.all())
    if (!one.on_link) before.push_back(one.prefix);
  known_.confirm(PrefixSource::Delegated, list);
  info_ = held.info;
  information_.reset();
  complained_.clear();
  gave_nothing_ = given.empty() && config_.prefix;
  if (given.empty()) return;
  const bool known =
      std::ranges::any_of(given, [&](const Prefix& one) { return std::ranges::find(before, one) != before.end(); });
  if (!anew)
    tell(model::Severity::Debug, "prefix.renewed",
         fmt::format("{} is delegated for {} more", joined(given), duration_text(longest)));
  else if (known)
    tell(model::Severity::Notice, "prefix.delegated", fmt::format("{} is delegated, as before", joined(given)));
  else if (before.empty())
    tell(model::Severity::Notice, "prefix.delegated",
         fmt::format("{} is delegated for {}", joined(given), duration_text(longest)));
  else
    tell(model::Severity::Warning, "prefix.changed",
         fmt::format("{} is delegated in the place of {}", joined(given), joined(before)));
}

void Ipv6Part::on_withdrawn(const dhcp6::Withdrawn& gone, Instant now) {
  std::vector<Prefix> lost;
  for (const dhcp6::Lease& lease : gone.leases) {
    if (lease.type == wire::dhcp6::IaType::Na) {
      std::erase(assigned_, *lease.prefix.address.v6());
      continue;
    }
    known_.withdraw(lease.prefix, end_after(now, lease.preferred), end_after(now, lease.valid));
    lost.push_back(lease.prefix);
  }
  if (lost.empty()) return;
  switch (gone.cause) {
    case dhcp6::WithdrawCause::ByServer:
      return tell(model::Severity::Warning, "prefix.lost", fmt::format("the server takes {} back", joined(lost)));
    case dhcp6::WithdrawCause::Expired:
      return tell(model::Severity::Warning, "prefix.lost", fmt::format("{} was not extended in time", joined(lost)));
    case dhcp6::WithdrawCause::Released:
      return tell(model::Severity::Notice, "prefix.lost", fmt::format("{} is given back", joined(lost)));
  }
}

void Ipv6Part::on_failed(const dhcp6::Failed& failure) {
  gave_nothing_ = true;
  // The same complaint on every new link would be no news.
  const auto severity = complained_.insert(failure.cause).second ? model::Severity::Warning : model::Severity::Debug;
  switch (failure.cause) {
    case dhcp6::FailCause::NoServer:
    case dhcp6::FailCause::NoReply:
      return tell(severity, "dhcp6.no-answer", failure.detail);
    case dhcp6::FailCause::NotAccepted:
    case dhcp6::FailCause::Refused:
    case dhcp6::FailCause::ServerTrouble:
      refusal_ = failure.detail;
      return tell(severity, "dhcp6.refused", failure.detail);
    case dhcp6::FailCause::LeaseExpired:
      return;  // told as the loss of the prefix
  }
}

Ipv6Diagnosis Ipv6Part::diagnosis() const {
  if (!client_) return {};
  const auto received = [&](wire::dhcp6::MessageType type) {
    return client_->counters().received[static_cast<std::size_t>(type)];
  };
  const auto state = client_->state();
  return {.asking = state == dhcp6::State::Soliciting || state == dhcp6::State::Requesting ||
                    state == dhcp6::State::Confirming,
          .solicits = sent(*client_, wire::dhcp6::MessageType::Solicit),
          .advertises = received(wire::dhcp6::MessageType::Advertise),
          .replies = received(wire::dhcp6::MessageType::Reply),
          .refusal = refusal_};
}

void Ipv6Part::ask_again(Instant now) {
  if (!client_ || client_->state() != dhcp6::State::Soliciting) return;
  client_->on_link_up(now);
  settle(now);
}

/// The line's own /64 stands in for a delegation that is not wanted or not to be had.
void Ipv6Part::judge_on_link(Instant now) {
  std::vector<PrefixFacts> list;
  std::vector<Prefix> names;
  // Where it did so before and nothing was ever delegated, nobody waits for another failure.
  const auto& all = known_.all();
  const bool as_before = !all.empty() && std::ranges::all_of(all, &PrefixFacts::on_link);
  const bool in_need =
      (!config_.prefix || gave_nothing_ || as_before) && !known_.has_confirmed(PrefixSource::Delegated);
  for (const auto& formed : routers_.addresses) {
    if (!in_need || list.size() == kMostLinePrefixes) break;
    const bool usable = formed.prefix.length == kLinePrefixLength && !is_unique_local(formed.prefix);
    if (!usable || formed.valid_until <= now) continue;
    list.push_back({.prefix = formed.prefix.canonical(),
                    .preferred_until = formed.preferred_until,
                    .valid_until = formed.valid_until});
    names.push_back(list.back().prefix);
  }
  known_.confirm(PrefixSource::OnLink, list);
  if (names == on_link_told_) return;
  on_link_told_ = names;
  if (!names.empty())
    tell(model::Severity::Notice, "prefix.on-link",
         fmt::format("nothing is delegated: {}, the line's own, is used", joined(names)));
}

/// Options without a lease, where routers say that there are some (RFC 4861 §4.2).
void Ipv6Part::ask_information(Instant now) {
  const bool nothing_to_lease = !client_ || (gave_nothing_ && client_->state() != dhcp6::State::Bound);
  if (information_ || !nothing_to_lease || releasing() || (!routers_.other && !routers_.managed)) return;
  dhcp6::Settings settings = client_settings();
  settings.wanted.clear();
  information_ = std::make_unique<Client>(std::move(settings), random_.fork());
  information_->start(now);
  drain_information();
}

void Ipv6Part::compose(Instant now) {
  Ipv6Learned is;
  is.prefixes = known_.all();
  is.addresses = assigned_;
  for (const bool deprecated : {false, true})
    for (const auto& formed : routers_.addresses)
      if (formed.valid_until > now && (formed.preferred_until <= now) == deprecated)
        add_new(is.addresses, formed.address, kMostAddresses);
  for (const Ipv6& server : info_.dns) add_new(is.dns, server, kMostServers);
  for (const auto& server : routers_.name_servers) add_new(is.dns, server.address, kMostServers);
  for (const std::string& name : info_.domains) add_new(is.domains, name, kMostDomains);
  is.softwire = softwire_of(info_);
  for (const auto& domain : routers_.search_domains) add_new(is.domains, domain.name, kMostDomains);
  if (!routers_.routers.empty()) is.router = routers_.routers.front().address;
  is.mtu = routers_.mtu.value_or(0);
  learned_ = std::move(is);
}

std::string Ipv6Part::state_text() const {
  if (!discovery_) return {};
  const std::string_view nd = engine::ndisc::to_text(discovery_->state());
  const auto* client = client_ ? client_.get() : information_.get();
  return client ? fmt::format("dhcp6 {}, nd {}", dhcp6::to_text(client->state()), nd) : fmt::format("nd {}", nd);
}

std::string Ipv6Part::waiting_for() const {
  using wire::dhcp6::MessageType;
  if (!client_) return discovery_ && !routers_.heard ? "a router advertisement" : "";
  switch (client_->state()) {
    case dhcp6::State::Soliciting:
      return fmt::format("a DHCPv6 server (Solicit sent {} times)", sent(*client_, MessageType::Solicit));
    case dhcp6::State::Requesting:
      return "the DHCPv6 server's Reply to Request";
    case dhcp6::State::Confirming:
    case dhcp6::State::Rebinding:
      return fmt::format("a DHCPv6 server to confirm what is held (Rebind sent {} times)",
                         sent(*client_, MessageType::Rebind));
    case dhcp6::State::Releasing:
      return "the DHCPv6 server's Reply to Release";
    case dhcp6::State::Idle:
    case dhcp6::State::Offline:
    case dhcp6::State::Bound:
    case dhcp6::State::Renewing:
    case dhcp6::State::Informing:
    case dhcp6::State::Informed:
      return {};
  }
  return {};
}

std::optional<Instant> Ipv6Part::next_renewal(Instant now) const {
  if (!client_ || client_->state() != dhcp6::State::Bound) return std::nullopt;
  const auto held = client_->held(now);
  if (!held || held->t1 == dhcp6::kForever) return std::nullopt;
  return now + held->t1;
}

}  // namespace michi::uplink

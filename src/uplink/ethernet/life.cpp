#include "uplink/ethernet/life.hpp"

#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "base/invariant.hpp"
#include "uplink/pppoe/life.hpp"

namespace michi::uplink {
namespace {

model::Severity severity_of(EthernetPhase before, EthernetPhase next) {
  const bool was_up = before == EthernetPhase::Up;
  if (was_up && (next == EthernetPhase::Releasing || next == EthernetPhase::Down)) return model::Severity::Notice;
  if (was_up) return model::Severity::Error;
  if (next == EthernetPhase::Unanswered) return model::Severity::Warning;
  return row_of(before).shown == row_of(next).shown ? model::Severity::Debug : model::Severity::Notice;
}

std::string_view code_of(EthernetPhase before, EthernetPhase next) {
  if (next == EthernetPhase::Up) return "uplink.up";
  if (before == EthernetPhase::Up) return "uplink.lost";
  if (next == EthernetPhase::Unanswered) return "uplink.attempt-failed";
  if (next == EthernetPhase::Down) return "uplink.down";
  return "uplink.phase";
}

model::Dhcp4Config dhcp_of(const model::UplinkConfig& config) {
  return config.kind.is<model::IpoeConfig>() ? config.kind.as<model::IpoeConfig>().dhcp : model::Dhcp4Config{};
}

std::string_view families(const model::UplinkFacts& facts) {
  if (facts.v4 && facts.v6) return "ipv4 and ipv6";
  return facts.v4 ? "ipv4" : "ipv6";
}

}  // namespace

EthernetLife::EthernetLife(model::UplinkConfig config, std::optional<HeldAddress> held, Random random)
    : config_(std::move(config)), random_(std::move(random)), ipv4_(dhcp_of(config_), held, random_.fork()) {
  facts_.id = config_.id;
  compose();
  published_ = facts_;
}

void EthernetLife::set_reason(model::Reason reason, std::string detail) {
  facts_.reason = reason;
  facts_.detail = std::move(detail);
}

void EthernetLife::enter(EthernetPhase next, std::string_view on, Instant now) {
  MICHI_INVARIANT((row().next & bit(next)) != 0, "a line moves along the edges of its table");
  if (phase_ == EthernetPhase::Up) tell_up();
  const EthernetPhase before = std::exchange(phase_, next);
  if (facts_.state != row().shown) facts_.since = now;
  facts_.state = row().shown;
  if (!row().timed) due_.reset();
  const bool later = next == EthernetPhase::Up && facts_.incomplete;
  tell(later ? model::Severity::Debug : severity_of(before, next), later ? "uplink.phase" : code_of(before, next),
       before, next, on);
}

void EthernetLife::tell(model::Severity severity, std::string_view code, EthernetPhase before, EthernetPhase next,
                        std::string_view on) {
  const std::string from(row_of(before).name), to(row_of(next).name);
  model::Event event{severity, std::string(code), config_.id.name, fmt::format("{} -> {} on {}", from, to, on), {}};
  event.fields = {
      {"from", from}, {"to", to}, {"on", std::string(on)}, {"reason", std::string(model::to_text(facts_.reason))}};
  if (!facts_.detail.empty()) event.fields.emplace_back("detail", facts_.detail);
  outputs_.push_back(std::move(event));
}

void EthernetLife::start(Instant now) {
  if (phase_ == EthernetPhase::Down) go("start", now);
  settle(now);
}

void EthernetLife::go(std::string_view on, Instant now) {
  asked_since_.reset();
  facts_.attempts = 0;
  if (!link_ready()) {
    set_reason(link_ ? model::Reason::NoCarrier : model::Reason::NoInterface);
    return phase_ == EthernetPhase::WaitInterface ? void() : enter(EthernetPhase::WaitInterface, on, now);
  }
  begin_link(now);
  ask(on, now);
}

void EthernetLife::ask(std::string_view on, Instant now) {
  asked_since_ = now;
  enter(EthernetPhase::Asking, on, now);
  due_ = now + config_.connect_timeout;
}

void EthernetLife::recall(Ipv6Memory memory, Instant now) {
  memory_ = std::move(memory);
  memory_at_ = now;
  if (memory_.record && asks_v6()) remember(now);
  settle(now);
}

Ipv6Memory EthernetLife::memory(Instant now) const {
  return ipv6_ ? ipv6_->memory(now) : aged(memory_, now - memory_at_);
}

void EthernetLife::remember(Instant now) {
  ipv6_ = std::make_unique<Ipv6Part>(config_.id.name, config_.delegation, memory(now), random_.fork(), now);
}

void EthernetLife::begin_link(Instant now) {
  set_reason(model::Reason::None);
  anew_ = true;
  if (asks_v4()) ipv4_.on_link_up(link_->mac, link_->mtu, now);
}

void EthernetLife::end_link(Instant now) {
  ipv4_.on_link_down(now);
  if (ipv6_) ipv6_->on_link_down(now);
  server_.reset();
  drain();
}

void EthernetLife::leave(EthernetPhase next, model::Reason why, std::string_view on, Instant now) {
  tell_up();  // what is lost was up before
  end_link(now);
  set_reason(why);
  enter(next, on, now);
}

void EthernetLife::stop(Instant now) {
  if (phase_ != EthernetPhase::Down) {
    tell_up();
    ipv4_.stop(now);
    const bool gives_back = config_.delegation.release && phase_ != EthernetPhase::Releasing && row().link &&
                            link_ready() && ipv6_ && ipv6_->is_up();
    if (gives_back) ipv6_->release(now);
    if (gives_back && ipv6_->releasing()) {
      ipv4_.on_link_down(now);
      facts_.attached = false;
      set_reason(model::Reason::Admin);
      enter(EthernetPhase::Releasing, "stop", now);
      due_ = now + kReleaseTime;
      return settle(now);
    }
    leave(EthernetPhase::Down, model::Reason::NotStarted, "stop", now);
  }
  settle(now);
}

void EthernetLife::redial(std::string_view on, Instant now) {
  if (phase_ != EthernetPhase::Down) leave(EthernetPhase::Down, model::Reason::Admin, on, now);
  go(on, now);
  settle(now);
}

Uplink::Applied EthernetLife::effect(const model::UplinkConfig& before, const model::UplinkConfig& after) {
  const auto identity = [](const model::UplinkConfig& c) {
    return std::tuple(c.id, &c.traits(), c.interface(), c.ipv4, c.ipv6, dhcp_of(c).client_id);
  };
  return identity(before) != identity(after) ? Uplink::Applied::Redialled : Uplink::Applied::InPlace;
}

Uplink::Applied EthernetLife::configure(model::UplinkConfig config, Instant now) {
  const Uplink::Applied applied = effect(config_, config);
  const bool running = phase_ != EthernetPhase::Down;
  if (running && applied == Uplink::Applied::Redialled)
    leave(EthernetPhase::Down, model::Reason::Admin, "new configuration", now);
  if (config.interface() != config_.interface()) link_.reset();
  config_ = std::move(config);
  facts_.id = config_.id;
  ipv4_.configure(dhcp_of(config_));
  if (!asks_v6()) {
    memory_ = memory(now);
    memory_at_ = now;
    ipv6_.reset();
    facts_.prefixes.clear();
  }
  if (ipv6_) ipv6_->configure(config_.delegation, now);
  if (running && applied == Uplink::Applied::Redialled) go("new configuration", now);
  settle(now);
  return applied;
}

void EthernetLife::on_interface(std::optional<InterfaceFacts> facts, Instant now) {
  const auto before = std::exchange(link_, std::move(facts));
  if (before != link_) on_link_change(before, now);
  settle(now);
}

void EthernetLife::on_link_change(const std::optional<InterfaceFacts>& before, Instant now) {
  const model::Reason why = link_ ? model::Reason::NoCarrier : model::Reason::NoInterface;
  const bool another = before && link_ && before->mac != link_->mac;
  switch (phase_) {
    case EthernetPhase::Down:
      return;
    case EthernetPhase::WaitInterface:
      return link_ready() ? go("interface ready", now) : set_reason(why);
    case EthernetPhase::Releasing:
      return link_ready() ? void() : leave(EthernetPhase::Down, model::Reason::NotStarted, "interface lost", now);
    case EthernetPhase::Asking:
    case EthernetPhase::Unanswered:
      if (!link_ready()) return leave(EthernetPhase::WaitInterface, why, "interface lost", now);
      break;
    case EthernetPhase::Up:
    case EthernetPhase::Held:
    case EthernetPhase::LinkHold:
      if (!link_) return leave(EthernetPhase::WaitInterface, why, "interface lost", now);
      break;
  }
  if (another) {
    // The same phase again, with another address: through Down, so that every edge is seen.
    leave(EthernetPhase::Down, model::Reason::Admin, "interface address changed", now);
    return go("interface address changed", now);
  }
  if (!link_->carrier && phase_ != EthernetPhase::LinkHold) return on_carrier_lost(now);
  if (link_->carrier && phase_ == EthernetPhase::LinkHold && !before->carrier) return on_carrier_back(now);
}

void EthernetLife::on_carrier_lost(Instant now) {
  set_reason(model::Reason::NoCarrier);
  enter(EthernetPhase::LinkHold, "carrier lost", now);
  due_ = now + kLinkHold;
}

/// It may be another network: everything is confirmed. What has its own time is believed until then.
void EthernetLife::on_carrier_back(Instant now) {
  begin_link(now);
  due_ = now + kProveTime;
}

void EthernetLife::on_frame(Bytes frame, Instant now) {
  if (row().link && link_ready() && asks_v4()) ipv4_.on_frame(frame, now);
  settle(now);
}

void EthernetLife::on_device(std::optional<Ipv6> link_local, Instant now) {
  if (device_ == link_local) return;
  device_ = link_local;
  anew_ = true;  // nobody can speak from the address before
  settle(now);
}

void EthernetLife::on_datagram(const Heard& datagram, Instant now) {
  if (datagram.service == Service::Dhcp6 && datagram.source.is_link_local()) server_ = datagram.source;
  if (ipv6_ && row().link && link_ready()) ipv6_->on_datagram(datagram, now);
  settle(now);
}

void EthernetLife::on_duplicate_address(bool duplicate, Instant now) {
  duplicate_ = duplicate;
  if (duplicate && phase_ == EthernetPhase::Up) {
    facts_.attached = false;
    set_reason(model::Reason::DuplicateAddress);
    enter(EthernetPhase::Held, "duplicate address", now);
  } else if (!duplicate && phase_ == EthernetPhase::Held) {
    go_up("the address is free", now);
  }
  settle(now);
}

void EthernetLife::go_up(std::string_view on, Instant now) {
  facts_.attached = true;
  facts_.attempts = 0;
  facts_.incomplete = asked_since_ && second_family_expected();
  if (facts_.incomplete) tell_up_by_ = now + kSecondFamilyOfEthernet;
  if (asked_since_) facts_.last_setup = now - *asked_since_;
  asked_since_.reset();
  set_reason(model::Reason::None);
  judge_network();
  enter(EthernetPhase::Up, on, now);
  if (duplicate_) on_duplicate_address(true, now);
}

void EthernetLife::tell_up() {
  if (!std::exchange(facts_.incomplete, false)) return;
  tell_up_by_.reset();
  tell(model::Severity::Notice, "uplink.up", EthernetPhase::Asking, EthernetPhase::Up, families(facts_));
}

void EthernetLife::on_deadline(Instant now) {
  if (const auto at = ipv4_.next_deadline(); at && *at <= now) ipv4_.on_deadline(now);
  if (const auto at = ipv6_ ? ipv6_->next_deadline() : std::nullopt; at && *at <= now) ipv6_->on_deadline(now);
  settle(now);
  if (tell_up_by_ && *tell_up_by_ <= now) tell_up();
  if (due_ && *due_ <= now) {
    due_.reset();
    on_due(now);
  }
  settle(now);
}

void EthernetLife::on_due(Instant now) {
  switch (phase_) {
    case EthernetPhase::Asking:
      ++facts_.attempts;
      set_reason(asks_v4() ? model::Reason::NoLease : model::Reason::NoRouter, missing());
      return enter(EthernetPhase::Unanswered, "no answer in time", now);
    case EthernetPhase::LinkHold:
      if (link_ready()) {
        leave(EthernetPhase::WaitInterface, model::Reason::NoCarrier, "silence after the carrier came back", now);
        return go("carrier is back", now);
      }
      return leave(EthernetPhase::WaitInterface, model::Reason::NoCarrier, "carrier still lost", now);
    case EthernetPhase::Releasing:
      return leave(EthernetPhase::Down, model::Reason::NotStarted, "stop", now);
    case EthernetPhase::Down:
    case EthernetPhase::WaitInterface:
    case EthernetPhase::Unanswered:
    case EthernetPhase::Up:
    case EthernetPhase::Held:
      return;
  }
}

std::optional<Instant> EthernetLife::next_deadline() const {
  std::optional<Instant> soonest = due_;
  for (const auto& at : {tell_up_by_, ipv4_.next_deadline(), ipv6_ ? ipv6_->next_deadline() : std::nullopt})
    if (at && (!soonest || *at < *soonest)) soonest = at;
  return soonest;
}

std::optional<Output> EthernetLife::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

}  // namespace michi::uplink

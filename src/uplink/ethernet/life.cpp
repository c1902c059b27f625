#include "uplink/ethernet/life.hpp"

#include <tuple>
#include <utility>

namespace michi::uplink::ethernet {
namespace {

using enum Phase;

model::Dhcp4Config dhcp_of(const model::UplinkConfig& config) {
  return config.kind.is<model::IpoeConfig>() ? config.kind.as<model::IpoeConfig>().dhcp : model::Dhcp4Config{};
}

}  // namespace

std::unique_ptr<uplink::Life> make(Beginning beginning) { return std::make_unique<Life>(std::move(beginning)); }

Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool) {
  const auto identity = [](const model::UplinkConfig& c) {
    return std::tuple(c.id, c.interface(), c.ipv4, c.ipv6, dhcp_of(c).client_id);
  };
  return identity(before) != identity(after) ? Applied::Redialled : Applied::InPlace;
}

Life::Life(Beginning beginning)
    : config_(std::move(beginning.config)),
      random_(std::move(beginning.random)),
      machine_(config_.id),
      ipv4_(dhcp_of(config_), beginning.held, random_.fork()) {
  compose();
  machine_.take_for_known();
}

void Life::recall(Ipv6Memory memory, Instant now) {
  ipv6_.recall(std::move(memory), now);
  if (ipv6_.has_record() && asks_v6()) ipv6_.make(config_, random_.fork(), now);
  settle(now);
}

void Life::start(Instant now) {
  if (machine_.is(Down)) go("start", now);
  settle(now);
}

void Life::go(std::string_view on, Instant now) {
  asked_since_.reset();
  machine_.facts().attempts = 0;
  if (!line_.ready()) {
    machine_.set_reason(line_.reason(), line_.detail());
    return machine_.is(WaitInterface) ? void() : machine_.enter(WaitInterface, on, now);
  }
  begin_link(now);
  ask(on, now);
}

void Life::ask(std::string_view on, Instant now) {
  asked_since_ = now;
  machine_.enter(Asking, on, now);
  machine_.timers().set(Timer::Stay, now + config_.connect_timeout);
}

void Life::begin_link(Instant now) {
  machine_.set_reason(model::Reason::None);
  anew_ = true;
  if (can_ask_v4()) ipv4_.on_link_up(line_.facts()->mac, line_.facts()->mtu, now);
}

void Life::end_link(Instant now) {
  ipv4_.on_link_down(now);
  if (ipv6_) ipv6_->on_link_down(now);
  server_.reset();
  drain();
}

void Life::leave(Phase next, model::Reason why, std::string_view on, Instant now) {
  machine_.tell_up();  // what is lost was up before
  end_link(now);
  machine_.set_reason(why);
  machine_.enter(next, on, now);
}

void Life::stop(Instant now) {
  if (!machine_.is(Down)) {
    machine_.tell_up();
    ipv4_.stop(now);
    const bool gives_back = config_.delegation.release && !machine_.is(Releasing) && machine_.row().linked &&
                            line_.ready() && ipv6_.is_up();
    if (gives_back) ipv6_->release(now);
    if (gives_back && ipv6_.is_releasing()) {
      ipv4_.on_link_down(now);
      machine_.facts().attached = false;
      machine_.set_reason(model::Reason::Admin);
      machine_.enter(Releasing, "stop", now);
      machine_.timers().set(Timer::Stay, now + kReleaseTime);
    } else {
      leave(Down, model::Reason::NotStarted, "stop", now);
    }
  }
  settle(now);
}

void Life::redial(Instant now) {
  if (!machine_.is(Down)) leave(Down, model::Reason::Admin, "redial", now);
  go("redial", now);
  settle(now);
}

Applied Life::configure(model::UplinkConfig config, std::optional<Secret>, Instant now) {
  const bool redials = effect(config_, config, false) == Applied::Redialled;
  const bool running = redials && !machine_.is(Down);
  if (running) leave(Down, model::Reason::Admin, "new configuration", now);
  if (config.interface() != config_.interface()) line_.forget();
  config_ = std::move(config);
  machine_.facts().id = config_.id;
  ipv4_.configure(dhcp_of(config_));
  if (!asks_v6()) {
    ipv6_.put_away(now);
    machine_.facts().prefixes.clear();
  }
  if (ipv6_) ipv6_->configure(config_.delegation, now);
  if (running) go("new configuration", now);
  settle(now);
  return redials ? Applied::Redialled : Applied::InPlace;
}

void Life::on_channel(ChannelKind kind, const ChannelState& state, Instant now) {
  const bool could_ask = can_ask_v4();
  machine_.on_channel(kind, state);
  look_at_device();
  const bool link = machine_.row().linked && line_.ready() && !machine_.is(Releasing);
  if (link && !could_ask && can_ask_v4()) ipv4_.on_link_up(line_.facts()->mac, line_.facts()->mtu, now);
  settle(now);
}

void Life::on_interface(std::optional<InterfaceFacts> facts, Instant now) {
  const auto before = line_.on_facts(std::move(facts));
  if (before != line_.facts()) on_link_change(before, now);
  settle(now);
}

void Life::on_link_change(const std::optional<InterfaceFacts>& before, Instant now) {
  const bool ready = line_.ready();
  const auto& link = line_.facts();
  const bool another = before && link && before->mac != link->mac;
  switch (machine_.phase()) {
    case Down:
      return;
    case WaitInterface:
      return ready ? go("interface ready", now) : machine_.set_reason(line_.reason());
    case Releasing:
      return ready ? void() : leave(Down, model::Reason::NotStarted, "interface lost", now);
    case Asking:
    case Unanswered:
      if (!ready) return leave(WaitInterface, line_.reason(), "interface lost", now);
      break;
    case Up:
    case Held:
    case LinkHold:
      if (!link) return leave(WaitInterface, line_.reason(), "interface lost", now);
      break;
  }
  if (another) {
    // The same phase again, with another address: through Down, so that every edge is seen.
    leave(Down, model::Reason::Admin, "interface address changed", now);
    return go("interface address changed", now);
  }
  if (!link->carrier && !machine_.is(LinkHold)) return on_carrier_lost(now);
  if (link->carrier && machine_.is(LinkHold) && !before->carrier) return on_carrier_back(now);
}

void Life::on_carrier_lost(Instant now) {
  machine_.set_reason(model::Reason::NoCarrier);
  machine_.enter(LinkHold, "carrier lost", now);
  machine_.timers().set(Timer::Stay, now + kLinkHold);
}

/// It may be another network: everything is confirmed. What has its own time is believed until then.
void Life::on_carrier_back(Instant now) {
  begin_link(now);
  machine_.timers().set(Timer::Stay, now + kProveTime);
}

void Life::on_ethernet(Bytes frame, Instant now) {
  if (machine_.row().linked && line_.ready() && asks_v4()) ipv4_.on_frame(frame, now);
  settle(now);
}

void Life::on_device(std::optional<DeviceFacts> facts, Instant now) {
  if (device_ == facts) return;
  device_ = std::move(facts);
  look_at_device();
  settle(now);
}

void Life::look_at_device() {
  const bool can_speak = machine_.is_open(ChannelKind::NeighbourDiscovery) && machine_.is_open(ChannelKind::Dhcp6) &&
                         device_ && !device_->link_locals.empty();
  const auto source = can_speak ? std::optional(device_->link_locals.front()) : std::nullopt;
  if (source == source_) return;
  source_ = source;
  anew_ = true;  // nobody can speak from the address before
}

void Life::on_datagram(const Heard& datagram, Instant now) {
  if (datagram.service == Service::Dhcp6 && datagram.source.is_link_local()) server_ = datagram.source;
  if (ipv6_ && machine_.row().linked && line_.ready()) ipv6_->on_datagram(datagram, now);
  settle(now);
}

void Life::ask_again(Instant now) {
  if (!ipv6_) return;
  ipv6_->ask_again(now);
  settle(now);
}

void Life::on_duplicate_address(bool duplicate, Instant now) {
  hold(duplicate, now);
  settle(now);
}

void Life::hold(bool duplicate, Instant now) {
  duplicate_ = duplicate;
  if (duplicate && machine_.is(Up)) {
    machine_.facts().attached = false;
    machine_.set_reason(model::Reason::DuplicateAddress);
    machine_.enter(Held, "duplicate address", now);
  } else if (!duplicate && machine_.is(Held)) {
    go_up("the address is free", now);
  }
}

void Life::go_up(std::string_view on, Instant now) {
  model::UplinkFacts& facts = machine_.facts();
  facts.attached = true;
  facts.attempts = 0;
  facts.incomplete = false;
  if (asked_since_ && second_family_expected())
    machine_.tell_up_later(Asking, facts.v4 ? "ipv4" : "ipv6", now + kSecondFamily);
  if (asked_since_) facts.last_setup = now - *asked_since_;
  asked_since_.reset();
  machine_.set_reason(model::Reason::None);
  judge_network();
  machine_.enter(Up, on, now);
  if (duplicate_) hold(true, now);
}

void Life::on_deadline(Instant now) {
  if (const auto at = ipv4_.next_deadline(); at && *at <= now) ipv4_.on_deadline(now);
  if (const auto at = ipv6_.next_deadline(); at && *at <= now) ipv6_.on_deadline(now);
  settle(now);
  while (const auto timer = machine_.timers().take_due(now)) on_timer(*timer, now);
  settle(now);
}

void Life::on_timer(Timer timer, Instant now) {
  switch (timer) {
    case Timer::TellUp:
      return machine_.tell_up();
    case Timer::Stay:
      return on_stay_over(now);
  }
}

void Life::on_stay_over(Instant now) {
  switch (machine_.phase()) {
    case Asking: {
      ++machine_.facts().attempts;
      const bool refused = asks_v4() ? !can_ask_v4() : asks_v6() && !can_ask_v6();
      machine_.set_reason(refused     ? model::Reason::SocketRefused
                          : asks_v4() ? model::Reason::NoLease
                                      : model::Reason::NoRouter,
                          missing());
      return machine_.enter(Unanswered, "no answer in time", now);
    }
    case LinkHold:
      if (line_.ready()) {
        leave(WaitInterface, model::Reason::NoCarrier, "silence after the carrier came back", now);
        return go("carrier is back", now);
      }
      return leave(WaitInterface, model::Reason::NoCarrier, "carrier still lost", now);
    case Releasing:
      return leave(Down, model::Reason::NotStarted, "stop", now);
    case Down:
    case WaitInterface:
    case Unanswered:
    case Up:
    case Held:
      return;
  }
}

std::optional<Instant> Life::next_deadline() const {
  return soonest({machine_.timers().next(), ipv4_.next_deadline(), ipv6_.next_deadline()});
}

}  // namespace michi::uplink::ethernet

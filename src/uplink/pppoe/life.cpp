#include "uplink/pppoe/life.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "uplink/pppoe/failure.hpp"
#include "uplink/pppoe/settings.hpp"

namespace michi::uplink::pppoe {
namespace {

using enum Phase;

}  // namespace

std::unique_ptr<uplink::Life> make(Beginning beginning) { return std::make_unique<Life>(std::move(beginning)); }

Life::Life(Beginning beginning)
    : config_(std::move(beginning.config)),
      secret_(std::move(beginning.secret)),
      random_(std::move(beginning.random)),
      machine_(config_.id),
      access_(random_.fork(), std::move(beginning.orphan)) {}

void Life::settle(Instant now) {
  drain_discovery(now);
  drain_leg(now);
  tend_ipv6(now);
  if (facts().incomplete && !leg_.awaits_network()) machine_.tell_up();
  machine_.want(channels());
  machine_.publish();
}

void Life::compose() {
  model::UplinkFacts& facts = machine_.facts();
  const PppAgreed& agreed = leg_.agreed();
  facts.mtu = agreed.mtu;
  facts.auth = agreed.auth;
  facts.v4 = agreed.v4;
  facts.v6 = agreed.v6;
  if (!ipv6_) return;
  const Ipv6Learned& learned = ipv6_->learned();
  facts.prefixes = learned.prefixes;
  if (!facts.v6) return;
  facts.v6->addresses = learned.addresses;
  facts.v6->domains = learned.domains;
  facts.v6->mtu = learned.mtu;
  facts.v6->softwire = learned.softwire;
  // Servers of the network are asked for, as those of IPCP are, only where they are to be used.
  if (config_.dns.source == model::DnsSource::Peer) facts.v6->dns = learned.dns;
}

std::vector<ChannelWant> Life::channels() const {
  std::vector<ChannelWant> out{{ChannelKind::Pppoe, config_.interface(), config_.mac()}};
  if (device_stands())
    for (const ChannelKind kind : {ChannelKind::NeighbourDiscovery, ChannelKind::Dhcp6})
      out.push_back({.kind = kind, .device = config_.device()});
  return out;
}

void Life::recall(Ipv6Memory memory, Instant now) {
  ipv6_.recall(std::move(memory), now);
  if (ipv6_.has_record() && config_.ipv6) ipv6_.make(config_, random_.fork(), now);
  settle(now);
}

void Life::start(Instant now) {
  if (machine_.is_any(Ending, Failed)) {
    redial_on("start", now);
  } else if (machine_.is(Down)) {
    attempts_.forget_waits();
    dial("start", now);
  }
  settle(now);
}

void Life::stop(Instant now) {
  attempts_.forget_waits();
  attempts_.forget_last();
  if (machine_.is(Ending)) {
    after_ = After::Down;
  } else if (!machine_.is(Down)) {
    machine_.facts().attempts = 0;
    end(After::Down, "stop", now);
  }
  settle(now);
}

void Life::redial(Instant now) {
  redial_on("redial", now);
  settle(now);
}

void Life::abandon(Instant now) {
  if (!machine_.row().linked) return stop(now);
  close_session(Padt::Send, "new configuration");
  machine_.enter(Down, "new configuration", now);
  settle(now);
}

void Life::on_plane_fault(std::string text, Instant now) {
  if (giving_back_)
    finish_ending(Padt::Send, "plane fault", now);
  else if (facts().attached)
    lose({FailureClass::Plane, model::Reason::PlaneFailed, std::move(text)}, Padt::Send, "plane fault", now);
  settle(now);
}

Applied Life::configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) {
  const bool same_secret = secret_.has_value() == secret.has_value() && (!secret || secret->same_as(*secret_));
  const Applied applied = effect(config_, config, !same_secret);
  const bool moved = config.interface() != config_.interface();
  const bool running = applied == Applied::Redialled && !machine_.is(Down);
  if (running) {
    attempts_.forget_waits();
    access_.discovery().stop(now);
    if (machine_.row().linked && moved) {
      // The old interface is out of reach in a moment: PADT alone has to do.
      close_session(Padt::Send, "new configuration");
      machine_.enter(Down, "new configuration", now);
    }
  }
  config_ = std::move(config);
  if (ipv6_) ipv6_->configure(config_.delegation, now);
  secret_ = std::move(secret);
  machine_.facts().id = config_.id;
  if (moved) line_.forget();
  set_limits();
  if (running && machine_.row().linked) {
    begin_ending(After::Dial, "new configuration", now);
  } else if (running) {
    if (!machine_.is(Down)) machine_.enter(Down, "new configuration", now);
    dial("new configuration", now);
  }
  settle(now);
  return applied;
}

void Life::on_permit(Instant now) {
  if (machine_.is(WaitPermit)) {
    machine_.set_reason(attempts_.last().reason, attempts_.last().detail);
    ++machine_.facts().attempts;
    attempts_.begin(now);
    access_.forget_early();
    machine_.enter(Discovering, "permit", now);
    machine_.timers().set(Timer::Establish, now + config_.connect_timeout);
    access_.discovery().configure(discovery_settings(config_, line_.facts()));
    access_.discovery().start(now);
  }
  settle(now);
}

void Life::on_channel(ChannelKind kind, const ChannelState& state, Instant now) {
  machine_.on_channel(kind, state);
  if (kind == ChannelKind::Pppoe) on_link_change(line_.on_channel(state), now);
  settle(now);
}

void Life::on_interface(std::optional<InterfaceFacts> facts, Instant now) {
  on_link_change(line_.on_facts(std::move(facts)), now);
  settle(now);
}

bool Life::address_changed(const std::optional<InterfaceFacts>& before) const {
  return before && line_.facts() && !config_.mac() && before->mac != line_.facts()->mac;
}

void Life::on_link_change(const std::optional<InterfaceFacts>& before, Instant now) {
  if (before == line_.facts()) {
    if (machine_.is(WaitInterface) && !line_.ready()) machine_.set_reason(line_.reason(), line_.detail());
    return;
  }
  set_limits();
  const bool ready = line_.ready();
  const bool was_ready = before && before->carrier;
  switch (machine_.phase()) {
    case Down:
    case Failed:
      if (ready) flush_orphan();
      return;
    case WaitInterface:
      if (ready) return dial("interface ready", now);
      return machine_.set_reason(line_.reason(), line_.detail());
    case WaitPermit:
    case Discovering:
      if (ready && !address_changed(before)) return;
      access_.discovery().stop(now);
      if (!ready) return enter(WaitInterface, line_.reason(), line_.detail(), line_.lost(), now);
      // The same phase again, with another address: through Down, so that every edge is seen.
      machine_.enter(Down, "interface address changed", now);
      return dial("interface address changed", now);
    case BackOff:
      // A link that comes back is news to a line that did not answer; it is none to a wrong password.
      if (ready && !was_ready && curve_of(attempts_.last().kind).bounds == Bounds::Config) dial("interface ready", now);
      return;
    case Ending:
      if (!ready) finish_ending(Padt::None, line_.lost(), now);
      return;
    case Negotiating:
    case AwaitReason:
    case Held:
    case Up:
    case Renegotiating:
    case LinkHold:
      break;
  }
  const auto& link = line_.facts();
  if (!link || (!link->carrier && !machine_.is_any(Up, Renegotiating, LinkHold))) {
    leave_behind();
    return enter(WaitInterface, line_.reason(), line_.detail(), line_.lost(), now);
  }
  if (address_changed(before))
    return lose({FailureClass::Link, model::Reason::Admin, "the interface has another address now"}, Padt::Send,
                "interface address changed", now);
  if (!carries(*link, leg_.agreed().mtu))
    return lose({FailureClass::Link, model::Reason::Admin, "the interface's MTU is too small for this session now"},
                Padt::Send, "interface MTU changed", now);
  if (!link->carrier && !machine_.is(LinkHold)) return on_carrier_lost(now);
  if (link->carrier && machine_.is(LinkHold) && !was_ready) return on_carrier_back(now);
}

/// Of a session that is up a frame is an echo, nearly always: then nothing can have changed.
void Life::on_pppoe(const wire::pppoe::Framed& frame, Instant now) {
  const bool steady = machine_.is(Up) && !facts().incomplete;
  hear(frame, now);
  drain_discovery(now);
  if (steady && machine_.is(Up) && drain_leg(now)) return;
  settle(now);
}

void Life::on_duplicate_address(bool duplicate, Instant now) {
  hold(duplicate, now);
  settle(now);
}

void Life::on_device(std::optional<DeviceFacts> facts, Instant now) {
  if (device_ == facts) return;
  device_ = std::move(facts);
  settle(now);
}

void Life::on_datagram(const Heard& datagram, Instant now) {
  if (ipv6_) ipv6_->on_datagram(datagram, now);
  settle(now);
}

/// Its own device carries the session, and the kernel shows the session's link-local address there.
bool Life::device_stands() const {
  const auto& v6 = leg_.agreed().v6;
  return facts().attached && v6 && device_ &&
         std::ranges::find(device_->link_locals, v6->local) != device_->link_locals.end();
}

void Life::tend_ipv6(Instant now) {
  if (giving_back_ && !ipv6_.is_releasing()) conclude_release(now);
  const bool stands =
      device_stands() && machine_.is_open(ChannelKind::NeighbourDiscovery) && machine_.is_open(ChannelKind::Dhcp6);
  if (stands && (!ipv6_.is_up() || ipv6_begun_ != leg_.ipv6_openings()) && !giving_back_) {
    if (!ipv6_) ipv6_.make(config_, random_.fork(), now);
    ipv6_begun_ = leg_.ipv6_openings();
    ipv6_->on_link_up({.local = leg_.agreed().v6->local,
                       .mac = std::nullopt,
                       .carrier = access_.agreed() ? access_.agreed()->local : local_address(config_, line_.facts()),
                       .mtu = leg_.agreed().mtu,
                       .kind = engine::ndisc::LinkKind::PointToPoint},
                      now);
  } else if (!stands && ipv6_) {
    ipv6_->on_link_down(now);
  }
  ipv6_.drain(line_.ready(), machine_);
  compose();
}

void Life::ask_again(Instant now) {
  if (!ipv6_) return;
  ipv6_->ask_again(now);
  settle(now);
}

void Life::on_deadline(Instant now) {
  if (const auto at = access_.discovery().next_deadline(); at && *at <= now) {
    access_.discovery().on_deadline(now);
    drain_discovery(now);
  }
  leg_.on_deadline(now);
  drain_leg(now);
  ipv6_.on_deadline(now);
  while (const auto timer = machine_.timers().take_due(now)) on_timer(*timer, now);
  settle(now);
}

void Life::on_timer(Timer timer, Instant now) {
  switch (timer) {
    case Timer::TellUp:
      return machine_.tell_up();
    case Timer::Establish:
      return on_late(now);
    case Timer::Stay:
      return on_stay_over(now);
  }
}

void Life::on_stay_over(Instant now) {
  switch (machine_.phase()) {
    case WaitPermit:
      return ask_permit(now);
    case LinkHold:
      if (line_.ready())
        return lose({FailureClass::Echo, model::Reason::EchoTimeout, "silent after the carrier came back"}, Padt::Send,
                    "silence", now);
      leave_behind();
      return enter(WaitInterface, model::Reason::NoCarrier, {}, "carrier still lost", now);
    case Held:
      return begin_ending(After::Dial, "another address is asked for", now);
    case AwaitReason:
      return conclude_await_reason(now);
    case Ending:
      return giving_back_ ? conclude_release(now) : finish_ending(Padt::Send, "no Terminate-Ack", now);
    case BackOff:
      return dial("back-off over", now);
    case Down:
    case WaitInterface:
    case Discovering:
    case Negotiating:
    case Up:
    case Renegotiating:
    case Failed:
      return;
  }
}

std::optional<Instant> Life::next_deadline() const {
  return soonest(
      {machine_.timers().next(), access_.discovery().next_deadline(), leg_.next_deadline(), ipv6_.next_deadline()});
}

std::string Life::protocol_state() const {
  if (leg_.exists()) {
    const std::string more = ipv6_.state_text();
    return more.empty() ? leg_.state_text() : fmt::format("{}, {}", leg_.state_text(), more);
  }
  if (!machine_.is(Discovering)) return {};
  return fmt::format("discovery {}", engine::pppoe::to_text(access_.discovery().state()));
}

void Life::add_refusals(std::vector<std::string>& out) const {
  for (const ChannelKind kind : {ChannelKind::NeighbourDiscovery, ChannelKind::Dhcp6})
    if (machine_.is_refused(kind))
      out.push_back(fmt::format("a socket: {}", refusal_text(kind, config_.device(), machine_.channel(kind))));
}

std::vector<std::string> Life::waiting_for() const {
  std::vector<std::string> out;
  if (machine_.is(Down)) return {"`michi up`"};
  if (machine_.is(Failed)) out.emplace_back("a secret for this uplink");
  line_.add_missing(config_.interface(), out);
  switch (machine_.phase()) {
    case Down:
    case WaitInterface:
    case Failed:
      break;
    case Up:
      if (facts().incomplete) out.push_back(fmt::format("the other family: {}", protocol_state()));
      if (auto text = ipv6_.waiting_for(); !text.empty()) out.push_back(std::move(text));
      add_refusals(out);
      break;
    case WaitPermit:
      out.push_back(fmt::format("permission to send PADI on {}", config_.interface()));
      break;
    case Discovering:
      out.emplace_back(access_.discovery().state() == engine::pppoe::State::Requesting ? "an answer to PADR"
                                                                                       : "an offer (PADO)");
      break;
    case Negotiating:
    case Renegotiating:
      out.push_back(fmt::format("the peer: {}", protocol_state()));
      break;
    case LinkHold:
      if (line_.ready()) out.emplace_back("a sign of life after the carrier came back");
      break;
    case Held:
      out.emplace_back("the other uplink with the same address to give it up");
      break;
    case AwaitReason:
      out.emplace_back("the peer's reason for its PADT");
      break;
    case Ending:
      out.push_back(giving_back_ ? ipv6_.waiting_for() : "the peer's Terminate-Ack");
      break;
    case BackOff:
      out.push_back(fmt::format("the back-off after {}", model::to_text(facts().reason)));
      break;
  }
  return out;
}

}  // namespace michi::uplink::pppoe

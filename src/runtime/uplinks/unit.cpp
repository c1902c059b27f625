#include "runtime/uplinks/unit.hpp"

#include <algorithm>
#include <utility>

#include "base/net/per_family.hpp"
#include "base/overloaded.hpp"
#include "runtime/lan/link_local_endpoint.hpp"

namespace michi::runtime {

namespace {

/// What the kernel gives to what is sent on a link: to multicast groups, and in neighbour discovery, all of them.
constexpr std::uint8_t kHopLimit = 255;
constexpr std::array kServices = {uplink::Service::NeighbourDiscovery, uplink::Service::Dhcp6};

ChannelType type_of(uplink::ChannelKind kind) {
  switch (kind) {
    case uplink::ChannelKind::Pppoe:
      return ChannelType::Pppoe;
    case uplink::ChannelKind::Dhcp4:
      return ChannelType::Dhcp4;
    case uplink::ChannelKind::NeighbourDiscovery:
      return ChannelType::NdHost;
    case uplink::ChannelKind::Dhcp6:
      return ChannelType::Dhcp6Client;
    case uplink::ChannelKind::Echo4:
      return ChannelType::Echo4;
    case uplink::ChannelKind::Echo6:
      return ChannelType::Echo6;
  }
  return ChannelType::Pppoe;
}

std::optional<uplink::ChannelKind> kind_of(ChannelType type) {
  switch (type) {
    case ChannelType::Pppoe:
      return uplink::ChannelKind::Pppoe;
    case ChannelType::Dhcp4:
      return uplink::ChannelKind::Dhcp4;
    case ChannelType::NdHost:
      return uplink::ChannelKind::NeighbourDiscovery;
    case ChannelType::Dhcp6Client:
      return uplink::ChannelKind::Dhcp6;
    case ChannelType::Echo4:
      return uplink::ChannelKind::Echo4;
    case ChannelType::Echo6:
      return uplink::ChannelKind::Echo6;
    case ChannelType::PassThrough:
    case ChannelType::NdRouter:
    case ChannelType::NdProxy:
      return std::nullopt;
  }
  return std::nullopt;
}

uplink::ChannelState state_of(const Channels::Change& change) {
  using What = uplink::ChannelState::What;
  switch (change.state) {
    case Channels::State::Open:
      return {What::Open, {}};
    case Channels::State::Closed:
      return {What::Closed, {}};
    case Channels::State::Refused:
      return {What::Refused, change.detail};
  }
  return {};
}

uplink::ChannelKind channel_of(uplink::Service service) {
  return service == uplink::Service::Dhcp6 ? uplink::ChannelKind::Dhcp6 : uplink::ChannelKind::NeighbourDiscovery;
}

}  // namespace

Unit::Unit(std::string name, uplink::Uplink life, uplink::Probe probe, Shared shared)
    : name_(std::move(name)), life_(std::move(life)), probe_(std::move(probe)), shared_(shared) {}

void Unit::configure(const model::UplinkConfig& config, std::optional<Secret> secret, Instant now) {
  std::ignore = life_.configure(config, std::move(secret), now);
  probe_.configure(config.probe, now);
  tend_probe(now);
}

void Unit::tell_channels(Instant now) {
  const auto wanted = wanted_;
  for (const auto& one : wanted)
    life_.on_channel(one.kind, state_of(shared_.channels.current(owner(), {type_of(one.kind), one.device})), now);
  life_.on_device(device_, now);
}

void Unit::close(Instant now) { shared_.channels.want(owner(), {}, now); }

ChannelId Unit::echo_channel(Family family) const {
  return {family == Family::V4 ? ChannelType::Echo4 : ChannelType::Echo6, life_.config().device()};
}

void Unit::want_channels(Instant now) {
  std::vector<WantedChannel> all;
  for (const auto& one : wanted_) {
    WantedChannel channel{.id = {type_of(one.kind), one.device}};
    if (one.mac) channel.addresses.insert(*one.mac);
    all.push_back(std::move(channel));
  }
  for (Family family : kFamilies)
    if (probe_.wants(family) && device_) all.push_back({.id = echo_channel(family)});
  shared_.channels.want(owner(), all, now);
}

void Unit::on_kernel(const model::Observed& observed, Instant now) {
  const auto& device = life_.config().device();
  const auto link = observed.links.find(device);
  std::optional<uplink::DeviceFacts> seen;
  if (link != observed.links.end() && link->second.up) {
    seen.emplace();
    for (const Address& address : addresses6_on(device, observed.addresses))
      if (address.v6()->is_link_local()) seen->link_locals.push_back(*address.v6());
  }
  if (seen != device_) {
    device_ = seen;
    life_.on_device(std::move(seen), now);
  }
  drain(now);
}

void Unit::on_channel(const Channels::Change& change, Instant now) {
  const bool echo = change.id.type == ChannelType::Echo4 || change.id.type == ChannelType::Echo6;
  if (echo) return tend_probe(now);
  if (const auto kind = kind_of(change.id.type)) life_.on_channel(*kind, state_of(change), now);
  drain(now);
}

void Unit::drain(Instant now) {
  while (auto output = life_.poll()) {
    std::visit(Overloaded{
                   [&](const uplink::Frame& frame) { send(frame); },
                   [&](const uplink::Datagram& datagram) { send(datagram); },
                   [&](uplink::ChannelsWanted& wanted) {
                     wanted_ = std::move(wanted.channels);
                     want_channels(now);
                   },
                   [&](const uplink::FactsChanged&) { told_ = true; },
                   [&](const uplink::Persist& persist) { shared_.records.keep(name_, persist.record); },
                   [&](const uplink::PersistAddress& persist) { shared_.records.keep(name_, persist.held); },
                   [&](const uplink::PersistLease& persist) { shared_.records.keep(name_, persist.record); },
                   [&](const uplink::AskPermit& ask) { shared_.gate.on_ask(name_, ask, now); },
                   [&](model::Event& event) { shared_.events.push_back(std::move(event)); },
               },
               *output);
  }
  stirred_ = false;
  deadline_ = life_.next_deadline();
  if (probe_.on()) tend_probe(now);
}

void Unit::send(const uplink::Frame& frame) {
  const auto at = std::ranges::find(wanted_, frame.channel, &uplink::ChannelWant::kind);
  if (at == wanted_.end()) return;
  shared_.tracer.frame(name_, Direction::Out, frame.bytes);
  std::ignore = shared_.channels.send({type_of(at->kind), at->device}, frame.bytes,
                                      frame.urgent ? port::Priority::Urgent : port::Priority::Normal);
}

void Unit::send(const uplink::Datagram& datagram) {
  const auto at = std::ranges::find(wanted_, channel_of(datagram.service), &uplink::ChannelWant::kind);
  if (at == wanted_.end()) return;
  shared_.tracer.datagram(name_, Direction::Out,
                          {.service = datagram.service,
                           .bytes = datagram.bytes,
                           .source = datagram.source,
                           .destination = datagram.destination,
                           .hop_limit = kHopLimit});
  std::ignore = shared_.channels.send({type_of(at->kind), at->device}, datagram.bytes, datagram.destination,
                                      std::optional(datagram.source));
}

void Unit::take_datagrams(uplink::Service service, Instant now) {
  const auto at = std::ranges::find(wanted_, channel_of(service), &uplink::ChannelWant::kind);
  if (at == wanted_.end()) return;
  const ChannelId channel{type_of(at->kind), at->device};
  if (!shared_.channels.waits(channel)) return;
  shared_.channels.take_datagrams(channel, [&](const port::Datagram& datagram) {
    const uplink::Heard heard{.service = service,
                              .bytes = datagram.bytes,
                              .source = datagram.source,
                              .destination = datagram.destination,
                              .hop_limit = datagram.hop_limit};
    shared_.tracer.datagram(name_, Direction::In, heard);
    life_.on_datagram(heard, now);
  });
  drain(now);
}

void Unit::take(Instant now) {
  if (const auto at = std::ranges::find(wanted_, uplink::ChannelKind::Dhcp4, &uplink::ChannelWant::kind);
      at != wanted_.end()) {
    const ChannelId channel{ChannelType::Dhcp4, at->device};
    shared_.channels.take_frames(channel, Channels::Look::WhereTold, [&](const ByteVec& frame) {
      shared_.tracer.frame(name_, Direction::In, frame);
      life_.on_ethernet(frame, now);
      drain(now);
    });
  }
  for (const auto service : kServices) take_datagrams(service, now);
  if (probe_.on()) take_echoes(Channels::Look::WhereTold, now);
}

void Unit::tend_probe(Instant now) {
  probe_.on_facts(life_.facts(), now);
  want_channels(now);
  for (Family family : kFamilies) {
    const bool wanted = probe_.wants(family) && device_;
    probe_.on_socket(family, wanted && shared_.channels.is_open(echo_channel(family)), now);
  }
  drain_probe();
}

void Unit::drain_probe() {
  while (auto output = probe_.poll())
    std::visit(Overloaded{
                   // What the kernel refuses is a lost echo: the next one is not far.
                   [&](const uplink::EchoAsk& ask) {
                     std::ignore = shared_.channels.send(echo_channel(ask.to.family()), ask.message, ask.to);
                   },
                   [&](const uplink::HealthChanged&) { told_ = true; },
                   [&](model::Event& event) { shared_.events.push_back(std::move(event)); },
               },
               *output);
}

void Unit::take_echoes(Channels::Look look, Instant now) {
  for (Family family : kFamilies)
    shared_.channels.take_echoes(echo_channel(family), look, [&](const port::EchoHeard& heard) {
      probe_.on_message(family, heard.message, heard.source, now);
    });
  drain_probe();
}

/// A deadline that comes late to a busy loop must not overtake the answers that came in time.
void Unit::run_probe(Instant now) {
  if (!probe_.on()) return;
  const auto due = probe_.next_deadline();
  if (!due || now < *due) return;
  take_echoes(Channels::Look::Everywhere, now);
  probe_.on_deadline(now);
  drain_probe();
}

std::optional<Instant> Unit::next_deadline() const {
  auto next = stirred_ ? life_.next_deadline() : deadline_;
  if (!probe_.on()) return next;
  if (const auto at = probe_.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

std::optional<model::UplinkFacts> Unit::take_facts() {
  if (!std::exchange(told_, false)) return std::nullopt;
  auto facts = life_.facts();
  for (Family family : kFamilies) facts.health[family] = probe_.health(family);
  return facts;
}

bool Unit::wants_pppoe_on(const std::string& interface) const {
  return std::ranges::any_of(wanted_, [&](const uplink::ChannelWant& want) {
    return want.kind == uplink::ChannelKind::Pppoe && want.device == interface;
  });
}

}  // namespace michi::runtime

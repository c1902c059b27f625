#include "kit/uplink_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kit/configs.hpp"
#include "uplink/ip/known_prefixes.hpp"
#include "wire/pppoe.hpp"

namespace michi::kit {
namespace {

constexpr std::size_t kMostOutputsOfOneStep = 64;
constexpr std::size_t kMostEvents = 50000;

}  // namespace

GateNode::GateNode(World& world, unsigned burst, Duration interval) : gate_(burst, interval) { world.add(*this); }

bool GateNode::drain(Instant now) {
  bool any = false;
  while (auto turn = gate_.poll()) {
    any = true;
    if (const auto at = nodes_.find(*turn); at != nodes_.end()) (*at->second)->on_permit(now);
  }
  return any;
}

void GateNode::ask(UplinkNode& who, const std::string& interface, Mac mac, Instant now) {
  nodes_[who->config().id] = &who;
  gate_.on_ask(who->config().id, interface, mac, now);
}

void GateNode::forget(const model::UplinkId& who) { gate_.forget(who); }

UplinkSetup plain_setup(std::string name) {
  UplinkSetup setup;
  setup.config.id.name = std::move(name);
  setup.config.over = model::OnLine{"wan0"};
  kit::ppp(setup.config).user = "user@isp";
  return setup;
}

UplinkNode::UplinkNode(World& world, Wire& wire, GateNode& gate, UplinkSetup setup)
    : world_(world), wire_(wire), gate_(gate), setup_(std::move(setup)), interface_(setup_.interface) {
  revive(std::nullopt);
  world.add(*this);
  wire.attach(*this);
}

void UplinkNode::revive(std::optional<model::SessionRecord> orphan) {
  uplink_.emplace(uplink::Beginning{
      .config = setup_.config, .secret = setup_.secret, .random = world_.random().fork(), .orphan = std::move(orphan)});
  channels_.clear();
  facts_ = uplink_->facts();
  device_stands_ = false;
  uplink_->recall({.record = lease_ ? std::optional(aged(*lease_, world_.now() - lease_at_)) : std::nullopt,
                   .machine = {},
                   .wall_seconds = 1'750'000'000},
                  world_.now());
  last_padi_.reset();  // another process
}

bool UplinkNode::wants(uplink::ChannelKind kind) const {
  return std::ranges::find(channels_, kind, &uplink::ChannelWant::kind) != channels_.end();
}

void UplinkNode::open_channels(std::vector<uplink::ChannelWant> wanted) {
  const auto before = std::exchange(channels_, std::move(wanted));
  for (const uplink::ChannelWant& one : channels_)
    if (std::ranges::find(before, one) == before.end()) tell_channel(one.kind);
}

void UplinkNode::tell_channel(uplink::ChannelKind kind) {
  using What = uplink::ChannelState::What;
  const bool refused = refused_.contains(kind);
  uplink_->on_channel(kind, {refused ? What::Refused : What::Open, refused ? "socket: Too many open files" : ""},
                      world_.now());
}

void UplinkNode::refuse(uplink::ChannelKind kind, bool refuses) {
  if (refuses)
    refused_.insert(kind);
  else
    refused_.erase(kind);
  if (wants(kind)) tell_channel(kind);
}

void UplinkNode::boot() {
  uplink_->on_interface(interface_, world_.now());
  uplink_->start(world_.now());
}

void UplinkNode::carrier(bool on) {
  if (interface_) interface_->carrier = on;
  uplink_->on_interface(interface_, world_.now());
}

void UplinkNode::unplug() {
  interface_.reset();
  uplink_->on_interface(interface_, world_.now());
}

void UplinkNode::plug() {
  interface_ = setup_.interface;
  uplink_->on_interface(interface_, world_.now());
}

void UplinkNode::device(bool stands) {
  device_wanted_ = stands;
  show_device();
}

void UplinkNode::show_device() {
  const auto& f = uplink_->facts();
  device_stands_ = device_wanted_ && f.attached && f.v6;
  uplink_->on_device(device_stands_ ? std::optional(uplink::DeviceFacts{{f.v6->local}}) : std::nullopt, world_.now());
}

void UplinkNode::hear(uplink::Service service, Bytes bytes) {
  const auto& v6 = uplink_->facts().v6;
  if (!device_stands_ || !v6) return;
  const bool nd = service == uplink::Service::NeighbourDiscovery;
  uplink_->on_datagram({.service = service,
                        .bytes = bytes,
                        .source = v6->peer,
                        .destination = nd ? *parse_ipv6("ff02::1") : v6->local,
                        .hop_limit = 255},
                       world_.now());
  check_step(world_.now());
}

bool UplinkNode::at_rest() const {
  const bool remembers = lease_ || !uplink_->facts().prefixes.empty();
  return uplink_->settled_down() && (!uplink_->next_deadline() || remembers);
}

void UplinkNode::crash() {
  gate_.forget(uplink_->config().id);
  revive(record_);
  boot();
}

void UplinkNode::on_frame(Bytes frame, Instant now) {
  // The door's part: frames of the wire that are for our address, while there is carrier.
  if (!interface_ || !interface_->carrier) return;
  if (refused_.contains(uplink::ChannelKind::Pppoe)) return;
  if (const auto framed = wire::pppoe::parse_frame(frame)) uplink_->on_pppoe(*framed, now);
  check_step(now);
}

void UplinkNode::on_deadline(Instant now) {
  uplink_->on_deadline(now);
  check_step(now);
}

void UplinkNode::broken(std::string law) {
  if (broken_.size() < 20)
    broken_.push_back(
        fmt::format("t={} ms, {}: {}", whole_milliseconds(world_.now() - Instant{}), uplink_->phase(), law));
}

void UplinkNode::check_step(Instant now) {
  const std::string_view phase = uplink_->phase();
  const bool waits_outside =
      phase == "Down" || phase == "Failed" || phase == "WaitInterface" ||
      (phase == "Up" && uplink_->config().kind.as<model::PppoeConfig>().ppp.echo_interval == Duration::zero());
  if (!waits_outside && !uplink_->next_deadline()) broken("stuck: no deadline");
  if (phase == "Down" && !at_rest()) broken("a deadline although it is down");
  const model::UplinkFacts& f = uplink_->facts();
  if (f.attached && !f.session) broken("attached without a session");
  if (f.state == model::UplinkState::Up && !f.v4 && !f.v6) broken("up without an address");
  if (f.state == model::UplinkState::Up && (f.mtu < 64 || f.mtu > 1500)) broken("up with a strange MTU");
  if (f.prefixes.size() > uplink::KnownPrefixes::kMost) broken("too many prefixes");
  if (!std::ranges::is_partitioned(f.prefixes, &model::PrefixFacts::confirmed)) broken("prefixes out of order");
  const bool confirmed = !f.prefixes.empty() && f.prefixes.front().confirmed;
  if (confirmed && !(f.attached && f.v6)) broken("a prefix is confirmed without a link");
  for (const auto& one : f.prefixes)
    if (one.valid_until + seconds(1) < now) broken("a prefix outlives its time");
}

bool UplinkNode::drain(Instant now) {
  std::size_t count = 0;
  while (auto output = uplink_->poll()) {
    if (++count == kMostOutputsOfOneStep) broken("too many outputs of one step");
    on_output(*output, now);
    show_device();
  }
  if (count != 0) check_step(now);
  return count != 0;
}

void UplinkNode::on_output(uplink::Output& output, Instant now) {
  if (auto* frame = std::get_if<uplink::Frame>(&output)) {
    if (!wants(frame->channel) || refused_.contains(frame->channel)) broken("a frame without a channel");
    on_sent(frame->bytes, now);
    if (interface_ && interface_->carrier) wire_.send(this, std::move(frame->bytes));
  } else if (auto* wanted = std::get_if<uplink::ChannelsWanted>(&output)) {
    open_channels(std::move(wanted->channels));
  } else if (auto* changed = std::get_if<uplink::FactsChanged>(&output)) {
    ++facts_changes_;
    if (changed->facts == facts_) broken("facts without a change");
    facts_ = changed->facts;
  } else if (auto* persist = std::get_if<uplink::Persist>(&output)) {
    record_ = persist->record;
    if (record_) said_goodbye_.erase({record_->peer, record_->session_id});
  } else if (auto* datagram = std::get_if<uplink::Datagram>(&output)) {
    if (!device_wanted_) broken("a datagram without a device");
    if (!wants(uplink::ChannelKind::Dhcp6)) broken("a datagram without a channel");
    if (datagram->service == uplink::Service::Dhcp6) asked_ = std::move(datagram->bytes);
  } else if (auto* lease = std::get_if<uplink::PersistLease>(&output)) {
    lease_ = lease->record;
    lease_at_ = now;
  } else if (auto* ask = std::get_if<uplink::AskPermit>(&output)) {
    gate_.ask(*this, ask->interface, ask->mac, now);
  } else if (auto* event = std::get_if<model::Event>(&output)) {
    if (events_.size() < kMostEvents) events_.push_back(std::move(*event));
  }
}

void UplinkNode::on_sent(Bytes frame, Instant now) {
  if (interface_ && frame.size() > interface_->mtu + wire::ether::kHeaderSize) broken("a frame larger than the wire");
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed) return broken("a frame that cannot be read");
  const std::pair key{framed->header.destination, framed->packet.session_id};
  switch (framed->packet.code) {
    case wire::pppoe::Code::Padi:
      ++padis_;
      if (last_padi_ && now < *last_padi_ + seconds(1)) broken("two PADI within a second");
      last_padi_ = now;
      return;
    case wire::pppoe::Code::Padt:
      said_goodbye_.insert(key);
      return;
    case wire::pppoe::Code::Session:
      if (said_goodbye_.contains(key)) broken("a session frame after PADT");
      if (!record_ || record_->session_id != key.second || record_->peer != key.first)
        broken("a session frame without a record");
      return;
    case wire::pppoe::Code::Padr:
    case wire::pppoe::Code::Pado:
    case wire::pppoe::Code::Pads:
      return;
  }
}

std::size_t UplinkNode::count(std::string_view text) const {
  std::size_t n = 0;
  for (const model::Event& event : events_) n += event.text.find(text) != std::string::npos ? 1U : 0U;
  return n;
}

}  // namespace michi::kit

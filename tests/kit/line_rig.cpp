#include "kit/line_rig.hpp"

#include <algorithm>
#include <utility>

#include "base/invariant.hpp"
#include "base/overloaded.hpp"
#include "uplink/ethernet/phase.hpp"
#include "uplink/ip/known_prefixes.hpp"
#include "wire/arp.hpp"
#include "wire/dhcp4.hpp"
#include "wire/ether.hpp"
#include "wire/icmp6.hpp"
#include "wire/pppoe.hpp"
#include "wire/udp4.hpp"

namespace michi::kit {
namespace {

constexpr unsigned kMostOutputs = 64;
constexpr unsigned kMostTurns = 64;  // of one moment

using Phases = uplink::ethernet::Phases;

const Phases::Row* row_named(std::string_view name) {
  for (const auto& row : Phases::kTable)
    if (row.name == name) return &row;
  return nullptr;
}

std::string_view field(const model::Event& event, std::string_view name) {
  for (const auto& [key, value] : event.fields)
    if (key == name) return value;
  return {};
}

}  // namespace

LineRig::LineRig(model::UplinkConfig config, std::uint64_t seed)
    : first_(std::move(config)), random_(Random::seeded(seed)) {
  crash();
}

void LineRig::crash() {
  const auto config = uplink_ ? uplink_->config() : first_;
  uplink_.emplace(uplink::Beginning{
      .config = config, .secret = Secret("secret"), .random = random_.fork(), .orphan = session_, .held = held_});
  channels_.clear();
  facts_ = uplink_->facts();
  uplink_->recall({.record = lease_ ? std::optional(aged(*lease_, now_ - lease_at_)) : std::nullopt,
                   .machine = {},
                   .wall_seconds = 1'750'000'000},
                  now_);
  drain();
  tell_all();
}

bool LineRig::wants(uplink::ChannelKind kind) const {
  return std::ranges::find(channels_, kind, &uplink::ChannelWant::kind) != channels_.end();
}

void LineRig::open_channels(std::vector<uplink::ChannelWant> wanted) {
  const auto before = std::exchange(channels_, std::move(wanted));
  for (const uplink::ChannelWant& one : channels_)
    if (std::ranges::find(before, one) == before.end()) tell_channel(one.kind);
}

void LineRig::tell_channel(uplink::ChannelKind kind) {
  using What = uplink::ChannelState::What;
  const bool refused = refused_.contains(kind);
  uplink_->on_channel(kind, {refused ? What::Refused : What::Open, refused ? "bind: Address already in use" : ""},
                      now_);
}

void LineRig::refuse(uplink::ChannelKind kind, bool refuses) {
  if (refuses)
    refused_.insert(kind);
  else
    refused_.erase(kind);
  if (wants(kind)) tell_channel(kind);
}

std::optional<uplink::DeviceFacts> LineRig::device_facts() const {
  return device_ ? std::optional(uplink::DeviceFacts{{*device_}}) : std::nullopt;
}

void LineRig::tell_all() {
  uplink_->on_interface(interface_, now_);
  uplink_->on_device(device_facts(), now_);
}

void LineRig::configure(model::UplinkConfig config) {
  std::ignore = uplink_->configure(std::move(config), Secret("secret"), now_);
  drain();
  for (const uplink::ChannelWant& one : channels_) tell_channel(one.kind);
  tell_all();
}

void LineRig::interface(std::optional<uplink::InterfaceFacts> facts) {
  interface_ = std::move(facts);
  if (interface_) mac_ = interface_->mac;
  uplink_->on_interface(interface_, now_);
}

void LineRig::device(std::optional<Ipv6> link_local) {
  device_ = link_local;
  uplink_->on_device(device_facts(), now_);
}

void LineRig::hear(uplink::Service service, Bytes bytes, const Ipv6& source) {
  if (!device_) return;
  const bool nd = service == uplink::Service::NeighbourDiscovery;
  uplink_->on_datagram({.service = service,
                        .bytes = bytes,
                        .source = source,
                        .destination = nd ? wire::icmp6::kAllNodes : *device_,
                        .hop_limit = 255},
                       now_);
}

void LineRig::frame(Bytes frame) {
  if (!interface_ || !interface_->carrier) return;
  if (wants(uplink::ChannelKind::Dhcp4)) uplink_->on_ethernet(frame, now_);
  if (!wants(uplink::ChannelKind::Pppoe)) return;
  if (const auto framed = wire::pppoe::parse_frame(frame)) uplink_->on_pppoe(*framed, now_);
}

void LineRig::settle() {
  drain();
  for (unsigned turns = 0; uplink_->next_deadline() && *uplink_->next_deadline() <= now_; ++turns) {
    MICHI_INVARIANT(turns < kMostTurns, "the clock moves");
    uplink_->on_deadline(now_);
    drain();
  }
  check();
}

void LineRig::run(Duration how_long) {
  const Instant end = now_ + how_long;
  while (uplink_->next_deadline() && *uplink_->next_deadline() <= end) {
    now_ = std::max(now_, *uplink_->next_deadline());
    uplink_->on_deadline(now_);
    settle();
  }
  now_ = end;
  settle();
}

void LineRig::drain() {
  unsigned count = 0;
  while (auto output = uplink_->poll()) {
    MICHI_INVARIANT(++count < kMostOutputs, "few outputs of one step");
    take(*output);
  }
}

void LineRig::take(uplink::Output& output) {
  std::visit(Overloaded{
                 [&](const uplink::Frame& sent) { take_frame(sent); },
                 [&](uplink::ChannelsWanted& wanted) { open_channels(std::move(wanted.channels)); },
                 [&](uplink::FactsChanged& changed) {
                   MICHI_INVARIANT(changed.facts != facts_, "facts that change are told");
                   facts_ = std::move(changed.facts);
                 },
                 [&](const uplink::Persist& persist) { session_ = persist.record; },
                 [&](const uplink::PersistAddress& persist) { held_ = persist.held; },
                 [&](const uplink::AskPermit&) {},
                 [&](uplink::Datagram& sent) {
                   MICHI_INVARIANT(!quiet_, "nothing is sent after stop");
                   MICHI_INVARIANT(wants(uplink::ChannelKind::Dhcp6), "a datagram has a channel");
                   MICHI_INVARIANT(interface_ && interface_->carrier, "a datagram leaves with a carrier");
                   MICHI_INVARIANT(device_ && sent.source == *device_, "from the device's address");
                   if (sent.service == uplink::Service::Dhcp6) asked6_ = std::move(sent.bytes);
                 },
                 [&](uplink::PersistLease& persist) {
                   lease_ = std::move(persist.record);
                   lease_at_ = now_;
                 },
                 [&](const model::Event& event) { take_event(event); },
             },
             output);
}

void LineRig::take_frame(const uplink::Frame& sent) {
  MICHI_INVARIANT(!quiet_, "nothing is sent after stop");
  MICHI_INVARIANT(sent.bytes.size() <= 1500 + wire::ether::kHeaderSize, "what is sent fits a frame");
  const auto parsed = wire::ether::parse_frame(sent.bytes);
  MICHI_INVARIANT(parsed.has_value(), "what is sent can be read");
  switch (parsed->header.type) {
    case wire::ether::kTypeArp:
      MICHI_INVARIANT(wire::arp::parse_packet(parsed->payload).has_value(), "ARP that can be read");
      return;
    case wire::ether::kTypeIpv4: {
      const auto datagram = wire::udp4::parse_packet(parsed->payload);
      MICHI_INVARIANT(datagram && wire::dhcp4::parse_message(datagram->payload), "DHCP that can be read");
      asked4_ = copy_of(parsed->payload);
      return;
    }
    default:
      MICHI_INVARIANT(wire::pppoe::parse_frame(sent.bytes).has_value(), "PPPoE of a session that it was or is");
  }
}

void LineRig::take_event(const model::Event& event) {
  MICHI_INVARIANT(!event.code.empty() && event.uplink == first_.id.name, "events say whose they are");
  const auto* from = row_named(field(event, "from"));
  const auto* to = row_named(field(event, "to"));
  if (uplink_->config().kind.is<model::PppoeConfig>() || from == nullptr || to == nullptr) return;
  MICHI_INVARIANT((from->next & uplink::bit(to->phase)) != 0, "phases move along their edges");
}

void LineRig::check() {
  const auto& facts = uplink_->facts();
  MICHI_INVARIANT(facts == facts_, "facts are told");
  MICHI_INVARIANT(!uplink_->next_deadline() || *uplink_->next_deadline() > now_, "a deadline lies ahead");
  if (uplink_->config().kind.is<model::PppoeConfig>()) return;
  const auto* row = row_named(uplink_->phase());
  MICHI_INVARIANT(row != nullptr, "a phase of the table");
  MICHI_INVARIANT(row->timers == 0 || uplink_->facts().state == model::UplinkState::Up || uplink_->next_deadline(),
                  "a timed phase ends");
  MICHI_INVARIANT(!facts.session, "a line has no session");
  MICHI_INVARIANT(!facts.attached || row->linked, "attached on a link");
  const bool up = facts.state == model::UplinkState::Up;
  MICHI_INVARIANT(!up || facts.v4 || facts.v6, "up with an address");
  MICHI_INVARIANT(!up || (interface_ && interface_->carrier), "up with a carrier");
  MICHI_INVARIANT(!up || (facts.mtu >= 64 && facts.mtu <= 1500), "up with an MTU");
  MICHI_INVARIANT(facts.prefixes.size() <= uplink::KnownPrefixes::kMost, "few prefixes");
  MICHI_INVARIANT(std::ranges::is_partitioned(facts.prefixes, &model::PrefixFacts::confirmed), "confirmed ones first");
  const bool confirmed = !facts.prefixes.empty() && facts.prefixes.front().confirmed;
  MICHI_INVARIANT(!confirmed || row->linked, "a prefix is confirmed on a link");
  MICHI_INVARIANT(!confirmed || row->phase == uplink::ethernet::Phase::LinkHold || (interface_ && interface_->carrier),
                  "a prefix is confirmed with a carrier");
  for (const auto& one : facts.prefixes)
    MICHI_INVARIANT(one.valid_until >= now_ - seconds(1), "no prefix outlives its time");
}

}  // namespace michi::kit

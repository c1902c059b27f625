#include "runtime/channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace michi::runtime {

namespace {

using Type = ChannelType;

/// How a type is opened, what of it is read in one turn, and what a refusal is called.
struct Row {
  Type type;
  std::size_t at_once;   // read before any of it is heard: a fast peer's answers do not make one turn of a conversation
  std::size_t per_turn;  // what a flood leaves behind waits for the next turn, so that timers run
  model::Severity severity;
  std::string_view code;
  std::string_view cannot;  // in front of "on DEVICE: reason"
};
constexpr std::array<Row, 9> kTable = {{
    {Type::Pppoe, 64, 1024, model::Severity::Error, "interface.unusable", "receive PPPoE frames"},
    {Type::Dhcp4, 64, 64, model::Severity::Error, "interface.unusable", "speak DHCP"},
    {Type::PassThrough, 64, 256, model::Severity::Error, "interface.unusable", "pass PPPoE through"},
    {Type::NdHost, 32, 32, model::Severity::Warning, "dhcp6.unusable", "speak DHCPv6"},
    {Type::NdRouter, 64, 64, model::Severity::Warning, "lan.not-advertised", "send router advertisements"},
    {Type::NdProxy, 64, 64, model::Severity::Warning, "proxy.unusable", "answer for neighbours"},
    {Type::Dhcp6Client, 32, 32, model::Severity::Warning, "dhcp6.unusable", "speak DHCPv6"},
    {Type::Echo4, 64, 64, model::Severity::Warning, "probe.unusable", "send echo requests"},
    {Type::Echo6, 64, 64, model::Severity::Warning, "probe.unusable", "send echo requests"},
}};

consteval bool table_is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].type) != i || kTable[i].per_turn < kTable[i].at_once) return false;
  return true;
}
static_assert(table_is_in_order());

const Row& row_of(Type type) { return kTable[static_cast<std::size_t>(type)]; }

port::FrameKind frame_kind(Type type) {
  if (type == Type::Dhcp4) return port::FrameKind::Dhcp4;
  return type == Type::PassThrough ? port::FrameKind::PassThrough : port::FrameKind::Pppoe;
}

port::Speaker speaker(Type type) {
  if (type == Type::NdRouter) return port::Speaker::NdRouter;
  if (type == Type::NdProxy) return port::Speaker::NdProxy;
  return type == Type::NdHost ? port::Speaker::NdHost : port::Speaker::Dhcp6Client;
}

Fault<port::OsError> closed(const ChannelId& id) {
  constexpr int kNoDevice = 19;  // ENODEV
  return Fault(port::OsError{"send on " + id.device, kNoDevice});
}

/// The name that an event of this owner is told under.
std::string uplink_of(const ChannelOwner& owner) {
  return owner.part == ChannelOwner::Part::Uplinks ? owner.name : std::string{};
}

}  // namespace

Channels::Channels(Sockets sockets, port::Wake wake) : sockets_(sockets), wake_(std::move(wake)) {}

void Channels::want(const ChannelOwner& owner, const std::vector<WantedChannel>& wanted, Instant now) {
  const auto known = wanted_.find(owner);
  if (known == wanted_.end() ? wanted.empty() : known->second == wanted) return;
  const auto before = known == wanted_.end() ? std::vector<WantedChannel>{} : std::move(known->second);
  if (wanted.empty())
    wanted_.erase(owner);
  else
    wanted_[owner] = wanted;
  for (const auto& one : before)
    if (std::ranges::find(wanted, one.id, &WantedChannel::id) == wanted.end()) drop(one.id, owner);
  for (const auto& one : wanted) add(one.id, owner, one.addresses, now);
}

void Channels::add(const ChannelId& id, const ChannelOwner& owner, const std::set<Mac>& addresses, Instant now) {
  Channel& channel = channels_[id];
  const auto [at, fresh] = channel.owners.try_emplace(owner, addresses);
  at->second = addresses;
  if (fresh && channel.state != State::Closed)
    changes_.push_back({.owner = owner, .id = id, .state = channel.state, .detail = channel.detail});
  if (channel.state == State::Open)
    hear(channel);
  else
    tend(id, channel, now);
}

void Channels::drop(const ChannelId& id, const ChannelOwner& owner) {
  const auto at = channels_.find(id);
  if (at == channels_.end() || at->second.owners.erase(owner) == 0) return;
  std::erase_if(changes_, [&](const Change& change) { return change.owner == owner && change.id == id; });
  if (!at->second.owners.empty()) {
    if (at->second.state == State::Open) hear(at->second);
    return;
  }
  channels_.erase(at);
  told_.erase(id);
}

void Channels::on_kernel(const std::map<std::string, model::Link>& links, Instant now) {
  std::map<std::string, std::uint32_t> devices;
  for (const auto& [name, link] : links) devices.emplace_hint(devices.end(), name, link.index);
  devices_ = std::move(devices);
  for (auto& [id, channel] : channels_) tend(id, channel, now);
}

/// Opens what is to be open, and closes what stands on a device that is another now.
void Channels::tend(const ChannelId& id, Channel& channel, Instant now) {
  const auto device = devices_.find(id.device);
  const std::uint32_t index = device == devices_.end() ? 0 : device->second;
  if (channel.index != index) {
    channel.socket = std::monostate{};
    channel.retry.reset();
  }
  channel.index = index;
  if (index == 0) return enter(id, channel, State::Closed);
  if (!std::holds_alternative<std::monostate>(channel.socket)) return;
  if (channel.retry && now < *channel.retry) return;
  channel.retry.reset();
  const auto opened = open(id, channel);
  if (!opened) {
    channel.retry = now + kRetry;
    enter(id, channel, State::Refused, opened.error().text());
    return complain(id, channel);
  }
  told_.erase(id);
  channel.addresses.clear();
  hear(channel);
  enter(id, channel, State::Open);
  wake_();  // to look at it once
}

Result<void, port::OsError> Channels::open(const ChannelId& id, Channel& channel) {
  channel.told = std::make_shared<bool>(true);
  const auto keep = [&](auto opened) -> Result<void, port::OsError> {
    if (!opened) return Fault(opened.error());
    (*opened)->on_wake([told = channel.told, wake = wake_] {
      *told = true;
      wake();
    });
    channel.socket = std::move(*opened);
    return {};
  };
  switch (id.type) {
    case Type::Pppoe:
    case Type::Dhcp4:
    case Type::PassThrough:
      return keep(sockets_.frames.open(id.device, frame_kind(id.type)));
    case Type::NdHost:
    case Type::NdRouter:
    case Type::NdProxy:
    case Type::Dhcp6Client:
      return keep(sockets_.datagrams.open(id.device, speaker(id.type)));
    case Type::Echo4:
      return keep(sockets_.echoes.open(id.device, Family::V4));
    case Type::Echo6:
      return keep(sockets_.echoes.open(id.device, Family::V6));
  }
  return {};
}

/// The addresses of all owners. A refusal (no memory) is tried again with the next change; a promiscuous interface
/// hears anyway.
void Channels::hear(Channel& channel) {
  auto* socket = std::get_if<std::unique_ptr<port::FrameSocket>>(&channel.socket);
  if (socket == nullptr) return;
  std::set<Mac> wanted;
  for (const auto& [owner, addresses] : channel.owners) wanted.insert(addresses.begin(), addresses.end());
  for (const Mac& mac : channel.addresses)
    if (!wanted.contains(mac)) (*socket)->remove_address(mac);
  for (const Mac& mac : wanted)
    if (!channel.addresses.contains(mac)) std::ignore = (*socket)->add_address(mac);
  channel.addresses = std::move(wanted);
}

void Channels::enter(const ChannelId& id, Channel& channel, State state, std::string detail) {
  if (channel.state == state && channel.detail == detail) return;
  channel.state = state;
  channel.detail = std::move(detail);
  for (const auto& [owner, addresses] : channel.owners)
    changes_.push_back({.owner = owner, .id = id, .state = state, .detail = channel.detail});
}

/// Once for each reason, until it opens; what two channels of a device suffer alike is one complaint.
void Channels::complain(const ChannelId& id, const Channel& channel) {
  const Row& row = row_of(id.type);
  auto text = fmt::format("cannot {} on {}: {}; it is tried again every {} s", row.cannot, id.device, channel.detail,
                          whole_milliseconds(kRetry) / 1000);
  const bool known = std::ranges::any_of(told_, [&](const auto& one) {
    return one.first.device == id.device && row_of(one.first.type).code == row.code && one.second == text;
  });
  told_[id] = text;
  if (known) return;
  const auto uplink = channel.owners.size() == 1 ? uplink_of(channel.owners.begin()->first) : std::string{};
  events_.push_back({row.severity, std::string(row.code), uplink, std::move(text), {{"device", id.device}}});
}

void Channels::on_deadline(Instant now) {
  for (auto& [id, channel] : channels_)
    if (channel.retry && *channel.retry <= now) tend(id, channel, now);
}

std::optional<Instant> Channels::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [id, channel] : channels_)
    if (channel.retry && (!next || *channel.retry < *next)) next = channel.retry;
  return next;
}

std::optional<Channels::Change> Channels::poll(ChannelOwner::Part part) {
  const auto at = std::ranges::find(changes_, part, [](const Change& change) { return change.owner.part; });
  if (at == changes_.end()) return std::nullopt;
  Change change = std::move(*at);
  changes_.erase(at);
  return change;
}

std::optional<model::Event> Channels::poll_event() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

template <class SocketType>
SocketType* Channels::socket_of(const ChannelId& id) {
  const auto at = channels_.find(id);
  if (at == channels_.end()) return nullptr;
  auto* held = std::get_if<std::unique_ptr<SocketType>>(&at->second.socket);
  return held == nullptr ? nullptr : held->get();
}

bool Channels::is_open(const ChannelId& id) const {
  const auto at = channels_.find(id);
  return at != channels_.end() && at->second.state == State::Open;
}

Channels::Change Channels::current(const ChannelOwner& owner, const ChannelId& id) const {
  const auto at = channels_.find(id);
  if (at == channels_.end()) return {.owner = owner, .id = id};
  return {.owner = owner, .id = id, .state = at->second.state, .detail = at->second.detail};
}

bool Channels::waits(const ChannelId& id) const {
  const auto at = channels_.find(id);
  return at != channels_.end() && at->second.state == State::Open && *at->second.told;
}

Result<void, port::OsError> Channels::send(const ChannelId& id, Bytes frame, port::Priority priority) {
  auto* socket = socket_of<port::FrameSocket>(id);
  if (socket == nullptr) return closed(id);
  return socket->send(frame, priority);
}

Result<void, port::OsError> Channels::send(const ChannelId& id, Bytes message, const Ipv6& destination,
                                           std::optional<Ipv6> source) {
  auto* socket = socket_of<port::DatagramSocket>(id);
  if (socket == nullptr) return closed(id);
  return socket->send(message, destination, source);
}

Result<void, port::OsError> Channels::send(const ChannelId& id, Bytes message, const Address& destination) {
  auto* socket = socket_of<port::EchoSocket>(id);
  if (socket == nullptr) return closed(id);
  return socket->send(message, destination);
}

/// Read before it is heard, because whoever hears may close the channel, or open it anew.
template <class SocketType, class Heard>
void Channels::take(const ChannelId& id, const Heard& heard) {
  const Row& row = row_of(id.type);
  std::vector<std::remove_cvref_t<decltype(*std::declval<SocketType&>().poll())>> waiting;
  std::size_t taken = 0;
  for (bool more = true; more;) {
    auto* socket = socket_of<SocketType>(id);
    if (socket == nullptr) return;
    const auto told = channels_.at(id).told;
    while (waiting.size() < row.at_once && taken + waiting.size() < row.per_turn) {
      auto one = socket->poll();
      if (!one) break;
      waiting.push_back(std::move(*one));
    }
    more = waiting.size() == row.at_once;
    taken += waiting.size();
    *told = more;
    for (const auto& one : waiting) heard(one);
    waiting.clear();
    if (taken < row.per_turn) continue;
    if (more) wake_();
    return;
  }
}

void Channels::take_frames(const ChannelId& id, Look look, const std::function<void(const ByteVec&)>& heard) {
  if (auto* socket = socket_of<port::FrameSocket>(id); socket != nullptr && look == Look::Everywhere) socket->look();
  take<port::FrameSocket>(id, heard);
}

void Channels::take_datagrams(const ChannelId& id, const std::function<void(const port::Datagram&)>& heard) {
  if (waits(id)) take<port::DatagramSocket>(id, heard);
}

void Channels::take_echoes(const ChannelId& id, Look look, const std::function<void(const port::EchoHeard&)>& heard) {
  if (waits(id) || look == Look::Everywhere) take<port::EchoSocket>(id, heard);
}

}  // namespace michi::runtime

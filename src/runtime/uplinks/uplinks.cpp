#include "runtime/uplinks/uplinks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "wire/ether.hpp"
#include "wire/pppoe.hpp"

namespace michi::runtime {

namespace {

/// Frames taken from one socket before timers decide: as many small ones as the kernel keeps for it. What
/// a flood leaves behind waits for the next turn, so that timers run.
constexpr std::size_t kFramesPerTurn = 1024;
/// Read before any of them is heard, so that a fast peer's answers do not make one turn of a whole
/// conversation: the kernel's objects would wait for its end.
constexpr std::size_t kFramesAtOnce = 64;

/// What the kernel gives to what is sent on a link: to multicast groups, and in neighbour discovery, all of them.
constexpr std::uint8_t kHopLimit = 255;

/// So late, a timer may have rung before answers that wait, though they came in time.
constexpr Duration kLate = milliseconds(5);

std::optional<uplink::InterfaceFacts> facts_of(const model::Link* link) {
  if (!link) return std::nullopt;
  return uplink::InterfaceFacts{.carrier = link->up && link->carrier, .mtu = link->mtu, .mac = link->mac};
}

}  // namespace

Uplinks::Uplinks(Doors& doors, Random random, port::Wake wake, Sinks sinks)
    : doors_(doors), random_(std::move(random)), wake_(std::move(wake)), sinks_(std::move(sinks)) {}

namespace {

/// The uplink's part: its closed prefixes, perhaps ten thousand, are the policy's business.
model::UplinkConfig without_routes(model::UplinkConfig config) {
  // Not `= {}`, which keeps their memory.
  config.routes = std::vector<Prefix>();
  return config;
}

}  // namespace

void Uplinks::add(const model::UplinkConfig& config, std::optional<Secret> secret, Leftovers left, Instant now) {
  const auto& name = config.id.name;
  if (auto leaving = units_.find(name); leaving != units_.end()) {
    // Removed a moment ago and wanted again before its session had ended.
    leaving->second.leaving = false;
    configure(config, std::move(secret), now);
    if (config.start) leaving->second.uplink.start(now);
    drain(name, leaving->second, now);
    return;
  }
  uplink::Uplink made(without_routes(config), std::move(secret), random_.fork(), std::move(left.orphan), left.held);
  made.recall(std::move(left.ipv6), now);
  auto [at, fresh] =
      units_.insert_or_assign(name, Unit(std::move(made), uplink::Probe(name, config.probe, random_.fork())));
  std::ignore = fresh;
  auto& interface = interfaces_[config.interface()];
  if (interface.socket && config.mac()) std::ignore = interface.socket->add_address(*config.mac());
  note_facts(name, at->second.uplink.facts(), at->second);
  tend_dhcp4(name, at->second);
  at->second.uplink.on_interface(interface.facts, now);
  if (config.start) at->second.uplink.start(now);
  drain(name, at->second, now);
}

void Uplinks::remove(const std::string& name, Instant now) {
  auto at = units_.find(name);
  if (at == units_.end()) return;
  at->second.leaving = true;
  at->second.uplink.stop(now);
  drain(name, at->second, now);
}

void Uplinks::configure(const model::UplinkConfig& config, std::optional<Secret> secret, Instant now) {
  auto at = units_.find(config.id.name);
  if (at == units_.end()) return;
  auto& interface = interfaces_[config.interface()];
  if (interface.socket && config.mac()) std::ignore = interface.socket->add_address(*config.mac());
  auto& unit = at->second;
  std::ignore = unit.uplink.configure(without_routes(config), std::move(secret), now);
  unit.probe.configure(config.probe, now);
  tend_probe(at->first, unit, now);
  tend_dhcp4(at->first, unit);
  unit.uplink.on_interface(interface.facts, now);
  drain(at->first, unit, now);
}

uplink::Uplink* Uplinks::find(const std::string& name) {
  auto at = units_.find(name);
  if (at == units_.end() || at->second.leaving) return nullptr;
  at->second.stirred = true;
  return &at->second.uplink;
}

const model::UplinkFacts* Uplinks::facts_now(const std::string& name) const {
  auto at = units_.find(name);
  return at == units_.end() ? nullptr : &at->second.uplink.facts();
}

std::vector<std::string> Uplinks::waiting_for(const std::string& name) const {
  auto at = units_.find(name);
  return at == units_.end() ? std::vector<std::string>{} : at->second.uplink.waiting_for();
}

std::string Uplinks::protocol_state(const std::string& name) const {
  const auto at = units_.find(name);
  return at == units_.end() ? std::string{} : at->second.uplink.protocol_state();
}

std::optional<Instant> Uplinks::next_renewal(const std::string& name, Instant now) const {
  const auto at = units_.find(name);
  return at == units_.end() ? std::nullopt : at->second.uplink.next_renewal(now);
}

uplink::Ipv6Diagnosis Uplinks::ipv6_diagnosis(const std::string& name) const {
  const auto at = units_.find(name);
  return at == units_.end() ? uplink::Ipv6Diagnosis{} : at->second.uplink.ipv6_diagnosis();
}

bool Uplinks::command(const std::string& name, Command what, Instant now) {
  auto* uplink = find(name);
  if (!uplink) return false;
  switch (what) {
    case Command::Start:
      uplink->start(now);
      break;
    case Command::Stop:
      uplink->stop(now);
      break;
    case Command::Redial:
      uplink->redial(now);
      break;
  }
  drain(name, units_.at(name), now);
  return true;
}

void Uplinks::open(const std::string& name, Interface& interface) {
  auto opened = doors_.frames.open(name, port::FrameKind::Pppoe);
  if (!opened)
    return interface.complaint.tell(sinks_.event,
                                    {model::Severity::Error,
                                     "interface.unusable",
                                     "",
                                     fmt::format("cannot receive PPPoE frames on {}: {}", name, opened.error().text()),
                                     {{"interface", name}}});
  interface.complaint.withdraw();
  interface.socket = std::move(*opened);
  interface.socket->on_wake(wake_);
  for (const auto& [uplink, unit] : units_) {
    const auto& config = unit.uplink.config();
    if (config.interface() == name && config.mac()) std::ignore = interface.socket->add_address(*config.mac());
  }
}

void Uplinks::end_orphan(model::SessionRecord record) {
  interfaces_.try_emplace(record.interface);
  orphans_.push_back(std::move(record));
}

void Uplinks::end_orphans(const std::string& name, port::FrameSocket& socket) {
  std::erase_if(orphans_, [&](const model::SessionRecord& orphan) {
    if (orphan.interface != name) return false;
    std::ignore = socket.send(uplink::padt_for(orphan).bytes, port::Priority::Urgent);
    // An uplink that took the name again may have put its own record there.
    const auto heir = facts_.find(orphan.uplink.name);
    if (heir == facts_.end() || !heir->second.session) sinks_.persist(orphan.uplink.name, std::nullopt);
    return true;
  });
}

void Uplinks::on_links(const model::Observed& observed, Instant now) {
  const auto& links = observed.links;
  for (auto& [name, interface] : interfaces_) {
    const auto at = links.find(name);
    const model::Link* link = at == links.end() ? nullptr : &at->second;
    if (!link || link->index != interface.index) interface.socket.reset();
    interface.index = link ? link->index : 0;
    if (link && !interface.socket) open(name, interface);

    auto facts = interface.socket ? facts_of(link) : std::nullopt;
    if (facts && facts->carrier) end_orphans(name, *interface.socket);
    for (auto& [uplink, unit] : units_)
      if (unit.uplink.config().interface() == name) tend_dhcp4(uplink, unit);
    if (facts == interface.facts) continue;
    interface.facts = facts;
    for (auto& [uplink, unit] : units_) {
      if (unit.uplink.config().interface() != name) continue;
      unit.uplink.on_interface(facts, now);
      drain(uplink, unit, now);
    }
  }
  for (auto& [name, unit] : units_) look_at_device(name, unit, observed, now);
}

void Uplinks::deliver(const std::string& interface, Bytes frame, Instant now) {
  const auto parsed = wire::pppoe::parse_frame(frame);
  if (!parsed) return;
  if (parsed->header.type == wire::ether::kTypePppoeSession) {
    const auto owner =
        by_session_.find({interface, parsed->packet.session_id, parsed->header.destination, parsed->header.source});
    if (owner == by_session_.end()) return;
    const auto unit = units_.find(owner->second);
    if (unit == units_.end()) return;
    trace_frame(unit->first, Direction::In, frame);
    unit->second.uplink.on_frame(frame, now);
    // Not owner->second: draining may take its entry out of the index.
    drain(unit->first, unit->second, now);
    return;
  }
  for (auto& [name, unit] : units_) {
    const auto& config = unit.uplink.config();
    if (config.interface() != interface || !config.kind.is<model::PppoeConfig>()) continue;
    trace_frame(name, Direction::In, frame);
    unit.uplink.on_frame(frame, now);
    drain(name, unit, now);
  }
}

Uplinks::SessionKey Uplinks::key_of(const model::SessionRecord& session) {
  return {session.interface, session.session_id, session.local, session.peer};
}

void Uplinks::note_facts(const std::string& name, model::UplinkFacts facts, const Unit& unit) {
  for (Family family : kFamilies) facts.health[family] = unit.probe.health(family);
  auto& known = facts_[name];
  if (known == facts) return;
  if (known.session) by_session_.erase(key_of(*known.session));
  if (facts.session) by_session_[key_of(*facts.session)] = name;
  known = std::move(facts);
  changed_ = true;
}

void Uplinks::drain(const std::string& name, Unit& unit, Instant now) {
  while (auto output = unit.uplink.poll()) {
    bool told_facts = false;
    std::visit(Overloaded{
                   [&](uplink::Frame& frame) {
                     const auto at = interfaces_.find(frame.interface);
                     auto* socket = unit.dhcp4.get();
                     if (!socket && at != interfaces_.end()) socket = at->second.socket.get();
                     if (!socket) return;
                     trace_frame(name, Direction::Out, frame.bytes);
                     // A frame the kernel refuses is a lost frame: the protocol's own timers see to it.
                     std::ignore =
                         socket->send(frame.bytes, frame.urgent ? port::Priority::Urgent : port::Priority::Normal);
                   },
                   [&](uplink::FactsChanged& changed) {
                     note_facts(name, std::move(changed.facts), unit);
                     told_facts = true;
                   },
                   [&](uplink::Datagram& datagram) {
                     if (!unit.sockets) return;
                     trace_datagram(name, Direction::Out,
                                    {.service = datagram.service,
                                     .bytes = datagram.bytes,
                                     .source = datagram.source,
                                     .destination = datagram.destination,
                                     .hop_limit = kHopLimit});
                     unit.sockets->send(datagram);
                   },
                   [&](uplink::PersistLease& persist) { sinks_.lease(name, persist.record); },
                   [&](uplink::Persist& persist) { sinks_.persist(name, persist.record); },
                   [&](uplink::PersistAddress& persist) { sinks_.address(name, persist.held); },
                   [&](uplink::AskPermit& ask) { gate_.on_ask(model::UplinkId{name}, ask.interface, ask.mac, now); },
                   [&](model::Event& event) { sinks_.event(event); },
               },
               *output);
    // The device may stand already, or no longer be the session's.
    if (told_facts) tend_device(name, unit, now);
  }
  unit.stirred = false;
  unit.deadline = unit.uplink.next_deadline();
  if (unit.probe.on()) tend_probe(name, unit, now);
}

void Uplinks::take_frames(Instant now) {
  for (auto& [name, interface] : interfaces_) {
    std::size_t taken = 0, batch = kFramesAtOnce;
    while (batch == kFramesAtOnce && taken < kFramesPerTurn) {
      while (interface.socket && waiting_.size() < kFramesAtOnce) {
        auto frame = interface.socket->poll();
        if (!frame) break;
        waiting_.push_back(std::move(*frame));
      }
      for (const auto& frame : waiting_) deliver(name, frame, now);
      batch = waiting_.size();
      waiting_.clear();
      taken += batch;
    }
    if (taken >= kFramesPerTurn) wake_();
  }
}

bool Uplinks::turn(Instant now, Frames frames) {
  if (frames == Frames::Take) {
    if (const auto due = next_deadline(); due && now - *due > kLate)
      for (auto& [name, interface] : interfaces_)
        if (interface.socket) interface.socket->look();
    take_frames(now);
  }
  for (auto& [name, unit] : units_) {
    if (frames == Frames::Take) take_dhcp4(name, unit, now);
    if (frames == Frames::Take) take_datagrams(name, unit, now);
    if (unit.open_again && *unit.open_again <= now) tend_device(name, unit, now);
    if (unit.probe.on() && frames == Frames::Take) take_echoes(name, unit, Look::WhereTold, now);
    if (unit.stirred) drain(name, unit, now);
    if (unit.probe.on()) run_probe(name, unit, now);
    if (!unit.deadline || now < *unit.deadline) continue;
    if (unit.uplink.facts().attached)
      unit.uplink.on_traffic(doors_.plane.counters(model::UplinkId{name}).rx_packets, now);
    unit.uplink.on_deadline(now);
    drain(name, unit, now);
  }
  gate_.on_deadline(now);
  if (held_until_ && *held_until_ <= now) held_until_.reset();
  while (auto turn = held_until_ ? std::nullopt : gate_.poll()) {
    auto at = units_.find(turn->name);
    if (at == units_.end()) continue;
    at->second.uplink.on_permit(now);
    drain(at->first, at->second, now);
  }
  for (auto at = units_.begin(); at != units_.end();) {
    if (!at->second.leaving || !at->second.uplink.settled_down()) {
      ++at;
      continue;
    }
    gate_.forget(model::UplinkId{at->first});
    if (auto orphan = at->second.uplink.take_orphan()) end_orphan(std::move(*orphan));
    facts_.erase(at->first);
    sinks_.address(at->first, std::nullopt);
    sinks_.lease(at->first, std::nullopt);
    changed_ = true;
    at = units_.erase(at);
  }
  return std::exchange(changed_, false);
}

void Uplinks::open_gate() {
  if (std::exchange(held_until_, std::nullopt)) wake_();
}

std::optional<Instant> Uplinks::next_deadline() const {
  auto next = gate_.next_deadline();
  if (held_until_ && (!next || *held_until_ < *next)) next = held_until_;
  for (const auto& [name, unit] : units_) {
    const auto deadline = unit.stirred ? unit.uplink.next_deadline() : unit.deadline;
    if (deadline && (!next || *deadline < *next)) next = deadline;
    if (unit.open_again && (!next || *unit.open_again < *next)) next = unit.open_again;
    if (!unit.probe.on()) continue;
    for (const auto& at : {unit.echo_again, unit.probe.next_deadline()})
      if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

void Uplinks::stop_all(Instant now) {
  for (auto& [name, unit] : units_) {
    unit.uplink.stop(now);
    drain(name, unit, now);
  }
}

bool Uplinks::all_down() const {
  return std::ranges::all_of(units_, [](const auto& unit) { return unit.second.uplink.settled_down(); });
}

}  // namespace michi::runtime

#include "runtime/uplinks/uplinks.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "wire/ether.hpp"
#include "wire/pppoe.hpp"

namespace michi::runtime {

namespace {

/// So late, a timer may have rung before answers that wait, though they came in time.
constexpr Duration kLate = milliseconds(5);

std::optional<uplink::InterfaceFacts> facts_of(const model::Observed& observed, const std::string& name) {
  const auto link = observed.links.find(name);
  if (link == observed.links.end()) return std::nullopt;
  return uplink::InterfaceFacts{
      .carrier = link->second.up && link->second.carrier, .mtu = link->second.mtu, .mac = link->second.mac};
}

/// The uplink's part: its closed prefixes, perhaps ten thousand, are the policy's business.
model::UplinkConfig without_routes(model::UplinkConfig config) {
  // Not `= {}`, which keeps their memory.
  config.routes = std::vector<Prefix>();
  return config;
}

}  // namespace

Uplinks::Uplinks(Channels& channels, UplinkRecords& records, port::DataPlane& plane, Random random, port::Wake wake,
                 uplink::Kinds kinds)
    : channels_(channels),
      records_(records),
      plane_(plane),
      random_(std::move(random)),
      wake_(std::move(wake)),
      kinds_(kinds),
      orphans_(channels) {}

const Unit* Uplinks::find(std::string_view name) const {
  const auto at = units_.find(name);
  return at == units_.end() ? nullptr : &at->second;
}

Unit* Uplinks::present(const std::string& name) {
  const auto at = units_.find(name);
  return at == units_.end() || at->second.leaving ? nullptr : &at->second;
}

void Uplinks::add(const model::UplinkConfig& config, std::optional<Secret> secret, UplinkRecords::Left left,
                  Instant now) {
  const auto& name = config.id.name;
  if (auto leaving = units_.find(name); leaving != units_.end()) {
    // Removed a moment ago and wanted again before its session had ended.
    leaving->second.leaving = false;
    configure(config, std::move(secret), now);
    if (config.start) leaving->second.life().start(now);
    return settle(leaving->second, now);
  }
  uplink::Uplink life({.config = without_routes(config),
                       .secret = std::move(secret),
                       .random = random_.fork(),
                       .orphan = std::move(left.orphan),
                       .held = left.held},
                      kinds_);
  life.recall(std::move(left.ipv6), now);
  auto& unit = units_
                   .emplace(name, Unit(name, std::move(life), uplink::Probe(name, config.probe, random_.fork()),
                                       {channels_, records_, gate_, tracer_, said_}))
                   .first->second;
  facts_[name] = unit.life().facts();
  changed_ = true;
  unit.drain(now);
  dispatch_channels(now);
  if (!config.interface().empty()) unit.life().on_interface(interfaces_[config.interface()], now);
  if (const auto* parent = config.parent()) {
    const auto at = facts_.find(parent->name);
    unit.life().on_underlay(at == facts_.end() ? nullptr : &at->second, now);
  }
  if (config.start) unit.life().start(now);
  settle(unit, now);
  tell_children(name, now);
}

void Uplinks::remove(const std::string& name, Instant now) {
  const auto at = units_.find(name);
  if (at == units_.end()) return;
  at->second.leaving = true;
  at->second.life().stop(now);
  settle(at->second, now);
}

void Uplinks::configure(const model::UplinkConfig& config, std::optional<Secret> secret, Instant now) {
  const auto at = units_.find(config.id.name);
  if (at == units_.end()) return;
  auto& unit = at->second;
  unit.configure(without_routes(config), std::move(secret), now);
  unit.drain(now);
  unit.tell_channels(now);
  dispatch_channels(now);
  if (!config.interface().empty()) unit.life().on_interface(interfaces_[config.interface()], now);
  if (const auto* parent = config.parent()) {
    const auto facts = facts_.find(parent->name);
    unit.life().on_underlay(facts == facts_.end() ? nullptr : &facts->second, now);
  }
  settle(unit, now);
}

bool Uplinks::command(const std::string& name, Command what, Instant now) {
  auto* unit = present(name);
  if (unit == nullptr) return false;
  switch (what) {
    case Command::Start:
      unit->life().start(now);
      break;
    case Command::Stop:
      unit->life().stop(now);
      break;
    case Command::Redial:
      unit->life().redial(now);
      break;
  }
  settle(*unit, now);
  return true;
}

void Uplinks::ask_again(const std::string& name, Instant now) {
  if (auto* unit = present(name)) {
    unit->life().ask_again(now);
    unit->stir();
  }
}

void Uplinks::on_duplicate_address(const std::string& name, bool duplicate, Instant now) {
  if (auto* unit = present(name)) {
    unit->life().on_duplicate_address(duplicate, now);
    unit->stir();
  }
}

void Uplinks::on_plane_fault(const std::string& name, std::string text, Instant now) {
  if (auto* unit = present(name)) {
    unit->life().on_plane_fault(std::move(text), now);
    unit->stir();
  }
}

void Uplinks::settle(Unit& unit, Instant now) {
  unit.drain(now);
  note(unit, now);
  dispatch_channels(now);
  for (auto& event : std::exchange(said_, {})) tell(std::move(event));
}

void Uplinks::dispatch_channels(Instant now) {
  while (const auto change = channels_.poll(ChannelOwner::Part::Uplinks)) {
    const auto at = units_.find(change->owner.name);
    if (at == units_.end()) continue;
    at->second.on_channel(*change, now);
    note(at->second, now);
  }
}

Uplinks::SessionKey Uplinks::key_of(const model::SessionRecord& session) {
  return {session.interface, session.session_id, session.local, session.peer};
}

void Uplinks::note(Unit& unit, Instant now) {
  auto facts = unit.take_facts();
  if (!facts) return;
  const std::string name = facts->id.name;
  auto& known = facts_[name];
  if (known == *facts) return;
  if (known.session) by_session_.erase(key_of(*known.session));
  if (facts->session) by_session_[key_of(*facts->session)] = name;
  known = std::move(*facts);
  changed_ = true;
  tell_children(name, now);
}

/// In the same pass, so that a child is up in the turn in which its parent is.
void Uplinks::tell_children(const std::string& parent, Instant now) {
  const auto facts = facts_.find(parent);
  for (auto& [name, unit] : units_) {
    const auto* below = unit.life().config().parent();
    if (below == nullptr || below->name != parent) continue;
    unit.life().on_underlay(facts == facts_.end() ? nullptr : &facts->second, now);
    unit.drain(now);
    note(unit, now);
  }
}

void Uplinks::on_kernel(const model::Observed& observed, Instant now) {
  // What is open now is told before the interface it stands on, what is closed after (kind.hpp).
  std::vector<Channels::Change> closed;
  while (auto change = channels_.poll(ChannelOwner::Part::Uplinks)) {
    const auto at = units_.find(change->owner.name);
    if (at == units_.end()) continue;
    if (change->state == Channels::State::Closed)
      closed.push_back(std::move(*change));
    else
      at->second.on_channel(*change, now);
  }
  std::set<std::string> names;
  for (const auto& [name, unit] : units_)
    if (const auto& interface = unit.life().config().interface(); !interface.empty()) names.insert(interface);
  for (const auto& [name, facts] : interfaces_) names.insert(name);
  for (const auto& name : orphans_.interfaces()) names.insert(name);
  std::vector<std::string> others;
  for (const auto& name : names) {
    auto& known = interfaces_[name];
    auto facts = facts_of(observed, name);
    if (facts != known) others.push_back(name);
    known = facts;
  }
  end_orphans(now);
  for (const auto& name : others) tell_interface(name, now);
  for (const auto& change : closed) units_.at(change.owner.name).on_channel(change, now);
  for (auto& [name, unit] : units_) {
    unit.on_kernel(observed, now);
    settle(unit, now);
  }
}

void Uplinks::end_orphans(Instant now) {
  const auto has_carrier = [&](const std::string& interface) {
    const auto known = interfaces_.find(interface);
    return known != interfaces_.end() && known->second && known->second->carrier;
  };
  const auto ended = [&](const model::SessionRecord& record) {
    // An uplink that took the name again may have put its own record there.
    const auto heir = facts_.find(record.uplink.name);
    if (heir == facts_.end() || !heir->second.session)
      records_.keep(record.uplink.name, std::optional<model::SessionRecord>{});
  };
  orphans_.turn(has_carrier, ended, now);
}

void Uplinks::tell_interface(const std::string& name, Instant now) {
  for (auto& [uplink, unit] : units_) {
    if (unit.life().config().interface() != name) continue;
    unit.life().on_interface(interfaces_[name], now);
    settle(unit, now);
  }
}

void Uplinks::deliver(const std::string& interface, Bytes frame, Instant now) {
  const auto parsed = wire::pppoe::parse_frame(frame);
  if (!parsed) return;
  if (parsed->header.type == wire::ether::kTypePppoeSession) {
    const auto owner =
        by_session_.find({interface, parsed->packet.session_id, parsed->header.destination, parsed->header.source});
    const auto unit = owner == by_session_.end() ? units_.end() : units_.find(owner->second);
    if (unit == units_.end()) return;
    tracer_.frame(unit->first, Direction::In, frame);
    unit->second.life().on_pppoe(*parsed, now);
    return settle(unit->second, now);
  }
  // Tags, too, are parsed once, however many uplinks are on this line.
  const auto tags = wire::pppoe::parse_tags(parsed->packet.payload);
  auto discovery = *parsed;
  if (tags) discovery.tags = &*tags;
  for (auto& [name, unit] : units_) {
    if (!unit.wants_pppoe_on(interface)) continue;
    tracer_.frame(name, Direction::In, frame);
    unit.life().on_pppoe(discovery, now);
    settle(unit, now);
  }
}

void Uplinks::take_frames(Instant now) {
  const auto due = next_deadline();
  const auto look = due && now - *due > kLate ? Channels::Look::Everywhere : Channels::Look::WhereTold;
  for (const auto& [name, facts] : interfaces_)
    channels_.take_frames({ChannelType::Pppoe, name}, look, [&](const ByteVec& frame) { deliver(name, frame, now); });
}

bool Uplinks::turn(Instant now, Pass pass) {
  dispatch_channels(now);
  if (pass == Pass::First) take_frames(now);
  for (auto& [name, unit] : units_) {
    if (pass == Pass::First) unit.take(now);
    unit.drain_if_stirred(now);
    unit.run([&] { return plane_.counters(model::UplinkId{name}).rx_packets; }, now);
    note(unit, now);
  }
  gate_.on_deadline(now);
  while (const auto permit = gate_.poll()) {
    const auto at = units_.find(*permit);
    if (at == units_.end()) continue;
    at->second.life().on_permit(now);
    settle(at->second, now);
  }
  dispatch_channels(now);
  forget_leavers(now);
  end_orphans(now);
  for (auto& event : std::exchange(said_, {})) tell(std::move(event));
  return std::exchange(changed_, false);
}

void Uplinks::forget_leavers(Instant now) {
  for (auto at = units_.begin(); at != units_.end();) {
    if (!at->second.leaving || !at->second.life().settled_down()) {
      ++at;
      continue;
    }
    const auto name = at->first;
    gate_.forget(name);
    if (auto orphan = at->second.life().take_orphan()) orphans_.add(std::move(*orphan), now);
    at->second.close(now);
    facts_.erase(name);
    records_.forget(name);
    changed_ = true;
    at = units_.erase(at);
    tell_children(name, now);
  }
}

std::optional<Instant> Uplinks::next_deadline() const {
  auto next = gate_.next_deadline();
  for (const auto& [name, unit] : units_)
    if (const auto at = unit.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

void Uplinks::end(Ending, Instant now) {
  for (auto& [name, unit] : units_) {
    unit.life().stop(now);
    settle(unit, now);
  }
}

bool Uplinks::idle() const {
  return std::ranges::all_of(units_, [](const auto& entry) { return entry.second.life().settled_down(); });
}

void Uplinks::snapshot(model::Snapshot& snapshot, Instant now) const {
  for (const auto& [name, unit] : units_) {
    const auto& life = unit.life();
    model::UplinkSnapshot shown;
    shown.facts = life.facts();
    shown.interface = life.config().interface();
    shown.in_state = now - shown.facts.since;
    if (shown.facts.next_attempt) shown.next_attempt = std::max(Duration{}, *shown.facts.next_attempt - now);
    if (const auto at = life.next_renewal(now)) shown.next_renewal = std::max(*at - now, Duration{});
    shown.probes = unit.probe().snapshots(now);
    shown.waiting_for = life.waiting_for();
    shown.protocol_state = life.protocol_state();
    snapshot.uplinks.push_back(std::move(shown));
  }
}

}  // namespace michi::runtime

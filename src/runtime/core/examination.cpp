#include "runtime/core/examination.hpp"

#include <utility>

namespace michi::runtime {

Examination::Examination(Doors& doors, Random random, port::Wake wake)
    : doors_(doors), random_(std::move(random)), wake_(std::move(wake)) {}

void Examination::begin(const std::map<std::string, std::string>& devices, const std::map<std::string, LanWire>& lans,
                        Instant now) {
  heard_.clear();
  surveys_.clear();
  for (const auto& [uplink, device] : devices) {
    auto opened = doors_.observers.open(device, port::Passing::Dhcp6Answers);
    // A device that went meanwhile is not listened to: its uplink says why.
    if (!opened) continue;
    auto& heard = heard_[uplink];
    heard.observer = std::move(*opened);
    heard.before = doors_.plane.counters(model::UplinkId{uplink});
  }
  for (const auto& [name, wire] : lans) {
    auto opened = doors_.frames.open(wire.device, port::FrameKind::Dhcp4);
    // As above: nothing is said of a LAN that could not be asked.
    if (!opened) continue;
    (*opened)->on_wake(wake_);
    surveys_.try_emplace(name, std::move(*opened), wire.mac, random_.fork()).first->second.start(now);
  }
  until_ = now + (surveys_.empty() ? kListening : kServersAnswer);
}

void Examination::look(const std::string& uplink, Heard& heard) const {
  heard.answers = heard.observer->seen();
  heard.after = doors_.plane.counters(model::UplinkId{uplink});
}

void Examination::turn(Instant now) {
  if (!until_) return;
  bool more = false;
  for (auto& [name, survey] : surveys_) more = survey.turn(now) || more;
  if (more) wake_();
  if (now < *until_) return;
  until_.reset();
  for (auto& [uplink, heard] : heard_) {
    look(uplink, heard);
    heard.observer.reset();
  }
  for (auto& [name, survey] : surveys_) survey.finish();
}

std::optional<Instant> Examination::next_deadline() const {
  auto next = until_;
  for (const auto& [name, survey] : surveys_)
    if (const auto at = survey.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

void Examination::describe(const std::string& uplink, health::UplinkEvidence& evidence) const {
  const auto at = heard_.find(uplink);
  if (at == heard_.end() || at->second.observer) return;
  const auto& heard = at->second;
  if (evidence.dhcp6) evidence.dhcp6->answers_on_wire = heard.answers;
  // The plane does not tell families apart: only a session without IPv4 says something of IPv6.
  if (evidence.facts == nullptr || evidence.facts->v4 || !evidence.facts->v6) return;
  evidence.sent6 = heard.after.tx_packets - heard.before.tx_packets;
  evidence.received6 = heard.after.rx_packets - heard.before.rx_packets;
}

void Examination::describe(const std::string& lan, health::LanEvidence& evidence) const {
  const auto at = surveys_.find(lan);
  if (at == surveys_.end() || running()) return;
  auto& servers = evidence.dhcp_servers.emplace();
  for (const auto& one : at->second.servers()) servers.push_back({one.identifier, one.mac, one.offered, one.router});
}

}  // namespace michi::runtime

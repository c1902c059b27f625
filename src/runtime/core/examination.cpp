#include "runtime/core/examination.hpp"

#include <utility>

namespace michi::runtime {

Examination::Examination(Channels& channels, port::Observers& observers, const port::DataPlane& plane, Random random)
    : channels_(channels), observers_(observers), plane_(plane), random_(std::move(random)) {}

void Examination::begin(const std::map<std::string, std::string>& devices, const std::map<std::string, LanWire>& lans,
                        Instant now) {
  heard_.clear();
  for (auto& [name, survey] : std::exchange(surveys_, {})) survey.finish(now);
  for (const auto& [uplink, device] : devices) {
    auto opened = observers_.open(device, port::Passing::Dhcp6Answers);
    // A device that went meanwhile is not listened to: its uplink says why.
    if (!opened) continue;
    auto& heard = heard_[uplink];
    heard.observer = std::move(*opened);
    heard.before = plane_.counters(model::UplinkId{uplink});
  }
  for (const auto& [name, wire] : lans) {
    const auto at = surveys_.try_emplace(name, channels_, name, wire.device, wire.mac, random_.fork()).first;
    // As above: nothing is said of a LAN that could not be asked.
    if (!at->second.start(now)) surveys_.erase(at);
  }
  until_ = now + (surveys_.empty() ? kListening : kServersAnswer);
}

void Examination::look(const std::string& uplink, Heard& heard) const {
  heard.answers = heard.observer->seen();
  heard.after = plane_.counters(model::UplinkId{uplink});
}

bool Examination::turn(Instant now, Pass) {
  while (channels_.poll(ChannelOwner::Part::Examination)) {
  }
  if (!until_) return false;
  for (auto& [name, survey] : surveys_) survey.turn(now);
  if (now < *until_) return false;
  until_.reset();
  for (auto& [uplink, heard] : heard_) {
    look(uplink, heard);
    heard.observer.reset();
  }
  for (auto& [name, survey] : surveys_) survey.finish(now);
  return false;
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

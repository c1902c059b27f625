#include "runtime/examination.hpp"

namespace michi::runtime {

void Examination::begin(const std::map<std::string, std::string>& devices, Instant now) {
  heard_.clear();
  for (const auto& [uplink, device] : devices) {
    auto opened = observers_.open(device, port::Passing::Dhcp6Answers);
    // A device that went meanwhile is not listened to: its uplink says why.
    if (!opened) continue;
    auto& heard = heard_[uplink];
    heard.observer = std::move(*opened);
    heard.before = plane_.counters(model::UplinkId{uplink});
  }
  until_ = now + kListening;
}

void Examination::look(const std::string& uplink, Heard& heard) const {
  heard.answers = heard.observer->seen();
  heard.after = plane_.counters(model::UplinkId{uplink});
}

void Examination::on_deadline(Instant now) {
  if (!until_ || now < *until_) return;
  until_.reset();
  for (auto& [uplink, heard] : heard_) {
    look(uplink, heard);
    heard.observer.reset();
  }
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

}  // namespace michi::runtime

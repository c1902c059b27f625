#include "runtime/lan/lans.hpp"

#include <algorithm>
#include <utility>

namespace michi::runtime {

namespace {

constexpr std::string_view kKeyPrefix = "lan.";

std::string key_of(const std::string& device) { return std::string(kKeyPrefix) + device; }

}  // namespace

Lans::Lans(Doors& doors, Random random, port::Wake wake, Sinks sinks)
    : doors_(doors),
      random_(std::move(random)),
      wake_(std::move(wake)),
      sinks_(std::move(sinks)),
      lan_sinks_{.event = sinks_.event, .remember = [this](const std::string& device, const auto& words) {
                   sinks_.keep(key_of(device), write_lan(words, stamp_now(doors_.alarm, doors_.files)));
                 }} {}

Lan& Lans::at(const std::string& device) {
  const auto known = lans_.find(device);
  if (known != lans_.end()) return known->second;
  return lans_.try_emplace(device, device, doors_.datagrams, random_.fork(), wake_, lan_sinks_).first->second;
}

void Lans::recall(const std::map<std::string, std::string>& records, Instant now) {
  const auto stamp = stamp_now(doors_.alarm, doors_.files);
  for (const auto& [key, value] : records)
    if (key.starts_with(kKeyPrefix)) at(key.substr(kKeyPrefix.size())).recall(parse_lan(value, stamp), now);
}

void Lans::on_desired(const std::vector<model::AdvertisementWant>& wants, Instant now) {
  if (ended_) return;
  std::set<std::string> wanted;
  for (const auto& want : wants)
    if (wanted.insert(want.device).second) at(want.device).want(want, now);
  for (auto& [device, lan] : lans_)
    if (!wanted.contains(device)) lan.leave(now);
  sweep();
}

void Lans::on_kernel(const std::map<std::string, model::Link>& links, const std::set<model::AddressEntry>& addresses,
                     Instant now) {
  for (auto& [device, lan] : lans_) lan.on_kernel(links, addresses, now);
  sweep();
}

void Lans::turn(Instant now) {
  for (auto& [device, lan] : lans_) lan.turn(now);
  sweep();
}

std::optional<Instant> Lans::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [device, lan] : lans_)
    if (const auto at = lan.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

void Lans::stop(Instant now) {
  ended_ = true;
  for (auto& [device, lan] : lans_) lan.rest(now);
}

void Lans::withdraw(Instant now) {
  ended_ = true;
  for (auto& [device, lan] : lans_) lan.leave(now);
  sweep();
}

void Lans::sweep() {
  std::erase_if(lans_, [&](const auto& entry) {
    if (!entry.second.gone()) return false;
    sinks_.keep(key_of(entry.first), std::nullopt);
    return true;
  });
}

std::vector<model::LanSnapshot> Lans::snapshots(Instant now) const {
  std::vector<model::LanSnapshot> out;
  for (const auto& [device, lan] : lans_)
    if (auto shown = lan.snapshot(now); !shown.name.empty()) out.push_back(std::move(shown));
  return out;
}

}  // namespace michi::runtime

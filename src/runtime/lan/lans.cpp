#include "runtime/lan/lans.hpp"

#include <algorithm>
#include <utility>

namespace michi::runtime {

namespace {

constexpr std::string_view kKeyPrefix = "lan.";

std::string key_of(const std::string& device) { return std::string(kKeyPrefix) + device; }

}  // namespace

Lans::Lans(Channels& channels, RecordKeeper& records, const port::Alarm& alarm, const port::Files& files, Random random)
    : channels_(channels),
      records_(records),
      alarm_(alarm),
      files_(files),
      random_(std::move(random)),
      lan_sinks_{.event = [this](const model::Event& event) { tell(event); },
                 .remember = [this](const std::string& device,
                                    const auto& told) { keep(device, write_lan(told, stamp_now(alarm_, files_))); }} {}

void Lans::keep(const std::string& device, const std::optional<std::string>& value) {
  records_.keep(port::Lifetime::Durable, key_of(device), value, "what hosts were told by router advertisements");
}

Lan& Lans::at(const std::string& device) {
  const auto known = lans_.find(device);
  if (known != lans_.end()) return known->second;
  return lans_.try_emplace(device, device, channels_, random_.fork(), lan_sinks_).first->second;
}

void Lans::recall(const std::map<std::string, std::string>& records, Instant now) {
  const auto stamp = stamp_now(alarm_, files_);
  for (const auto& [key, value] : records)
    if (key.starts_with(kKeyPrefix)) at(key.substr(kKeyPrefix.size())).recall(parse_lan(value, stamp), now);
}

void Lans::on_desired(const model::Desired& desired, Instant now) {
  if (ended_) return;
  std::set<std::string> wanted;
  for (const auto& want : desired.advertisements)
    if (wanted.insert(want.device).second) at(want.device).want(want, now);
  for (auto& [device, lan] : lans_)
    if (!wanted.contains(device)) lan.leave(now);
  sweep();
}

void Lans::on_kernel(const model::Observed& observed, Instant now) {
  for (auto& [device, lan] : lans_) lan.on_kernel(observed.links, observed.addresses, now);
  sweep();
}

bool Lans::turn(Instant now, Pass) {
  while (const auto change = channels_.poll(ChannelOwner::Part::Lans))
    if (const auto lan = lans_.find(change->owner.name); lan != lans_.end()) lan->second.on_channel(now);
  for (auto& [device, lan] : lans_) lan.turn(now);
  sweep();
  return false;
}

std::optional<Instant> Lans::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [device, lan] : lans_)
    if (const auto at = lan.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

void Lans::end(Ending how, Instant now) {
  ended_ = true;
  for (auto& [device, lan] : lans_) how == Ending::Stop ? lan.rest(now) : lan.leave(now);
  if (how == Ending::Flush) sweep();
}

void Lans::sweep() {
  std::erase_if(lans_, [&](const auto& entry) {
    if (!entry.second.gone()) return false;
    keep(entry.first, std::nullopt);
    return true;
  });
}

void Lans::snapshot(model::Snapshot& snapshot, Instant now) const { snapshot.lans = snapshots(now); }

std::vector<model::LanSnapshot> Lans::snapshots(Instant now) const {
  std::vector<model::LanSnapshot> out;
  for (const auto& [device, lan] : lans_)
    if (auto shown = lan.snapshot(now); !shown.name.empty()) out.push_back(std::move(shown));
  return out;
}

}  // namespace michi::runtime

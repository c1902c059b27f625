#include "runtime/uplinks/orphans.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "uplink/uplink.hpp"

namespace michi::runtime {

void Orphans::add(model::SessionRecord record, Instant now) {
  records_.push_back(std::move(record));
  want(now);
}

void Orphans::want(Instant now) {
  std::vector<WantedChannel> channels;
  for (const auto& interface : interfaces()) channels.push_back({.id = {ChannelType::Pppoe, interface}});
  channels_.want({.part = ChannelOwner::Part::Orphans}, channels, now);
}

std::vector<std::string> Orphans::interfaces() const {
  std::set<std::string> names;
  for (const auto& record : records_) names.insert(record.interface);
  return {names.begin(), names.end()};
}

void Orphans::turn(const std::function<bool(const std::string&)>& has_carrier,
                   const std::function<void(const model::SessionRecord&)>& ended, Instant now) {
  while (channels_.poll(ChannelOwner::Part::Orphans)) {
  }
  if (records_.empty()) return;
  const auto gone = std::erase_if(records_, [&](const model::SessionRecord& record) {
    const ChannelId channel{ChannelType::Pppoe, record.interface};
    if (!channels_.is_open(channel) || !has_carrier(record.interface)) return false;
    std::ignore = channels_.send(channel, uplink::padt_for(record).bytes, port::Priority::Urgent);
    ended(record);
    return true;
  });
  if (gone != 0) want(now);
}

}  // namespace michi::runtime

#include "uplink/ip/ipv6_slot.hpp"

#include <utility>

#include "base/overloaded.hpp"

namespace michi::uplink {

void Ipv6Slot::recall(Ipv6Memory memory, Instant now) {
  memory_ = std::move(memory);
  memory_at_ = now;
}

Ipv6Memory Ipv6Slot::memory(Instant now) const { return part_ ? part_->memory(now) : aged(memory_, now - memory_at_); }

Ipv6Part& Ipv6Slot::make(const model::UplinkConfig& config, Random random, Instant now) {
  part_ = std::make_unique<Ipv6Part>(config.id.name, config.delegation, memory(now), std::move(random), now);
  return *part_;
}

void Ipv6Slot::put_away(Instant now) {
  recall(memory(now), now);
  part_.reset();
}

void Ipv6Slot::on_deadline(Instant now) {
  if (part_) part_->on_deadline(now);
}

void Ipv6Slot::drain(bool link, LifeOutputs& out) {
  while (auto output = part_ ? part_->poll() : std::nullopt)
    std::visit(Overloaded{
                   [&](Datagram& datagram) {
                     if (link) out.emit(std::move(datagram));
                   },
                   [&](PersistLease& lease) { out.emit(std::move(lease)); },
                   [&](model::Event& event) { out.pass_on(std::move(event)); },
               },
               *output);
}

}  // namespace michi::uplink

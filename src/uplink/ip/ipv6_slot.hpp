#pragma once
// The place of an uplink's Ipv6Part: it exists from the first link on, or from the first record of earlier; until then
// what an earlier life left is kept, and grows older.

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "model/config.hpp"
#include "uplink/ip/ipv6_part.hpp"
#include "uplink/life_outputs.hpp"

namespace michi::uplink {

class Ipv6Slot {
 public:
  void recall(Ipv6Memory memory, Instant now);
  bool has_record() const { return memory_.record.has_value(); }
  /// For whoever comes after.
  Ipv6Memory memory(Instant now) const;
  /// The part, with what was left.
  Ipv6Part& make(const model::UplinkConfig& config, Random random, Instant now);
  /// IPv6 is not wanted any more: what the part knows is left.
  void put_away(Instant now);

  explicit operator bool() const { return part_ != nullptr; }
  Ipv6Part* operator->() { return part_.get(); }
  const Ipv6Part* operator->() const { return part_.get(); }

  bool is_up() const { return part_ && part_->is_up(); }
  bool is_releasing() const { return part_ && part_->releasing(); }
  /// What the part says. A datagram without a link to leave by is lost.
  void drain(bool link, LifeOutputs& out);

  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const { return part_ ? part_->next_deadline() : std::nullopt; }
  std::optional<Instant> next_renewal(Instant now) const { return part_ ? part_->next_renewal(now) : std::nullopt; }
  Ipv6Diagnosis diagnosis() const { return part_ ? part_->diagnosis() : Ipv6Diagnosis{}; }
  std::string state_text() const { return part_ ? part_->state_text() : std::string{}; }
  std::string waiting_for() const { return part_ ? part_->waiting_for() : std::string{}; }

 private:
  Ipv6Memory memory_;  // while there is no part
  Instant memory_at_{};
  std::unique_ptr<Ipv6Part> part_;
};

}  // namespace michi::uplink

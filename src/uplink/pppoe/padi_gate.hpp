#pragma once
// Token buckets for first PADIs, one per (interface, MAC): some access concentrators answer one
// PADI a second per MAC, so several uplinks of one address take turns.
//
// An engine: asks come in, turns go out in order of asking.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/net/mac.hpp"
#include "base/time.hpp"
#include "model/uplink.hpp"

namespace michi::uplink {

class PadiGate {
 public:
  /// `burst` 0: no gate. A token every `interval`.
  PadiGate(unsigned burst, Duration interval) : burst_(burst), interval_(interval) {}
  /// From now on; whoever waits keeps its place.
  void configure(unsigned burst, Duration interval) {
    burst_ = burst;
    interval_ = interval;
  }

  void on_ask(const model::UplinkId& uplink, const std::string& interface, Mac mac, Instant now);
  void forget(const model::UplinkId& uplink);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<model::UplinkId> poll();

 private:
  struct Bucket {
    unsigned tokens = 0;
    Instant refilled{};
    std::deque<model::UplinkId> waiting;
  };
  void serve(Bucket& bucket, Instant now);

  unsigned burst_;
  Duration interval_;
  std::map<std::pair<std::string, Mac>, Bucket> buckets_;
  std::deque<model::UplinkId> turns_;
};

}  // namespace michi::uplink

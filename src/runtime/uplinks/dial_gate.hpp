#pragma once
// Who may send a first PADI now: the token buckets of uplink/pppoe/padi_gate, and the hold at a start, when nobody is
// dialled before the kernel's objects stand.

#include <optional>
#include <string>

#include "uplink/pppoe/padi_gate.hpp"
#include "uplink/signals.hpp"

namespace michi::runtime {

class DialGate {
 public:
  void configure(unsigned burst, Duration interval) { buckets_.configure(burst, interval); }
  /// Until this moment, or open(): the first flow of a session finds its route, and what dies meanwhile leaves no
  /// session behind.
  void hold(Instant until) { held_until_ = until; }
  /// True: somebody may have waited for it.
  bool open() { return std::exchange(held_until_, std::nullopt).has_value(); }

  void on_ask(const std::string& uplink, const uplink::AskPermit& ask, Instant now) {
    buckets_.on_ask(model::UplinkId{uplink}, ask.interface, ask.mac, now);
  }
  void forget(const std::string& uplink) { buckets_.forget(model::UplinkId{uplink}); }
  void on_deadline(Instant now) {
    buckets_.on_deadline(now);
    if (held_until_ && *held_until_ <= now) held_until_.reset();
  }
  std::optional<Instant> next_deadline() const { return held_until_ ? held_until_ : buckets_.next_deadline(); }
  /// Whose permit it is.
  std::optional<std::string> poll() {
    if (held_until_) return std::nullopt;
    auto permit = buckets_.poll();
    return permit ? std::optional(std::move(permit->name)) : std::nullopt;
  }

 private:
  uplink::PadiGate buckets_{1, seconds(1)};
  std::optional<Instant> held_until_;
};

}  // namespace michi::runtime

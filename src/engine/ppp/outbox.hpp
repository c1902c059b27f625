#pragma once
// Where the layers of one session put what they have to say, in order, until the session is polled.
//
// Bounded: a caller that does not drain loses frames and edges, as a full wire would, never reports.

#include <list>

#include "engine/ppp/session.hpp"
#include "wire/control.hpp"
#include "wire/ppp.hpp"

namespace michi::engine::ppp {

enum class Urgency : std::uint8_t { Normal, Urgent };

class Outbox {
 public:
  void send(wire::ppp::Protocol protocol, wire::control::Code code, std::uint8_t id, Bytes data,
            Urgency urgency = Urgency::Normal);
  void edge(std::string text);
  void report(Output output) { queue_.push_back(std::move(output)); }
  std::optional<Output> poll();
  /// The lower layer is gone: frames queued and frames to come vanish.
  void cut();

  /// What the peer can receive and the line can carry; rejects and echo replies are cut to it (RFC 1661
  /// §5.6–§5.8, RFC 2516 §7).
  std::uint16_t peer_mru = wire::ppp::kPppoeMru;
  Counters counters;

 private:
  bool full() const { return queue_.size() >= 512; }

  std::list<Output> queue_;  // not a deque: hundreds of sessions, and an empty deque holds half a kilobyte
  bool cut_ = false;
};

}  // namespace michi::engine::ppp

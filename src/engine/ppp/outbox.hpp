#pragma once
// Where the layers of one session put what they have to say, in order, until the session is polled.
//
// Bounded: a caller that does not drain loses frames and edges, as a full wire would, never reports.
// So is what a peer can make this side say: 200 answers a second, the others are lost (Deviation:
// RFC 1661 §5 demands every one). What a timer sends is no answer.

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
  /// A frame came in at this time: what has been earned since may be answered.
  void earn(Instant now);
  /// The lower layer is gone: frames queued and frames to come vanish.
  void cut();

  /// What the peer can receive and the line can carry; rejects and echo replies are cut to it (RFC 1661
  /// §5.6–§5.8, RFC 2516 §7).
  std::uint16_t peer_mru = wire::ppp::kPppoeMru;
  Counters counters;

 private:
  static constexpr unsigned kMostAnswers = 200;
  static constexpr Duration kAnswerEarned = milliseconds(5);

  bool full() const { return queue_.size() >= 512; }
  bool withholds(wire::ppp::Protocol protocol, wire::control::Code code);

  std::list<Output> queue_;  // not a deque: hundreds of sessions, and an empty deque holds half a kilobyte
  bool cut_ = false;
  unsigned answers_ = kMostAnswers;
  std::optional<Instant> earned_at_;
};

}  // namespace michi::engine::ppp

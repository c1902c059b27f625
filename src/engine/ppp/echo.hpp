#pragma once
// The echo: is the peer alive, does it hear us, and does the path carry full-sized frames.
//
// Outstanding identifiers are known, and only a reply to one of them counts. Data that came in puts a
// verdict of death off to the next round; it never counts as an echo. The last echo that may be lost
// is waited for only half an interval (four round trips if those are longer): the ones before it had
// all their time. A question of the peer's puts ours off, three intervals at most: the peer lives, and only
// that we are heard is to be asked now and then. It ends nothing itself: it returns a verdict.
//
// RFC 1661 §5.8, RFC 4638 §5.

#include <list>

#include "engine/ppp/outbox.hpp"
#include "wire/lcp.hpp"

namespace michi::engine::ppp {

class Echo {
 public:
  enum class Verdict : std::uint8_t { Nothing, Timeout, OneWay, PathProved, PathFailed };

  Echo(const EchoSettings& settings, Outbox& outbox);

  /// LCP opened: these are the rules for echoes on this link. `path_size` is the information field to
  /// prove, zero when there is nothing to prove.
  void on_link(std::uint32_t magic, std::uint16_t path_size, std::uint8_t first_id, Instant now);
  /// LCP left Opened.
  void off();
  /// The first network protocol opened; repeated calls change nothing.
  void on_network(Instant now);
  /// The peer rejected Echo-Request: no more of ours.
  void on_rejected();
  void on_traffic(std::uint64_t packets_in, Instant now);
  void on_request(Instant now);
  void probe(Instant now);

  Verdict on_reply(std::uint8_t id, const wire::lcp::Echo& reply, Instant now);
  Verdict on_deadline(Instant now);
  std::optional<Instant> deadline() const;

  bool peer_echoes() const { return peer_echoes_; }
  std::optional<Duration> round_trip() const { return round_trip_; }

 private:
  struct Sent {
    std::uint8_t id;
    Instant at;
    bool full_size;
  };

  void send(Instant now, std::uint16_t size);
  void miss(Instant now);
  Duration patience() const;
  std::optional<Instant> one_way_at() const;
  Verdict tick(Instant now);
  std::optional<Instant> put_off(Instant now) const;
  Verdict on_path_deadline(Instant now);

  const EchoSettings& settings_;
  Outbox& outbox_;

  std::uint32_t magic_ = 0;
  std::uint8_t id_ = 0;
  std::list<Sent> outstanding_;
  unsigned unanswered_ = 0;
  std::optional<Instant> next_tick_;
  std::optional<Instant> verdict_at_;  // the last echo that may be lost has had its time
  bool networking_ = false;
  std::optional<Instant> asked_at_;  // by the peer, last
  Instant ticked_at_{};              // our last regular question

  std::uint64_t packets_in_ = 0;
  bool traffic_seen_ = false;   // since the last tick
  bool traffic_alone_ = false;  // since the first echo that has no reply
  Instant unanswered_since_{};
  bool peer_echoes_ = false;
  bool rejected_ = false;
  std::optional<Duration> round_trip_;

  std::uint16_t path_size_ = 0;
  unsigned path_attempts_ = 0;
  std::optional<Instant> path_deadline_;
};

}  // namespace michi::engine::ppp

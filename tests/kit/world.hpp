#pragma once
// A world in virtual time: one clock, one queue of arrivals, one source of chance, nodes and wires.
//
// Nodes have the shape of engines: frames and deadlines in, frames out when drained. Time jumps from
// event to event. The same seed gives the same life, byte for byte. A node that keeps the clock from
// moving is reported as a livelock.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace michi::kit {

class World;
class Wire;

class Node {
 public:
  virtual ~Node() = default;
  virtual void on_frame(Bytes frame, Instant now) = 0;
  virtual void on_deadline(Instant now) = 0;
  virtual std::optional<Instant> next_deadline() const = 0;
  /// Sends what is queued; true if there was anything.
  virtual bool drain(Instant now) = 0;
};

/// What a wire does to frames. Chances are in thousandths.
struct Weather {
  Duration delay = milliseconds(1);
  Duration jitter{};
  unsigned loss = 0;
  unsigned duplicate = 0;
  unsigned reorder = 0;  // held back for up to `hold_back`
  Duration hold_back = milliseconds(20);
};

/// A hub: what one node sends, all others on it get.
class Wire {
 public:
  Wire(World& world, Weather weather) : weather_(weather), world_(world) {}

  void attach(Node& node) { nodes_.push_back(&node); }
  void send(const Node* from, ByteVec frame);

  Weather& weather() { return weather_; }
  /// Judges every frame before the weather does: false loses it.
  std::function<bool(const Node* from, Bytes frame)> filter;
  /// Frames sent, as text lines with their times, while `recording`.
  bool recording = false;
  const std::vector<std::string>& transcript() const { return transcript_; }
  std::uint64_t sent() const { return sent_; }

 private:
  void deliver(const Node* from, const ByteVec& frame);

  Weather weather_;
  World& world_;
  std::vector<Node*> nodes_;
  std::map<const Node*, Instant> latest_;  // arrival of what each sent in order
  std::vector<std::string> transcript_;
  std::uint64_t sent_ = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed) : seed_(seed), random_(Random::seeded(seed)) {}

  Instant now() const { return now_; }
  std::uint64_t seed() const { return seed_; }
  Random& random() { return random_; }
  void add(Node& node) { nodes_.push_back(&node); }

  void at(Instant when, std::function<void()> what);
  void after(Duration wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }
  void run(Duration how_long);
  /// True as soon as the condition holds; false when `limit` has passed.
  bool run_until(const std::function<bool()>& condition, Duration limit);

  /// Empty, or what went wrong with the clock.
  const std::string& trouble() const { return trouble_; }

 private:
  friend class Wire;
  struct Arrival {
    Instant when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Arrival& other) const { return when != other.when ? when > other.when : order > other.order; }
  };
  void drain();
  std::optional<Instant> next() const;
  bool step(Instant limit);

  std::uint64_t seed_;
  Random random_;
  Instant now_{};
  std::uint64_t order_ = 0;
  unsigned at_this_instant_ = 0;
  std::vector<Node*> nodes_;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> queue_;
  std::string trouble_;
};

}  // namespace michi::kit

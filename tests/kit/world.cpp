#include "kit/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/describe.hpp"

namespace michi::kit {
namespace {

constexpr unsigned kMostAtOneInstant = 20000;
constexpr std::size_t kMostLines = 20000;

}  // namespace

void Wire::send(const Node* from, ByteVec frame) {
  ++sent_;
  if (filter && !filter(from, frame)) return;
  if (recording && transcript_.size() < kMostLines)
    transcript_.push_back(fmt::format("t={:.3f} {}",
                                      static_cast<double>(whole_milliseconds(world_.now() - Instant{})) / 1000,
                                      wire::describe_frame(frame)));
  Random& chance = world_.random();
  const auto happens = [&](unsigned thousandths) { return thousandths != 0 && chance.below(1000) < thousandths; };
  const unsigned copies = happens(weather_.duplicate) ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    if (happens(weather_.loss)) continue;
    Duration wait = weather_.delay;
    if (weather_.jitter > Duration::zero()) wait += chance.between({}, weather_.jitter);
    Instant when = world_.now() + wait;
    if (happens(weather_.reorder)) {
      when += chance.between({}, weather_.hold_back);
    } else {
      // Jitter alone does not make a wire turn frames round.
      Instant& latest = latest_[from];
      when = latest = std::max(latest, when);
    }
    world_.at(when, [this, from, frame] { deliver(from, frame); });
  }
}

void Wire::deliver(const Node* from, const ByteVec& frame) {
  for (Node* node : nodes_)
    if (node != from) node->on_frame(frame, world_.now());
}

void World::at(Instant when, std::function<void()> what) {
  queue_.push({std::max(when, now_), order_++, std::move(what)});
}

void World::drain() {
  bool again = true;
  while (again) {
    again = false;
    for (Node* node : nodes_) again |= node->drain(now_);
  }
}

std::optional<Instant> World::next() const {
  std::optional<Instant> soonest;
  if (!queue_.empty()) soonest = queue_.top().when;
  for (const Node* node : nodes_) {
    const auto at = node->next_deadline();
    if (at && (!soonest || *at < *soonest)) soonest = at;
  }
  return soonest;
}

bool World::step(Instant limit) {
  drain();
  const auto when = next();
  if (!when || *when > limit || !trouble_.empty()) {
    now_ = std::max(now_, limit);
    return false;
  }
  if (*when > now_) {
    now_ = *when;
    at_this_instant_ = 0;
  } else if (++at_this_instant_ > kMostAtOneInstant) {
    trouble_ = fmt::format("the clock stands still at {} ms", whole_milliseconds(now_ - Instant{}));
    return false;
  }
  if (!queue_.empty() && queue_.top().when <= now_) {
    // The top is const only to keep the heap in order; it leaves the heap in the next line.
    auto what = std::move(const_cast<Arrival&>(queue_.top()).what);
    queue_.pop();
    what();
    return true;
  }
  for (Node* node : nodes_) {
    const auto at = node->next_deadline();
    if (at && *at <= now_) node->on_deadline(now_);
  }
  return true;
}

void World::run(Duration how_long) {
  const Instant limit = now_ + how_long;
  while (step(limit)) {
  }
  drain();
}

bool World::run_until(const std::function<bool()>& condition, Duration limit) {
  const Instant end = now_ + limit;
  drain();
  while (!condition()) {
    if (!step(end)) {
      drain();
      return condition();
    }
    drain();
  }
  return true;
}

}  // namespace michi::kit

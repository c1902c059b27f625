#include "uplink/pppoe/padi_gate.hpp"

#include <algorithm>

namespace michi::uplink {
namespace {

// An access concentrator measures the distance at its own end of the wire: leave room for jitter.
constexpr Duration kSlack = milliseconds(20);

}  // namespace

void PadiGate::on_ask(const model::UplinkId& uplink, const std::string& interface, Mac mac, Instant now) {
  if (burst_ == 0) {
    turns_.push_back(uplink);
    return;
  }
  const auto [at, fresh] = buckets_.try_emplace({interface, mac}, Bucket{burst_, now, {}});
  Bucket& bucket = at->second;
  // Whoever asks again (a redial, another address) keeps no second place.
  for (auto& [key, other] : buckets_)
    if (&other != &bucket) std::erase(other.waiting, uplink);
  if (std::ranges::find(bucket.waiting, uplink) == bucket.waiting.end()) bucket.waiting.push_back(uplink);
  serve(bucket, now);
}

void PadiGate::forget(const model::UplinkId& uplink) {
  for (auto& [key, bucket] : buckets_) std::erase(bucket.waiting, uplink);
  std::erase(turns_, uplink);
}

void PadiGate::serve(Bucket& bucket, Instant now) {
  const Duration step = interval_ + kSlack;
  while (bucket.tokens < burst_ && bucket.refilled + step <= now) {
    ++bucket.tokens;
    bucket.refilled += step;
  }
  if (bucket.tokens == burst_) bucket.refilled = now;
  while ((bucket.tokens > 0 || burst_ == 0) && !bucket.waiting.empty()) {
    if (bucket.tokens > 0) --bucket.tokens;
    turns_.push_back(std::move(bucket.waiting.front()));
    bucket.waiting.pop_front();
  }
}

void PadiGate::on_deadline(Instant now) {
  for (auto& [key, bucket] : buckets_) serve(bucket, now);
}

std::optional<Instant> PadiGate::next_deadline() const {
  std::optional<Instant> soonest;
  for (const auto& [key, bucket] : buckets_) {
    if (bucket.waiting.empty()) continue;
    const Instant at = bucket.refilled + interval_ + kSlack;
    if (!soonest || at < *soonest) soonest = at;
  }
  return soonest;
}

std::optional<model::UplinkId> PadiGate::poll() {
  if (turns_.empty()) return std::nullopt;
  model::UplinkId out = std::move(turns_.front());
  turns_.pop_front();
  return out;
}

}  // namespace michi::uplink

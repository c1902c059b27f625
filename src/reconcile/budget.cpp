#include "reconcile/budget.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace michi::reconcile {

namespace {
constexpr std::size_t kRepairs = 5;
constexpr Duration kWindow = seconds(10);
constexpr Duration kOneIncident = milliseconds(250);
constexpr Duration kFirstPause = milliseconds(100);
constexpr Duration kLongestPause = seconds(30);
}  // namespace

DamageBudget::Answer DamageBudget::on_damage(std::uint32_t last_incident, Instant now) {
  if (paused(now)) return Answer::Paused;
  paused_until_.reset();
  while (!repairs_.empty() && now - repairs_.front() >= kWindow) repairs_.pop_front();
  if (!repairs_.empty() && now - repairs_.back() < kOneIncident) {
    if (last_incident != incident_) return Answer::SameIncident;
    // `ip route flush` looks again until nothing is left: let whoever it is finish, then repair.
    paused_until_ = repairs_.back() + kOneIncident;
    return Answer::Paused;
  }
  if (repairs_.size() >= kRepairs) {
    paused_until_ = repairs_.front() + kWindow;
    return Answer::PauseBegins;
  }
  repairs_.push_back(now);
  ++incident_;
  return Answer::NewIncident;
}

bool FailureBook::may_try(const std::string& object, Instant now) {
  auto at = failures_.find(object);
  if (at == failures_.end()) return true;
  at->second.touched = true;
  return now >= at->second.retry_at;
}

void FailureBook::touch(const std::string& object) {
  auto at = failures_.find(object);
  if (at != failures_.end()) at->second.touched = true;
}

std::optional<model::Event> FailureBook::on_failure(const std::string& object, const std::string& error, Instant now) {
  // "route 192.0.2.0/24 …" and "…: No such device" → "route: No such device".
  const auto colon = error.rfind(": ");
  const std::string phrase = colon == std::string::npos ? error : error.substr(colon + 2);
  const std::string cause = object.substr(0, object.find(' ')) + ": " + phrase;

  auto [at, is_new] = failures_.try_emplace(object);
  Failure& failure = at->second;
  const bool same_cause = !is_new && failure.cause == cause;
  failure.pause = is_new ? kFirstPause : std::min(failure.pause * 2, kLongestPause);
  failure.retry_at = now + failure.pause;
  failure.touched = true;
  if (same_cause) return std::nullopt;
  if (!is_new && --causes_[failure.cause] == 0) causes_.erase(failure.cause);
  failure.cause = cause;
  if (++causes_[cause] > 1) return std::nullopt;
  return model::Event{.severity = model::Severity::Error,
                      .code = "kernel.failed",
                      .uplink = {},
                      .text = fmt::format("{} could not be set: {}", object, error),
                      .fields = {{"object", object}, {"error", error}}};
}

std::vector<model::Event> FailureBook::sweep() {
  std::vector<model::Event> events;
  for (auto at = failures_.begin(); at != failures_.end();) {
    if (at->second.touched) {
      at->second.touched = false;
      ++at;
      continue;
    }
    if (--causes_[at->second.cause] == 0) {
      causes_.erase(at->second.cause);
      events.push_back({.severity = model::Severity::Notice,
                        .code = "kernel.recovered",
                        .uplink = {},
                        .text = "no longer failing: " + at->first,
                        .fields = {{"object", at->first}}});
    }
    at = failures_.erase(at);
  }
  return events;
}

std::optional<Instant> FailureBook::next(Instant now) const {
  std::optional<Instant> first;
  for (const auto& [object, failure] : failures_) {
    if (failure.retry_at > now && (!first || failure.retry_at < *first)) first = failure.retry_at;
  }
  return first;
}

}  // namespace michi::reconcile

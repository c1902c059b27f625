#pragma once
// Two brakes: how often foreign damage is repaired, and how often a failure is tried again.
//
// Neither decides what to repair. Both are values over instants that are handed in.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/event.hpp"

namespace michi::reconcile {

/// At most five repairs in ten seconds for one class of objects; then a pause until the oldest is
/// ten seconds old. What is damaged within a quarter of a second is one incident (a flushed table is
/// many routes); an object of it that is damaged again is repaired when that quarter has passed.
class DamageBudget {
 public:
  enum class Answer : std::uint8_t { NewIncident, SameIncident, PauseBegins, Paused };
  /// `last_incident`: when this object was damaged before, 0 if never.
  Answer on_damage(std::uint32_t last_incident, Instant now);
  std::uint32_t incident() const { return incident_; }
  bool paused(Instant now) const { return paused_until_ && now < *paused_until_; }
  std::optional<Instant> paused_until() const { return paused_until_; }

 private:
  std::deque<Instant> repairs_;
  std::optional<Instant> paused_until_;
  std::uint32_t incident_ = 0;
};

/// Failed objects by their description: pauses grow from 100 ms to 30 s. A cause that hits many
/// objects of a class is one event, not thousands.
class FailureBook {
 public:
  /// May it be tried now? Also marks it as still of interest.
  bool may_try(const std::string& object, Instant now);
  void touch(const std::string& object);
  std::optional<model::Event> on_failure(const std::string& object, const std::string& error, Instant now);
  /// Forgets what nobody asked for since the last sweep; events tell which causes are over.
  std::vector<model::Event> sweep();
  std::optional<Instant> next(Instant now) const;
  bool empty() const { return failures_.empty(); }

 private:
  struct Failure {
    Duration pause{};
    Instant retry_at{};
    std::string cause;
    bool touched = true;
  };
  std::map<std::string, Failure> failures_;
  std::map<std::string, std::size_t> causes_;  // how many objects each hits
};

}  // namespace michi::reconcile

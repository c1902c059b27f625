#pragma once
// A part of the runtime: told of the configuration, of what the kernel shows and of what is desired, given its turn,
// asked for its deadline. core/core.cpp has the table of all parts, in the order in which they are told.
//
// A part never calls another. What it has to say waits for poll_event(); what it keeps goes through the record keeper,
// what it sends through the channels.

#include <deque>
#include <optional>
#include <utility>

#include "base/time.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "model/snapshot.hpp"

namespace michi::runtime {

/// Passes of one turn of the loop: what sockets have is taken in the first one only, so that what answers something
/// said in this turn belongs to the next.
enum class Pass : std::uint8_t { First, Again };

/// How the daemon ends: everything stays in the kernel that may, or nothing does.
enum class Ending : std::uint8_t { Stop, Flush };

class Part {
 public:
  virtual ~Part() = default;

  virtual void on_config(const model::Config&, Instant) {}
  virtual void on_kernel(const model::Observed&, Instant) {}
  virtual void on_desired(const model::Desired&, Instant) {}
  /// Hears, runs deadlines. True: what policy reads of it is another.
  virtual bool turn(Instant now, Pass pass) = 0;
  /// The operations of this pass are with their doors.
  virtual void on_performed(const model::Observed&, Instant) {}
  virtual std::optional<Instant> next_deadline() const = 0;
  virtual void end(Ending, Instant) {}
  /// Nothing is left to be done before the daemon may exit.
  virtual bool idle() const { return true; }
  virtual void snapshot(model::Snapshot&, Instant) const {}

  std::optional<model::Event> poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 protected:
  void tell(model::Event event) { events_.push_back(std::move(event)); }

 private:
  std::deque<model::Event> events_;
};

}  // namespace michi::runtime

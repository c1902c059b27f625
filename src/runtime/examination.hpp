#pragma once
// An examination for `michi doctor`: listens on the devices for a few seconds, then joins what was heard with
// what is known, and asks `health` what follows.
//
// One at a time; a new one takes the place of the last. It changes nothing but for questions it asks the
// networks (a DHCPv6 client that waits asks again).

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "health/doctor.hpp"
#include "port/data_plane.hpp"
#include "port/observer.hpp"

namespace michi::runtime {

/// How long it listens: a Solicit's answer and its first repetition fit in.
inline constexpr Duration kListening = milliseconds(2500);

class Examination {
 public:
  Examination(port::Observers& observers, port::DataPlane& plane) : observers_(observers), plane_(plane) {}

  /// `devices`: by uplink, the device its packets leave by; those that are up.
  void begin(const std::map<std::string, std::string>& devices, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const { return until_; }
  bool running() const { return until_.has_value(); }

  /// What was heard on an uplink's device, into its evidence.
  void describe(const std::string& uplink, health::UplinkEvidence& evidence) const;

 private:
  struct Heard {
    std::unique_ptr<port::Observer> observer;  // until it is over
    unsigned answers = 0;
    port::PlaneCounters before, after;
  };
  void look(const std::string& uplink, Heard& heard) const;

  port::Observers& observers_;
  port::DataPlane& plane_;
  std::map<std::string, Heard> heard_;
  std::optional<Instant> until_;
};

}  // namespace michi::runtime

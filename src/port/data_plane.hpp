#pragma once
// Door: the data plane, which carries what a device of michi's and a session exchange. User traffic goes through it and
// never through the loop.
//
// Makes and removes session devices, attaches sessions to them, counts. It never speaks a control
// protocol, never routes, and drops what has a source that is not the session's own.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/operation.hpp"
#include "port/door.hpp"

namespace michi::port {

// What this door performs is model's (model/operation.hpp).
using model::Attach;
using model::Detach;
using model::EnsureDevice;
using model::RemoveDevice;
using PlaneOp = model::PlaneOperation;

/// The Ethernet interface of an attached session cannot be used any more.
struct PlaneFault {
  model::UplinkId uplink;
  OsError error;
};
using PlaneReport = std::variant<Completion, PlaneFault>;

struct PlaneCounters {
  std::uint64_t rx_packets = 0, rx_bytes = 0;
  std::uint64_t tx_packets = 0, tx_bytes = 0;
  std::uint64_t rx_dropped = 0;      // malformed, too long, unknown protocol
  std::uint64_t tx_dropped = 0;      // the wire refused
  std::uint64_t foreign_source = 0;  // refused: not the session's own source
};

class DataPlane {
 public:
  virtual ~DataPlane() = default;
  /// What it can do: one entry a plane behind this door, the preferred one first. Never changes.
  virtual std::vector<model::PlaneFacts> facts() const = 0;
  virtual void submit(PlaneOp op, Ticket ticket) = 0;
  virtual std::optional<PlaneReport> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
  virtual PlaneCounters counters(const model::UplinkId& uplink) const = 0;
  /// The name of the plane that carries this uplink's session now; empty: none does.
  virtual std::string carried_by(const model::UplinkId& uplink) const = 0;
};

}  // namespace michi::port

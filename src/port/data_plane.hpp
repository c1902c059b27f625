#pragma once
// Door: the data plane of PPP sessions. User traffic goes through it and never through the loop.
//
// Makes and removes session devices, attaches sessions to them, counts. It never speaks a control
// protocol, never routes, and drops what has a source that is not the session's own.

#include <cstdint>
#include <string>
#include <variant>

#include "model/kernel.hpp"
#include "port/door.hpp"

namespace michi::port {

/// Makes the device (persistent, with michi's alias), or adopts the one with our alias.
/// EEXIST when the name belongs to a foreign device.
struct EnsureDevice {
  std::string name;
};
struct RemoveDevice {
  std::string name;
};
/// Attaches or, for the same uplink, replaces.
struct Attach {
  model::AttachWant session;
};
struct Detach {
  model::UplinkId uplink;
};
using PlaneOp = std::variant<EnsureDevice, RemoveDevice, Attach, Detach>;

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
  virtual void submit(PlaneOp op, Ticket ticket) = 0;
  virtual std::optional<PlaneReport> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
  virtual PlaneCounters counters(const model::UplinkId& uplink) const = 0;
};

}  // namespace michi::port

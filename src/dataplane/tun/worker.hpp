#pragma once
// The data thread's inside: all devices, wires and sessions, and one turn of their work.
//
// Owned and run by one thread; it is reached only through the commands and reports that TunPlane
// passes. A turn does a bounded amount for each session that has something, so that none waits for
// another. It never speaks a control protocol.

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataplane/device.hpp"
#include "dataplane/source_guard.hpp"
#include "dataplane/tun/wire.hpp"
#include "model/kernel.hpp"
#include "port/data_plane.hpp"

namespace michi::dataplane::tun {

/// What the data thread writes and the loop reads, without a lock: each is only a sum, or the last word.
struct Tally {
  std::atomic<std::uint64_t> rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
  std::atomic<std::uint64_t> rx_dropped = 0, tx_dropped = 0, foreign_source = 0;
  std::atomic<bool> carried = false;  // attached, and both its device and its wire are there
};

struct Command {
  port::PlaneOp op;
  port::Ticket ticket = 0;
  std::shared_ptr<Tally> tally;  // Attach only; shared because both threads look at it
};

class Worker {
 public:
  using Report = std::function<void(port::PlaneReport)>;

  Worker(int wakeup, Report report);
  ~Worker();

  /// One wait and the work it announces. True when the wake-up descriptor was among it.
  bool turn();
  void execute(Command command);

 private:
  struct Session;
  struct Device;
  struct WireState;
  struct Watched {
    enum class Kind : std::uint8_t { Wakeup, Device, Wire } kind;
    void* object;
  };

  std::optional<port::OsError> ensure(const port::EnsureDevice& wanted);
  std::optional<port::OsError> remove(const std::string& name);
  std::optional<port::OsError> attach(const model::AttachWant& want, std::shared_ptr<Tally> tally);
  void detach(const model::UplinkId& uplink);
  Result<WireState*, port::OsError> wire_of(const std::string& interface);
  void watch(int fd, Watched& watched);
  void read_device(Device& device);
  void send(Device& device, Session& session);
  void discard(Device& device);
  void read_wire(WireState& wire);
  void deliver();
  void device_failed(Device& device, int error);
  void device_lost(Device& device, int error);
  void wire_lost(WireState& wire, int error);
  void report_once(Session& session, const std::string& operation, int error);

  port::Fd epoll_;
  Watched wakeup_;
  Report report_;
  std::unique_ptr<Devices> devices_maker_;
  std::map<std::string, std::unique_ptr<Device>> devices_;
  std::map<std::string, std::unique_ptr<WireState>> wires_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;  // by uplink
  std::vector<std::unique_ptr<WireState>> dead_wires_;        // until the end of the turn
  std::vector<std::unique_ptr<Device>> dead_devices_;

  ReceiveBatch received_;
  SendBatch sending_;
  Coalescer coalescer_;
  std::array<Session*, kBatch> target_{};
  std::size_t targets_ = 0;
};

}  // namespace michi::dataplane::tun

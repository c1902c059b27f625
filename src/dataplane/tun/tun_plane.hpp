#pragma once
// The tun data plane: port::DataPlane with packet sockets and TUN devices, served by one thread for
// all sessions.
//
// The loop's side only queues: commands one way, completions and faults the other, each with an
// eventfd. It needs CAP_NET_ADMIN and CAP_NET_RAW and /dev/net/tun. Devices outlive the object.

#include <memory>

#include "port/data_plane.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::dataplane::tun {

class TunPlane final : public port::DataPlane {
 public:
  explicit TunPlane(boost::asio::io_context& loop);
  ~TunPlane() override;

  std::vector<model::PlaneFacts> facts() const override;
  void submit(port::PlaneOp op, port::Ticket ticket) override;
  std::optional<port::PlaneReport> poll() override;
  void on_wake(port::Wake wake) override;
  /// Of the uplink's latest session; zero before the first and after its device was removed.
  port::PlaneCounters counters(const model::UplinkId& uplink) const override;
  std::string carried_by(const model::UplinkId& uplink) const override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace michi::dataplane::tun

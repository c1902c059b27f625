#pragma once
// A DHCPv4 client in a world: frames for its packets, and a record of what it reports. It checks the
// laws of a client at every step.

#include <string>
#include <utility>
#include <vector>

#include "engine/dhcp4/client.hpp"
#include "kit/world.hpp"

namespace michi::kit {

class Dhcp4Node : public Node {
 public:
  Dhcp4Node(World& world, Wire& wire, engine::dhcp4::Settings settings);

  void on_frame(Bytes frame, Instant now) override;
  void on_deadline(Instant now) override { client_.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return client_.next_deadline(); }
  bool drain(Instant now) override;

  engine::dhcp4::Client& operator*() { return client_; }
  engine::dhcp4::Client* operator->() { return &client_; }

  /// The address in use as a daemon would know it from the reports.
  std::optional<Ipv4> address;
  unsigned leased = 0, renewed = 0, expired = 0, frames = 0;
  std::vector<std::pair<Instant, engine::dhcp4::Failed>> failures;
  std::vector<std::string> edges;
  std::vector<std::string> broken_laws;

 private:
  void law(bool kept, std::string_view text, Instant now);

  Wire& wire_;
  Mac local_;
  engine::dhcp4::Client client_;
};

}  // namespace michi::kit

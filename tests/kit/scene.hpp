#pragma once
// The usual scene of a story: one wire, one gate, one access concentrator, one uplink.

#include "kit/fake_isp.hpp"
#include "kit/uplink_node.hpp"

namespace michi::kit {

struct Scene {
  explicit Scene(std::uint64_t seed = 1, UplinkSetup setup = plain_setup(), engine::pppoe::AcSettings ac = plain_isp())
      : world(seed), wire(world, {}), gate(world), isp(world, wire, std::move(ac)), up(world, wire, gate, setup) {}

  /// Boots, and waits until the uplink has IPv4 and IPv6.
  bool come_up(Duration limit = seconds(10)) {
    up.boot();
    return world.run_until([&] { return up.facts().usable(Family::V4) && up.facts().usable(Family::V6); }, limit);
  }
  bool wait_phase(std::string_view phase, Duration limit = seconds(60)) {
    return world.run_until([&] { return up->phase() == phase; }, limit);
  }
  std::uint16_t session() const { return up.facts().session ? up.facts().session->session_id : std::uint16_t{0}; }

  World world;
  Wire wire;
  GateNode gate;
  FakeIsp isp;
  UplinkNode up;
};

}  // namespace michi::kit

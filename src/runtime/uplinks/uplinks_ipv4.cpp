// The sockets on which uplinks without a session speak DHCPv4 and ARP.
#include <fmt/format.h>

#include <utility>

#include "runtime/uplinks/uplinks.hpp"

namespace michi::runtime {

namespace {

/// A frame is small and rare; what a flood leaves behind waits for the next turn.
constexpr std::size_t kDhcp4PerTurn = 64;

}  // namespace

void Uplinks::tend_dhcp4(const std::string& name, Unit& unit) {
  const auto& config = unit.uplink.config();
  const bool wanted = config.kind.is<model::IpoeConfig>() && config.ipv4;
  const auto at = interfaces_.find(config.interface());
  const std::uint32_t index = wanted && at != interfaces_.end() ? at->second.index : 0;
  if (index != unit.dhcp4_index) unit.dhcp4.reset();
  if (index == 0 || unit.dhcp4) return;
  auto opened = doors_.frames.open(config.interface(), port::FrameKind::Dhcp4);
  if (!opened)
    return unit.dhcp4_complaint.tell(
        sinks_.event, {model::Severity::Error,
                       "interface.unusable",
                       name,
                       fmt::format("cannot speak DHCP on {}: {}", config.interface(), opened.error().text()),
                       {{"interface", config.interface()}}});
  unit.dhcp4 = std::move(*opened);
  unit.dhcp4_index = index;
  unit.dhcp4_complaint.withdraw();
  unit.dhcp4->on_wake(wake_);
}

void Uplinks::take_dhcp4(const std::string& name, Unit& unit, Instant now) {
  std::size_t taken = 0;
  for (; unit.dhcp4 && taken < kDhcp4PerTurn; ++taken) {
    const auto frame = unit.dhcp4->poll();
    if (!frame) return;
    trace_frame(name, Direction::In, *frame);
    unit.uplink.on_frame(*frame, now);
    drain(name, unit, now);
  }
  if (taken == kDhcp4PerTurn) wake_();
}

}  // namespace michi::runtime

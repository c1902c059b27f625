// The sockets on which uplinks without a session speak DHCPv4 and ARP.
#include <fmt/format.h>

#include <utility>

#include "runtime/uplinks/uplinks.hpp"

namespace michi::runtime {

namespace {

/// A frame is small and rare; what a flood leaves behind waits for the next turn.
constexpr std::size_t kTalkPerTurn = 64;

}  // namespace

void Lines::look_at_talk(const std::string& name, Unit& unit) {
  const auto& config = unit.uplink.config();
  const bool wanted = config.kind == model::UplinkKind::Ipoe && config.ipv4;
  const auto at = interfaces_.find(config.interface);
  const std::uint32_t index = wanted && at != interfaces_.end() ? at->second.index : 0;
  if (index != unit.talk_index) unit.talk.reset();
  if (index == 0 || unit.talk) return;
  auto opened = doors_.frames.open(config.interface, port::Talk::Dhcp4);
  if (!opened)
    return unit.talk_complaint.tell(
        sinks_.event, {model::Severity::Error,
                       "interface.unusable",
                       name,
                       fmt::format("cannot speak DHCP on {}: {}", config.interface, opened.error().text()),
                       {{"interface", config.interface}}});
  unit.talk = std::move(*opened);
  unit.talk_index = index;
  unit.talk_complaint.withdraw();
  unit.talk->on_wake(wake_);
}

void Lines::take_talk(const std::string& name, Unit& unit, Instant now) {
  std::size_t taken = 0;
  for (; unit.talk && taken < kTalkPerTurn; ++taken) {
    const auto frame = unit.talk->poll();
    if (!frame) return;
    trace_frame(name, Direction::In, *frame);
    unit.uplink.on_frame(*frame, now);
    drain(name, unit, now);
  }
  if (taken == kTalkPerTurn) wake_();
}

}  // namespace michi::runtime

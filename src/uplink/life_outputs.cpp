#include "uplink/life_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace michi::uplink {
namespace {

const ChannelWant* find(const std::vector<ChannelWant>& list, ChannelKind kind) {
  const auto at = std::ranges::find(list, kind, &ChannelWant::kind);
  return at == list.end() ? nullptr : &*at;
}

std::string_view name_of(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::Pppoe:
      return "PPPoE";
    case ChannelKind::Dhcp4:
      return "DHCPv4";
    case ChannelKind::NeighbourDiscovery:
      return "neighbour discovery";
    case ChannelKind::Dhcp6:
      return "DHCPv6";
    case ChannelKind::Echo4:
    case ChannelKind::Echo6:
      return "echoes";
  }
  return "";
}

}  // namespace

LifeOutputs::LifeOutputs(const model::UplinkId& id) {
  facts_.id = id;
  told_ = facts_;
}

void LifeOutputs::set_reason(model::Reason reason, std::string detail) {
  facts_.reason = reason;
  facts_.detail = std::move(detail);
}

void LifeOutputs::publish() {
  if (facts_ == told_) return;
  told_ = facts_;
  emit(FactsChanged{facts_});
}

std::optional<Output> LifeOutputs::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

void LifeOutputs::say(model::Severity severity, std::string code, std::string text) {
  emit(model::Event{severity, std::move(code), facts_.id.name, std::move(text), {}});
}

void LifeOutputs::pass_on(model::Event event) {
  event.uplink = facts_.id.name;
  emit(std::move(event));
}

void LifeOutputs::tell(model::Severity severity, std::string_view code, const Edge& edge) {
  model::Event event{severity,
                     std::string(code),
                     facts_.id.name,
                     fmt::format("{} -> {} on {}", edge.from, edge.to, edge.on),
                     {{"from", std::string(edge.from)},
                      {"to", std::string(edge.to)},
                      {"on", std::string(edge.on)},
                      {"reason", std::string(model::to_text(facts_.reason))}}};
  if (!facts_.detail.empty()) event.fields.emplace_back("detail", facts_.detail);
  emit(std::move(event));
}

void LifeOutputs::want(std::vector<ChannelWant> channels) {
  if (wanted_ == channels) return;
  for (std::size_t i = 0; i < kChannelKinds; ++i) {
    const auto kind = static_cast<ChannelKind>(i);
    const ChannelWant* before = wanted_ ? find(*wanted_, kind) : nullptr;
    const ChannelWant* now = find(channels, kind);
    if (!before || !now || before->device != now->device) channels_[i] = {};
  }
  wanted_ = channels;
  emit(ChannelsWanted{std::move(channels)});
}

void LifeOutputs::on_channel(ChannelKind kind, const ChannelState& state) {
  if (wanted_ && find(*wanted_, kind)) channels_[static_cast<std::size_t>(kind)] = state;
}

std::string refusal_text(ChannelKind kind, const std::string& device, const ChannelState& state) {
  return fmt::format("{} on {}: {}", name_of(kind), device, state.detail);
}

}  // namespace michi::uplink

#pragma once
// What a life says, whatever its kind: its facts, told when they change; its events; the channels it wants, told when
// they change, and how these are; everything else it puts out. In the order in which it was said.
//
// It decides nothing.

#include <array>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "model/uplink.hpp"
#include "uplink/signals.hpp"

namespace michi::uplink {

class LifeOutputs {
 public:
  explicit LifeOutputs(const model::UplinkId& id);

  model::UplinkFacts& facts() { return facts_; }
  const model::UplinkFacts& facts() const { return facts_; }
  void set_reason(model::Reason reason, std::string detail = {});
  /// What the life begins with is known: it is not told.
  void take_for_known() { told_ = facts_; }
  /// Tells the facts, if they are others now.
  void publish();

  void emit(Output output) { outputs_.push_back(std::move(output)); }
  std::optional<Output> poll();

  void say(model::Severity severity, std::string code, std::string text);
  /// An event of a part, which knows no uplink.
  void pass_on(model::Event event);
  struct Edge {
    std::string_view from, to, on;
  };
  /// With the reason and the detail of the facts as they are.
  void tell(model::Severity severity, std::string_view code, const Edge& edge);

  /// Tells the channels that are wanted from here on, if they are others now; the first list always.
  void want(std::vector<ChannelWant> channels);
  void on_channel(ChannelKind kind, const ChannelState& state);
  /// Closed, of one that is not wanted, or wanted since a moment ago.
  const ChannelState& channel(ChannelKind kind) const { return channels_[static_cast<std::size_t>(kind)]; }
  bool is_open(ChannelKind kind) const { return channel(kind).what == ChannelState::What::Open; }
  bool is_refused(ChannelKind kind) const { return channel(kind).what == ChannelState::What::Refused; }

 private:
  model::UplinkFacts facts_;
  model::UplinkFacts told_;
  std::list<Output> outputs_;
  std::optional<std::vector<ChannelWant>> wanted_;
  std::array<ChannelState, kChannelKinds> channels_{};
};

/// "DHCPv6 on wan0: bind: Address already in use"; what cannot be said there, and why.
std::string refusal_text(ChannelKind kind, const std::string& device, const ChannelState& state);

}  // namespace michi::uplink

#pragma once
// One uplink, of whatever kind: owns the life of its kind, and puts another in its place when the kind changes.
// Nothing else; what a life is told, says and promises stands in kind.hpp.

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "uplink/kind.hpp"

namespace michi::uplink {

/// PADT for a session that an earlier run left behind, of an uplink that is no longer configured.
Frame padt_for(const model::SessionRecord& record);

class Uplink {
 public:
  explicit Uplink(Beginning beginning, Kinds kinds = standard_kinds());

  /// As Life::configure(); another kind takes the place of the one before, which is a redial.
  Applied configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now);
  /// The question of configure(), without doing it (reload --dry-run).
  static Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed,
                        Kinds kinds = standard_kinds());

  void recall(Ipv6Memory memory, Instant now) { life_->recall(std::move(memory), now); }
  void start(Instant now) { life_->start(now); }
  void stop(Instant now) { life_->stop(now); }
  void redial(Instant now) { life_->redial(now); }

  void on_channel(ChannelKind kind, const ChannelState& state, Instant now) { life_->on_channel(kind, state, now); }
  void on_interface(std::optional<InterfaceFacts> facts, Instant now) { life_->on_interface(std::move(facts), now); }
  void on_device(std::optional<DeviceFacts> facts, Instant now) { life_->on_device(std::move(facts), now); }
  void on_underlay(const model::UplinkFacts* facts, Instant now) { life_->on_underlay(facts, now); }
  void on_pppoe(const wire::pppoe::Framed& frame, Instant now) { life_->on_pppoe(frame, now); }
  void on_ethernet(Bytes frame, Instant now) { life_->on_ethernet(frame, now); }
  void on_datagram(const Heard& datagram, Instant now) { life_->on_datagram(datagram, now); }
  void on_permit(Instant now) { life_->on_permit(now); }
  void on_traffic(std::uint64_t packets_in, Instant now) { life_->on_traffic(packets_in, now); }
  void on_duplicate_address(bool duplicate, Instant now) { life_->on_duplicate_address(duplicate, now); }
  void on_plane_fault(std::string text, Instant now) { life_->on_plane_fault(std::move(text), now); }
  void on_deadline(Instant now) { life_->on_deadline(now); }
  void ask_again(Instant now) { life_->ask_again(now); }

  std::optional<Instant> next_deadline() const { return life_->next_deadline(); }
  std::optional<Output> poll();

  const model::UplinkFacts& facts() const { return life_->facts(); }
  std::string_view phase() const { return life_->phase(); }
  const model::UplinkConfig& config() const { return life_->config(); }
  std::string protocol_state() const { return life_->protocol_state(); }
  std::vector<std::string> waiting_for() const { return life_->waiting_for(); }
  std::optional<Instant> next_renewal(Instant now) const { return life_->next_renewal(now); }
  Ipv6Diagnosis ipv6_diagnosis() const { return life_->ipv6_diagnosis(); }
  /// For an owner that gives this uplink up.
  std::optional<model::SessionRecord> take_orphan() { return life_->take_orphan(); }
  bool settled_down() const { return life_->settled_down(); }

 private:
  Applied change_kind(Beginning beginning, Instant now);

  Kinds kinds_;
  Random random_;
  std::unique_ptr<Life> life_;
  std::list<Output> leftover_outputs_;  // of a life of another kind
};

}  // namespace michi::uplink

#pragma once
// The life of an uplink whose device is an Ethernet interface itself: kind ipoe (addresses as the network
// gives them) and kind static (addresses as the file says).
//
// The conversations are values of their own (Ipv4Part, Ipv6Part) and never end by themselves; this one starts and
// ends them with the link, and says what came of them. The phases stand in phase.hpp.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uplink/ethernet/phase.hpp"
#include "uplink/interface.hpp"
#include "uplink/ip/ipv4_part.hpp"
#include "uplink/ip/ipv6_slot.hpp"
#include "uplink/kind.hpp"
#include "uplink/machine.hpp"

namespace michi::uplink::ethernet {

/// From the first family to the report that it is up, where the second is still asked for: an offer is
/// waited for half a second, its address is probed for 700 ms, a router answers within half a second.
inline constexpr Duration kSecondFamily = seconds(2);

class Life final : public uplink::Life {
 public:
  explicit Life(Beginning beginning);

  void recall(Ipv6Memory memory, Instant now) override;
  Ipv6Memory memory(Instant now) const override { return ipv6_.memory(now); }
  void start(Instant now) override;
  void stop(Instant now) override;
  void redial(Instant now) override;
  Applied configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) override;

  void on_channel(ChannelKind kind, const ChannelState& state, Instant now) override;
  void on_interface(std::optional<InterfaceFacts> facts, Instant now) override;
  void on_device(std::optional<DeviceFacts> facts, Instant now) override;
  void on_ethernet(Bytes frame, Instant now) override;
  void on_datagram(const Heard& datagram, Instant now) override;
  void on_duplicate_address(bool duplicate, Instant now) override;
  void on_deadline(Instant now) override;
  std::optional<Instant> next_deadline() const override;
  std::optional<Output> poll() override { return machine_.poll(); }

  const model::UplinkFacts& facts() const override { return machine_.facts(); }
  std::string_view phase() const override { return machine_.row().name; }
  const model::UplinkConfig& config() const override { return config_; }
  std::string protocol_state() const override;
  std::vector<std::string> waiting_for() const override;
  std::optional<Instant> next_renewal(Instant now) const override { return ipv6_.next_renewal(now); }
  Ipv6Diagnosis ipv6_diagnosis() const override { return ipv6_.diagnosis(); }
  void ask_again(Instant now) override;
  bool settled_down() const override { return machine_.is(Phase::Down); }

 private:
  // life.cpp: phases
  void go(std::string_view on, Instant now);
  void ask(std::string_view on, Instant now);
  void begin_link(Instant now);
  void end_link(Instant now);
  void leave(Phase next, model::Reason why, std::string_view on, Instant now);
  void go_up(std::string_view on, Instant now);
  void hold(bool duplicate, Instant now);
  void on_link_change(const std::optional<InterfaceFacts>& before, Instant now);
  void on_carrier_lost(Instant now);
  void on_carrier_back(Instant now);
  void on_timer(Timer timer, Instant now);
  void on_stay_over(Instant now);
  void look_at_device();

  // facts.cpp: what follows from the conversations
  void settle(Instant now);
  std::vector<ChannelWant> channels() const;
  void drain();
  void tend_ipv6(Instant now);
  void compose();
  void compose_static();
  void compose_ipv6();
  void compose_mtu();
  void judge_network();
  void judge_refusals();
  bool is_static() const;
  bool asks_v4() const;
  bool asks_v6() const;
  bool can_ask_v4() const;
  bool can_ask_v6() const;
  bool is_shared(const Prefix& prefix) const;
  bool second_family_expected() const;
  std::vector<std::string> refusals() const;
  std::string missing() const;

  model::UplinkConfig config_;
  Random random_;
  Machine<Phases> machine_;
  Interface line_;
  Ipv4Part ipv4_;
  Ipv6Slot ipv6_;
  std::optional<DeviceFacts> device_;
  std::optional<Ipv6> source_;          // our link-local address there, while we can speak from it
  std::optional<Ipv6> server_;          // who spoke DHCPv6 to us last: the router, where none advertises itself
  std::optional<Instant> asked_since_;  // until it is up
  bool anew_ = false;       // the carrier came back, or our address is another: everything is to be confirmed
  bool duplicate_ = false;  // what we were told last
};

std::unique_ptr<uplink::Life> make(Beginning beginning);
Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed);

}  // namespace michi::uplink::ethernet

#pragma once
// The life of an uplink whose device is an Ethernet interface itself: kind ipoe (addresses as the network
// gives them) and kind static (addresses as the file says). One value with the shape of an engine.
//
// The conversations are values of their own (ipv4_side, ipv6_side) and never end by themselves; this one starts and
// ends them with the link, and says what came of them. Phases stand in line_phase.hpp.

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uplink/ethernet/phase.hpp"
#include "uplink/ip/ipv4_part.hpp"
#include "uplink/ip/ipv6_part.hpp"
#include "uplink/uplink.hpp"

namespace michi::uplink {

/// From the first family to the report that it is up, where the second is still asked for: an offer is
/// waited for half a second, its address is probed for 700 ms, a router answers within half a second.
inline constexpr Duration kSecondFamilyOfEthernet = seconds(2);

class EthernetLife {
 public:
  EthernetLife(model::UplinkConfig config, std::optional<HeldAddress> held, Random random);

  /// Once, before anything else.
  void recall(Ipv6Memory memory, Instant now);
  /// For the life that takes the place of this one.
  Ipv6Memory memory(Instant now) const;
  void start(Instant now);
  void stop(Instant now);
  void redial(std::string_view on, Instant now);
  Uplink::Applied configure(model::UplinkConfig config, Instant now);
  static Uplink::Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after);

  void on_interface(std::optional<InterfaceFacts> facts, Instant now);
  void on_frame(Bytes frame, Instant now);
  /// Our link-local address on the interface; nullopt: nobody can speak IPv6 there now.
  void on_device(std::optional<Ipv6> link_local, Instant now);
  void on_datagram(const Heard& datagram, Instant now);
  void on_duplicate_address(bool duplicate, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  const model::UplinkFacts& facts() const { return facts_; }
  std::string_view phase() const { return row().name; }
  const model::UplinkConfig& config() const { return config_; }
  std::string protocol_state() const;
  std::optional<Instant> next_renewal(Instant now) const;
  const Ipv6Part* ipv6() const { return ipv6_.get(); }
  void ask_again(Instant now);
  std::vector<std::string> waiting_for() const;
  bool settled_down() const { return phase_ == EthernetPhase::Down; }

 private:
  const EthernetPhaseRow& row() const { return row_of(phase_); }
  bool is_static() const { return config_.kind.is<model::StaticConfig>(); }
  bool link_ready() const { return link_ && link_->carrier; }
  bool asks_v4() const { return !is_static() && config_.ipv4; }
  bool asks_v6() const { return !is_static() && config_.ipv6; }

  void enter(EthernetPhase next, std::string_view on, Instant now);
  void tell(model::Severity severity, std::string_view code, EthernetPhase before, EthernetPhase next,
            std::string_view on);
  void set_reason(model::Reason reason, std::string detail = {});
  void go(std::string_view on, Instant now);
  void ask(std::string_view on, Instant now);
  void remember(Instant now);
  void begin_link(Instant now);
  void end_link(Instant now);
  void leave(EthernetPhase next, model::Reason why, std::string_view on, Instant now);
  void on_carrier_lost(Instant now);
  void on_carrier_back(Instant now);
  void go_up(std::string_view on, Instant now);
  void on_due(Instant now);
  void on_link_change(const std::optional<InterfaceFacts>& before, Instant now);
  void tell_up();

  void settle(Instant now);
  void drain();
  void tend_ipv6(Instant now);
  void compose();
  void compose_ipv6();
  bool is_shared(const Prefix& prefix) const;
  void compose_static();
  void compose_mtu();
  void judge_network();
  bool second_family_expected() const;
  std::string missing() const;

  model::UplinkConfig config_;
  Random random_;
  EthernetPhase phase_ = EthernetPhase::Down;
  model::UplinkFacts facts_;
  model::UplinkFacts published_;
  std::optional<InterfaceFacts> link_;
  Ipv4Part ipv4_;
  Ipv6Memory memory_;               // while there is no `ipv6_`
  Instant memory_at_{};             // when it was so
  std::unique_ptr<Ipv6Part> ipv6_;  // from the first link, or from the first record
  std::optional<Ipv6> device_;      // our link-local address there
  std::optional<Ipv6> server_;      // who spoke DHCPv6 to us last: the router, where none advertises itself
  bool anew_ = false;               // the carrier came back, or our address is another: everything is to be confirmed

  std::optional<Instant> due_;          // of the phase
  std::optional<Instant> tell_up_by_;   // while facts.incomplete
  std::optional<Instant> asked_since_;  // until it is up
  bool duplicate_ = false;              // what we were told last
  std::list<Output> outputs_;
};

}  // namespace michi::uplink

#pragma once
// The life of a PPPoE uplink: waits for its interface and its permit, dials, holds a session, ends it, tries again.
//
// What it decides is when, and what a failure means. Discovery and the session are Access's and PppLeg's, IPv6 beyond
// the session's own addresses is Ipv6Part's, the phases stand in phase.hpp.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uplink/interface.hpp"
#include "uplink/ip/ipv6_slot.hpp"
#include "uplink/kind.hpp"
#include "uplink/machine.hpp"
#include "uplink/ppp/ppp_leg.hpp"
#include "uplink/pppoe/access.hpp"
#include "uplink/pppoe/attempts.hpp"
#include "uplink/pppoe/phase.hpp"

namespace michi::uplink::pppoe {

/// From the first network protocol to the report that it is up, where the second is still expected:
/// one lost packet of it fits in between. Facts are usable from the first on.
inline constexpr Duration kSecondFamily = milliseconds(350);

class Life final : public uplink::Life {
 public:
  explicit Life(Beginning beginning);

  void recall(Ipv6Memory memory, Instant now) override;
  Ipv6Memory memory(Instant now) const override { return ipv6_.memory(now); }
  void start(Instant now) override;
  /// Terminate-Request and PADT, bounded wait.
  void stop(Instant now) override;
  void redial(Instant now) override;
  /// Echo settings and preferences work in place and are used from the next session on.
  Applied configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) override;
  /// There is no time for a Terminate-Request: PADT alone has to do.
  void abandon(Instant now) override;

  void on_channel(ChannelKind kind, const ChannelState& state, Instant now) override;
  void on_interface(std::optional<InterfaceFacts> facts, Instant now) override;
  void on_device(std::optional<DeviceFacts> facts, Instant now) override;
  void on_pppoe(const wire::pppoe::Framed& frame, Instant now) override;
  void on_datagram(const Heard& datagram, Instant now) override;
  void on_permit(Instant now) override;
  void on_traffic(std::uint64_t packets_in, Instant now) override { leg_.on_traffic(packets_in, now); }
  /// The session stays, unattached, its address in the facts. Forgotten when the session ends.
  void on_duplicate_address(bool duplicate, Instant now) override;
  void on_plane_fault(std::string text, Instant now) override;
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
  std::optional<model::SessionRecord> take_orphan() override { return access_.take_orphan(); }
  bool settled_down() const override { return machine_.is(Phase::Down); }

 private:
  enum class After : std::uint8_t { Down, Dial };
  enum class Padt : std::uint8_t { Send, None };

  // life.cpp: what it is told, and what it tells
  void settle(Instant now);  // takes what the parts say, and tells what has changed
  void compose();
  std::vector<ChannelWant> channels() const;
  bool device_stands() const;
  void tend_ipv6(Instant now);
  void on_link_change(const std::optional<InterfaceFacts>& before, Instant now);
  bool address_changed(const std::optional<InterfaceFacts>& before) const;
  void on_timer(Timer timer, Instant now);
  void on_stay_over(Instant now);
  void add_refusals(std::vector<std::string>& out) const;

  // session.cpp: a session from its beginning to its end
  void dial(std::string_view on, Instant now);
  void ask_permit(Instant now);
  void drain_discovery(Instant now);
  void on_agreed(engine::pppoe::Agreed session, Instant now);
  void set_limits();
  void hear(const wire::pppoe::Framed& frame, Instant now);
  bool drain_leg(Instant now);  // true: there was nothing but frames to be sent
  void on_leg(PppLeg::Output& output, Instant now);
  void on_network_up(std::string_view on, Instant now);
  void on_nothing_left(Instant now);
  void on_carrier_lost(Instant now);
  void on_carrier_back(Instant now);
  void resume(std::string_view on, Instant now);
  void hold(bool duplicate, Instant now);
  void enter(Phase next, model::Reason reason, std::string detail, std::string_view on, Instant now);
  void redial_on(std::string_view on, Instant now);
  void end(After next, std::string_view on, Instant now);
  void begin_ending(After next, std::string_view on, Instant now);
  void finish_ending(Padt padt, std::string_view on, Instant now);
  bool gives_back() const;  // a lease that is to be released before the session ends
  void conclude_release(Instant now);
  void on_padt(std::string_view words, Instant now);
  void on_ended(const engine::ppp::Ended& ended, Instant now);
  void conclude_await_reason(Instant now);
  void close_session(Padt padt, std::string_view words);
  void drop_networks();
  void leave_behind();
  void flush_orphan();
  void go_on(After next, std::string_view on, Instant now);
  void lose(Failure failure, Padt padt, std::string_view on, Instant now);
  void fail(Failure failure, std::string_view on, Instant now);
  void on_late(Instant now);
  RetryBounds retry_bounds() const;

  model::UplinkConfig config_;
  std::optional<Secret> secret_;
  Random random_;
  Machine<Phases> machine_;
  Interface line_;
  Access access_;
  PppLeg leg_;
  Attempts attempts_;
  Ipv6Slot ipv6_;
  std::optional<DeviceFacts> device_;
  unsigned ipv6_begun_ = 0;    // the opening of IPv6CP that ipv6_ was told of
  After after_ = After::Down;  // of Ending
  bool giving_back_ = false;   // in Ending: Release is out
  bool duplicate_ = false;     // what we were told last
};

std::unique_ptr<uplink::Life> make(Beginning beginning);

}  // namespace michi::uplink::pppoe

#pragma once
// Inside of an uplink: its fields and its steps, one file per part of the life. Not for other rooms.
//
//   life.cpp      entering phases, facts, deadlines
//   dialing.cpp   interface, turn, discovery
//   online.cpp    the session: negotiation, up, renegotiation, lost carrier, duplicate address
//   ending.cpp    losing, ending, orphans, back-off
//   ipv6.cpp      prefixes and what else the session's network says in IPv6
//   settings.cpp  the configuration, as the engines want it, and what a new one changes

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ppp/session.hpp"
#include "engine/pppoe/discovery.hpp"
#include "uplink/failure.hpp"
#include "uplink/ip/ipv6_part.hpp"
#include "uplink/pppoe/phase.hpp"
#include "uplink/uplink.hpp"

namespace michi::uplink {

inline constexpr Duration kAskAgain = seconds(10);        // a turn that was lost
inline constexpr Duration kEndingTime = seconds(2);       // Terminate-Request to PADT at most
inline constexpr Duration kReleaseTime = seconds(1);      // DHCPv6 Release to Terminate-Request at most
inline constexpr Duration kAwaitReasonTime = seconds(1);  // trap 44
/// How long a session outlives its carrier. The facts are unusable from the first moment, so nothing
/// waits for this; a cable pulled and replugged finds its session again.
inline constexpr Duration kLinkHold = seconds(2);
inline constexpr Duration kProveTime = seconds(1);  // carrier is back: any frame of the session proves it
/// One network protocol alone went down: a renegotiation takes a round trip, the end takes longer.
inline constexpr Duration kLegGrace = seconds(1);
/// From the first network protocol to the report that it is up, where the second is still expected:
/// one lost packet of it fits in between. Facts are usable from the first on.
inline constexpr Duration kSecondFamily = milliseconds(350);
inline constexpr std::size_t kMaxEarly = 4;
inline constexpr std::size_t kMaxPppInFrame = 1600;

enum class After : std::uint8_t { Down, Dial };
enum class Padt : std::uint8_t { Padt, None };

struct Uplink::Life {
  Life(model::UplinkConfig config, std::optional<Secret> secret, Random random,
       std::optional<model::SessionRecord> orphan);

  // life.cpp
  void enter(Phase next, std::string_view on, Instant now);
  void set_reason(model::Reason reason, std::string detail = {});
  struct Edge {
    Phase from, to;
    std::string_view on;
    model::Reason reason = model::Reason::None;
    std::string_view detail = {};
  };
  void tell(model::Severity severity, std::string_view code, const Edge& edge);
  void say(model::Severity severity, std::string code, std::string text);
  void settle(Instant now);  // drain the engines, publish
  /// A frame and what it leads to. Of a session that is up it is an echo, nearly always: then nothing is published.
  void hear(Bytes frame, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::string protocol_state() const;
  std::vector<std::string> waiting_for() const;
  const model::PppoeConfig& own() const { return config.kind.as<model::PppoeConfig>(); }
  const PhaseRow& row() const { return row_of(phase); }
  bool link_ready() const { return link && link->carrier; }

  // dialing.cpp
  void dial(std::string_view on, Instant now);
  void on_permit(Instant now);
  void on_interface(std::optional<InterfaceFacts> facts, Instant now);
  void on_frame(Bytes frame, Instant now);
  void on_discovery_frame(const wire::pppoe::Framed& framed, Bytes frame, Instant now);
  void drain_discovery(Instant now);
  void on_agreed(engine::pppoe::Agreed session, Instant now);
  bool address_changed(const std::optional<InterfaceFacts>& before) const;

  // online.cpp
  void drain_session(Instant now);
  void on_session_output(engine::ppp::Output& output, Instant now);
  void on_network_up(std::string_view on, Instant now);
  void tell_up();
  void on_renegotiating(Instant now);
  void expire_legs(Instant now);
  void on_carrier_lost(Instant now);
  void on_carrier_back(Instant now);
  void resume(std::string_view on, Instant now);
  void on_duplicate(bool duplicate, Instant now);

  // ending.cpp
  void stop(Instant now);
  void redial(std::string_view on, Instant now);
  void begin_ending(After next, std::string_view on, Instant now);
  void finish_ending(Padt padt_for, std::string_view on, Instant now);
  void on_padt(std::string_view words, Instant now);
  void conclude_await_reason(Instant now);
  void on_ended(const engine::ppp::Ended& ended, Instant now);
  void fail(Failure failure, std::string_view on, Instant now);
  void lose(Failure failure, Padt padt_for, std::string_view on, Instant now);
  void close_session(Padt padt_for, std::string_view words);
  void leave_behind();  // no way to say PADT now: it becomes the orphan
  void flush_orphan();
  void go_on(After next, std::string_view on, Instant now);

  // ipv6.cpp
  void recall(Ipv6Memory what, Instant now);
  Ipv6Memory memory(Instant now) const;  // for the life that takes the place of this one
  void remember(Instant now);
  void tend_ipv6(Instant now);  // follows the session; takes over what was learned
  void drain_ipv6();
  bool gives_back() const;  // a lease that is to be released before the session ends
  void conclude_release(Instant now);

  // settings.cpp
  Mac local_address() const;
  std::uint16_t payload_limit() const;
  engine::pppoe::Settings discovery_settings() const;
  engine::ppp::Settings session_settings() const;

  model::UplinkConfig config;
  std::optional<Secret> secret;
  Random random;
  Phase phase = Phase::Down;
  model::UplinkFacts facts;
  model::UplinkFacts published;
  std::optional<InterfaceFacts> link;
  std::optional<model::SessionRecord> orphan;

  engine::pppoe::Discovery discovery;
  std::optional<engine::pppoe::Agreed> agreed;
  std::optional<engine::ppp::Session> ppp;
  std::list<ByteVec> early;  // session frames that overtook the PADS (trap 16)
  std::uint64_t interface_id = 0;

  After after = After::Down;             // of Ending and AwaitReason
  std::optional<Instant> due;            // of the phase
  std::optional<Instant> establish_by;   // of the attempt
  std::optional<Instant> attempt_since;  // first PADI, until it is up
  std::optional<Instant> up_since;       // of this session
  std::optional<Instant> tell_up_by;     // while facts.incomplete
  std::string up_on;                     // the network protocols that made it so
  std::optional<Instant> v4_until;       // grace of a leg that is down
  std::optional<Instant> v6_until;
  bool duplicate = false;  // what we were told last

  Ipv6Memory recalled;             // while there is no `ipv6`
  Instant recalled_at{};           // when it was so
  std::unique_ptr<Ipv6Part> ipv6;  // from the first device that stands, or from the first record
  std::optional<Ipv6> device;      // what the kernel shows on it
  unsigned v6_openings = 0;        // of IPv6CP; each is another link
  unsigned v6_begun = 0;           // the one `ipv6` was told of
  bool giving_back = false;        // in Ending: Release is out

  BackOffs back_offs;
  FailureClass last_class = FailureClass::NoOffer;
  model::Reason last_reason = model::Reason::None;
  std::string last_detail;
  std::list<Output> outputs;
};

}  // namespace michi::uplink

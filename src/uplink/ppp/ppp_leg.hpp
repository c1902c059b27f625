#pragma once
// PPP of an uplink, whatever carries it: one session at a time with what was agreed in it. Frames of PPP (protocol
// field first) go in and come out; what carries them is its owner's business.
//
// What was agreed outlives its protocol for a moment: a peer that renegotiates finds its addresses where they were.
// It never dials, and never decides what an end means.

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/deadlines.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "engine/ppp/session.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/uplink.hpp"

namespace michi::uplink {

/// What a carrier allows, and what the file asks for; may change while a session is there.
struct PppLimits {
  Duration grace = seconds(10);     // of a renegotiation
  std::uint16_t room = 1492;        // the largest payload
  std::uint16_t always = 1492;      // the largest payload that any path carries
  std::uint16_t configured = 1492;  // MTU of the file
};

/// As facts have it; nothing of it without a session.
struct PppAgreed {
  std::uint16_t mtu = 0;
  std::string auth{};
  std::optional<model::Ipv4Facts> v4{};
  std::optional<model::Ipv6Facts> v6{};
};

class PppLeg {
 public:
  /// A network protocol is open, anew or again: "ipv4".
  struct NetworkUp {
    std::string_view on;
  };
  /// The peer negotiates anew; what was agreed stays for the grace period.
  struct Renegotiates {};
  /// The last network protocol is gone, and its grace is over.
  struct NothingLeft {};
  using Output = std::variant<engine::ppp::SendFrame, NetworkUp, Renegotiates, NothingLeft, engine::ppp::Ended,
                              model::Event>;  // the events name no uplink

  void set_limits(const PppLimits& limits) { limits_ = limits; }
  /// A session from its first Configure-Request on.
  void begin(engine::ppp::Settings settings, Random random, Instant now);
  /// Orderly, with a Terminate-Request; ends in Ended.
  void stop(Instant now);
  /// Nobody hears us any more. The session is asked for its verdict only.
  void abort(Instant now);
  /// It is gone, with all that was agreed and all that it had to say.
  void end();
  /// The networks are given up before the session.
  void drop_networks();
  void on_frame(Bytes frame, Instant now);
  void on_traffic(std::uint64_t packets_in, Instant now);
  /// Asks for a sign of life. False: this peer never gives one.
  bool probe(Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  bool exists() const { return session_.has_value(); }
  const PppAgreed& agreed() const { return agreed_; }
  bool has_network() const { return agreed_.v4 || agreed_.v6; }
  /// A wanted network protocol is not open, and the peer has not refused it.
  bool awaits_network() const { return session_ && session_->awaits_network(); }
  std::optional<engine::ppp::Ended> verdict() const { return session_ ? session_->verdict() : std::nullopt; }
  std::string state_text() const { return session_ ? session_->state_text() : std::string{}; }
  /// Counts the openings of IPv6CP, of all sessions; each is another link.
  unsigned ipv6_openings() const { return ipv6_openings_; }
  /// To be proposed: the same link-local address after a redial. 0: none yet.
  std::uint64_t interface_id() const { return interface_id_; }

 private:
  enum class Grace : std::uint8_t { V4, V6 };

  void settle(Instant now);
  void take(engine::ppp::Output& output, Instant now);
  void take_proof(const engine::ppp::PathProved& proof);
  void say(model::Severity severity, std::string code, std::string text);

  PppLimits limits_;
  std::optional<engine::ppp::Session> session_;
  PppAgreed agreed_;
  Deadlines<Grace, Grace::V6> graces_;  // of what is agreed, and not open
  std::uint64_t interface_id_ = 0;
  unsigned ipv6_openings_ = 0;
  std::list<Output> outputs_;
};

/// A client's, as the file has it; how large a frame may be is the carrier's to add.
engine::ppp::Settings ppp_settings(const model::UplinkConfig& config, const model::PppConfig& own,
                                   const std::optional<Secret>& secret);

}  // namespace michi::uplink

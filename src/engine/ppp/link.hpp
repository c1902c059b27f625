#pragma once
// What stands behind a Session: the layers, the order in which they are let on, and the one place
// where a session's end gets its cause.
//
// Each input goes to one layer; the signals it returns move the phases of RFC 1661 §3. No layer knows
// another. Phases are read off the layers; there is no second copy of them.

#include "engine/ppp/auth_client.hpp"
#include "engine/ppp/auth_server.hpp"
#include "engine/ppp/echo.hpp"
#include "engine/ppp/ipcp.hpp"
#include "engine/ppp/ipv6cp.hpp"
#include "engine/ppp/layer.hpp"
#include "engine/ppp/lcp.hpp"
#include "engine/ppp/session.hpp"

namespace michi::engine::ppp {

class Link {
 public:
  Link(Settings settings, Random random, std::vector<Account> accounts);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start(Instant now);
  void stop(Instant now);
  void abort(Instant now);
  void rechallenge(Instant now);
  void renegotiate(Instant now);
  void on_frame(Bytes frame, Instant now);
  void on_traffic(std::uint64_t packets_in, Instant now) { echo_.on_traffic(packets_in, now); }
  void probe(Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;

  Outbox& outbox() { return outbox_; }
  const Echo& echo() const { return echo_; }
  bool ended() const { return ended_; }
  const std::optional<Ended>& verdict() const { return verdict_; }
  std::string state_text() const;
  bool awaits_network() const;

 private:
  /// One network protocol: wanted or not, its layer, and what the owner was told of it.
  struct Network {
    bool enabled;
    bool reported = false;
    bool failed = false;
    Layer layer;
    std::optional<Output> (Link::*result)() const;  // what was agreed; nothing where it cannot be used
    Output down;                                    // what the owner is told when it is gone
  };

  // link_input.cpp
  void on_lcp(const wire::control::Packet& packet, Instant now);
  void on_protocol_reject(const wire::control::Packet& packet, Instant now);
  void on_echo_request(const wire::control::Packet& packet, Instant now);
  void on_echo_reply(const wire::control::Packet& packet, Instant now);
  void on_auth(wire::ppp::Protocol protocol, const wire::control::Packet& packet, Instant now);
  void on_network_packet(Network& network, const wire::control::Packet& packet, Instant now);
  void on_unknown_protocol(Bytes frame, Instant now);
  void note_terminate_request(const wire::control::Packet& packet, Instant now);
  void on_late_frame(wire::ppp::Protocol protocol, const wire::control::Packet& packet, Instant now);

  // link.cpp
  void on_lcp_signals(Signals signals, Instant now);
  void on_lcp_down(Instant now);
  void on_link_open(Instant now);
  void on_auth_client(AuthClient::Outcome outcome, Instant now);
  void on_auth_server(AuthServer::Outcome outcome, Instant now);
  void enter_network_if_authenticated(Instant now);
  void on_network_signals(Network& network, Signals signals, Instant now);
  void on_network_open(Network& network, Instant now);
  void on_echo_verdict(Echo::Verdict verdict, Instant now);
  void check_networks(Instant now);
  void report_down(Network& network);
  void fail(EndCause cause, std::string detail, Instant now);
  void finish();
  Ended cause_of_silence() const;
  bool network_phase() const { return lcp_layer_.opened() && client_.done() && server_.done(); }
  bool any_network_open() const { return ipcp_layer_.layer.opened() || ipv6cp_layer_.layer.opened(); }
  std::uint16_t path_to_prove() const;
  std::optional<Output> ipv4_result() const;
  std::optional<Output> ipv6_result() const;

  Settings settings_;
  Random random_;
  std::vector<Account> accounts_;
  Outbox outbox_;

  Lcp lcp_;
  Ipcp ipcp_;
  Ipv6cp ipv6cp_;
  Layer lcp_layer_;
  AuthClient client_;
  AuthServer server_;
  Network ipcp_layer_;
  Network ipv6cp_layer_;
  Echo echo_;

  bool ended_ = false;
  bool heard_lcp_ = false;
  unsigned echo_loops_ = 0;
  std::optional<Ended> verdict_;
  /// The verdict was drawn from the peer's good-bye; a Failure or a Success on its way knows better.
  bool verdict_is_provisional_ = false;
  std::string goodbye_;
  std::optional<Instant> establish_by_;
};

}  // namespace michi::engine::ppp

#pragma once
// The daemon's state at one moment, for status: what the uplinks' facts alone do not say is added
// here. Durations are relative to the moment of the snapshot, so no clock is needed to show them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "model/pass_through.hpp"
#include "model/uplink.hpp"

namespace michi::model {

struct TrafficCounters {
  std::uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
  std::uint64_t rx_dropped = 0, tx_dropped = 0, foreign_source = 0;
  /// A line's are its interface's: everything that passes there. Of a session empty: they are its own.
  std::string interface{};
  std::vector<std::string> shared_with{};  // uplinks whose traffic is in these figures, too
};

/// The LAN that has a line's /64 by neighbour discovery proxy.
struct ProxySnapshot {
  std::string lan;
  std::string state;  // "answering", "remembered", "waiting" for a device
  std::size_t hosts = 0;
  std::uint64_t asked = 0;     // for addresses that may be a host's, by the line's neighbours
  std::uint64_t answered = 0;  // to them
  std::uint64_t withheld = 0;  // by a limit
};

struct PrefixSnapshot {
  Prefix prefix;
  std::optional<Duration> preferred, valid;  // what is left; nullopt: without end
  bool confirmed = false;
  bool on_link = false;
  std::optional<ProxySnapshot> proxy{};
};

/// Of one destination of a probe.
struct ProbedSnapshot {
  Address address;
  bool is_next_hop = false;  // otherwise a target of the file
  bool answers = false;
  std::optional<Duration> round_trip{};   // of the last answer
  std::optional<Duration> last_answer{};  // how long ago
};

/// The probe of one family while it runs.
struct ProbeSnapshot {
  Family family = Family::V4;
  HealthFacts health{};
  std::vector<ProbedSnapshot> probed{};
};

struct UplinkSnapshot {
  UplinkFacts facts;
  UplinkNumber number = 0;
  std::string interface;
  Duration in_state{};                   // since facts.since
  std::optional<Duration> next_attempt;  // from now
  std::vector<std::string> waiting_for;
  std::string protocol_state;  // "lcp Opened, ipcp Opened"
  TrafficCounters traffic;
  std::string plane;  // what carries its packets now; empty: nothing
  std::size_t closed_routes = 0;
  std::string routes_date;
  std::vector<PrefixSnapshot> prefixes{};  // confirmed ones first
  std::optional<Duration> next_renewal{};  // of the prefixes, from now
  std::vector<ProbeSnapshot> probes{};     // by family, those that run
};

struct PolicySnapshot {
  std::string label;
  std::vector<std::string> use;     // as configured
  std::vector<std::string> in_use;  // now, IPv4
  std::vector<std::string> in_use6;
};

/// What the hosts of a LAN are told of one prefix. Times are what is left; none: no end. Nothing left of
/// `preferred`: deprecated.
struct LanPrefixSnapshot {
  Prefix prefix;
  std::optional<Duration> preferred;
  std::optional<Duration> valid;
};

struct ForeignRouterSnapshot {
  Ipv6 address;
  bool is_default = false;
  std::vector<std::string> conflicts;  // "MTU"
};

struct LanSnapshot {
  std::string name;
  std::string device;
  std::string state;  // "advertising", "held" after a start, "waiting" for the device
  bool default_router = false;
  std::vector<LanPrefixSnapshot> prefixes;
  std::vector<ForeignRouterSnapshot> foreign_routers;
  std::uint64_t advertisements = 0;  // to all hosts
  std::uint64_t answers = 0;         // to one host
  std::uint64_t solicitations = 0;   // heard
};

struct PassedSnapshot {
  PassedSession session;
  std::string lan_name;  // as the file calls it
  Duration age{};
  TrafficCounters traffic;  // seen from the line, as an uplink's
};

struct Snapshot {
  std::string version;
  std::string start_id;  // also the first half of event numbers
  Duration uptime{};
  std::string config_path;
  bool settled = false;  // kernel state is as desired
  bool awaiting_confirmation = false;
  std::vector<UplinkSnapshot> uplinks;  // by name
  std::vector<LanSnapshot> lans;        // those that are advertised on, by interface
  std::vector<PassedSnapshot> passed;   // sessions of LAN clients, by line
  std::vector<PolicySnapshot> policies;
  std::vector<FirewallCounter> firewall;  // of table inet michi, by name; empty: the table is not there
  std::vector<Event> warnings;
};

}  // namespace michi::model

#pragma once
// Neighbour discovery proxy, on demand, for a line that gives one /64 and no more: who asks on the WAN
// for an address of it is answered for the hosts behind us, once a host has shown on a LAN that it is
// there. It reports where, so that packets find their way. A host that tests an address of its own, or
// speaks from one, is asked for before anybody on the WAN does: the router itself has to find it, too.
//
// It never answers for the router's own addresses (the kernel does), nor for one seen on the WAN, nor
// before a LAN has answered. It forwards no packet and no advertisement. Whoever feeds it must hear
// solicitations to any solicited-node group, on either side.
//
// RFC 4389 in spirit (§4.1.3, neighbour advertisements with our own link-layer address), RFC 4861 §7.2.8
// (proxy advertisements), RFC 4862 §5.4 (solicitations from the unspecified address).
// Deviation: RFC 4861 §7.2.8, no random delay before a proxy's advertisement: there is one proxy.

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "engine/ndisc/message.hpp"

namespace michi::engine::ndisc {

/// Ours on one side.
struct ProxySide {
  Ipv6 local;  // link-local
  Mac mac;
};

struct ProxySettings {
  Prefix prefix;  // the line's /64
  ProxySide wan;
  std::vector<ProxySide> lans;        // known by their index from here on
  std::vector<Ipv6> own;              // the router's addresses within the prefix, on any interface
  Duration ask_every = seconds(1);    // RETRANS_TIMER
  unsigned asks = 3;                  // MAX_MULTICAST_SOLICIT
  Duration present_for = minutes(5);  // then it is asked again; a fifth more or less
  Duration absent_for = seconds(3);   // after silence, before a solicitation makes us ask again
  Duration test_for = seconds(2);     // a host's test for duplicates: DupAddrDetectTransmits, and some delay
};

/// The LAN's index; none is the WAN. What is said there of a host is best said when packets find it.
struct ProxyMessage {
  std::optional<std::size_t> lan;
  Ipv6 host;  // asked for, or answered for
  Message message;
};
/// The host is on this LAN: a host route belongs there. Again with another index when it moved.
struct HostRoute {
  Ipv6 address;
  std::size_t lan = 0;
  auto operator<=>(const HostRoute&) const = default;
};
struct HostGone {
  Ipv6 address;
};
using ProxyOutput = std::variant<ProxyMessage, HostRoute, HostGone>;

struct ProxyCounters {
  std::uint64_t asked = 0;     // solicitations of the WAN for addresses that may be a host's
  std::uint64_t answered = 0;  // advertisements sent there
  std::uint64_t probes = 0;    // addresses asked for on the LANs, repetitions included
  std::uint64_t withheld = 0;  // by a rate limit or a full table
  Discarded discarded;
};

enum class HostState : std::uint8_t {
  Probing,   // the LANs are asked, none has answered
  Present,   // one has
  Doubtful,  // one had; asked again, and answered for meanwhile
  Absent     // none did; not asked again for a while
};

class Proxy {
 public:
  static constexpr std::size_t kMaxHosts = 1024;      // Present and Doubtful
  static constexpr std::size_t kMaxCandidates = 128;  // Probing and Absent
  static constexpr std::size_t kMaxWan = 64;          // addresses remembered as the WAN's

  Proxy(ProxySettings settings, Random random);

  /// `before` are the hosts an earlier life left routes for; each is asked for again, and reported only if
  /// it moved or is gone.
  void start(const std::vector<HostRoute>& before, Instant now);
  /// Forgets everything; nothing is reported.
  void stop(Instant now);
  void set_own(std::vector<Ipv6> own);
  void on_wan(Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit, Instant now);
  void on_lan(std::size_t lan, Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit,
              Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<ProxyOutput> poll();

  std::vector<HostRoute> hosts() const;
  std::size_t candidates() const { return candidates_; }
  const ProxyCounters& counters() const { return counters_; }

 private:
  struct Host {
    HostState state = HostState::Probing;
    std::size_t lan = 0;
    unsigned asked = 0;
    Instant due{};
    Instant heard{};
    std::vector<Ipv6> waiting;  // who asked meanwhile; unspecified: a duplicate address test
  };
  using Hosts = std::map<Ipv6, Host>;

  bool ours(const Ipv6& source, const std::optional<Mac>& mac) const;
  bool is_host(const Ipv6& address) const;
  bool on_the_wan(const Ipv6& address, Instant now) const;
  void enter(Hosts::iterator host, HostState state, Instant due);
  Hosts::iterator insert(const Ipv6& address, HostState state, Instant due);
  void forget(Hosts::iterator host);
  void make_room_for_host();
  bool make_room_for_candidate();
  void solicited(const Ipv6& target, const Ipv6& source, Instant now);
  void tested_on_lan(const Ipv6& address, std::size_t lan, Instant now);
  bool expect(const Ipv6& address, Instant when);
  void ask(Hosts::iterator host, Instant now);
  void doubt(Hosts::iterator host, Instant now);
  void found(Hosts::iterator host, std::size_t lan, Instant now);
  void answer(const Ipv6& target, const Ipv6& to, std::optional<std::size_t> lan, Instant now);
  void heard_on_lan(const Ipv6& address, std::size_t lan, Instant now);
  void heard_on_wan(const Ipv6& address, Instant now);

  ProxySettings settings_;
  Random random_;
  bool running_ = false;
  Hosts hosts_;
  std::set<std::pair<Instant, Ipv6>> due_;  // one for each host
  std::size_t candidates_ = 0;
  std::map<Ipv6, Instant> wan_;  // until when
  TokenBucket probes_;
  TokenBucket answers_;
  std::list<ProxyOutput> outputs_;
  ProxyCounters counters_;
};

std::string_view to_text(HostState state);

}  // namespace michi::engine::ndisc

#pragma once
// The configuration as everyone uses it: checked, complete, immutable. Made by `config`, from the
// file; docs/operator/configuration.md owns the meaning of every key.
//
// No secrets in here: they live in a map of their own beside it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "model/kinds.hpp"
#include "model/ports.hpp"
#include "model/underlay.hpp"
#include "model/uplink.hpp"

namespace michi::model {

enum class PlaneKind : std::uint8_t { Auto, Tun };

/// An access line: a thing of its own, which its uplinks share with those that stand on them. Only what the file says
/// of it; every interface that an uplink stands on is a line.
struct LineConfig {
  std::string interface;
  unsigned sessions = 0;                    // of the access contract; 0: unlimited; `check` warns beyond it
  std::vector<std::string> pass_through{};  // LANs whose hosts may dial over this line themselves
};

enum class DnsSource : std::uint8_t { Peer, None, List };

struct UplinkDns {
  DnsSource source = DnsSource::Peer;
  std::vector<Address> servers;      // when List
  std::vector<std::string> domains;  // these names only; empty: all names, if default_route
  bool operator==(const UplinkDns&) const = default;
};

enum class DuidKind : std::uint8_t { LinkLayer, LinkLayerTime, Uuid, Bytes };

/// DHCPv6 of an uplink.
struct DelegationConfig {
  bool prefix = true;          // ask for a prefix (IA_PD)
  bool address = false;        // ask for an address of the line itself (IA_NA)
  std::optional<Prefix> hint;  // ::/56 hints at a length alone; none on NTT's networks
  DuidKind duid = DuidKind::LinkLayer;
  ByteVec duid_bytes;                 // when Bytes, its type in front
  std::optional<std::uint32_t> iaid;  // default: from the uplink's name
  bool release = false;               // give it back when the uplink is stopped
  bool operator==(const DelegationConfig&) const = default;
};

/// The probe of an uplink: echoes to the next hop, and to what the file names beyond it.
struct ProbeConfig {
  bool on = false;
  std::vector<Address> targets{};
  Duration interval = seconds(1);
  unsigned failures = 3;  // intervals without an answer
  unsigned recovery = 3;  // intervals with one, after that
  bool operator==(const ProbeConfig&) const = default;
};

/// An uplink: what every kind may be asked for, and `kind`, which only its kind reads. A field whose key a kind does
/// not take has its default there.
struct UplinkConfig {
  UplinkId id;
  KindConfig kind = default_kind();
  Underlay over = OnLine{};
  bool start = true;  // R10
  bool ipv4 = true;   // asked for, where addresses are
  bool ipv6 = true;
  DelegationConfig delegation;   // `dhcp6`
  std::optional<bool> closed{};  // its IPv6 is without the internet; nothing: seen by its addresses
  /// A LAN gets the /64 of the line itself where nothing is routed to us. Nothing: where the network gives the
  /// addresses, if it is no closed one.
  std::optional<bool> neighbour_proxy{};
  std::uint16_t mtu = 1492;    // by default the kind's
  std::uint16_t mss = 0;       // 0: from the MTU (R21)
  bool default_route = true;   // may carry flows of no closed network (R15, R182)
  std::vector<Prefix> routes;  // closed prefixes of this uplink, also from routes_file
  std::string routes_file;
  std::string routes_date;  // as the file says (R5)
  UplinkDns dns;
  unsigned weight = 1;
  bool nat = true;
  PlaneKind plane = PlaneKind::Auto;
  ProbeConfig probe;
  Duration connect_timeout = seconds(30);  // an attempt, or what has not answered by then is named (R16)
  bool operator==(const UplinkConfig&) const;

  const Traits& traits() const { return kind.traits(); }
  /// The Ethernet interface it stands on itself; empty for one that stands on another uplink.
  const std::string& interface() const;
  /// Its own source address there, if not the interface's.
  std::optional<Mac> mac() const;
  /// The uplink it stands on; nullptr on a line.
  const UplinkId* parent() const;
  /// What its packets leave by: a device of michi's own, named after the uplink, or the Ethernet interface itself.
  const std::string& device() const { return traits().owns_device ? id.name : interface(); }
};

enum class ResolvConf : std::uint8_t { Leave, Local };  // Local: michi writes "nameserver <router>"

struct DhcpRange {
  Ipv4 first, last;
  Duration lease = hours(12);
};

enum class UlaKind : std::uint8_t { None, Auto, Fixed };

struct LanConfig {
  std::string name;  // "home"
  std::string interface;
  std::vector<Prefix> addresses;   // with host bits: the router's own address on it
  std::optional<UplinkId> uplink;  // a routed block belongs to this uplink
  bool nat = true;
  std::optional<DhcpRange> dhcp;
  bool dns = true;            // answer DNS on this LAN
  bool advertise = true;      // be an IPv6 router here
  std::uint16_t subnet = 0;   // of every delegated prefix; by default its place by name
  std::vector<Ipv6> hosts{};  // interface identifiers: the router's addresses in every /64 here; the first is ::1
  UlaKind ula = UlaKind::None;
  std::optional<Prefix> ula_prefix{};  // a /64, when Fixed
  std::string domain;
};

enum class Protocol : std::uint8_t { Any, Tcp, Udp, Icmp };

struct FromAnywhere {};
struct FromSelf {};
struct FromLan {
  std::string name;
};
/// Whatever prefix the uplink has.
struct FromPrefix {
  UplinkId uplink;
};
using PolicySource = std::variant<FromAnywhere, FromSelf, FromLan, FromPrefix, Prefix>;

enum class PolicyMode : std::uint8_t { Failover, Balance };
enum class Sticky : std::uint8_t { None, Source, SourceDestination };
enum class Otherwise : std::uint8_t { NextPolicy, Unreachable };

struct PolicyConfig {
  std::size_t index = 0;  // order of the array
  int file_line = 0;      // for `why`
  std::string label;      // "policy 2" or its name
  PolicySource from;
  Protocol protocol = Protocol::Any;
  std::vector<PortRange> ports;       // destination ports
  std::vector<Prefix> to;             // destinations
  std::vector<UplinkId> to_prefixes;  // and whatever prefix these have
  std::vector<UplinkId> use;          // in this order
  PolicyMode mode = PolicyMode::Failover;
  Sticky sticky = Sticky::Source;
  std::map<std::string, unsigned> weights;  // per uplink; default the uplink's weight
  Otherwise otherwise = Otherwise::NextPolicy;
  Duration return_after = seconds(10);

  bool names_destinations() const { return !to.empty() || !to_prefixes.empty(); }
};

/// Where a published port leads: a LAN host, the router by its internal address ("self:53"), or a
/// service bound to the uplink's own address, left as it is ("local").
struct ToHost {
  Ipv4 host;
  std::uint16_t port = 0;
};
struct ToSelf {
  std::uint16_t port = 0;
};
struct ToLocal {};
using PublishTarget = std::variant<ToHost, ToSelf, ToLocal>;

/// A LAN host over IPv6, which is not translated: it is asked at its own address and port.
struct ToHost6 {
  Ipv6 host;
  std::string lan;  // an identifier, in every prefix of the uplinks on this LAN; empty: the whole address
};
using PublishTarget6 = std::variant<ToHost6, ToSelf, ToLocal>;

struct PublishConfig {
  std::size_t index = 0;
  int file_line = 0;
  std::vector<UplinkId> uplinks;   // over IPv4, and over IPv6
  std::vector<UplinkId> uplinks6;  // over IPv6: these, and those of which only the prefix is named
  Protocol protocol = Protocol::Tcp;
  PortRange ports;
  std::optional<Ipv4> address;        // another address of a routed block
  std::optional<PublishTarget> to;    // for a range: the first port, the others in order; none: not over IPv4
  std::optional<PublishTarget6> to6;  // none: not over IPv6
  std::vector<Prefix> allow;          // empty: everyone
};

struct ControlConfig {
  bool others_may_look = false;
};

struct GlobalConfig {
  Ipv4 router_address{0xc0000008};  // 192.0.0.8 (RFC 7600): source of the router's own flows before NAT
  std::uint32_t mark_mask = 0xff000000;
  ResolvConf resolv_conf = ResolvConf::Leave;
  std::vector<Address> fallback_dns;
  std::string hooks_dir = "/etc/michi/hooks.d";
  Duration hook_timeout = seconds(30);
  unsigned padi_burst = 1;  // first PADIs per MAC: token bucket; 0 turns it off
  Duration padi_interval = seconds(1);
  bool repair = true;  // false: damage others do is only reported
};

struct Config {
  GlobalConfig global;
  ControlConfig control;
  std::vector<LineConfig> lines;
  std::vector<UplinkConfig> uplinks;   // by name
  std::vector<LanConfig> lans;         // by name
  std::vector<PolicyConfig> policies;  // by order; the file's, plus the implied last one
  std::vector<PublishConfig> publishes;

  const UplinkConfig* find(const UplinkId& id) const;
  const LanConfig* find_lan(std::string_view name) const;

  // A line is named by its interface and is there without a table of its own.
  const LineConfig* find_line(std::string_view interface) const;
  /// The interface of the line below an uplink, through those it stands on; empty where there is none.
  const std::string& line_of(const UplinkConfig& uplink) const;
  /// Those that stand on a line, by themselves or through others.
  std::vector<const UplinkConfig*> uplinks_on(std::string_view interface) const;
  /// How many of them the access contract counts.
  std::size_t sessions_on(std::string_view interface) const;
};

using ConfigPtr = std::shared_ptr<const Config>;
using Secrets = std::map<std::string, Secret>;  // by uplink name

}  // namespace michi::model

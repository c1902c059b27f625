#pragma once
// What michi wants in the kernel and what it finds there, as comparable values.
//
// Identity and content are kept apart: key() says which object it is, the rest is what it looks
// like. Nothing here knows netlink or nft; names of devices stand for their indexes.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/time.hpp"
#include "model/device_name.hpp"
#include "model/optional_address.hpp"
#include "model/uplink.hpp"

namespace michi::model {

inline constexpr std::uint8_t kRouteProtocol = 109;  // rt_protos.d/michi.conf
inline constexpr std::uint32_t kTableBase = 20000;   // 20000: closed; 20000+n: uplink n
inline constexpr std::uint32_t kTableClosed = 20000;
inline constexpr std::uint32_t kTableSelf = 20251;  // law 8 for the router's own packets
inline constexpr std::uint32_t kTableEnd = 20255;
inline constexpr std::uint32_t kPriorityFirst = 20000;  // the rule band
inline constexpr std::uint32_t kPriorityLast = 20999;
inline constexpr std::uint32_t kMarkShift = 24;
inline constexpr std::uint32_t kMarkMain = 0xffu << kMarkShift;         // law 2: arrived on a foreign interface
inline constexpr std::uint32_t kMarkUnreachable = 0xfeu << kMarkShift;  // policy says: nowhere
inline constexpr std::string_view kSelfDevice = "michi0";  // carries the internal address, no reader behind it

/// An interface as the kernel shows it.
struct Link {
  std::string name;
  std::uint32_t index = 0;
  bool up = false;       // IFF_UP
  bool carrier = false;  // IFF_LOWER_UP
  std::uint32_t mtu = 0;
  Mac mac;
  std::string kind;   // "tun", "veth", "" for physical
  std::string alias;  // ifalias; michi writes "michi" on its own devices
  bool operator==(const Link&) const = default;
};

/// Carries the internal address; nothing is ever sent or read there.
struct InternalDevice {
  bool operator==(const InternalDevice&) const = default;
};
/// The IP side of a session: what is routed into it is the data plane's.
struct SessionTun {
  bool operator==(const SessionTun&) const = default;
};
using DeviceUse = std::variant<InternalDevice, SessionTun>;

/// A device michi makes and keeps.
struct DeviceWant {
  std::string name;
  std::uint32_t mtu = 1500;
  bool up = true;
  DeviceUse what = SessionTun{};
  bool operator==(const DeviceWant&) const = default;
};

struct AddressEntry {
  std::string device{};
  Prefix address;  // with host bits
  bool no_prefix_route = true;
  auto key() const { return std::tie(device, address); }
  auto operator<=>(const AddressEntry&) const = default;
};

enum class RouteType : std::uint8_t { Unicast, Unreachable };

struct RouteEntry {  // held twice for every closed prefix: kept small
  std::uint32_t table = 0;
  Prefix to;
  std::uint32_t metric = 0;
  RouteType type = RouteType::Unicast;
  DeviceName device{};        // empty for Unreachable
  OptionalAddress source{};   // preferred source
  OptionalAddress gateway{};  // next hop
  std::uint8_t protocol = kRouteProtocol;
  std::uint32_t mtu = 0;  // 0: none
  auto key() const { return std::tie(table, to, metric); }
  auto operator<=>(const RouteEntry&) const = default;
};
static_assert(sizeof(RouteEntry) <= 88);

enum class RuleAction : std::uint8_t { Lookup, Unreachable };

struct RuleEntry {
  Family family = Family::V4;
  std::uint32_t priority = 0;
  RuleAction action = RuleAction::Lookup;
  std::uint32_t table = 0;
  std::optional<Prefix> from{};
  std::string oif{};
  std::string iif{};
  std::uint32_t mark = 0, mark_mask = 0;  // mask 0: no mark selector
  std::optional<std::uint32_t> suppress_prefix_length{};
  std::uint8_t protocol = kRouteProtocol;
  auto operator<=>(const RuleEntry&) const = default;  // a rule is its own key
};

/// The tables of nftables that are michi's: `inet michi`, and `netdev michi` for what is carried from one
/// interface to another below IP.
enum class NftFamily : std::uint8_t { Inet, Netdev };
inline constexpr NftFamily kNftFamilies[] = {NftFamily::Inet, NftFamily::Netdev};

constexpr std::string_view to_text(NftFamily family) { return family == NftFamily::Inet ? "inet" : "netdev"; }

/// The whole of a table of michi's. `structure` is nft text of chains, set and map declarations;
/// `elements` the members of each named set or map, as nft element text. A change in elements only
/// is applied as a delta, one in structure replaces the table; both in one transaction.
struct NftTable {
  std::string structure;
  std::map<std::string, std::set<std::string>> elements;
  bool operator==(const NftTable&) const = default;
};

/// A named counter of the table, as it stands.
struct FirewallCounter {
  std::string name;
  std::uint64_t packets = 0, bytes = 0;
  bool operator==(const FirewallCounter&) const = default;
};

/// What session frames of one direction of a passed-through session came to.
struct PassedTraffic {
  Mac source, destination;
  std::uint16_t session_id = 0;
  std::uint64_t packets = 0, bytes = 0;
  bool operator==(const PassedTraffic&) const = default;
};

struct SysctlWant {
  std::string path;  // "net/ipv4/conf/isp/rp_filter"
  std::string value{};
  /// Raised only after the firewall stands (ip_forward).
  bool after_firewall = false;
  /// Put back when michi's objects are flushed.
  bool restore = false;
  /// Written only where the device is a host that listens to router advertisements: `path` is its accept_ra, and
  /// its forwarding is off.
  bool only_on_hosts = false;
  auto operator<=>(const SysctlWant&) const = default;
};

/// A PPPoE session: both ends on one Ethernet interface, and its number there (RFC 2516 §4).
struct EthernetSession {
  std::string interface;
  Mac local, peer;
  std::uint16_t session_id = 0;
  bool operator==(const EthernetSession&) const = default;
};
/// What the packets of a device travel in.
using Carriage = std::variant<EthernetSession>;

/// A session the data plane shall carry.
struct AttachWant {
  UplinkId uplink;
  std::string device{};  // the TUN
  std::uint16_t mtu = 1492;
  /// The largest packet accepted from the wire. 0: the larger of `mtu` and 1492.
  std::uint16_t mru = 0;
  bool ipv4 = false, ipv6 = false;
  /// Sources that may leave here; everything else is dropped and counted.
  std::vector<Prefix> own_sources{};
  /// The name of the plane that shall carry it (PlaneFacts); empty: none of them can.
  std::string plane{};
  Carriage carriage{};
  bool operator==(const AttachWant&) const = default;
};

/// What a data plane says of itself, once, at start.
struct PlaneFacts {
  std::string name;  // "tun", as the file and `michi status` write it
  bool makes_devices = false;
  bool carries_ethernet_sessions = false;
  bool operator==(const PlaneFacts&) const = default;
};

/// What the router says of one prefix on a LAN. Ends are those of the lease; one that has passed is said as zero.
struct AdvertisedPrefix {
  Prefix prefix;
  Instant preferred_until = Instant::max();
  Instant valid_until = Instant::max();
  /// Hosts reach each other's addresses without the router. Otherwise everything goes to the router.
  bool on_link = true;
  auto operator<=>(const AdvertisedPrefix&) const = default;
};

/// Router advertisements of one LAN. What was advertised and is no longer here is taken back by whoever sends them.
struct AdvertisementWant {
  std::string lan;
  std::string device;
  bool default_router = false;
  bool other = false;     // options by stateless DHCPv6
  std::uint32_t mtu = 0;  // 0: none is said
  std::vector<AdvertisedPrefix> prefixes;
  std::vector<Prefix> routes;  // reached through us even where we are no default router (ULA)
  std::vector<Ipv6> dns;       // `::` stands for the router's link-local address there
  std::vector<std::string> domains;
  bool operator==(const AdvertisementWant&) const = default;
};

/// Neighbour discovery proxy of a line's /64 for one LAN: which of its addresses are hosts there, and answers for
/// these on the line.
struct ProxyWant {
  std::string uplink;
  std::string device;  // of the line
  Prefix prefix;
  std::string lan;
  std::string lan_device;
  bool answers = false;  // the prefix is the line's now; otherwise hosts are only looked after
  bool operator==(const ProxyWant&) const = default;
};

/// A host that has shown itself there.
struct Neighbour {
  Ipv6 address;
  std::string device;
  auto operator<=>(const Neighbour&) const = default;
};

struct ResolverServer {
  Address server;
  std::string device;                  // bound to this uplink's device
  std::vector<std::string> domains{};  // empty: all names
  auto operator<=>(const ResolverServer&) const = default;
};

struct ResolverWant {
  std::vector<ResolverServer> servers;
  /// Domains of an uplink that has no server now: answered with "no such name", asked of nobody else.
  std::set<std::string> unanswered;
  bool operator==(const ResolverWant&) const = default;
};

/// The flows of one uplink, of one family: conntrack entries with this mark.
struct FlowsOf {
  std::uint32_t mark = 0;
  Family family = Family::V4;
  auto operator<=>(const FlowsOf&) const = default;
};

/// Everything that follows from configuration and facts. Order inside does not matter.
struct Desired {
  std::vector<DeviceWant> devices;
  /// Interfaces the file names that are not michi's: brought up, never taken down, nothing else.
  std::set<std::string> links_up;
  std::vector<AttachWant> attaches;
  std::vector<AddressEntry> addresses;
  std::vector<RouteEntry> routes;
  std::vector<RuleEntry> rules;
  NftTable firewall;
  /// Members of maps of `firewall` that change often, by map: the only part that may also be told alone, between two
  /// of these (Reconciler::on_shares). `structure` declares the maps, `elements` does not name them.
  std::map<std::string, std::set<std::string>> shares;
  NftTable pass_through;  // table `netdev michi`; empty: there is none
  std::vector<SysctlWant> sysctls;
  ResolverWant resolver;
  std::vector<AdvertisementWant> advertisements;
  std::vector<ProxyWant> proxies;
  /// Flows that must choose again, because their uplink went away. Performed once per change of the
  /// generation, after everything else is in place.
  std::map<FlowsOf, std::uint64_t> flows_to_move;
  /// Damage by others is put right. If not, it is told once and left as it is.
  bool repair = true;
};

/// What the kernel has. `routes` and `rules` hold michi's own (by protocol, table range and band);
/// `addresses` and `links` everybody's.
struct Observed {
  bool complete = false;  // a full dump has been read
  std::map<std::string, Link> links;
  std::set<AddressEntry> addresses;
  std::set<AddressEntry>
      own_addresses;  // of these, those with our protocol, on whichever device; older kernels tell none
  std::set<RouteEntry> routes;
  std::multiset<RuleEntry> rules;
  /// Other people's, for warnings; of their selectors only what a RuleEntry has.
  std::multiset<RuleEntry> foreign_rules;
  /// Sysctls the kernel tells of by itself, by path; what is not here is not known.
  std::map<std::string, std::string> sysctls;
};

}  // namespace michi::model

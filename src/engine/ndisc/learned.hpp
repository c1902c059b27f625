#pragma once
// What the routers of an uplink's link have said and what still holds of it.
//
// Tables are bounded: a new entry takes the place of the one heard longest ago. Nothing here sends or
// knows a timer; the owner asks when something ends. Addresses are formed, not tested: duplicate address
// detection is the kernel's when it gets them.
//
// RFC 4861 §6.3.4, RFC 4862 §5.5.3, RFC 4191 §3, RFC 8106 §5 and §6.1, RFC 8781 §5.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ndisc/message.hpp"

namespace michi::engine::ndisc {

using wire::icmp6::Preference;

/// A default router.
struct Router {
  Ipv6 address;  // link-local
  std::optional<Mac> mac;
  Preference preference = Preference::Medium;
  bool managed = false;
  bool other = false;
  Instant until{};
};
struct OnLinkPrefix {
  Prefix prefix;
  Ipv6 router;  // the last that advertised it: the first hop for its addresses (RFC 8028)
  Instant until{};
};
/// By stateless autoconfiguration, from a /64.
struct FormedAddress {
  Ipv6 address;
  Prefix prefix;
  Ipv6 router;
  Instant preferred_until{};
  Instant valid_until{};
  bool deprecated = false;  // preferred_until has passed
};
struct LearnedRoute {
  Prefix prefix;
  Ipv6 router;  // the next hop
  Preference preference = Preference::Medium;
  Instant until{};
};
struct NameServer {
  Ipv6 address;
  Ipv6 router;
  Instant until{};
};
struct SearchDomain {
  std::string name;
  Ipv6 router;
  Instant until{};
};
struct Nat64Prefix {
  Prefix prefix;
  Ipv6 router;
  Instant until{};
};

/// All of it at one time. `heard`, the flags and the two lists of prefixes tell the variants of a line
/// apart: one without an advertisement at all, one with M or O and no prefix (delegation by DHCPv6), one
/// with only a /64.
struct Learned {
  bool heard = false;  // any valid advertisement since start
  /// Of any default router; without one, of the last advertisement.
  bool managed = false;
  bool other = false;
  std::uint8_t hop_limit = 0;        // the last that was not 0; 0: nobody said
  std::optional<std::uint32_t> mtu;  // 1280 to the link's own
  std::vector<Router> routers;       // best preference first
  std::vector<OnLinkPrefix> on_link;
  std::vector<FormedAddress> addresses;
  std::vector<LearnedRoute> routes;
  std::vector<NameServer> name_servers;
  std::vector<SearchDomain> search_domains;
  std::vector<Nat64Prefix> nat64;
};

/// When whoever knows `told` has to be told `is`: at once (Instant::min()) if anything but a deadline
/// differs, or one comes 2 s earlier; for deadlines that moved on, when half of what is really left was
/// told to be left; kNever if all is the same.
Instant report_due(const Learned& told, const Learned& is);

class LearnedTable {
 public:
  static constexpr std::size_t kMaxRouters = 8;
  static constexpr std::size_t kMaxPrefixes = 16;  // on link, and as many addresses
  static constexpr std::size_t kMaxRoutes = 32;
  static constexpr std::size_t kMaxNames = 16;  // name servers, and as many search domains
  static constexpr std::size_t kMaxNat64 = 4;

  LearnedTable(std::uint64_t interface_id, std::uint32_t link_mtu) : interface_id_(interface_id), link_mtu_(link_mtu) {}

  void take(const wire::icmp6::RouterAdvertisement& advertisement, const Ipv6& router, Instant now);
  void expire(Instant now);
  /// When the next entry ends or is deprecated; kNever if none does.
  Instant next_change() const;
  Learned snapshot(Instant now) const;
  bool has_router() const { return !routers_.empty(); }
  /// Entries that gave way to newer ones.
  std::uint64_t displaced() const { return displaced_; }

 private:
  template <class T, class Same>
  void remember(std::vector<T>& table, std::size_t most, T entry, Same same, Instant now);
  void take_prefix(const wire::icmp6::PrefixInformation& option, const Ipv6& router, Instant now);
  void take_address(const wire::icmp6::PrefixInformation& option, const Ipv6& router, Instant now);
  void take_route(const wire::icmp6::RouteInformation& option, Router& router, Instant now);

  std::uint64_t interface_id_;
  std::uint32_t link_mtu_;
  bool heard_ = false;
  bool managed_ = false;
  bool other_ = false;
  std::uint8_t hop_limit_ = 0;
  std::optional<std::uint32_t> mtu_;
  // Each in the order of hearing, the longest ago first.
  std::vector<Router> routers_;
  std::vector<OnLinkPrefix> on_link_;
  std::vector<FormedAddress> addresses_;
  std::vector<LearnedRoute> routes_;
  std::vector<NameServer> name_servers_;
  std::vector<SearchDomain> search_domains_;
  std::vector<Nat64Prefix> nat64_;
  std::uint64_t displaced_ = 0;
};

}  // namespace michi::engine::ndisc

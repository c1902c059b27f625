#pragma once
// Configuration, number and facts of every uplink joined, as all parts of this room read them.
//
// Here it is decided, once, what an uplink may be used for: a held duplicate has no address and is
// not usable, and a device name that somebody else's interface has is not ours.

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.hpp"

namespace michi::policy {

/// std::ranges::contains, which this library does not have yet.
template <class Range, class Value, class Projection = std::identity>
bool holds(const Range& range, const Value& value, Projection projection = {}) {
  return std::ranges::find(range, value, projection) != std::ranges::end(range);
}

/// Where michi's marks sit inside packet and conntrack marks. The other bits are never touched.
struct Marks {
  std::uint32_t mask = 0xff000000;

  std::uint32_t of(unsigned value) const;
  std::uint32_t main() const { return of(0xff); }     // law 2
  std::uint32_t nowhere() const { return of(0xfe); }  // policy says: unreachable
};

struct UplinkView {
  const model::UplinkConfig* config = nullptr;
  const model::UplinkFacts* facts = nullptr;  // nullptr: not heard of yet
  model::UplinkNumber number = 0;
  bool usable4 = false, usable6 = false;
  std::optional<Ipv4> address{};     // held by the session, not a duplicate
  std::optional<Ipv6> link_local{};  // likewise
  std::uint16_t mtu = 1492;

  const std::string& name() const { return config->id.name; }
  std::uint32_t table() const { return model::kTableBase + number; }
  bool usable(Family family) const { return family == Family::V4 ? usable4 : usable6; }
};

class View {
 public:
  explicit View(const Inputs& inputs);

  const Inputs& inputs() const { return inputs_; }
  const model::Config& config() const { return inputs_.config; }
  Marks marks() const { return {inputs_.config.global.mark_mask}; }
  Ipv4 internal() const { return inputs_.config.global.router_address; }

  const std::vector<UplinkView>& uplinks() const { return uplinks_; }
  const UplinkView* find(std::string_view name) const;

  /// The file names this interface: law 2 does not hold for it.
  bool named(const std::string& interface) const { return named_.contains(interface); }
  const std::set<std::string>& named() const { return named_; }
  bool is_lan(const std::string& interface) const;
  /// The Ethernet interface of an uplink that is not a LAN at the same time.
  std::set<std::string> outside() const;
  /// Addresses of interfaces the file does not name; link-local ones are bound to their interface anyway.
  std::vector<model::AddressEntry> foreign_addresses() const;

  /// Sources that may leave by this uplink: its address, blocks routed to it, published addresses.
  std::vector<Prefix> own(const UplinkView& uplink) const;
  /// Blocks of LANs that are not translated when they leave by this uplink.
  std::vector<Prefix> routed(const UplinkView& uplink) const;

 private:
  const Inputs& inputs_;
  std::vector<UplinkView> uplinks_;
  std::set<std::string> named_;
};

/// Canonical, sorted, none inside another: what an interval set of nftables takes.
std::vector<Prefix> disjoint(std::vector<Prefix> prefixes);
std::vector<model::PortRange> disjoint(std::vector<model::PortRange> ranges);

/// The slots of a balancing line: names by slot, kSlots of them, empty without a usable uplink. The
/// slots of a lost uplink are shared by the others, who keep their own.
inline constexpr std::size_t kSlots = 60;
std::vector<std::string> share_slots(const model::PolicyConfig& line, const model::Config& config,
                                     const std::vector<model::UplinkId>& usable);
/// The hash of a sticky line is keyed by its label: the same after a restart.
std::uint32_t hash_seed(const model::PolicyConfig& line);

// The parts of derive().
std::vector<model::RuleEntry> derive_rules(const View& view);
std::vector<model::RouteEntry> derive_routes(const View& view);
model::NftTable derive_firewall(const View& view);
std::vector<model::SysctlWant> derive_sysctls(const View& view);
model::ResolverWant derive_resolver(const View& view);

}  // namespace michi::policy

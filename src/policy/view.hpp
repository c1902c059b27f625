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

#include "base/net/per_family.hpp"
#include "policy/policy.hpp"
#include "policy/translation.hpp"

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

/// A prefix delegated to an uplink, and how michi divides it (docs/decisions/0010).
struct Delegation {
  Prefix prefix;
  const model::PrefixFacts* facts = nullptr;

  bool confirmed() const { return facts->confirmed; }
  /// Subnet k for LAN number k; the last is michi's own.
  std::optional<Prefix> subnet(std::uint64_t k) const;
  /// The last /64: translated hosts become addresses of it. None where there is only one.
  std::optional<Prefix> reserved() const;
  /// The uplink's own, for bound sockets and published services.
  Ipv6 device_address() const;
  /// Source of the router's own flows while their uplink is open.
  Ipv6 self_address() const;
};

/// The line's own /64, of which a LAN has a part (docs/decisions/0012).
struct SharedPrefix {
  Prefix prefix;
  const model::PrefixFacts* facts = nullptr;
};

struct UplinkView {
  const model::UplinkConfig* config = nullptr;
  const model::UplinkFacts* facts = nullptr;  // nullptr: not heard of yet
  model::UplinkNumber number = 0;
  const UplinkView* carrier = nullptr;  // the uplink it stands on
  PerFamily<bool> usable{};
  bool carries6 = false;  // usable, and with an address the internet can answer to
  /// It is judged dead, and another uplink is a road for everything.
  PerFamily<bool> passed_over{};
  std::optional<Ipv4> address{};             // held by the session, not a duplicate
  std::optional<Ipv6> link_local{};          // likewise
  std::vector<Ipv6> addresses6{};            // the line's own global ones
  std::vector<Delegation> prefixes{};        // confirmed ones first
  std::vector<SharedPrefix> shared{};        // likewise
  Translation translation{};                 // of what leaves in IPv4
  std::vector<model::OuterAddress> outer{};  // of uplinks that stand on it: on its device, by its table
  std::uint16_t mtu = 1492;

  const std::string& name() const { return config->id.name; }
  const std::string& device() const { return config->device(); }
  const model::Traits& traits() const { return config->traits(); }
  std::uint32_t table() const { return model::kTableBase + number; }
  /// A probe says that nothing comes back: its own, or that of an uplink below it.
  bool dead(Family family) const { return is_carrier_dead() || (facts != nullptr && facts->dead(family)); }
  bool is_carrier_dead() const { return carrier != nullptr && carrier->dead(Family::V6); }
  /// What a policy may choose.
  bool carries(Family family) const { return family == Family::V4 ? usable.v4 : carries6; }
  /// Addresses of IPv6 that stand on its device, but for the link-local one.
  std::vector<Ipv6> device_addresses() const;
  std::uint16_t mtu_of(Family family) const;
  /// The delegation that is forwarded to us now.
  const Delegation* delegation() const;
  /// Source of what is bound to this uplink in IPv6.
  std::optional<Ipv6> source6() const;
};

/// A /64 of a LAN. Without an uplink it is the house's own (RFC 4193).
struct Subnet {
  Prefix prefix;
  const UplinkView* uplink = nullptr;
  const model::PrefixFacts* facts = nullptr;
  bool passed_over = false;  // its uplink is, and hosts here may take another
  bool by_proxy = false;     // the line's own: its other addresses are on the WAN

  /// The internet answers hosts of it now.
  bool alive() const { return facts != nullptr && facts->confirmed && uplink->carries6 && !passed_over; }
};

class View {
 public:
  /// The inputs are read for as long as the view is.
  explicit View(const Inputs& inputs);
  View(const View&) = delete;  // uplinks point at each other
  View& operator=(const View&) = delete;

  const Inputs& inputs() const { return inputs_; }
  const model::Config& config() const { return inputs_.config; }
  Marks marks() const { return {inputs_.config.global.mark_mask}; }
  Ipv4 internal() const { return inputs_.config.global.router_address; }

  const std::vector<UplinkView>& uplinks() const { return uplinks_; }
  const UplinkView* find(std::string_view name) const;
  const UplinkView* find_device(std::string_view device) const;

  /// The file names this interface: law 2 does not hold for it.
  bool named(const std::string& interface) const { return named_.contains(interface); }
  const std::set<std::string>& named() const { return named_; }
  bool is_lan(const std::string& interface) const;
  /// The Ethernet interface of an uplink that is not a LAN at the same time.
  std::set<std::string> outside() const;
  /// Addresses of interfaces the file does not name; link-local ones are bound to their interface anyway.
  std::vector<model::AddressEntry> foreign_addresses() const;

  /// Sources that may leave by this uplink: its addresses, blocks routed to it, published addresses, prefixes that
  /// are confirmed.
  std::vector<Prefix> own(const UplinkView& uplink) const;
  std::vector<Prefix> own(const UplinkView& uplink, Family family) const;
  bool owns(const UplinkView& uplink, const Address& address) const;
  /// What a policy line means by "prefix.NAME": delegated ones, remembered too while hosts may have addresses of them,
  /// and the line's own /64.
  static std::vector<Prefix> prefixes_of(const UplinkView& uplink);
  /// Blocks of LANs that are not translated when they leave by this uplink.
  std::vector<Prefix> routed(const UplinkView& uplink) const;

  /// Law 8 holds for this family: main's default is no way out. For IPv6 only once an uplink has, or is expected to
  /// have, more than a link-local address.
  bool governs(Family family) const;
  /// The /64s of a LAN, its own first, remembered ones too.
  std::vector<Subnet> subnets(const model::LanConfig& lan) const;
  /// The LAN that has what cannot be divided: the first that would advertise it.
  const model::LanConfig* first_lan(const UplinkView& uplink) const;
  /// The router's addresses on a LAN that follow from these. None in a shared one: somebody on the WAN may have them.
  static std::vector<Ipv6> router_addresses(const model::LanConfig& lan, const Subnet& subnet);
  /// The /48 the house's own subnets are of, when a LAN has one.
  std::optional<Prefix> ula() const;
  /// Source of the router's own, unbound flows in IPv6.
  std::optional<Ipv6> self_source6() const;

 private:
  UplinkView join(const model::UplinkConfig& config, const model::UplinkFacts& facts, bool is_held,
                  const std::vector<const model::PrefixFacts*>& prefixes) const;
  void carry();
  void pass_over();

  const Inputs& inputs_;
  std::vector<UplinkView> uplinks_;
  std::set<std::string> named_;
};

}  // namespace michi::policy

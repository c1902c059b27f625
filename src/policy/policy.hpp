#pragma once
// All uplinks' facts and the configuration → the whole desired kernel state, and the explanation of
// a flow. Pure: the same inputs give the same text, byte for byte.
//
// It never compares with what is there (reconcile) and never waits (the Selector's deadlines do).
// ARCHITECTURE.md "The routing law" is the specification.

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/net/per_family.hpp"
#include "base/time.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "model/pass_through.hpp"
#include "model/uplink.hpp"

namespace michi::policy {

inline constexpr std::uint32_t kTableMain = 254;

using AllFacts = std::map<std::string, model::UplinkFacts>;  // by uplink name
using Numbers = std::map<std::string, model::UplinkNumber>;  // by uplink name

/// Gives every configured uplink a number, keeping those it has. `taken` are numbers that must not
/// be reused yet (another name's objects are still in the kernel).
Numbers assign_numbers(const model::Config& config, const Numbers& known);
/// Name→number as the kernel's own rules tell it (oif DEV lookup 20000+n). With the configuration also of uplinks
/// whose device has a name of its own.
Numbers recover_numbers(const std::multiset<model::RuleEntry>& rules, const model::Config& config = {});

/// Which uplinks each policy line uses now. An engine, because return-after takes time.
///
/// Fail-over: a lost uplink is left at once; a better one that was lost before is taken again only
/// after it has been usable for return-after. An uplink that was never lost is taken at once.
///
/// One that its probe judges dead is passed over like a lost one, as long as there is another road: a wrong verdict
/// must not cut the last one (docs/decisions/0013).
class Selector {
 public:
  void configure(model::ConfigPtr config, Instant now);
  void on_facts(const AllFacts& facts, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;

  /// The addresses an earlier run left on the session devices, before the first facts: a session
  /// that comes back with another address makes the flows of the old one choose again.
  void adopt(const std::set<model::AddressEntry>& addresses);

  struct Choice {
    std::vector<model::UplinkId> usable;  // those that share the flows; one unless balancing
    bool despite = false;                 // all of them are judged dead, and there is no other road
    bool operator==(const Choice&) const = default;
  };
  /// By policy index. Empty `usable`: the line is skipped or unreachable, as it says.
  const std::vector<Choice>& choices(Family family) const { return choices_[family]; }
  /// An uplink lost what its flows of this family need (its addresses, the address, ports or prefix they
  /// were translated to): they must choose again. Counts per uplink.
  const std::map<std::string, std::uint64_t>& moves(Family family) const { return moves_[family]; }

 private:
  struct Seen {
    std::optional<Instant> usable_since;
    bool lost_before = false;
    bool judged_dead = false;  // usable otherwise
    bool passed_over = false;  // for that, by a line
  };
  /// What flows were translated to: not what carries them, which may change beneath them.
  struct InnerSource {
    Ipv4 address;
    model::PortSet ports{};  // of an earlier run none: only its address is known
  };
  using SeenByName = std::map<std::string, Seen>;

  static bool see(Seen& seen, bool usable, bool dead, Instant now);
  bool changed_address(const model::UplinkConfig& uplink, const model::UplinkFacts& facts);
  bool lost_prefix(const model::UplinkConfig& uplink, const std::vector<Prefix>& now);
  void choose(Family family, Instant now);
  void pass_over(Family family);
  Choice choose_policy(const model::PolicyConfig& policy, const Choice& current, const SeenByName& seen, Instant now);
  Choice choose_despite(const model::PolicyConfig& policy, const SeenByName& seen) const;
  bool may_use(const model::PolicyConfig& policy, const model::UplinkId& id) const;

  model::ConfigPtr config_;
  PerFamily<SeenByName> seen_;
  PerFamily<std::vector<Choice>> choices_;
  std::map<std::string, InnerSource> last_source_;        // by device
  std::map<std::string, std::vector<Prefix>> last_own6_;  // by device
  PerFamily<std::map<std::string, std::uint64_t>> moves_;
  std::optional<Instant> deadline_;
};

/// A base chain of somebody else's that may drop what michi lets through.
struct ForeignChain {
  std::string family, table, chain, hook, policy;
};

/// What must be known of interfaces the file does not name (law 2), and of those it names.
struct Surroundings {
  std::map<std::string, model::Link> links;
  std::set<model::AddressEntry> addresses;
  /// Table main, as far as it is known beyond connected networks (a gateway is not told, only the
  /// device): for explain() only.
  std::vector<model::RouteEntry> main_routes;
  /// `main_routes` holds all that main says of the flow's addresses.
  bool main_asked = false;
  /// For warnings() only: sysctls as they are ("net/ipv4/conf/all/rp_filter"), other people's rules
  /// and base chains. What is not given is not warned of.
  std::map<std::string, std::string> sysctls;
  std::vector<model::RuleEntry> foreign_rules;
  std::vector<ForeignChain> foreign_chains;
};

struct Inputs {
  const model::Config& config;
  const Numbers& numbers;
  const AllFacts& facts;
  const Selector& selector;
  const Surroundings& surroundings;
  std::optional<Prefix> ula{};                     // the house's own /48 (RFC 4193), kept by the runtime
  std::span<const model::Neighbour> neighbours{};  // hosts that proxies have found
  std::span<const model::PassedSession> passed{};  // sessions of LAN clients
  std::span<const model::PlaneFacts> planes{};     // what the data planes can do
};

model::Desired derive(const Inputs& inputs);

/// dnsmasq's static configuration (LANs, DHCP) and its servers file, as text.
std::string dnsmasq_config(const model::Config& config, const std::string& run_directory);
std::string dnsmasq_servers(const model::ResolverWant& want);

/// Local addresses held by more than one uplink: the later in configuration order are to be held.
std::vector<model::UplinkId> duplicate_addresses(const model::Config& config, const AllFacts& facts);

/// Prefixes by uplink as they may be used. What overlaps another uplink's, or can be nobody's, is refused: confirmed
/// ones come before remembered ones, then configuration order.
struct HeldPrefixes {
  std::map<std::string, std::vector<const model::PrefixFacts*>> held;
  std::vector<std::pair<model::UplinkId, Prefix>> refused;
};
HeldPrefixes hold_prefixes(const model::Config& config, const AllFacts& facts);

struct FlowQuery {
  Address destination;
  std::optional<Address> source;  // nullopt: the router itself
  std::string arrives_on;         // interface; empty: found from the source
  model::Protocol protocol = model::Protocol::Any;
  std::uint16_t port = 0;  // destination port
  std::uint16_t source_port = 0;
};

struct Explanation {
  enum class Verdict : std::uint8_t { Uplink, Main, Local, Unreachable, Published };
  Verdict verdict = Verdict::Unreachable;
  std::string uplink;                   // when Uplink or Published; balancing without `sticky`: the first candidate
  std::string carried_by;               // the uplink that this one stands on; empty: a line
  std::string device;                   // where law 1 or a published service leads, if known
  std::string translated_source;        // after NAT
  std::string law;                      // "5 closed network", "7 policy 2"
  std::string rule;                     // the line of the file, or the kernel rule
  std::vector<std::string> reasons;     // in order, sentences
  std::vector<std::string> candidates;  // balancing: all that may carry it (hash decides)
};
/// Law 2's packet mark.
std::uint32_t main_mark(const model::Config& config);
Explanation explain(const Inputs& inputs, const FlowQuery& query);

/// Warnings about things outside michi that will break it (rp_filter=1, overlapping marks, foreign
/// base chains, LAN overlapping closed prefixes …).
std::vector<model::Event> warnings(const Inputs& inputs);

}  // namespace michi::policy

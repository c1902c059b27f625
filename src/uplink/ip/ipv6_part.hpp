#pragma once
// IPv6 of one uplink beyond its link-local address: asks for a prefix or an address by DHCPv6, listens to
// router advertisements, and keeps what the link gave beyond the link's end.
//
// One for every kind of uplink: it is told of a link, not of a session. The conversations exist while the
// link is up; what they gave is confirmed while the link stands and remembered until its time is over. A
// prefix is confirmed on every new link (DHCPv6 Rebind). Where nothing is delegated, the line's own /64
// from a router's advertisement takes the place of a delegation. Nothing here waits for an answer: the
// uplink carries what it can without one.
//
// RFC 8415 (engine/dhcp6), RFC 4861 and 4862 (engine/ndisc), RFC 9096 §3.1 (no Release unless wanted).

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "engine/dhcp6/client.hpp"
#include "engine/ndisc/router_discovery.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/uplink.hpp"
#include "uplink/ip/datagram.hpp"
#include "uplink/ip/ipv6_diagnosis.hpp"
#include "uplink/ip/known_prefixes.hpp"
#include "uplink/ip/lease_record.hpp"

namespace michi::uplink {

/// The link the conversations are held on.
struct Ipv6Link {
  Ipv6 local;              // our link-local address, usable now
  std::optional<Mac> mac;  // of the link itself; none on a session
  Mac carrier;             // of the Ethernet interface below: what a DHCPv6 server may know us by
  std::uint32_t mtu = 1500;
  engine::ndisc::LinkKind kind = engine::ndisc::LinkKind::PointToPoint;
};

/// What the network said, as far as it holds now.
struct Ipv6Learned {
  std::vector<model::PrefixFacts> prefixes;  // confirmed ones first
  std::vector<Ipv6> addresses;               // of the line itself: assigned ones, then autoconfigured ones
  std::vector<Ipv6> dns;                     // DHCPv6's, then those of advertisements
  std::vector<std::string> domains;
  std::optional<Ipv6> router;                    // the best default router that advertises itself
  std::uint32_t mtu = 0;                         // as advertised; 0: nobody did
  std::optional<model::SoftwireFacts> softwire;  // what DHCPv6 said of carrying IPv4
};

class Ipv6Part {
 public:
  using Output = std::variant<Datagram, PersistLease, model::Event>;  // the events name no uplink

  Ipv6Part(std::string name, model::DelegationConfig config, Ipv6Memory memory, Random random, Instant now);

  /// Another configuration: the conversation begins anew, what is known stays.
  void configure(const model::DelegationConfig& config, Instant now);
  /// A link, or another in the place of the last one.
  void on_link_up(const Ipv6Link& link, Instant now);
  void on_link_down(Instant now);
  /// Gives leases back, on a link that is up; releasing() until that is done.
  void release(Instant now);
  void on_datagram(const Heard& datagram, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  bool is_up() const { return link_.has_value(); }
  bool releasing() const;
  const Ipv6Learned& learned() const { return learned_; }
  /// "dhcp6 Bound, nd Settled"; empty without a link.
  std::string state_text() const;
  /// "a DHCPv6 server (Solicit sent 3 times)"; empty when it has what it wants.
  std::string waiting_for() const;
  std::optional<Instant> next_renewal(Instant now) const;
  Ipv6Diagnosis diagnosis() const;
  /// For another one in the place of this.
  Ipv6Memory memory(Instant now) const;
  /// Whoever waits for a server asks now instead of when the pause is over.
  void ask_again(Instant now);

 private:
  using Client = engine::dhcp6::Client;
  struct SavedLease {
    engine::dhcp6::Lease lease;  // its times are unused
    Instant preferred_until{};
    Instant valid_until{};
  };

  void begin(Instant now);
  void save_leases(Instant now);
  engine::dhcp6::Settings client_settings() const;
  ByteVec choose_duid();
  void settle(Instant now);
  void drain_client(Instant now);
  void drain_information();
  void drain_discovery();
  void on_leased(const engine::dhcp6::Held& held, bool anew, Instant now);
  void on_withdrawn(const engine::dhcp6::Withdrawn& gone, Instant now);
  void on_failed(const engine::dhcp6::Failed& failure);
  void judge_on_link(Instant now);
  void ask_information(Instant now);
  void compose(Instant now);
  void keep(Instant now);
  LeaseRecord record(Instant now) const;
  void tell(model::Severity severity, std::string code, std::string text);

  std::string name_;
  model::DelegationConfig config_;
  Ipv6Memory memory_;
  Random random_;
  std::optional<Ipv6Link> link_;
  ByteVec duid_;
  ByteVec server_;
  std::vector<SavedLease> saved_;  // while no client holds them
  KnownPrefixes known_;

  // While the link is up.
  std::unique_ptr<Client> client_;
  std::unique_ptr<Client> information_;  // where there is nothing to lease
  std::unique_ptr<engine::ndisc::RouterDiscovery> discovery_;
  engine::ndisc::Learned routers_;
  std::vector<Ipv6> assigned_;
  wire::dhcp6::Info info_;
  bool gave_nothing_ = false;  // DHCPv6 has failed once on this link, in whatever way

  std::set<engine::dhcp6::FailCause> complained_;  // since the last lease
  std::string refusal_;                            // likewise
  std::vector<Prefix> on_link_told_;
  Ipv6Learned learned_;
  std::optional<LeaseRecord> kept_;
  Instant kept_at_{};
  std::optional<Instant> keep_due_;
  std::list<Output> outputs_;
};

/// What an uplink's IAID is unless the file says another: the same from start to start.
std::uint32_t iaid_of(std::string_view uplink);

}  // namespace michi::uplink

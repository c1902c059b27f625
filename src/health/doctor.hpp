#pragma once
// The traps that take a person an evening, as questions to what is known: the configuration, the uplinks'
// facts, what was heard on the wires for a few seconds, what stands in the kernel.
//
// Pure: it asks nobody and changes nothing. A question whose evidence is missing is not asked; "good" means
// looked at.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "model/config.hpp"
#include "model/finding.hpp"
#include "model/kernel.hpp"
#include "model/snapshot.hpp"

namespace michi::health {

/// DHCPv6 of one uplink: what its client did, and what passed its device meanwhile.
struct Dhcp6Evidence {
  bool asking = false;                                 // it wants something and has not got it
  unsigned solicits = 0, advertises = 0, replies = 0;  // sent and taken by the client
  std::string refusal{};                               // the server's words, when it refused or offered nothing
  std::string duid{};                                  // the type in use: "ll", "llt", "uuid", "bytes"
  std::optional<unsigned> answers_on_wire{};           // answers seen on the device during the examination
};

struct UplinkEvidence {
  const model::UplinkConfig* config = nullptr;
  const model::UplinkFacts* facts = nullptr;
  std::optional<Dhcp6Evidence> dhcp6{};
  /// Of IPv6 packets in the time of the examination.
  std::optional<std::uint64_t> sent6{}, received6{};
  std::vector<model::ProbeSnapshot> probes{};  // by family, those that run
  /// Its only global addresses belong to a network that does not reach the internet.
  bool closed_only = false;
};

/// A DHCPv4 server that offered something, and what.
struct DhcpServerSeen {
  Ipv4 identifier;
  Mac mac;
  Ipv4 offered{};
  std::optional<Ipv4> router{};
};

struct LanEvidence {
  const model::LanConfig* config = nullptr;
  std::optional<std::vector<Ipv6>> foreign_routers;         // where michi hears advertisements
  std::optional<std::vector<DhcpServerSeen>> dhcp_servers;  // that answered a question, without our own
};

/// Which uplink the packets to a resolver take, against the one it belongs to.
struct ResolverEvidence {
  Address server;
  std::string belongs_to;  // an uplink, or empty
  std::string leaves_by;   // an uplink, "main", or empty
};

struct Evidence {
  const model::Config* config = nullptr;
  std::map<std::string, model::Link> links;
  std::vector<UplinkEvidence> uplinks;  // those that are examined
  std::vector<LanEvidence> lans;
  std::vector<ResolverEvidence> resolvers;  // of the machine itself
  std::vector<std::string> damage;          // what of michi's is not in the kernel as it should be
  std::vector<model::Event> warnings;       // as status has them
};

/// The findings, the worst first; checks that found nothing wrong come last.
std::vector<model::Finding> examine(const Evidence& evidence);

}  // namespace michi::health

#pragma once
// Door: the tables `inet michi` and `netdev michi` of nftables, and the conntrack entries of michi's marks.
//
// Applies nft text in one transaction each. Watches the ruleset: when someone else changes or
// removes one of them, or after a refresh, it reports that table's state as the hash of the kernel's
// own listing of chains and rules (handles and counters left out), so that "unchanged since my last
// commit" can be told without parsing. Never reads or changes another table, but lists other base
// chains that may drop (for diagnostics). While many entries of a mark are being deleted there is a table of michi's
// beside these, `inet michi-moving`, which says which of them are in use.

#include <string>
#include <variant>
#include <vector>

#include "base/net/address.hpp"
#include "model/operation.hpp"
#include "port/door.hpp"

namespace michi::port {

// What this door performs is model's (model/operation.hpp).
using model::CommitRules;
using model::DeleteFlows;
using model::DeleteUntranslated;
using FirewallOp = model::FirewallOperation;

/// A table as the kernel lists it now. Empty hash: it is not there.
struct TableSeen {
  std::string hash;
  /// Who changed it last, when known ("nft (pid 4711)").
  std::string writer;
  /// True when this follows from one of our own commits.
  bool ours = false;
  model::NftFamily table = model::NftFamily::Inet;
};
/// A base chain of somebody else's with policy drop (or a drop rule) on forward, input or output.
struct ForeignChain {
  std::string family, table, chain, hook, policy;
};
struct ForeignChains {
  std::vector<ForeignChain> chains;
};
using FirewallReport = std::variant<Completion, TableSeen, ForeignChains>;

class Firewall {
 public:
  virtual ~Firewall() = default;
  virtual void submit(FirewallOp op, Ticket ticket) = 0;
  virtual void refresh() = 0;
  virtual std::optional<FirewallReport> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
  /// The named counters of `inet michi`, asked of the kernel now. A replaced table counts from nought.
  virtual std::vector<model::FirewallCounter> counters() = 0;
  /// What the elements of `netdev michi` have counted, likewise.
  virtual std::vector<model::PassedTraffic> passed_traffic() = 0;
};

}  // namespace michi::port

#pragma once
// Door: links, addresses, routes and rules of the kernel (rtnetlink).
//
// Performs operations in the order of submission, in slices that keep the loop free, and reports
// every completion. Reports what the kernel has as facts: first a whole dump (between DumpBegin and
// DumpEnd; again after an overrun), then every change by anyone. Only michi's routes and rules are
// reported: routes with protocol 109 or in tables 20000..20255, rules in the band 20000..20999.
// An IPv6 address is there when it may be used: after duplicate detection.
// Links and addresses are reported for all, and of the sysctls net/ipv4/ip_forward and
// net/ipv4/conf/DEVICE/rp_filter, which the kernel announces. Rules of others are told as such.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "model/operation.hpp"
#include "port/door.hpp"

namespace michi::port {

// What this door performs is model's (model/operation.hpp).
using model::AddAddress;
using model::AddRoute;
using model::AddRule;
using model::DeleteAddress;
using model::DeleteRoute;
using model::DeleteRule;
using model::SetLink;
using NetOp = model::NetOperation;

struct DumpBegin {};
struct DumpEnd {};
struct LinkSeen {
  model::Link link;
};
struct LinkGone {
  std::string name;
};
struct AddressSeen {
  model::AddressEntry address;
  bool ours = false;  // it carries michi's protocol number (kernels since 5.18 tell)
};
struct AddressGone {
  model::AddressEntry address;
};
struct RouteSeen {
  model::RouteEntry route;
};
struct RouteGone {
  model::RouteEntry route;
};
struct RuleSeen {
  model::RuleEntry rule;
};
struct RuleGone {
  model::RuleEntry rule;
};
struct ForeignRuleSeen {
  model::RuleEntry rule;
};
struct ForeignRuleGone {
  model::RuleEntry rule;
};
struct SysctlSeen {
  std::string path;
  std::string value;
};
using NetReport = std::variant<Completion, DumpBegin, DumpEnd, LinkSeen, LinkGone, AddressSeen, AddressGone, RouteSeen,
                               RouteGone, RuleSeen, RuleGone, ForeignRuleSeen, ForeignRuleGone, SysctlSeen>;

/// What a device has counted since it exists, whoever's packets they were.
struct LinkCounters {
  std::uint64_t rx_packets = 0, rx_bytes = 0;
  std::uint64_t tx_packets = 0, tx_bytes = 0;
  std::uint64_t rx_dropped = 0, tx_dropped = 0;
  bool operator==(const LinkCounters&) const = default;
};

class KernelNet {
 public:
  virtual ~KernelNet() = default;
  virtual void submit(NetOp op, Ticket ticket) = 0;
  /// Ask for a new dump.
  virtual void refresh() = 0;
  virtual std::optional<NetReport> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
  /// The route of table main that an address takes with this mark (law 2's), asked of the kernel now;
  /// through a gateway, too. Unreachable: main says so. nullopt: main has none.
  virtual std::optional<model::RouteEntry> main_route(const Address& to, std::uint32_t mark) = 0;
  /// Asked of the kernel now. nullopt: there is no such device.
  virtual std::optional<LinkCounters> link_counters(const std::string& device) = 0;
};

}  // namespace michi::port

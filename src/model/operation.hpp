#pragma once
// What is done to the kernel: one struct an operation, grouped by the door that performs it.
//
// `reconcile` says which, the doors of `port` take them as they are; nobody translates. They are values and
// perform nothing. Deleting what is gone already, and adding what is there already, succeed.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/net/address.hpp"
#include "base/overloaded.hpp"
#include "model/kernel.hpp"

namespace michi::model {

// Links, addresses, routes, rules.
struct SetLink {
  std::string name;
  std::optional<bool> up;
  std::optional<std::uint32_t> mtu;
  std::optional<std::string> alias;
};
struct AddAddress {
  AddressEntry address;
};
struct DeleteAddress {
  AddressEntry address;
};
struct AddRoute {
  RouteEntry route;
};  // replaces one with the same key
struct DeleteRoute {
  RouteEntry route;
};
struct AddRule {
  RuleEntry rule;
};
struct DeleteRule {
  RuleEntry rule;
};
using NetOperation = std::variant<SetLink, AddAddress, DeleteAddress, AddRoute, DeleteRoute, AddRule, DeleteRule>;

// Devices of michi's, and what they carry.
/// Makes the device (persistent, with michi's alias), or adopts the one with our alias.
/// EEXIST when the name belongs to a foreign device.
struct EnsureDevice {
  std::string name;
  DeviceUse what = SessionTun{};
};
struct RemoveDevice {
  std::string name;
};
/// Attaches or, for the same uplink, replaces.
struct Attach {
  AttachWant session;
};
struct Detach {
  UplinkId uplink;
};
using PlaneOperation = std::variant<EnsureDevice, RemoveDevice, Attach, Detach>;

// Tables of nftables, and conntrack.
/// nft text, applied as one transaction.
struct CommitRules {
  std::string text;
  NftFamily table = NftFamily::Inet;
};
/// Deletes conntrack entries of this family with (mark & mask) == mark; of many, those in use first. It may then take
/// some tenths of a second, in which other operations go on.
struct DeleteFlows {
  std::uint32_t mark;
  std::uint32_t mask;
  Family family;
};
/// Deletes entries of flows that leave by `device`'s address set wrongly: original source inside
/// michi's LANs and no source NAT. Used after a repair.
struct DeleteUntranslated {
  std::uint32_t mask = 0xffu << kMarkShift;
  /// michi's translated LANs; when empty, the private addresses of RFC 1918 and RFC 6598.
  std::vector<Prefix> inside = {};
};
using FirewallOperation = std::variant<CommitRules, DeleteFlows, DeleteUntranslated>;

struct WriteSysctl {
  SysctlWant want;
};

using Operation = std::variant<NetOperation, PlaneOperation, FirewallOperation, WriteSysctl>;

/// std::visit of the operation itself, whichever door it is for.
template <class Visitor>
decltype(auto) visit_operation(Visitor&& visitor, const Operation& operation) {
  return std::visit(Overloaded{[&](const WriteSysctl& alone) -> decltype(auto) { return visitor(alone); },
                               [&](const auto& of_a_door) -> decltype(auto) { return std::visit(visitor, of_a_door); }},
                    operation);
}

/// As std::get_if, of the operation itself.
template <class Wanted>
const Wanted* operation_if(const Operation& operation) {
  return visit_operation(
      Overloaded{[](const Wanted& found) { return &found; }, [](const auto&) -> const Wanted* { return nullptr; }},
      operation);
}

}  // namespace michi::model

#include "reconcile/diff.hpp"

#include <fmt/format.h>

namespace michi::reconcile {

bool owned(const model::RouteEntry& route) { return route.protocol == model::kRouteProtocol; }

bool owned(const model::RuleEntry& rule) {
  return rule.protocol == model::kRouteProtocol && rule.priority >= model::kPriorityFirst &&
         rule.priority <= model::kPriorityLast;
}

bool owned(const model::Link& link) { return link.alias == kAlias; }

std::optional<model::SetLink> difference(const model::DeviceWant& want, const model::Link& link) {
  model::SetLink change{.name = want.name, .up = {}, .mtu = {}, .alias = {}};
  if (link.up != want.up) change.up = want.up;
  if (link.mtu != want.mtu) change.mtu = want.mtu;
  if (link.alias != kAlias) change.alias = std::string(kAlias);
  if (!change.up && !change.mtu && !change.alias) return std::nullopt;
  return change;
}

std::string describe(const model::AddressEntry& address) {
  return fmt::format("address {} dev {}", to_text(address.address), address.device);
}

std::string describe(const model::RouteEntry& route) {
  std::string text = fmt::format("route {} table {}", to_text(route.to), route.table);
  if (route.metric != 0) text += fmt::format(" metric {}", route.metric);
  if (route.type == model::RouteType::Unreachable) text += " unreachable";
  if (!route.device.empty()) text += fmt::format(" dev {}", route.device.view());
  if (route.gateway) text += fmt::format(" via {}", to_text(*route.gateway));
  if (route.source) text += fmt::format(" src {}", to_text(*route.source));
  if (route.mtu != 0) text += fmt::format(" mtu {}", route.mtu);
  return text;
}

std::string describe(const model::RuleEntry& rule) {
  std::string text = fmt::format("rule {} priority {}", rule.family == Family::V4 ? "inet" : "inet6", rule.priority);
  if (rule.from) text += fmt::format(" from {}", to_text(*rule.from));
  if (!rule.iif.empty()) text += fmt::format(" iif {}", rule.iif);
  if (!rule.oif.empty()) text += fmt::format(" oif {}", rule.oif);
  if (rule.mark_mask != 0) text += fmt::format(" fwmark {:#x}/{:#x}", rule.mark, rule.mark_mask);
  switch (rule.action) {
    case model::RuleAction::Lookup:
      text += fmt::format(" lookup {}", rule.table);
      break;
    case model::RuleAction::Unreachable:
      text += " unreachable";
      break;
  }
  if (rule.suppress_prefix_length) text += fmt::format(" suppress_prefixlength {}", *rule.suppress_prefix_length);
  return text;
}

namespace {
struct Describe {
  std::string operator()(const model::EnsureDevice& op) const { return "device " + op.name; }
  std::string operator()(const model::RemoveDevice& op) const { return "device " + op.name; }
  std::string operator()(const model::SetLink& op) const { return "link " + op.name; }
  std::string operator()(const model::Attach& op) const { return "session " + op.session.uplink.name; }
  std::string operator()(const model::Detach& op) const { return "session " + op.uplink.name; }
  std::string operator()(const model::AddAddress& op) const { return describe(op.address); }
  std::string operator()(const model::DeleteAddress& op) const { return describe(op.address); }
  std::string operator()(const model::AddRoute& op) const { return describe(op.route); }
  std::string operator()(const model::DeleteRoute& op) const { return describe(op.route); }
  std::string operator()(const model::AddRule& op) const { return describe(op.rule); }
  std::string operator()(const model::DeleteRule& op) const { return describe(op.rule); }
  std::string operator()(const model::CommitRules& op) const {
    return fmt::format("firewall table {} michi", to_text(op.table));
  }
  std::string operator()(const model::DeleteFlows& op) const {
    return fmt::format("flows of mark {:#x}{}", op.mark, op.family == Family::V6 ? ", IPv6" : "");
  }
  std::string operator()(const model::DeleteUntranslated&) const { return "flows without translation"; }
  std::string operator()(const model::WriteSysctl& op) const { return "sysctl " + op.want.path; }
};
}  // namespace

std::string describe(const model::Operation& operation) { return model::visit_operation(Describe{}, operation); }

}  // namespace michi::reconcile

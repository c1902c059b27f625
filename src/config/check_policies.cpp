// Which policies can never match, and the policy that is implied.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/draft.hpp"

namespace michi::config {

namespace {

bool is_unconditional(const model::PolicyConfig& policy) {
  return std::holds_alternative<model::FromAnywhere>(policy.from) && policy.protocol == model::Protocol::Any &&
         policy.ports.empty() && !policy.names_destinations();
}

bool holds(const std::vector<Prefix>& prefixes, Family family) {
  return std::ranges::any_of(prefixes, [&](const Prefix& prefix) { return prefix.family() == family; });
}

void check_families(Draft& draft, const model::PolicyConfig& policy) {
  const auto* prefix = std::get_if<Prefix>(&policy.from);
  const bool is_of_uplink = std::holds_alternative<model::FromPrefix>(policy.from);
  if ((prefix == nullptr && !is_of_uplink) || !policy.names_destinations()) return;
  const Family family = prefix == nullptr ? Family::V6 : prefix->family();
  if (holds(policy.to, family) || (family == Family::V6 && !policy.to_prefixes.empty())) return;
  draft.reading.report.warning(draft.reading.place(policy_path(policy.index) + ".to"), "never-matches",
                               fmt::format("{} never matches: from and to are not of one family", policy.label));
}

void check_prefixes(Draft& draft, const model::PolicyConfig& policy) {
  auto check = [&](const model::UplinkId& id, const std::string& key) {
    const model::UplinkConfig* uplink = draft.config.find(id);
    if (uplink == nullptr || uplink->ipv6) return;
    draft.reading.report.warning(draft.reading.place(policy_path(policy.index) + "." + key), "no-ipv6",
                                 fmt::format("{}: uplink {} has ipv6 = false, and so no prefix: nothing matches",
                                             policy.label, in_quotes(id.name)));
  };
  if (const auto* from = std::get_if<model::FromPrefix>(&policy.from)) check(from->uplink, "from");
  for (const model::UplinkId& id : policy.to_prefixes) check(id, "to");
}

std::string names_of(const std::vector<model::UplinkId>& uplinks) {
  std::string out;
  for (const model::UplinkId& id : uplinks) out += (out.empty() ? "" : ", ") + id.name;
  return out;
}

}  // namespace

void check_policies(Draft& draft) {
  const model::PolicyConfig* catches_all = nullptr;
  for (const model::PolicyConfig& policy : draft.config.policies) {
    check_families(draft, policy);
    check_prefixes(draft, policy);
    if (catches_all != nullptr) {
      const bool never = catches_all->otherwise == model::Otherwise::Unreachable;
      draft.reading.report.warning(
          draft.reading.place(policy_path(policy.index)), "after-unconditional",
          fmt::format(
              "{} stands after {}, which has no conditions: it {}", policy.label, catches_all->label,
              never ? "is never used" : fmt::format("is used only while none of {} is up", names_of(catches_all->use))),
          "first match wins; put it before");
    } else if (is_unconditional(policy) && !policy.use.empty()) {  // an error of `use` has been told
      catches_all = &policy;
    }
  }
}

void add_implied_policy(Draft& draft) {
  model::Config& config = draft.config;
  if (std::ranges::any_of(config.policies, is_unconditional)) return;
  std::vector<const model::UplinkConfig*> uplinks;
  for (const model::UplinkConfig& uplink : config.uplinks) {
    if (uplink.default_route) uplinks.push_back(&uplink);
  }
  if (uplinks.empty()) return;
  std::ranges::sort(
      uplinks, [](const auto* a, const auto* b) { return std::tie(b->weight, a->id) < std::tie(a->weight, b->id); });
  model::PolicyConfig policy;
  policy.index = config.policies.size();
  policy.label = "implied policy";
  for (const model::UplinkConfig* uplink : uplinks) policy.use.push_back(uplink->id);
  if (policy.use.size() > 1) {
    draft.reading.report.note(
        {}, "implied-policy",
        fmt::format("no [[policy]] without conditions: the last one is use = {}, by weight and name",
                    names_of(policy.use)),
        "write it to choose another order");
  }
  config.policies.push_back(std::move(policy));
}

}  // namespace michi::config

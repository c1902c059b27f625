// Which policies can never match, which published ports collide, and the policy that is implied.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/draft.hpp"

namespace michi::config {

namespace {

bool is_unconditional(const model::PolicyConfig& policy) {
  return std::holds_alternative<model::FromAnywhere>(policy.from) && policy.protocol == model::Protocol::Any &&
         policy.ports.empty() && policy.to.empty();
}

bool touch(const model::PortRange& a, const model::PortRange& b) { return a.first <= b.last && b.first <= a.last; }

const model::LanConfig* lan_of(const model::Config& config, const Address& address) {
  for (const model::LanConfig& lan : config.lans) {
    if (std::ranges::any_of(lan.addresses, [&](const Prefix& own) { return own.contains(address); })) return &lan;
  }
  return nullptr;
}

void check_families(Draft& draft, const model::PolicyConfig& policy) {
  const auto* from = std::get_if<Prefix>(&policy.from);
  if (from == nullptr || policy.to.empty()) return;
  if (std::ranges::any_of(policy.to, [&](const Prefix& to) { return to.family() == from->family(); })) return;
  draft.reading.report.warning(draft.reading.place(policy_path(policy.index) + ".to"), "never-matches",
                               fmt::format("{} never matches: from and to are not of one family", policy.label));
}

std::string names_of(const std::vector<model::UplinkId>& uplinks) {
  std::string out;
  for (const model::UplinkId& id : uplinks) out += (out.empty() ? "" : ", ") + id.name;
  return out;
}

void check_target(Draft& draft, const model::PublishConfig& publish) {
  const Position at = draft.reading.place(publish_path(publish.index) + ".to");
  const auto* host = std::get_if<model::ToHost>(&publish.to);
  if (host == nullptr || host->port == 0) return;
  const model::LanConfig* lan = lan_of(draft.config, Address(host->host));
  if (lan == nullptr) {
    draft.reading.report.warning(
        at, "target-outside",
        fmt::format("publish {}: {} is in no LAN of this file", publish.index + 1, to_text(host->host)));
  } else if (std::ranges::any_of(lan->addresses,
                                 [&](const Prefix& own) { return own.address == Address(host->host); })) {
    draft.reading.report.warning(at, "target-is-router",
                                 fmt::format("publish {}: {} is the router's own address in [lan.{}]",
                                             publish.index + 1, to_text(host->host), lan->name),
                                 fmt::format("write to = \"self:{}\"", host->port));
  }
}

void check_uplinks_have_ipv4(Draft& draft, const model::PublishConfig& publish) {
  for (const model::UplinkId& id : publish.uplinks) {
    const model::UplinkConfig* uplink = draft.config.find(id);
    if (uplink == nullptr || uplink->ipv4) continue;
    draft.reading.report.warning(draft.reading.place(publish_path(publish.index) + ".uplink"), "no-ipv4",
                                 fmt::format("publish {}: uplink {} has ipv4 = false, and only IPv4 is published",
                                             publish.index + 1, quoted(id.name)));
  }
}

void check_block_address(Draft& draft, const model::PublishConfig& publish) {
  if (!publish.address) return;
  const Position at = draft.reading.place(publish_path(publish.index) + ".address");
  for (const model::UplinkId& id : publish.uplinks) {
    const model::LanConfig* lan = lan_of(draft.config, Address(*publish.address));
    if (lan != nullptr && lan->uplink && *lan->uplink != id) {
      draft.reading.report.error(
          at, "foreign-block",
          fmt::format("publish {}: {} is of the block of uplink {}, not of {}", publish.index + 1,
                      to_text(*publish.address), quoted(lan->uplink->name), quoted(id.name)));
    } else if (lan != nullptr && !lan->uplink) {
      draft.reading.report.warning(at, "inner-address",
                                   fmt::format("publish {}: {} is an address of [lan.{}], which no provider routes",
                                               publish.index + 1, to_text(*publish.address), lan->name),
                                   "the LAN host goes into to = \"…\"");
    }
  }
}

}  // namespace

void check_policies(Draft& draft) {
  const model::PolicyConfig* catches_all = nullptr;
  for (const model::PolicyConfig& policy : draft.config.policies) {
    check_families(draft, policy);
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

void check_publishes(Draft& draft) {
  const std::vector<model::PublishConfig>& all = draft.config.publishes;
  for (const model::PublishConfig& publish : all) {
    check_target(draft, publish);
    check_uplinks_have_ipv4(draft, publish);
    check_block_address(draft, publish);
    for (const model::PublishConfig& other : all) {
      if (other.index >= publish.index) break;
      if (other.protocol != publish.protocol || !touch(other.ports, publish.ports) || other.address != publish.address)
        continue;
      auto shared = std::ranges::find_if(
          publish.uplinks, [&](const auto& id) { return std::ranges::find(other.uplinks, id) != other.uplinks.end(); });
      if (shared == publish.uplinks.end()) continue;
      draft.reading.report.error(
          draft.reading.place(publish_path(publish.index)), "published-twice",
          fmt::format("publish {} and publish {} both take {} port {} of uplink {}", other.index + 1, publish.index + 1,
                      publish.protocol == model::Protocol::Tcp ? "tcp" : "udp",
                      to_text(model::PortRange{std::max(other.ports.first, publish.ports.first),
                                               std::min(other.ports.last, publish.ports.last)}),
                      quoted(shared->name)));
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

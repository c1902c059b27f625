// What stands outside michi and will break it, or surprise: found from values, never repaired here.

#include <fmt/format.h>

#include "policy/openings.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

class Warnings {
 public:
  explicit Warnings(const Inputs& inputs) : view_(inputs), around_(inputs.surroundings) {}

  std::vector<model::Event> collect() {
    reverse_path();
    marks();
    chains();
    devices();
    duplicates();
    subnets();
    services();
    overlaps();
    return std::move(found_);
  }

 private:
  void warn(std::string code, std::string uplink, std::string text) {
    found_.push_back({.severity = model::Severity::Warning,
                      .code = std::move(code),
                      .uplink = std::move(uplink),
                      .text = std::move(text),
                      .fields = {}});
  }

  void reverse_path() {
    auto at = around_.sysctls.find("net/ipv4/conf/all/rp_filter");
    if (at == around_.sysctls.end() || at->second != "1") return;
    warn("host.rp-filter", "",
         "net.ipv4.conf.all.rp_filter is 1 (strict) and overrides every interface: answers from routed blocks and "
         "closed networks are dropped; set it to 0 or 2");
  }

  void marks() {
    const auto mask = view_.marks().mask;
    for (const auto& rule : around_.foreign_rules) {
      const bool ours = rule.priority >= model::kPriorityFirst && rule.priority <= model::kPriorityLast;
      if (ours || (rule.mark_mask & mask) == 0) continue;
      warn("host.mark-overlap", "",
           fmt::format("another rule (priority {}) uses fwmark 0x{:x}/0x{:x}, which overlaps michi's mask 0x{:08x}; "
                       "set `mark-mask` or move the other",
                       rule.priority, rule.mark, rule.mark_mask, mask));
    }
    for (const auto& rule : around_.foreign_rules)
      if (rule.priority > 0 && rule.priority < model::kPriorityFirst)
        warn("host.rule-before", "",
             fmt::format("a rule of somebody else's ({}, priority {}{}) stands before michi's and may take its flows",
                         rule.family == Family::V4 ? "IPv4" : "IPv6", rule.priority,
                         rule.table == 0 ? "" : fmt::format(", table {}", rule.table)));
  }

  void chains() {
    for (const auto& chain : around_.foreign_chains) {
      if (chain.table == "michi") continue;
      warn("host.foreign-chain", "",
           fmt::format("chain {} {} {} (hook {}, policy {}) may drop what michi lets through; accept there what the "
                       "LANs and the published services need",
                       chain.family, chain.table, chain.chain, chain.hook, chain.policy));
    }
  }

  void devices() {
    for (const auto& uplink : view_.config().uplinks) {
      if (!uplink.traits().owns_device) continue;
      auto link = around_.links.find(uplink.id.name);
      if (link != around_.links.end() && link->second.kind != "tun")
        warn("uplink.device-taken", uplink.id.name,
             fmt::format("an interface named {} exists and is not michi's: rename one of the two", uplink.id.name));
    }
    for (const auto& lan : view_.config().lans)
      if (!around_.links.contains(lan.interface))
        warn("lan.no-interface", "", fmt::format("lan.{}: interface {} is not there", lan.name, lan.interface));
  }

  void duplicates() {
    for (const auto& id : duplicate_addresses(view_.config(), view_.inputs().facts))
      warn("uplink.duplicate-address", id.name,
           fmt::format("{} was given an address that another uplink holds: it carries nothing", id.name));
    for (const auto& [id, prefix] : hold_prefixes(view_.config(), view_.inputs().facts).refused)
      warn("uplink.prefix-refused", id.name,
           fmt::format("{} was given {}, which another uplink holds or which is not for hosts: it is not used", id.name,
                       to_text(prefix)));
  }

  void subnets() {
    for (const auto& lan : view_.config().lans)
      for (const auto& uplink : view_.uplinks()) {
        const auto* delegation = uplink.delegation();
        if (!lan.advertise || delegation == nullptr || (lan.uplink && *lan.uplink != uplink.config->id)) continue;
        const bool has_one =
            std::ranges::any_of(view_.subnets(lan), [&](const Subnet& subnet) { return subnet.uplink == &uplink; });
        if (!has_one)
          warn("lan.no-subnet", uplink.name(),
               fmt::format("lan.{}: {} of {} is too small, hosts there get no address of it (`subnet`)", lan.name,
                           to_text(delegation->prefix), uplink.name()));
      }
  }

  /// An uplink that is down is told of elsewhere; here it carries IPv6, and yet nothing is open.
  void services() {
    for (const auto& publish : view_.config().publishes) {
      foreign_service(publish);
      const auto open = openings(view_, publish);
      const bool is_fixed = publish.to6 && std::holds_alternative<model::ToHost6>(*publish.to6) &&
                            std::get<model::ToHost6>(*publish.to6).lan.empty();
      if (!publish.to6 || (is_fixed && !open.empty())) continue;
      for (const auto& id : publish.uplinks6) {
        const auto* uplink = view_.find(id.name);
        if (uplink == nullptr || !uplink->carries6 || holds(open, uplink, &Opening::uplink)) continue;
        warn("publish.closed", id.name,
             fmt::format("publish {} opens nothing over IPv6 on {}: {}", publish.index + 1, id.name,
                         why_closed(publish, *uplink)));
      }
    }
  }

  /// A shared address has only its own ports to publish.
  void foreign_service(const model::PublishConfig& publish) {
    if (!publish.to || publish.address || publish.ports.first == 0 || publish.protocol == model::Protocol::Icmp) return;
    for (const auto& id : publish.uplinks) {
      const auto* uplink = view_.find(id.name);
      if (uplink == nullptr || !uplink->usable.v4) continue;
      const auto reason = foreign_ports(publish.ports, id.name, uplink->translation);
      if (!reason.empty())
        warn("publish.foreign-port", id.name, fmt::format("publish {} on {}: {}", publish.index + 1, id.name, reason));
    }
  }

  /// Law 1 comes before law 5: a connected network hides the part of a closed one that it covers.
  void overlaps() {
    auto check = [&](const Prefix& near, const std::string& owner) {
      for (const auto& uplink : view_.config().uplinks)
        for (const auto& route : uplink.routes)
          if (near.family() == route.family() && near.overlaps(route))
            warn("lan.overlaps-closed", uplink.id.name,
                 fmt::format("{} ({}) overlaps {} of {}: the more specific local route wins", to_text(near.canonical()),
                             owner, to_text(route), uplink.id.name));
    };
    for (const auto& lan : view_.config().lans)
      for (const auto& address : lan.addresses) check(address, "lan." + lan.name);
    for (const auto& entry : view_.foreign_addresses()) check(entry.address, entry.device);
  }

  View view_;
  const Surroundings& around_;
  std::vector<model::Event> found_;
};

}  // namespace

std::vector<model::Event> warnings(const Inputs& inputs) { return Warnings(inputs).collect(); }

}  // namespace michi::policy

// Published services: where they lead (destination NAT) and what the default-deny lets in for them.

#include "policy/publish.hpp"

#include <algorithm>

#include "policy/nft.hpp"
#include "policy/openings.hpp"
#include "policy/port_sets.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

/// Rules for chains `published` (NAT), `published-in` and `published-on` (filters).
struct Rules {
  std::vector<std::string> nat, in, on;
};

/// What both families share.
class Published {
 public:
  Published(const View& view, const model::PublishConfig& config) : view_(view), config_(config) {}

 protected:
  bool has_ports() const { return config_.ports.first != 0 && config_.protocol != model::Protocol::Icmp; }

  /// nullopt: nobody of this family may come.
  std::optional<std::string> allowed(Family family) const {
    if (config_.allow.empty()) return "";
    std::vector<Prefix> sources;
    std::ranges::copy_if(config_.allow, std::back_inserter(sources),
                         [&](const Prefix& allowed) { return allowed.family() == family; });
    if (sources.empty()) return std::nullopt;
    return fmt::format("{} saddr {} ", family == Family::V4 ? "ip" : "ip6", nft::any_of(sources));
  }

  std::string match(const nft::Layer4& l4, const model::PortRange& ports, Family family) const {
    if (l4.protocol == model::Protocol::Icmp)
      return family == Family::V4 ? "icmp type echo-request " : "icmpv6 type echo-request ";
    if (has_ports()) return fmt::format("{} dport {} ", l4.word, nft::to_text(ports));
    return l4.word.empty() ? "" : fmt::format("meta l4proto {} ", l4.word);
  }
  std::string original(const nft::Layer4& l4) const {
    if (!has_ports()) return "";
    return fmt::format("meta l4proto {} ct original proto-dst {} ", l4.word, nft::to_text(config_.ports));
  }

  std::uint16_t first_of(std::uint16_t port) const { return port == 0 ? config_.ports.first : port; }
  model::PortRange from(std::uint16_t first) const {
    return {first, static_cast<std::uint16_t>(first + config_.ports.last - config_.ports.first)};
  }

  /// `to`, and the port that belongs to the one asked for.
  std::string with_port(const std::string& to, const nft::Layer4& l4, std::uint16_t first) const {
    if (!has_ports() || first == config_.ports.first) return to;
    if (config_.ports.first == config_.ports.last) return fmt::format("{}:{}", to, first);
    std::vector<std::string> pairs;
    for (unsigned port = config_.ports.first; port <= config_.ports.last; ++port)
      pairs.push_back(fmt::format("{} : {}", port, port - config_.ports.first + first));
    return fmt::format("{} : {} dport map {{ {} }}", to, l4.word, fmt::join(pairs, ", "));
  }

  const View& view_;
  const model::PublishConfig& config_;
};

class Published4 : Published {
 public:
  using Published::Published;

  std::string set() const { return fmt::format("publish-{}", config_.index + 1); }

  void write(Rules& rules) const {
    const auto from_whom = allowed(Family::V4);
    if (!from_whom) return;
    for (const auto& l4 : nft::layer4(config_.protocol, has_ports())) {
      rules.nat.push_back(
          fmt::format("ip daddr @{} {}{}{}", set(), *from_whom, match(l4, config_.ports, Family::V4), action(l4)));
      if (std::holds_alternative<model::ToLocal>(*config_.to)) {
        rules.in.push_back(
            fmt::format("ip daddr @{} {}{}accept", set(), *from_whom, match(l4, config_.ports, Family::V4)));
        continue;
      }
      auto& filter = std::holds_alternative<model::ToSelf>(*config_.to) ? rules.in : rules.on;
      filter.push_back(fmt::format("ct original ip daddr @{} {}{}ip daddr {} {}accept", set(), original(l4), *from_whom,
                                   to_text(host()), match(l4, from(first_target()), Family::V4)));
    }
  }

  void elements(model::NftTable& table) const {
    auto& members = table.elements[set()];
    if (config_.address) members.insert(to_text(*config_.address));
    if (config_.address) return;
    for (const auto& id : config_.uplinks)
      if (const auto* uplink = view_.find(id.name);
          uplink != nullptr && uplink->address && can_publish(config_, uplink->translation))
        members.insert(to_text(*uplink->address));
  }

 private:
  Ipv4 host() const {
    if (const auto* to = std::get_if<model::ToHost>(&*config_.to)) return to->host;
    return view_.internal();
  }
  std::uint16_t first_target() const {
    if (const auto* to = std::get_if<model::ToHost>(&*config_.to)) return first_of(to->port);
    if (const auto* to = std::get_if<model::ToSelf>(&*config_.to)) return first_of(to->port);
    return config_.ports.first;
  }
  std::string action(const nft::Layer4& l4) const {
    if (std::holds_alternative<model::ToLocal>(*config_.to)) return "accept";
    return with_port(fmt::format("dnat ip to {}", to_text(host())), l4, first_target());
  }
};

/// A rule that opens. Only what the router answers itself is translated, for the reason ToSelf has: a datagram
/// socket on :: answers from the address that the router's own flows have.
class Published6 : Published {
 public:
  using Published::Published;

  std::string set() const { return fmt::format("publish-{}-v6", config_.index + 1); }

  void write(Rules& rules) const {
    const auto from_whom = allowed(Family::V6);
    if (!from_whom) return;
    const auto* self = std::get_if<model::ToSelf>(&*config_.to6);
    auto& filter = ends_here(view_, config_) ? rules.in : rules.on;
    for (const auto& l4 : nft::layer4(config_.protocol, has_ports())) {
      const auto asked = fmt::format("ip6 daddr @{} {}{}", set(), *from_whom, match(l4, config_.ports, Family::V6));
      if (self == nullptr) {
        filter.push_back(asked + "accept");
        continue;
      }
      const auto first = first_of(self->port);
      rules.nat.push_back(asked + with_port("dnat ip6 to ip6 daddr map @inner6", l4, first));
      filter.push_back(fmt::format("ct original ip6 daddr @{} {}{}{}accept", set(), original(l4), *from_whom,
                                   match(l4, from(first), Family::V6)));
    }
  }

  void elements(model::NftTable& table) const {
    auto& members = table.elements[set()];
    for (const auto& opening : openings(view_, config_)) {
      members.insert(to_text(opening.address));
      if (!is_self()) continue;
      if (const auto inner = inner_address(view_, *opening.uplink))
        table.elements["inner6"].insert(fmt::format("{} : {}", to_text(opening.address), to_text(*inner)));
    }
  }
  bool is_self() const { return std::holds_alternative<model::ToSelf>(*config_.to6); }
};

}  // namespace

void write_publishes(const View& view, nft::Body& body, model::NftTable& table) {
  Rules rules;
  bool has_ipv6 = false, has_self6 = false;
  for (const auto& config : view.config().publishes) {
    if (config.to) {
      const Published4 published(view, config);
      body.declare("set", published.set(), "type ipv4_addr;");
      published.elements(table);
      published.write(rules);
    }
    if (config.to6) {
      const Published6 published(view, config);
      body.declare("set", published.set(), "type ipv6_addr;");
      published.elements(table);
      published.write(rules);
      has_ipv6 = true;
      has_self6 = has_self6 || published.is_self();
    }
  }
  // An uplink's address is asked for through that uplink, or from inside.
  std::vector<std::string> nat = {"type nat hook prerouting priority dstnat; policy accept;",
                                  "iifname @uplinks iifname . ip daddr != @own accept"};
  if (has_self6) {
    nat.emplace_back("iifname @uplinks iifname . ip6 daddr != @own6 accept");
    body.declare("map", "inner6", "type ipv6_addr : ipv6_addr;");
    table.elements["inner6"];
  }
  if (has_ipv6)
    for (auto* filter : {&rules.in, &rules.on})
      if (!filter->empty()) filter->insert(filter->begin(), "iifname . ct original ip6 daddr != @own6 return");
  nat.emplace_back("jump published");
  if (has_port_sets(view))
    for (auto* chain : {&rules.nat, &rules.in}) chain->insert(chain->begin(), std::string(kForeignPort));
  body.chain("published", rules.nat);
  body.chain("published-in", rules.in);
  body.chain("published-on", rules.on);
  body.chain("dstnat", nat);
  body.chain("dstnat-output", {"type nat hook output priority -100; policy accept;", "jump published"});
}

}  // namespace michi::policy

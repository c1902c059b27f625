// Published services: where they lead (destination NAT) and what the default-deny lets in for them.

#include <algorithm>

#include "policy/nft.hpp"

namespace michi::policy {

namespace {

class Line {
 public:
  Line(const View& view, const model::PublishConfig& config) : view_(view), config_(config) {}

  std::string set() const { return fmt::format("publish-{}", config_.index + 1); }

  /// Rules for chains `published` (NAT), `published-in` and `published-on` (filters).
  void write(std::vector<std::string>& nat, std::vector<std::string>& in, std::vector<std::string>& on) const {
    for (const auto& l4 : nft::layer4(config_.protocol, has_ports())) {
      nat.push_back(fmt::format("ip daddr @{} {}{}{}", set(), allowed(), match(l4, config_.ports), action(l4)));
      if (std::holds_alternative<model::ToLocal>(config_.to)) {
        in.push_back(fmt::format("ip daddr @{} {}{}accept", set(), allowed(), match(l4, config_.ports)));
        continue;
      }
      auto& filter = std::holds_alternative<model::ToSelf>(config_.to) ? in : on;
      filter.push_back(fmt::format("ct original ip daddr @{} {}{}ip daddr {} {}accept", set(), original(l4), allowed(),
                                   to_text(host()), match(l4, target())));
    }
  }

  void elements(model::NftTable& table) const {
    auto& members = table.elements[set()];
    if (config_.address) members.insert(to_text(*config_.address));
    if (config_.address) return;
    for (const auto& id : config_.uplinks)
      if (const auto* uplink = view_.find(id.name); uplink != nullptr && uplink->address)
        members.insert(to_text(*uplink->address));
  }

 private:
  bool has_ports() const { return config_.ports.first != 0 && config_.protocol != model::Protocol::Icmp; }

  std::string allowed() const {
    std::vector<Prefix> v4;
    std::ranges::copy_if(config_.allow, std::back_inserter(v4),
                         [](const Prefix& p) { return p.family() == Family::V4; });
    if (config_.allow.empty()) return "";
    // Allowed for IPv6 sources only: no IPv4 packet qualifies.
    return v4.empty() ? "ip saddr 255.255.255.255 " : fmt::format("ip saddr {} ", nft::any_of(v4));
  }

  std::string match(const nft::Layer4& l4, const model::PortRange& ports) const {
    if (l4.protocol == model::Protocol::Icmp) return "icmp type echo-request ";
    if (has_ports()) return fmt::format("{} dport {} ", l4.word, nft::to_text(ports));
    return l4.word.empty() ? "" : fmt::format("meta l4proto {} ", l4.word);
  }
  std::string original(const nft::Layer4& l4) const {
    if (!has_ports()) return "";
    return fmt::format("meta l4proto {} ct original proto-dst {} ", l4.word, nft::to_text(config_.ports));
  }

  Ipv4 host() const {
    if (const auto* to = std::get_if<model::ToHost>(&config_.to)) return to->host;
    return view_.internal();
  }
  std::uint16_t first_target() const {
    std::uint16_t port = 0;
    if (const auto* to = std::get_if<model::ToHost>(&config_.to)) port = to->port;
    if (const auto* to = std::get_if<model::ToSelf>(&config_.to)) port = to->port;
    return port == 0 ? config_.ports.first : port;
  }
  model::PortRange target() const {
    const auto width = static_cast<std::uint16_t>(config_.ports.last - config_.ports.first);
    return {first_target(), static_cast<std::uint16_t>(first_target() + width)};
  }

  std::string action(const nft::Layer4& l4) const {
    if (std::holds_alternative<model::ToLocal>(config_.to)) return "accept";
    const auto to = fmt::format("dnat ip to {}", to_text(host()));
    if (!has_ports() || first_target() == config_.ports.first) return to;
    if (config_.ports.first == config_.ports.last) return fmt::format("{}:{}", to, first_target());
    std::vector<std::string> pairs;
    for (unsigned port = config_.ports.first; port <= config_.ports.last; ++port)
      pairs.push_back(fmt::format("{} : {}", port, port - config_.ports.first + first_target()));
    return fmt::format("{} : {} dport map {{ {} }}", to, l4.word, fmt::join(pairs, ", "));
  }

  const View& view_;
  const model::PublishConfig& config_;
};

}  // namespace

void write_publishes(const View& view, nft::Body& body, model::NftTable& table) {
  std::vector<std::string> nat, in, on;
  for (const auto& config : view.config().publishes) {
    const Line line(view, config);
    body.declare("set", line.set(), "type ipv4_addr;");
    line.elements(table);
    line.write(nat, in, on);
  }
  body.chain("published", nat);
  body.chain("published-in", in);
  body.chain("published-on", on);
  body.chain("dstnat", {"type nat hook prerouting priority dstnat; policy accept;",
                        // An uplink's address is asked for through that uplink, or from inside.
                        "iifname @uplinks iifname . ip daddr != @own accept", "jump published"});
  body.chain("dstnat-output", {"type nat hook output priority -100; policy accept;", "jump published"});
}

}  // namespace michi::policy

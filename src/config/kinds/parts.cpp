#include "config/kinds/parts.hpp"

#include <fmt/format.h>

#include <array>

namespace michi::config {

void read_mac(Section& section, model::UplinkConfig& into) {
  const Node* node = section.take("mac", Kind::Text, "\"02:00:00:00:00:01\"");
  if (node == nullptr) return;
  const std::optional<Mac> mac = parse_mac(node->text);
  if (!mac || mac->is_multicast() || mac->is_zero()) {
    section.bad(node->at, "mac", fmt::format("{} is not the address of a host", in_quotes(node->text)),
                "as in \"02:00:00:00:00:01\"");
  } else if (auto* line = std::get_if<model::OnLine>(&into.over)) {
    line->mac = mac;
  }
}

void read_plane(Section& section, model::UplinkConfig& into) {
  std::string name = "auto";
  section.text("plane", name);
  if (name == "auto") {
    into.plane = model::PlaneKind::Auto;
  } else if (name == "tun") {
    into.plane = model::PlaneKind::Tun;
  } else {
    const bool later = name == "ebpf" || name == "kernel";
    section.bad(section.place_of("plane"), "plane",
                fmt::format("{} is {}", in_quotes(name), later ? "not available yet in this version" : "not known"),
                "write \"auto\" or \"tun\"");
  }
}

void read_families(Section& section, model::UplinkConfig& into) {
  section.flag("ipv4", into.ipv4);
  section.flag("ipv6", into.ipv6);
  read_dhcp6(section, into.delegation);
  section.duration("connect-timeout", into.connect_timeout, seconds(1), minutes(10));
}

void read_ethernet(Section& section, model::UplinkConfig& into) {
  if (section.has("closed")) section.flag("closed", into.closed.emplace());
  if (section.has("neighbour-proxy")) section.flag("neighbour-proxy", into.neighbour_proxy.emplace());
}

void check_targets(Draft& draft, const model::UplinkConfig& uplink, bool has4, bool has6) {
  for (const Address& target : uplink.probe.targets) {
    if (target.family() == Family::V4 ? has4 : has6) continue;
    draft.reading.report.warning(draft.reading.place(fmt::format("uplink.{}.probe.targets", uplink.id.name)),
                                 "target-unused",
                                 fmt::format("target {} of [uplink.{}] is never asked: the uplink has no IPv{}",
                                             to_text(target), uplink.id.name, target.family() == Family::V4 ? 4 : 6));
  }
}

std::span<const Instead> instead_on_ethernet() {
  static constexpr std::array<Instead, 3> kInstead = {
      {{"mac", "give the interface itself another address (ip link set DEV address …)"},
       {"address", "the network gives the address; kind = \"static\" for one of your own"},
       {"user", "remove it: nobody is asked for a name on such a line"}}};
  return kInstead;
}

}  // namespace michi::config

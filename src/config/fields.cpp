// Fields of the configuration as text, in the spelling of the file.
#include <fmt/format.h>

#include <algorithm>

#include "config/difference.hpp"
#include "config/values.hpp"

namespace michi::config {

namespace {

std::string address_text(const Address& address) { return michi::to_text(address); }
std::string prefix_text(const Prefix& prefix) { return michi::to_text(prefix); }
std::string id_text(const model::UplinkId& id) { return id.name; }
std::string prefix_of_text(const model::UplinkId& id) { return "prefix." + id.name; }
std::string same(const std::string& text) { return text; }

std::string_view protocol_text(model::Protocol protocol) {
  switch (protocol) {
    case model::Protocol::Any:
      return "any";
    case model::Protocol::Tcp:
      return "tcp";
    case model::Protocol::Udp:
      return "udp";
    case model::Protocol::Icmp:
      return "icmp";
  }
  return "";
}

std::string_view sticky_text(model::Sticky sticky) {
  switch (sticky) {
    case model::Sticky::None:
      return "none";
    case model::Sticky::Source:
      return "source";
    case model::Sticky::SourceDestination:
      return "source-destination";
  }
  return "";
}

std::string servers_text(const model::UplinkDns& dns) {
  switch (dns.source) {
    case model::DnsSource::Peer:
      return "peer";
    case model::DnsSource::None:
      return "none";
    case model::DnsSource::List:
      return joined(dns.servers, address_text);
  }
  return "";
}

std::string duid_text(const model::DelegationConfig& dhcp6) {
  switch (dhcp6.duid) {
    case model::DuidKind::LinkLayer:
      return "link-layer";
    case model::DuidKind::LinkLayerTime:
      return "link-layer-time";
    case model::DuidKind::Uuid:
      return "uuid";
    case model::DuidKind::Bytes:
      return to_hex(dhcp6.duid_bytes);
  }
  return "";
}

std::string plane_text(model::PlaneKind plane) {
  switch (plane) {
    case model::PlaneKind::Auto:
      return "auto";
    case model::PlaneKind::Tun:
      return "tun";
  }
  return "";
}

std::string hosts_text(const std::vector<Ipv6>& hosts) {
  return joined(hosts, [](const Ipv6& host) { return michi::to_text(host); });
}

std::string ula_text(const model::LanConfig& lan) {
  switch (lan.ula) {
    case model::UlaKind::None:
      return "none";
    case model::UlaKind::Auto:
      return "auto";
    case model::UlaKind::Fixed:
      return lan.ula_prefix ? michi::to_text(*lan.ula_prefix) : "";
  }
  return "";
}

struct SourceText {
  std::string operator()(const model::FromAnywhere&) const { return ""; }
  std::string operator()(const model::FromSelf&) const { return "from self"; }
  std::string operator()(const model::FromLan& lan) const { return "from lan." + lan.name; }
  std::string operator()(const model::FromPrefix& from) const { return "from prefix." + from.uplink.name; }
  std::string operator()(const Prefix& prefix) const { return "from " + michi::to_text(prefix); }
};

struct TargetText {
  std::string operator()(const model::ToHost& to) const {
    return fmt::format("{}:{}", michi::to_text(to.host), to.port);
  }
  std::string operator()(const model::ToHost6& to) const {
    return michi::to_text(to.host) + (to.lan.empty() ? "" : " of lan." + to.lan);
  }
  std::string operator()(const model::ToSelf& to) const { return fmt::format("self:{}", to.port); }
  std::string operator()(const model::ToLocal&) const { return "local"; }
};

}  // namespace

Fields fields_of(const model::UplinkConfig& uplink) {
  return {{"kind", std::string(uplink.traits().name)},
          {"interface", uplink.interface()},
          {"over", uplink.parent() != nullptr ? uplink.parent()->name : ""},
          {"mac", text_or_empty(uplink.mac())},
          {"start", yes_no(uplink.start)},
          {"ipv4", yes_no(uplink.ipv4)},
          {"ipv6", yes_no(uplink.ipv6)},
          {"dhcp6.prefix", yes_no(uplink.delegation.prefix)},
          {"dhcp6.address", yes_no(uplink.delegation.address)},
          {"dhcp6.hint", text_or_empty(uplink.delegation.hint)},
          {"dhcp6.duid", duid_text(uplink.delegation)},
          {"dhcp6.iaid", uplink.delegation.iaid ? fmt::format("{}", *uplink.delegation.iaid) : ""},
          {"dhcp6.release", yes_no(uplink.delegation.release)},
          {"closed", uplink.closed ? yes_no(*uplink.closed) : ""},
          {"neighbour-proxy", uplink.neighbour_proxy ? yes_no(*uplink.neighbour_proxy) : ""},
          {"mtu", fmt::format("{}", uplink.mtu)},
          {"mss", uplink.mss == 0 ? "" : fmt::format("{}", uplink.mss)},
          {"default-route", yes_no(uplink.default_route)},
          {"routes", joined(uplink.routes, prefix_text)},
          {"routes-file", uplink.routes_file},
          {"routes-date", uplink.routes_date},
          {"dns.servers", servers_text(uplink.dns)},
          {"dns.domains", joined(uplink.dns.domains, same)},
          {"weight", fmt::format("{}", uplink.weight)},
          {"nat", yes_no(uplink.nat)},
          {"plane", plane_text(uplink.plane)},
          {"connect-timeout", to_text(uplink.connect_timeout)},
          {"probe", yes_no(uplink.probe.on)},
          {"probe.targets", joined(uplink.probe.targets, address_text)},
          {"probe.interval", uplink.probe.on ? to_text(uplink.probe.interval) : ""},
          {"probe.failures", uplink.probe.on ? fmt::format("{}", uplink.probe.failures) : ""},
          {"probe.recovery", uplink.probe.on ? fmt::format("{}", uplink.probe.recovery) : ""}};
}

Fields fields_of(const model::LanConfig& lan) {
  return {{"interface", lan.interface},
          {"address", joined(lan.addresses, prefix_text)},
          {"uplink", lan.uplink ? lan.uplink->name : ""},
          {"nat", yes_no(lan.nat)},
          {"dhcp.first", lan.dhcp ? michi::to_text(lan.dhcp->first) : ""},
          {"dhcp.last", lan.dhcp ? michi::to_text(lan.dhcp->last) : ""},
          {"dhcp.lease", lan.dhcp ? to_text(lan.dhcp->lease) : ""},
          {"dns", yes_no(lan.dns)},
          {"domain", lan.domain},
          {"subnet", fmt::format("{}", lan.subnet)},
          {"advertise", yes_no(lan.advertise)},
          {"hosts", hosts_text(lan.hosts)},
          {"ula", ula_text(lan)}};
}

Fields fields_of(const model::LineConfig& line) {
  return {{"sessions", line.sessions == 0 ? "" : fmt::format("{}", line.sessions)},
          {"pass-through", joined(line.pass_through, [](const std::string& name) { return name; })}};
}

Fields fields_of(const model::GlobalConfig& global, const model::ControlConfig& control) {
  return {{"address", michi::to_text(global.router_address)},
          {"mark-mask", fmt::format("{:#010x}", global.mark_mask)},
          {"resolv-conf", global.resolv_conf == model::ResolvConf::Local ? "local" : "leave"},
          {"fallback-dns", joined(global.fallback_dns, address_text)},
          {"hooks-dir", global.hooks_dir},
          {"hook-timeout", to_text(global.hook_timeout)},
          {"padi-burst", fmt::format("{}", global.padi_burst)},
          {"padi-interval", to_text(global.padi_interval)},
          {"repair", yes_no(global.repair)},
          {"others-may-look", yes_no(control.others_may_look)}};
}

std::string describe(const model::PolicyConfig& policy) {
  std::string out = std::visit(SourceText{}, policy.from);
  auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  auto ports = joined(policy.ports, [](const model::PortRange& range) { return to_text(range); });
  if (policy.protocol != model::Protocol::Any) {
    add(fmt::format("{}{}{}", protocol_text(policy.protocol), ports.empty() ? "" : " ", ports));
  }
  if (!policy.to.empty()) add("to " + joined(policy.to, prefix_text));
  if (!policy.to_prefixes.empty()) add("to " + joined(policy.to_prefixes, prefix_of_text));
  add("use " + joined(policy.use, id_text));
  if (policy.mode == model::PolicyMode::Balance) {
    add(fmt::format("balance, sticky {}", sticky_text(policy.sticky)));
    for (const auto& [name, weight] : policy.weights) add(fmt::format("weight {}={}", name, weight));
  }
  if (policy.otherwise == model::Otherwise::Unreachable) add("otherwise unreachable");
  add("return-after " + to_text(policy.return_after));
  return out;
}

std::string describe(const model::PublishConfig& publish) {
  std::vector<std::string> uplinks;
  for (const auto& id : publish.uplinks6)
    uplinks.push_back(std::ranges::find(publish.uplinks, id) == publish.uplinks.end() ? prefix_of_text(id) : id.name);
  std::string out =
      fmt::format("{} {} of {}", protocol_text(publish.protocol), to_text(publish.ports), joined(uplinks, same));
  if (publish.address) out += " at " + michi::to_text(*publish.address);
  if (publish.to) out += " to " + std::visit(TargetText{}, *publish.to);
  if (publish.to6) out += " over IPv6 to " + std::visit(TargetText{}, *publish.to6);
  if (!publish.allow.empty()) out += " for " + joined(publish.allow, prefix_text);
  return out;
}

}  // namespace michi::config

// What Core knows, as evidence for the doctor.

#include <algorithm>
#include <sstream>

#include "runtime/core/core.hpp"
#include "uplink/ip/closed_network.hpp"

namespace michi::runtime {

namespace {

constexpr auto kResolvConf = "/etc/resolv.conf";

std::string duid_type(const model::DelegationConfig& config) {
  switch (config.duid) {
    case model::DuidKind::LinkLayer:
      return "ll";
    case model::DuidKind::LinkLayerTime:
      return "llt";
    case model::DuidKind::Uuid:
      return "uuid";
    case model::DuidKind::Bytes:
      return "bytes";
  }
  return "";
}

/// The uplink whose network gave this resolver, or for whom the file names it.
std::string owner_of(const Address& server, const model::Config& config, const policy::AllFacts& all) {
  for (const auto& uplink : config.uplinks) {
    if (std::ranges::find(uplink.dns.servers, server) != uplink.dns.servers.end()) return uplink.id.name;
    const auto at = all.find(uplink.id.name);
    if (at == all.end()) continue;
    const auto& facts = at->second;
    const auto is = [&](const auto& each) { return Address(each) == server; };
    if ((facts.v4 && std::ranges::any_of(facts.v4->dns, is)) || (facts.v6 && std::ranges::any_of(facts.v6->dns, is)))
      return uplink.id.name;
  }
  return {};
}

bool only_closed(const model::UplinkFacts& facts) {
  if (!facts.v6) return false;
  std::vector<Prefix> prefixes;
  for (const auto& each : facts.prefixes) prefixes.push_back(each.prefix);
  return uplink::closed_network_of(facts.v6->addresses, prefixes).has_value();
}

/// LANs that can be asked now.
std::map<std::string, Examination::LanWire> lan_wires(const model::Config& config,
                                                      const std::map<std::string, model::Link>& links) {
  std::map<std::string, Examination::LanWire> out;
  for (const auto& lan : config.lans) {
    const auto link = links.find(lan.interface);
    if (link == links.end() || !link->second.up || !link->second.carrier) continue;
    out[lan.name] = {.device = lan.interface, .mac = link->second.mac};
  }
  return out;
}

health::Dhcp6Evidence dhcp6_evidence(const model::UplinkConfig& config, const uplink::Ipv6Diagnosis& told) {
  return {.asking = told.asking,
          .solicits = static_cast<unsigned>(told.solicits),
          .advertises = static_cast<unsigned>(told.advertises),
          .replies = static_cast<unsigned>(told.replies),
          .refusal = told.refusal,
          .duid = duid_type(config.delegation)};
}

/// What this machine itself asks, by its own file.
std::vector<health::ResolverEvidence> resolvers(const Core& core, const std::string& file) {
  std::vector<health::ResolverEvidence> found;
  std::istringstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, text;
    words >> key >> text;
    const auto server = key == "nameserver" ? parse_address(text) : std::nullopt;
    const auto owner = server ? owner_of(*server, *core.config(), core.facts()) : std::string{};
    if (owner.empty()) continue;
    policy::FlowQuery query;
    query.destination = *server;
    query.protocol = model::Protocol::Udp;
    query.port = 53;
    const auto way = core.why(query);
    const bool main = way.verdict == policy::Explanation::Verdict::Main;
    found.push_back({.server = *server, .belongs_to = owner, .leaves_by = main ? "main" : way.uplink});
  }
  return found;
}

}  // namespace

Core::Answer Core::examine(const std::string& uplink) {
  if (ending()) return Answer::Ending;
  if (!uplink.empty() && !uplinks_.facts().contains(uplink)) return Answer::UnknownUplink;
  now_ = doors_.alarm.now();
  examined_ = uplink;
  std::map<std::string, std::string> devices;
  const auto& links = view_.observed().links;
  for (const auto& config : config_->uplinks) {
    if (!uplink.empty() && config.id.name != uplink) continue;
    const auto link = links.find(config.device());
    if (link != links.end() && link->second.up) devices[config.id.name] = link->first;
  }
  examination_.begin(devices,
                     uplink.empty() ? lan_wires(*config_, links) : std::map<std::string, Examination::LanWire>{}, now_);
  for (const auto& [name, device] : devices) uplinks_.ask_again(name, now_);
  schedule_();
  return Answer::Done;
}

std::vector<model::Finding> Core::findings() const {
  if (!running_ || !config_) return {};
  health::Evidence evidence{.config = config_.get(),
                            .links = view_.observed().links,
                            .uplinks = {},
                            .lans = {},
                            .resolvers = resolvers(*this, doors_.files.read(kResolvConf).value_or("")),
                            .damage = plan(),
                            .warnings = warnings()};
  for (const auto& config : config_->uplinks) {
    const auto* unit = uplinks_.find(config.id.name);
    if (unit == nullptr || (!examined_.empty() && config.id.name != examined_)) continue;
    const auto& facts = unit->life().facts();
    health::UplinkEvidence uplink{.config = &config, .facts = &facts};
    if (config.ipv6 && facts.v6) uplink.dhcp6 = dhcp6_evidence(config, unit->life().ipv6_diagnosis());
    uplink.probes = unit->probe().snapshots(doors_.alarm.now());
    uplink.closed_only = only_closed(facts);
    examination_.describe(config.id.name, uplink);
    evidence.uplinks.push_back(std::move(uplink));
  }
  if (!examined_.empty()) return health::examine(evidence);
  const auto advertised = lans();
  for (const auto& config : config_->lans) {
    health::LanEvidence lan{.config = &config, .foreign_routers = {}, .dhcp_servers = {}};
    const auto seen = std::ranges::find(advertised, config.name, &model::LanSnapshot::name);
    if (seen != advertised.end()) {
      lan.foreign_routers.emplace();
      for (const auto& other : seen->foreign_routers) lan.foreign_routers->push_back(other.address);
    }
    examination_.describe(config.name, lan);
    evidence.lans.push_back(std::move(lan));
  }
  return health::examine(evidence);
}

}  // namespace michi::runtime

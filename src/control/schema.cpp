#include "control/schema.hpp"

#include <boost/json.hpp>

#include "base/bytes.hpp"

namespace michi::control {

namespace json = boost::json;

namespace {

json::value milliseconds_of(const std::optional<Duration>& duration) {
  if (!duration) return nullptr;
  return whole_milliseconds(*duration);
}

json::value microseconds_of(const std::optional<Duration>& duration) {
  if (!duration) return nullptr;
  return std::chrono::duration_cast<microseconds>(*duration).count();
}

template <class List>
json::array texts(const List& list) {
  json::array array;
  for (const auto& each : list) array.emplace_back(to_text(each));
  return array;
}

json::array strings(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

json::value session_json(const std::optional<model::SessionRecord>& session) {
  if (!session) return nullptr;
  return json::object{
      {"id", session->session_id},          {"interface", session->interface}, {"local_mac", to_text(session->local)},
      {"peer_mac", to_text(session->peer)}, {"ac_name", session->ac_name},     {"service_name", session->service_name}};
}

json::value ipv4_json(const std::optional<model::Ipv4Facts>& facts) {
  if (!facts) return nullptr;
  return json::object{{"address", to_text(facts->local)}, {"peer", to_text(facts->peer)}, {"dns", texts(facts->dns)}};
}

json::value ipv6_json(const std::optional<model::Ipv6Facts>& facts) {
  if (!facts) return nullptr;
  return json::object{{"address", to_text(facts->local)},
                      {"peer", to_text(facts->peer)},
                      {"addresses", texts(facts->addresses)},
                      {"dns", texts(facts->dns)},
                      {"domains", strings(facts->domains)},
                      {"mtu", facts->mtu == 0 ? json::value(nullptr) : json::value(facts->mtu)}};
}

json::value proxy_json(const std::optional<model::ProxySnapshot>& proxy) {
  if (!proxy) return nullptr;
  return json::object{{"lan", proxy->lan},     {"state", proxy->state},       {"hosts", proxy->hosts},
                      {"asked", proxy->asked}, {"answered", proxy->answered}, {"withheld", proxy->withheld}};
}

json::array prefixes_json(const std::vector<model::PrefixSnapshot>& prefixes) {
  json::array out;
  for (const auto& one : prefixes)
    out.push_back(json::object{{"prefix", to_text(one.prefix)},
                               {"state", one.confirmed ? "confirmed" : "remembered"},
                               {"preferred_ms", milliseconds_of(one.preferred)},
                               {"valid_ms", milliseconds_of(one.valid)},
                               {"on_link", one.on_link},
                               {"proxy", proxy_json(one.proxy)}});
  return out;
}

json::array dns_json(const model::UplinkFacts& facts) {
  json::array servers;
  if (facts.v4) servers = texts(facts.v4->dns);
  if (!facts.v6) return servers;
  for (const auto& server : facts.v6->dns) servers.emplace_back(to_text(server));
  return servers;
}

json::array addresses_json(const model::UplinkFacts& facts) {
  json::array addresses;
  if (facts.v4) addresses.emplace_back(to_text(facts.v4->local));
  if (!facts.v6) return addresses;
  addresses.emplace_back(to_text(facts.v6->local));
  for (const auto& address : facts.v6->addresses) addresses.emplace_back(to_text(address));
  return addresses;
}

json::object counters_json(const model::TrafficCounters& counters) {
  return {{"rx_packets", counters.rx_packets},
          {"rx_bytes", counters.rx_bytes},
          {"tx_packets", counters.tx_packets},
          {"tx_bytes", counters.tx_bytes},
          {"rx_dropped", counters.rx_dropped},
          {"tx_dropped", counters.tx_dropped},
          {"foreign_source", counters.foreign_source},
          {"interface", counters.interface.empty() ? json::value(nullptr) : json::value(counters.interface)},
          {"shared_with", strings(counters.shared_with)}};
}

json::array probes_json(const std::vector<model::ProbeSnapshot>& probes) {
  json::array out;
  for (const auto& one : probes) {
    json::array probed;
    for (const auto& each : one.probed)
      probed.push_back(json::object{{"address", to_text(each.address)},
                                    {"next_hop", each.is_next_hop},
                                    {"answers", each.answers},
                                    {"round_trip_us", microseconds_of(each.round_trip)},
                                    {"last_answer_ms", milliseconds_of(each.last_answer)}});
    out.push_back(json::object{{"family", one.family == Family::V4 ? "ipv4" : "ipv6"},
                               {"health", model::to_text(one.health.verdict)},
                               {"detail", one.health.detail},
                               {"probed", std::move(probed)}});
  }
  return out;
}

std::string remedy_for(const model::UplinkFacts& facts) {
  std::string remedy(model::remedy_of(facts.reason));
  if (const auto at = remedy.find("NAME"); at != std::string::npos) remedy.replace(at, 4, facts.id.name);
  return remedy;
}

}  // namespace

json::value to_json(const model::UplinkSnapshot& uplink) {
  const auto& facts = uplink.facts;
  return json::object{{"name", facts.id.name},
                      {"number", uplink.number},
                      {"interface", uplink.interface},
                      {"plane", uplink.plane},
                      {"state", model::to_text(facts.shown_state())},
                      {"since_ms", whole_milliseconds(uplink.in_state)},
                      {"reason", model::to_text(facts.reason)},
                      {"detail", facts.detail},
                      {"remedy", remedy_for(facts)},
                      {"next_attempt_ms", milliseconds_of(uplink.next_attempt)},
                      {"attempts", facts.attempts},
                      {"waiting_for", strings(uplink.waiting_for)},
                      {"attached", facts.attached},
                      {"mtu", facts.mtu == 0 ? json::value(nullptr) : json::value(facts.mtu)},
                      {"auth", facts.auth},
                      {"protocol_state", uplink.protocol_state},
                      {"last_setup_ms", milliseconds_of(facts.last_setup)},
                      {"addresses", addresses_json(facts)},
                      {"dns", dns_json(facts)},
                      {"ipv4", ipv4_json(facts.v4)},
                      {"ipv6", ipv6_json(facts.v6)},
                      {"prefixes", prefixes_json(uplink.prefixes)},
                      {"prefix_renewal_ms", milliseconds_of(uplink.next_renewal)},
                      {"probes", probes_json(uplink.probes)},
                      {"session", session_json(facts.session)},
                      {"counters", counters_json(uplink.traffic)},
                      {"closed_routes", uplink.closed_routes},
                      {"routes_date", uplink.routes_date}};
}

json::value to_json(const model::LanSnapshot& lan) {
  json::array prefixes;
  for (const auto& prefix : lan.prefixes)
    prefixes.push_back(json::object{{"prefix", to_text(prefix.prefix)},
                                    {"deprecated", prefix.preferred == Duration::zero()},
                                    {"preferred_ms", milliseconds_of(prefix.preferred)},
                                    {"valid_ms", milliseconds_of(prefix.valid)}});
  json::array foreign;
  for (const auto& router : lan.foreign_routers)
    foreign.push_back(json::object{{"address", to_text(router.address)},
                                   {"default", router.is_default},
                                   {"conflicts", strings(router.conflicts)}});
  return json::object{{"name", lan.name},
                      {"interface", lan.device},
                      {"state", lan.state},
                      {"default_router", lan.default_router},
                      {"prefixes", std::move(prefixes)},
                      {"foreign_routers", std::move(foreign)},
                      {"advertisements", lan.advertisements},
                      {"answers", lan.answers},
                      {"solicitations", lan.solicitations}};
}

json::value to_json(const model::PassedSnapshot& passed) {
  const auto& session = passed.session;
  return json::object{{"line", session.line},
                      {"lan", passed.lan_name},
                      {"client", to_text(session.client)},
                      {"ac", to_text(session.concentrator)},
                      {"session", session.session_id},
                      {"age_ms", milliseconds_of(passed.age)},
                      {"rx_packets", passed.traffic.rx_packets},
                      {"rx_bytes", passed.traffic.rx_bytes},
                      {"tx_packets", passed.traffic.tx_packets},
                      {"tx_bytes", passed.traffic.tx_bytes}};
}

json::value to_json(const model::Event& event) {
  json::object fields;
  for (const auto& [name, value] : event.fields) fields[name] = value;
  return json::object{{"severity", model::to_text(event.severity)},
                      {"code", event.code},
                      {"uplink", event.uplink},
                      {"text", event.text},
                      {"fields", std::move(fields)}};
}

json::value to_json(const model::Snapshot& snapshot) {
  json::array uplinks;
  for (const auto& uplink : snapshot.uplinks) uplinks.push_back(to_json(uplink));
  json::array lans;
  for (const auto& lan : snapshot.lans) lans.push_back(to_json(lan));
  json::array passed;
  for (const auto& session : snapshot.passed) passed.push_back(to_json(session));
  json::array policies;
  for (const auto& policy : snapshot.policies) {
    policies.push_back(json::object{{"label", policy.label},
                                    {"use", strings(policy.use)},
                                    {"in_use", strings(policy.in_use)},
                                    {"in_use6", strings(policy.in_use6)}});
  }
  json::array warnings;
  for (const auto& warning : snapshot.warnings) warnings.push_back(to_json(warning));
  json::object firewall;
  for (const auto& counter : snapshot.firewall)
    firewall[counter.name] = json::object{{"packets", counter.packets}, {"bytes", counter.bytes}};
  return reply({{"version", snapshot.version},
                {"start_id", snapshot.start_id},
                {"uptime_ms", whole_milliseconds(snapshot.uptime)},
                {"config", snapshot.config_path},
                {"settled", snapshot.settled},
                {"awaiting_confirmation", snapshot.awaiting_confirmation},
                {"uplinks", std::move(uplinks)},
                {"lans", std::move(lans)},
                {"passed", std::move(passed)},
                {"policies", std::move(policies)},
                {"firewall", std::move(firewall)},
                {"warnings", std::move(warnings)}});
}

json::value to_json(const ReloadReply& answer) {
  json::array changes;
  for (const auto& change : answer.changes) {
    changes.push_back(json::object{{"uplink", change.uplink}, {"effect", change.effect}});
  }
  return reply({{"changes", std::move(changes)},
                {"differences", strings(answer.differences)},
                {"notes", strings(answer.notes)}});
}

json::value to_json(const WhyReply& answer) {
  return reply({{"verdict", answer.verdict},
                {"uplink", answer.uplink},
                {"carried_by", answer.carried_by},
                {"translated_source", answer.translated_source},
                {"device", answer.device},
                {"law", answer.law},
                {"rule", answer.rule},
                {"reasons", strings(answer.reasons)},
                {"candidates", strings(answer.candidates)}});
}

json::value to_json(const ExaminationReply& answer) {
  json::array findings;
  for (const auto& finding : answer.findings) {
    findings.push_back(json::object{{"check", finding.check},
                                    {"uplink", finding.uplink},
                                    {"verdict", model::to_text(finding.verdict)},
                                    {"text", finding.text},
                                    {"evidence", strings(finding.evidence)},
                                    {"remedy", finding.remedy}});
  }
  return reply({{"running", answer.running}, {"findings", std::move(findings)}});
}

json::value to_json(const Refusal& refusal) {
  return reply(
      {{"error", json::object{{"code", refusal.code}, {"text", refusal.text}, {"details", strings(refusal.details)}}}});
}

json::value to_json(const TracedFrame& frame) {
  return json::object{{"time_ns", frame.wall_time_ns},
                      {"direction", frame.outgoing ? "out" : "in"},
                      {"link", frame.link == TracedFrame::Link::Raw ? "raw" : "ethernet"},
                      {"text", frame.text},
                      {"frame", to_hex(frame.frame)}};
}

json::object reply(json::object object) {
  json::object whole{{"schema", kSchema}};
  for (auto& [name, value] : object) whole.emplace(name, std::move(value));
  return whole;
}

json::value uplink_reply(const model::UplinkSnapshot& uplink) { return reply({{"uplink", to_json(uplink)}}); }

json::value plan_reply(const std::vector<std::string>& lines) {
  return reply({{"lines", strings(lines)}, {"empty", lines.empty()}});
}

json::value done_reply() { return reply({{"done", true}}); }

}  // namespace michi::control

#include <fmt/format.h>

#include <algorithm>

#include "health/checks.hpp"

namespace michi::health {

namespace {

using model::Reason;
using model::Verdict;

std::vector<std::string> told_by(const UplinkEvidence& uplink) {
  const auto& facts = *uplink.facts;
  std::vector<std::string> lines = {
      fmt::format("{}: {}", to_text(facts.reason), facts.detail.empty() ? "no detail" : facts.detail)};
  if (facts.attempts > 0) lines.push_back(fmt::format("{} attempts since it was last up", facts.attempts));
  return lines;
}

bool is_up(const UplinkEvidence& uplink) { return uplink.facts->state == model::UplinkState::Up; }

/// Both stand on one access line, directly or by others; where there is none, neither does.
bool same_line(const Evidence& evidence, const model::UplinkConfig& one, const model::UplinkConfig& other) {
  const auto& line = evidence.config->line_of(one);
  return !line.empty() && line == evidence.config->line_of(other);
}

/// R103: the device upstream does not let PPPoE through.
void no_offer(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found) {
  if (is_up(uplink) || uplink.facts->reason != Reason::NoAnswer) return;
  found.wrong(
      Verdict::Bad, "session.no-offer", uplink.config->id.name,
      fmt::format("no access concentrator answers on {}", evidence.config->line_of(*uplink.config)), told_by(uplink),
      "turn PPPoE pass-through (bridge) on in the router or modem upstream, and check that the cable goes to the "
      "port that carries the line; with `ac-name` or `service-name` in the file, try without them");
}

/// R102: some providers allow one service of a line at a time.
void both_services(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found) {
  if (is_up(uplink)) return;
  const auto reason = uplink.facts->reason;
  const bool refused = reason == Reason::NoAnswer || reason == Reason::ServiceRefused || reason == Reason::AcError ||
                       reason == Reason::SessionLimit || reason == Reason::AuthFailed ||
                       reason == Reason::PeerTerminated;
  if (!refused) return;
  const auto other = std::ranges::find_if(evidence.uplinks, [&](const UplinkEvidence& each) {
    return each.config != nullptr && each.facts != nullptr &&
           each.config->traits().address_source == model::AddressSource::Network &&
           same_line(evidence, *each.config, *uplink.config) && each.facts->usable(Family::V6);
  });
  if (other == evidence.uplinks.end()) return;
  auto seen = told_by(uplink);
  seen.push_back(fmt::format("{} (IPoE) is up on the same line", other->config->id.name));
  found.wrong(Verdict::Suspect, "line.forbids-both", uplink.config->id.name,
              "the provider may forbid PPPoE beside IPoE on one line", std::move(seen),
              "ask the provider whether the contract allows both at once; some end the PPPoE account when IPoE begins");
}

void session_limit(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found) {
  if (is_up(uplink) || uplink.facts->reason != Reason::SessionLimit) return;
  auto seen = told_by(uplink);
  const auto* line = evidence.config->find_line(evidence.config->line_of(*uplink.config));
  if (line != nullptr && line->sessions != 0)
    seen.push_back(fmt::format("[line.{}] says {} sessions", line->interface, line->sessions));
  found.wrong(Verdict::Bad, "line.session-limit", uplink.config->id.name,
              "the line carries as many sessions as the contract allows", std::move(seen),
              "end another session, also those of other routers on this line, or wait for an old one to time out");
}

/// R185: a refusal of the account is no fault of the line.
void account(const UplinkEvidence& uplink, Findings& found) {
  const auto reason = uplink.facts->reason;
  if (is_up(uplink) || (reason != Reason::AuthFailed && reason != Reason::AuthMethodRefused &&
                        reason != Reason::AuthNoAnswer && reason != Reason::NoSecret))
    return;
  found.wrong(Verdict::Bad, "session.account", uplink.config->id.name,
              "the line works as far as the account; the account is refused", told_by(uplink),
              std::string(remedy_of(reason)));
}

/// R19..R21: large packets are lost although small ones pass.
void path_mtu(const UplinkEvidence& uplink, Findings& found) {
  const auto mtu = uplink.facts->mtu;
  if (!is_up(uplink) || mtu == 0) return;
  if (mtu >= uplink.config->mtu)
    return found.good("path.mtu", uplink.config->id.name, fmt::format("packets of {} octets pass", mtu));
  const auto* parent = uplink.config->parent();
  found.wrong(Verdict::Suspect, "path.mtu", uplink.config->id.name,
              fmt::format("the file asks for an MTU of {}, the line carries {}", uplink.config->mtu, mtu),
              {fmt::format("agreed with the peer, or proved by echoes of full size: {}", mtu)},
              fmt::format("write mtu = {}, or raise the MTU of {} and of what stands between", mtu,
                          parent != nullptr ? parent->name : uplink.config->interface()));
}

bool is_silent6(const model::ProbeSnapshot& probe) {
  return probe.family == Family::V6 && probe.health.verdict == model::Health::Dead;
}

std::string probed_text(const model::ProbedSnapshot& probed) {
  const auto who = fmt::format("{}{}", probed.is_next_hop ? "the next hop " : "target ", to_text(probed.address));
  if (!probed.last_answer) return who + " has never answered an echo";
  if (probed.answers) return who + " answers";
  return fmt::format("{} last answered {} ms ago", who, whole_milliseconds(*probed.last_answer));
}

/// The uplink it stands on is silent itself: of this one nothing can be said.
bool is_carrier_dead(const Evidence& evidence, const UplinkEvidence& uplink) {
  const auto* parent = uplink.config->parent();
  return parent != nullptr && std::ranges::any_of(evidence.uplinks, [&](const UplinkEvidence& other) {
           return other.config != nullptr && other.config->id == *parent &&
                  std::ranges::any_of(other.probes, is_silent6);
         });
}

/// The state of an uplink says what its protocols agreed on, the probe what comes back (R118).
void probe(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found) {
  if (is_carrier_dead(evidence, uplink)) return;
  for (const auto& probe : uplink.probes) {
    const auto family = probe.family == Family::V4 ? "IPv4" : "IPv6";
    if (probe.health.verdict == model::Health::Good)
      found.good("probe", uplink.config->id.name, fmt::format("echoes come back in {}", family));
    if (probe.health.verdict != model::Health::Dead) continue;
    std::vector<std::string> seen;
    for (const auto& probed : probe.probed) seen.push_back(probed_text(probed));
    const bool next_hop = std::ranges::any_of(
        probe.probed, [](const model::ProbedSnapshot& probed) { return probed.is_next_hop && probed.answers; });
    found.wrong(Verdict::Bad, "probe", uplink.config->id.name,
                fmt::format("up, but nothing comes back in {}: {}", family, probe.health.detail), std::move(seen),
                next_hop
                    ? "the fault is beyond the line: ask the provider; if other traffic passes, the targets answer "
                      "no echo: name others in `probe`"
                    : "check the modem and the line; if other traffic passes, the next hop has stopped answering "
                      "echoes: name targets in `probe`, or write probe = false");
  }
}

}  // namespace

void check_session(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found) {
  if (uplink.config->traits().counts_as_session) {
    no_offer(evidence, uplink, found);
    both_services(evidence, uplink, found);
    session_limit(evidence, uplink, found);
    account(uplink, found);
    if (is_up(uplink)) found.good("session", uplink.config->id.name, "the session is up");
  }
  path_mtu(uplink, found);
  probe(evidence, uplink, found);
}

}  // namespace michi::health

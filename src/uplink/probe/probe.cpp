#include "uplink/probe/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::uplink {
namespace {

using engine::probe::Judgement;
using engine::probe::Stage;
using engine::probe::Verdict;

std::string_view word_of(Family family) { return family == Family::V4 ? "ipv4" : "ipv6"; }

model::Health health_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Unknown:
      return model::Health::Unknown;
    case Verdict::Good:
      return model::Health::Good;
    case Verdict::Dead:
      return model::Health::Dead;
  }
  return model::Health::Unknown;
}

std::string_view stage_text(Stage stage) {
  switch (stage) {
    case Stage::None:
      return "none";
    case Stage::NextHop:
      return "next-hop";
    case Stage::Beyond:
      return "beyond";
    case Stage::Anywhere:
      return "anywhere";
  }
  return "";
}

/// The router of a line, the peer of a session.
std::optional<Address> next_hop_of(const model::UplinkFacts& facts, Family family) {
  if (family == Family::V6) {
    if (!facts.v6 || facts.v6->peer.is_unspecified()) return std::nullopt;
    return facts.v6->peer;
  }
  if (!facts.v4) return std::nullopt;
  if (facts.v4->gateway) return *facts.v4->gateway;
  return facts.v4->peer.is_unspecified() ? std::nullopt : std::optional<Address>(facts.v4->peer);
}

engine::probe::Settings settings_of(const model::ProbeConfig& config, Family family) {
  engine::probe::Settings out{.family = family,
                              .targets = {},
                              .interval = config.interval,
                              .failures = config.failures,
                              .recovery = config.recovery};
  std::ranges::copy_if(config.targets, std::back_inserter(out.targets),
                       [&](const Address& target) { return target.family() == family; });
  return out;
}

}  // namespace

Probe::Probe(std::string name, model::ProbeConfig config, Random random)
    : name_(std::move(name)),
      config_(std::move(config)),
      random_(std::move(random)),
      sides_{made(Family::V4), made(Family::V6)} {}

Probe::Side Probe::made(Family family) {
  return {.family = family, .prober = {settings_of(config_, family), random_.fork()}};
}

void Probe::configure(const model::ProbeConfig& config, Instant now) {
  const bool same = config == config_;
  config_ = config;
  for (Side& side : sides_) {
    if (!same) {
      side.prober.stop();
      drain(side);
      side.prober = {settings_of(config_, side.family), random_.fork()};
    }
    tend(side, now);
  }
}

void Probe::on_facts(const model::UplinkFacts& facts, Instant now) {
  for (Side& side : sides_) {
    side.usable = facts.usable(side.family);
    side.next_hop = next_hop_of(facts, side.family);
    tend(side, now);
  }
}

void Probe::on_socket(Family family, bool stands, Instant now) {
  side(family).socket = stands;
  tend(side(family), now);
}

bool Probe::wants(Family family) const {
  const Side& it = side(family);
  const bool asks = it.next_hop || !it.prober.settings().targets.empty();
  return config_.on && it.usable && asks;
}

void Probe::tend(Side& side, Instant now) {
  const bool runs = wants(side.family) && side.socket;
  if (!runs && side.prober.running()) side.prober.stop();
  if (runs && !side.prober.running()) side.prober.start(side.next_hop, now);
  if (runs) side.prober.on_next_hop(side.next_hop, now);
  drain(side);
}

void Probe::on_message(Family family, Bytes icmp, const Address& source, Instant now) {
  side(family).prober.on_message(icmp, source, now);
  drain(side(family));
}

void Probe::on_deadline(Instant now) {
  for (Side& side : sides_) {
    side.prober.on_deadline(now);
    drain(side);
  }
}

std::optional<Instant> Probe::next_deadline() const {
  std::optional<Instant> soonest;
  for (const Side& side : sides_)
    if (const auto due = side.prober.next_deadline(); due && (!soonest || *due < *soonest)) soonest = due;
  return soonest;
}

void Probe::drain(Side& side) {
  while (auto output = side.prober.poll())
    std::visit(Overloaded{
                   [&](engine::probe::Ask& ask) { outputs_.emplace_back(EchoAsk{ask.to, std::move(ask.message)}); },
                   [&](const Judgement& judgement) { take(side, judgement); },
               },
               *output);
}

std::string Probe::where(const Side& side, Stage stage) const {
  const auto hop = side.next_hop ? to_text(*side.next_hop) : std::string("the next hop");
  switch (stage) {
    case Stage::None:
      return {};
    case Stage::NextHop:
      return fmt::format("{} does not answer any more", hop);
    case Stage::Beyond:
      return fmt::format("{} answers, nothing beyond it does", hop);
    case Stage::Anywhere:
      return "no target answers";
  }
  return {};
}

void Probe::take(Side& side, const Judgement& judgement) {
  const auto before = std::exchange(side.health, {health_of(judgement.verdict), where(side, judgement.stage)});
  if (before == side.health) return;
  outputs_.emplace_back(HealthChanged{});
  if (before.verdict == side.health.verdict) return;
  const auto family = std::string(word_of(side.family));
  const auto tell = [&](model::Severity severity, std::string code, std::string text) {
    outputs_.emplace_back(model::Event{
        severity,
        std::move(code),
        name_,
        std::move(text),
        {{"family", family}, {"stage", std::string(stage_text(judgement.stage))}, {"detail", side.health.detail}}});
  };
  const bool was_dead = before.verdict == model::Health::Dead;
  if (side.health.verdict == model::Health::Dead)
    tell(model::Severity::Error, "probe.dead",
         fmt::format("nothing comes back by {} in {}: {}", name_, family, side.health.detail));
  else if (side.health.verdict == model::Health::Good)
    tell(was_dead ? model::Severity::Notice : model::Severity::Info, "probe.good",
         fmt::format("echoes are answered by way of {} in {}{}", name_, family, was_dead ? " again" : ""));
  else if (was_dead)
    tell(model::Severity::Info, "probe.unknown",
         fmt::format("whether {} carries {} is not known any more: it is not probed now, or anew", name_, family));
}

std::optional<ProbeOutput> Probe::poll() {
  if (outputs_.empty()) return std::nullopt;
  ProbeOutput out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::vector<model::ProbeSnapshot> Probe::snapshots(Instant now) const {
  std::vector<model::ProbeSnapshot> out;
  for (const Side& side : sides_) {
    if (!side.prober.running()) continue;
    auto& shown = out.emplace_back(model::ProbeSnapshot{.family = side.family, .health = side.health});
    for (const auto& each : side.prober.destinations())
      shown.probed.push_back({.address = each.address,
                              .is_next_hop = each.is_next_hop,
                              .answers = each.answers,
                              .round_trip = each.round_trip,
                              .last_answer = each.last_answer ? std::optional(now - *each.last_answer) : std::nullopt});
  }
  return out;
}

}  // namespace michi::uplink
